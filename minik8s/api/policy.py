"""policy/v1: disruption budgets and evictions.

Mirrors upstream's staging/src/k8s.io/api/policy/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Int32, Int64, IntOrString, ListMap, MergeKey, Model, Time, sent
from minik8s.api.meta import Condition, DeleteOptions, LabelSelector, ObjectMeta


class Eviction(Model):
    """Asks a pod to leave, if budgets allow."""

    api_version: str = sent("policy/v1")
    kind: str = sent("Eviction")
    metadata: ObjectMeta = sent(ObjectMeta)
    delete_options: DeleteOptions | None = None  #: How to delete it.


class PodDisruptionBudgetSpec(Model):
    """How many pods must stay when nodes are emptied."""

    min_available: IntOrString | None = None  #: At least so many, number or percentage.
    selector: LabelSelector | None = None  #: Labels of the pods.
    max_unavailable: IntOrString | None = None  #: Or: so many may be missing.
    unhealthy_pod_eviction_policy: str | None = None  #: IfHealthyBudget or AlwaysAllow, for pods not ready.


class PodDisruptionBudgetStatus(Model):
    """What is allowed now."""

    observed_generation: Int64 | None = None  #: The metadata.generation that this was observed of.
    disrupted_pods: dict[str, Time] = {}  #: Pods being evicted, and since when.
    disruptions_allowed: Int32 = sent(0)  #: Evictions allowed now.
    current_healthy: Int32 = sent(0)  #: Healthy pods.
    desired_healthy: Int32 = sent(0)  #: Healthy pods needed.
    expected_pods: Int32 = sent(0)  #: Pods counted.
    #: Observations with a truth value each, by type.
    conditions: Annotated[list[Condition], MergeKey("type"), ListMap("type")] = []


class PodDisruptionBudget(Model):
    """Limits how many pods may be evicted at once."""

    api_version: str = sent("policy/v1")
    kind: str = sent("PodDisruptionBudget")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: PodDisruptionBudgetSpec = sent(PodDisruptionBudgetSpec)
    status: PodDisruptionBudgetStatus = sent(PodDisruptionBudgetStatus)
