"""core/v1: Where pods may run: affinity, taints and tolerations, spreading.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Int32, Int64, Model, Time, sent
from minik8s.api.meta import LabelSelector


class NodeSelectorRequirement(Model):
    """A condition on a node's labels or fields."""

    key: str  #: Label key, or field name.
    operator: str  #: In, NotIn, Exists, DoesNotExist, Gt or Lt.
    values: list[str] = []  #: Values to compare with; none for Exists and DoesNotExist, one number for Gt and Lt.


class NodeSelectorTerm(Model, atomic=True):
    """Conditions on a node that must all hold; an empty term matches none."""

    match_expressions: list[NodeSelectorRequirement] = []  #: Conditions on the node's labels.
    match_fields: list[NodeSelectorRequirement] = []  #: Conditions on the node's fields (metadata.name only).


class NodeSelector(Model, atomic=True):
    """Chooses nodes: one of its terms must match."""

    node_selector_terms: list[NodeSelectorTerm] = sent([])  #: Terms of which one must match.


class PreferredSchedulingTerm(Model):
    """A wish for certain nodes, with a weight."""

    weight: Int32  #: 1 to 100; added to a node's score where it matches.
    preference: NodeSelectorTerm  #: The nodes that are preferred.


class NodeAffinity(Model):
    """Which nodes a pod may or would rather run on."""

    #: Only these nodes; not looked at again once the pod runs.
    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    #: Rather these nodes, by weight.
    preferred_during_scheduling_ignored_during_execution: list[PreferredSchedulingTerm] = []


class PodAffinityTerm(Model):
    """A set of pods, and the area (topology) in which to be near or far from them."""

    label_selector: LabelSelector | None = None  #: Labels of those pods.
    namespaces: list[str] = []  #: Namespaces to look in; with namespaceSelector also empty, the pod's own.
    topology_key: str  #: Node label that makes an area: nodes with the same value count as one place.
    namespace_selector: LabelSelector | None = None  #: Namespaces to look in, by their labels.
    match_label_keys: list[str] = []  #: Keys whose values are taken from the pod itself and added to labelSelector.
    mismatch_label_keys: list[str] = []  #: Keys whose values, taken from the pod itself, the others must not have.


class WeightedPodAffinityTerm(Model):
    """A wish to be near or far from pods, with a weight."""

    weight: Int32  #: 1 to 100.
    pod_affinity_term: PodAffinityTerm  #: The pods and the area.


class PodAffinity(Model):
    """Near which pods a pod must or would rather run."""

    #: All of these must hold when the pod is placed.
    required_during_scheduling_ignored_during_execution: list[PodAffinityTerm] = []
    preferred_during_scheduling_ignored_during_execution: list[WeightedPodAffinityTerm] = []  #: Wishes, by weight.


class PodAntiAffinity(Model):
    """Away from which pods a pod must or would rather run."""

    #: All of these must hold when the pod is placed.
    required_during_scheduling_ignored_during_execution: list[PodAffinityTerm] = []
    preferred_during_scheduling_ignored_during_execution: list[WeightedPodAffinityTerm] = []  #: Wishes, by weight.


class Affinity(Model):
    """Rules of attraction to nodes and pods."""

    node_affinity: NodeAffinity | None = None  #: Attraction to nodes.
    pod_affinity: PodAffinity | None = None  #: Attraction to other pods' places.
    pod_anti_affinity: PodAntiAffinity | None = None  #: Repulsion from other pods' places.


class Taint(Model):
    """Keeps pods off a node unless they tolerate it."""

    key: str  #: The taint's key.
    value: str | None = None  #: The taint's value.
    effect: str  #: NoSchedule, PreferNoSchedule or NoExecute (which also evicts running pods).
    time_added: Time | None = None  #: When it was added; NoExecute's clock starts here.


class Toleration(Model):
    """Lets a pod onto nodes with matching taints."""

    key: str | None = None  #: Taint key; empty with operator Exists tolerates everything.
    operator: str | None = None  #: Equal (the default) or Exists.
    value: str | None = None  #: Taint value, for Equal.
    effect: str | None = None  #: Taint effect; empty means all.
    toleration_seconds: Int64 | None = None  #: NoExecute only: how long to stay; absent means for ever.


class TopologySpreadConstraint(Model):
    """How evenly pods spread over areas of nodes."""

    max_skew: Int32  #: Greatest allowed difference in the number of pods between two areas.
    topology_key: str  #: Node label that makes an area.
    when_unsatisfiable: str  #: DoNotSchedule, or ScheduleAnyway (only a wish then).
    label_selector: LabelSelector | None = None  #: The pods that are counted.
    min_domains: Int32 | None = None  #: Fewer areas than this count as if one were empty.
    #: Honor or Ignore the pod's nodeSelector and affinity when counting nodes.
    node_affinity_policy: str | None = None
    node_taints_policy: str | None = None  #: Honor or Ignore taints when counting nodes.
    #: Keys whose values, from the pod itself, narrow the pods counted (a revision, say).
    match_label_keys: list[str] = []


class TopologySelectorLabelRequirement(Model):
    """One label that a volume's place must have."""

    key: str  #: Label key.
    values: list[str] = sent([])  #: Allowed values.


class TopologySelectorTerm(Model, atomic=True):
    """Labels that a volume's place must have."""

    match_label_expressions: list[TopologySelectorLabelRequirement] = []  #: Conditions that must all hold.
