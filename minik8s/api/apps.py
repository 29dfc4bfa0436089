"""Models: apps.py."""

from typing import Annotated

from minik8s.api.base import Int32, Int64, IntOrString, ListMap, MergeKey, Model, RawExtension, RetainKeys, Time, sent
from minik8s.api.core.claim import PersistentVolumeClaim
from minik8s.api.core.pod import PodTemplateSpec
from minik8s.api.meta import LabelSelector, ObjectMeta


class ControllerRevision(Model):
    """Controller Revision."""

    api_version: str = sent("apps/v1")
    kind: str = sent("ControllerRevision")
    metadata: ObjectMeta = sent(ObjectMeta)
    revision: Int64
    data: RawExtension | None = None


class RollingUpdateDaemonSet(Model):
    """Rolling Update Daemon Set."""

    max_surge: IntOrString | None = None
    max_unavailable: IntOrString | None = None


class DaemonSetUpdateStrategy(Model):
    """Daemon Set Update Strategy."""

    rolling_update: RollingUpdateDaemonSet | None = None
    type: str | None = None


class DaemonSetSpec(Model):
    """Daemon Set Spec."""

    selector: LabelSelector
    template: PodTemplateSpec
    min_ready_seconds: Int32 | None = None
    revision_history_limit: Int32 | None = None
    update_strategy: DaemonSetUpdateStrategy | None = None


class DaemonSetCondition(Model):
    """Daemon Set Condition."""

    status: str
    type: str
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None


class DaemonSetStatus(Model):
    """Daemon Set Status."""

    current_number_scheduled: Int32 = sent(0)
    desired_number_scheduled: Int32 = sent(0)
    number_misscheduled: Int32 = sent(0)
    number_ready: Int32 = sent(0)
    collision_count: Int32 | None = None
    conditions: Annotated[list[DaemonSetCondition], MergeKey("type"), ListMap("type")] = []
    number_available: Int32 | None = None
    number_unavailable: Int32 | None = None
    observed_generation: Int64 | None = None
    updated_number_scheduled: Int32 | None = None


class DaemonSet(Model):
    """Daemon Set."""

    api_version: str = sent("apps/v1")
    kind: str = sent("DaemonSet")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: DaemonSetSpec
    status: DaemonSetStatus = sent(DaemonSetStatus)


class RollingUpdateDeployment(Model):
    """Rolling Update Deployment."""

    max_surge: IntOrString | None = None
    max_unavailable: IntOrString | None = None


class DeploymentStrategy(Model):
    """Deployment Strategy."""

    rolling_update: RollingUpdateDeployment | None = None
    type: str | None = None


class DeploymentSpec(Model):
    """Deployment Spec."""

    selector: LabelSelector
    template: PodTemplateSpec
    min_ready_seconds: Int32 | None = None
    paused: bool | None = None
    progress_deadline_seconds: Int32 | None = None
    replicas: Int32 | None = None
    revision_history_limit: Int32 | None = None
    strategy: Annotated[DeploymentStrategy | None, RetainKeys()] = None


class DeploymentCondition(Model):
    """Deployment Condition."""

    status: str
    type: str
    last_transition_time: Time | None = None
    last_update_time: Time | None = None
    message: str | None = None
    reason: str | None = None


class DeploymentStatus(Model):
    """Deployment Status."""

    available_replicas: Int32 | None = None
    collision_count: Int32 | None = None
    conditions: Annotated[list[DeploymentCondition], MergeKey("type"), ListMap("type")] = []
    observed_generation: Int64 | None = None
    ready_replicas: Int32 | None = None
    replicas: Int32 | None = None
    terminating_replicas: Int32 | None = None
    unavailable_replicas: Int32 | None = None
    updated_replicas: Int32 | None = None


class Deployment(Model):
    """Deployment."""

    api_version: str = sent("apps/v1")
    kind: str = sent("Deployment")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: DeploymentSpec
    status: DeploymentStatus = sent(DeploymentStatus)


class ReplicaSetSpec(Model):
    """Replica Set Spec."""

    selector: LabelSelector
    min_ready_seconds: Int32 | None = None
    replicas: Int32 | None = None
    template: PodTemplateSpec | None = None


class ReplicaSetCondition(Model):
    """Replica Set Condition."""

    status: str
    type: str
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None


class ReplicaSetStatus(Model):
    """Replica Set Status."""

    replicas: Int32 = sent(0)
    available_replicas: Int32 | None = None
    conditions: Annotated[list[ReplicaSetCondition], MergeKey("type"), ListMap("type")] = []
    fully_labeled_replicas: Int32 | None = None
    observed_generation: Int64 | None = None
    ready_replicas: Int32 | None = None
    terminating_replicas: Int32 | None = None


class ReplicaSet(Model):
    """Replica Set."""

    api_version: str = sent("apps/v1")
    kind: str = sent("ReplicaSet")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ReplicaSetSpec
    status: ReplicaSetStatus = sent(ReplicaSetStatus)


class RollingUpdateStatefulSetStrategy(Model):
    """Rolling Update Stateful Set Strategy."""

    max_unavailable: IntOrString | None = None
    partition: Int32 | None = None


class StatefulSetOrdinals(Model):
    """Stateful Set Ordinals."""

    start: Int32 | None = None


class StatefulSetPersistentVolumeClaimRetentionPolicy(Model):
    """Stateful Set Persistent Volume Claim Retention Policy."""

    when_deleted: str | None = None
    when_scaled: str | None = None


class StatefulSetUpdateStrategy(Model):
    """Stateful Set Update Strategy."""

    rolling_update: RollingUpdateStatefulSetStrategy | None = None
    type: str | None = None


class StatefulSetSpec(Model):
    """Stateful Set Spec."""

    selector: LabelSelector
    template: PodTemplateSpec
    min_ready_seconds: Int32 | None = None
    ordinals: StatefulSetOrdinals | None = None
    persistent_volume_claim_retention_policy: StatefulSetPersistentVolumeClaimRetentionPolicy | None = None
    pod_management_policy: str | None = None
    replicas: Int32 | None = None
    revision_history_limit: Int32 | None = None
    service_name: str | None = None
    update_strategy: StatefulSetUpdateStrategy | None = None
    volume_claim_templates: list[PersistentVolumeClaim] = []


class StatefulSetCondition(Model):
    """Stateful Set Condition."""

    status: str
    type: str
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None


class StatefulSetStatus(Model):
    """Stateful Set Status."""

    replicas: Int32 = sent(0)
    available_replicas: Int32 | None = None
    collision_count: Int32 | None = None
    conditions: Annotated[list[StatefulSetCondition], MergeKey("type"), ListMap("type")] = []
    current_replicas: Int32 | None = None
    current_revision: str | None = None
    observed_generation: Int64 | None = None
    ready_replicas: Int32 | None = None
    update_revision: str | None = None
    updated_replicas: Int32 | None = None


class StatefulSet(Model):
    """Stateful Set."""

    api_version: str = sent("apps/v1")
    kind: str = sent("StatefulSet")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: StatefulSetSpec
    status: StatefulSetStatus = sent(StatefulSetStatus)
