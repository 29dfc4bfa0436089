"""Models: core/replication.py."""

from typing import Annotated

from minik8s.api.base import Atomic, Int32, Int64, ListMap, MergeKey, Model, Time, sent
from minik8s.api.core.pod import PodTemplateSpec
from minik8s.api.meta import ObjectMeta


class ReplicationControllerSpec(Model):
    """Replication Controller Spec."""

    min_ready_seconds: Int32 | None = None
    replicas: Int32 | None = None
    selector: Annotated[dict[str, str], Atomic()] = {}
    template: PodTemplateSpec | None = None


class ReplicationControllerCondition(Model):
    """Replication Controller Condition."""

    status: str
    type: str
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None


class ReplicationControllerStatus(Model):
    """Replication Controller Status."""

    replicas: Int32 = sent(0)
    available_replicas: Int32 | None = None
    conditions: Annotated[list[ReplicationControllerCondition], MergeKey("type"), ListMap("type")] = []
    fully_labeled_replicas: Int32 | None = None
    observed_generation: Int64 | None = None
    ready_replicas: Int32 | None = None


class ReplicationController(Model):
    """Replication Controller."""

    api_version: str = sent("v1")
    kind: str = sent("ReplicationController")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ReplicationControllerSpec = sent(ReplicationControllerSpec)
    status: ReplicationControllerStatus = sent(ReplicationControllerStatus)
