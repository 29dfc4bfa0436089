"""Models: core/affinity.py."""

from minik8s.api.base import Int32, Int64, Model, Time, sent
from minik8s.api.meta import LabelSelector


class NodeSelectorRequirement(Model):
    """Node Selector Requirement."""

    key: str
    operator: str
    values: list[str] = []


class NodeSelectorTerm(Model, atomic=True):
    """Node Selector Term."""

    match_expressions: list[NodeSelectorRequirement] = []
    match_fields: list[NodeSelectorRequirement] = []


class NodeSelector(Model, atomic=True):
    """Node Selector."""

    node_selector_terms: list[NodeSelectorTerm] = sent([])


class PreferredSchedulingTerm(Model):
    """Preferred Scheduling Term."""

    preference: NodeSelectorTerm
    weight: Int32


class NodeAffinity(Model):
    """Node Affinity."""

    preferred_during_scheduling_ignored_during_execution: list[PreferredSchedulingTerm] = []
    required_during_scheduling_ignored_during_execution: NodeSelector | None = None


class PodAffinityTerm(Model):
    """Pod Affinity Term."""

    topology_key: str
    label_selector: LabelSelector | None = None
    match_label_keys: list[str] = []
    mismatch_label_keys: list[str] = []
    namespace_selector: LabelSelector | None = None
    namespaces: list[str] = []


class WeightedPodAffinityTerm(Model):
    """Weighted Pod Affinity Term."""

    pod_affinity_term: PodAffinityTerm
    weight: Int32


class PodAffinity(Model):
    """Pod Affinity."""

    preferred_during_scheduling_ignored_during_execution: list[WeightedPodAffinityTerm] = []
    required_during_scheduling_ignored_during_execution: list[PodAffinityTerm] = []


class PodAntiAffinity(Model):
    """Pod Anti Affinity."""

    preferred_during_scheduling_ignored_during_execution: list[WeightedPodAffinityTerm] = []
    required_during_scheduling_ignored_during_execution: list[PodAffinityTerm] = []


class Affinity(Model):
    """Affinity."""

    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAntiAffinity | None = None


class Taint(Model):
    """Taint."""

    effect: str
    key: str
    time_added: Time | None = None
    value: str | None = None


class Toleration(Model):
    """Toleration."""

    effect: str | None = None
    key: str | None = None
    operator: str | None = None
    toleration_seconds: Int64 | None = None
    value: str | None = None


class TopologySpreadConstraint(Model):
    """Topology Spread Constraint."""

    max_skew: Int32
    topology_key: str
    when_unsatisfiable: str
    label_selector: LabelSelector | None = None
    match_label_keys: list[str] = []
    min_domains: Int32 | None = None
    node_affinity_policy: str | None = None
    node_taints_policy: str | None = None


class TopologySelectorLabelRequirement(Model):
    """Topology Selector Label Requirement."""

    key: str
    values: list[str] = sent([])


class TopologySelectorTerm(Model, atomic=True):
    """Topology Selector Term."""

    match_label_expressions: list[TopologySelectorLabelRequirement] = []
