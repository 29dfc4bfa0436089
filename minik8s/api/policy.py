"""Models: policy.py."""

from typing import Annotated

from minik8s.api.base import Int32, Int64, IntOrString, ListMap, MergeKey, Model, Time, sent
from minik8s.api.meta import Condition, DeleteOptions, LabelSelector, ObjectMeta


class Eviction(Model):
    """Eviction."""

    api_version: str = sent("policy/v1")
    kind: str = sent("Eviction")
    metadata: ObjectMeta = sent(ObjectMeta)
    delete_options: DeleteOptions | None = None


class PodDisruptionBudgetSpec(Model):
    """Pod Disruption Budget Spec."""

    max_unavailable: IntOrString | None = None
    min_available: IntOrString | None = None
    selector: LabelSelector | None = None
    unhealthy_pod_eviction_policy: str | None = None


class PodDisruptionBudgetStatus(Model):
    """Pod Disruption Budget Status."""

    current_healthy: Int32 = sent(0)
    desired_healthy: Int32 = sent(0)
    disruptions_allowed: Int32 = sent(0)
    expected_pods: Int32 = sent(0)
    conditions: Annotated[list[Condition], MergeKey("type"), ListMap("type")] = []
    disrupted_pods: dict[str, Time] = {}
    observed_generation: Int64 | None = None


class PodDisruptionBudget(Model):
    """Pod Disruption Budget."""

    api_version: str = sent("policy/v1")
    kind: str = sent("PodDisruptionBudget")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: PodDisruptionBudgetSpec = sent(PodDisruptionBudgetSpec)
    status: PodDisruptionBudgetStatus = sent(PodDisruptionBudgetStatus)
