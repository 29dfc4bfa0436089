"""apps/v1: the controllers of pods: Deployment, ReplicaSet, StatefulSet, DaemonSet, and their revisions.

Mirrors upstream's staging/src/k8s.io/api/apps/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Int32, Int64, IntOrString, ListMap, MergeKey, Model, RawExtension, RetainKeys, Time, sent
from minik8s.api.core.claim import PersistentVolumeClaim
from minik8s.api.core.pod import PodTemplateSpec
from minik8s.api.meta import LabelSelector, ObjectMeta


class ControllerRevision(Model):
    """An unchanging snapshot of what a StatefulSet or DaemonSet wanted."""

    api_version: str = sent("apps/v1")
    kind: str = sent("ControllerRevision")
    metadata: ObjectMeta = sent(ObjectMeta)
    data: RawExtension | None = None  #: The snapshot.
    revision: Int64  #: Its number, rising.


class RollingUpdateDaemonSet(Model):
    """How fast a DaemonSet's pods are replaced."""

    max_unavailable: IntOrString | None = None  #: Pods that may be missing, number or percentage; default 1.
    max_surge: IntOrString | None = None  #: Nodes that may have an old and a new pod for a while.


class DaemonSetUpdateStrategy(Model):
    """How a DaemonSet replaces pods."""

    type: str | None = None  #: RollingUpdate (the default) or OnDelete.
    rolling_update: RollingUpdateDaemonSet | None = None  #: Its pace.


class DaemonSetSpec(Model):
    """Which pod runs on every node."""

    selector: LabelSelector  #: Labels of its pods; must match the template's.
    template: PodTemplateSpec  #: The pods to make.
    update_strategy: DaemonSetUpdateStrategy | None = None  #: How pods are replaced when the template changes.
    min_ready_seconds: Int32 | None = None  #: How long a new pod must stay ready to count as available.
    revision_history_limit: Int32 | None = None  #: Old revisions to keep for rollback.


class DaemonSetCondition(Model):
    """An observation of a DaemonSet."""

    type: str  #: What is observed.
    status: str  #: True, False or Unknown.
    last_transition_time: Time | None = None  #: When the condition last changed its status.
    reason: str | None = None  #: Why, in one CamelCase word.
    message: str | None = None  #: Details, for people.


class DaemonSetStatus(Model):
    """What was observed of its pods."""

    current_number_scheduled: Int32 = sent(0)  #: Nodes that run a pod and should.
    number_misscheduled: Int32 = sent(0)  #: Nodes that run a pod and should not.
    desired_number_scheduled: Int32 = sent(0)  #: Nodes that should run a pod.
    number_ready: Int32 = sent(0)  #: Nodes whose pod is ready.
    observed_generation: Int64 | None = None  #: The metadata.generation that this was observed of.
    updated_number_scheduled: Int32 | None = None  #: Nodes whose pod has the current template.
    number_available: Int32 | None = None  #: Nodes whose pod is available.
    number_unavailable: Int32 | None = None  #: Nodes that lack an available pod.
    collision_count: Int32 | None = None  #: How often a generated name was taken already; goes into the next.
    #: Observations with a truth value each, by type.
    conditions: Annotated[list[DaemonSetCondition], MergeKey("type"), ListMap("type")] = []


class DaemonSet(Model):
    """Runs one pod on every node, or on some."""

    api_version: str = sent("apps/v1")
    kind: str = sent("DaemonSet")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: DaemonSetSpec
    status: DaemonSetStatus = sent(DaemonSetStatus)


class RollingUpdateDeployment(Model):
    """How fast a Deployment's pods are replaced."""

    max_unavailable: IntOrString | None = None  #: Pods that may be missing, number or percentage; default 25%.
    max_surge: IntOrString | None = None  #: Pods that may be too many, number or percentage; default 25%.


class DeploymentStrategy(Model):
    """How a Deployment replaces pods."""

    type: str | None = None  #: RollingUpdate (the default) or Recreate.
    rolling_update: RollingUpdateDeployment | None = None  #: Its pace.


class DeploymentSpec(Model):
    """How many pods of which form, and how to move to a new form."""

    replicas: Int32 | None = None  #: How many pods; default 1.
    selector: LabelSelector  #: Labels of its pods; must match the template's, and never changes.
    template: PodTemplateSpec  #: The pods to make; a change starts a rollout.
    strategy: Annotated[DeploymentStrategy | None, RetainKeys()] = None  #: How old pods give way to new ones.
    min_ready_seconds: Int32 | None = None  #: How long a new pod must stay ready to count as available.
    revision_history_limit: Int32 | None = None  #: Old revisions to keep for rollback.
    paused: bool | None = None  #: Stop rolling out for now.
    #: Report failure when a rollout stands still so long; default 600.
    progress_deadline_seconds: Int32 | None = None


class DeploymentCondition(Model):
    """An observation of a Deployment."""

    type: str  #: Available, Progressing or ReplicaFailure.
    status: str  #: True, False or Unknown.
    reason: str | None = None  #: Why, in one CamelCase word.
    message: str | None = None  #: Details, for people.
    last_update_time: Time | None = None  #: When the condition was last written.
    last_transition_time: Time | None = None  #: When the condition last changed its status.


class DeploymentStatus(Model):
    """What was observed of its pods."""

    observed_generation: Int64 | None = None  #: The metadata.generation that this was observed of.
    replicas: Int32 | None = None  #: Pods there are.
    updated_replicas: Int32 | None = None  #: Those with the current template.
    available_replicas: Int32 | None = None  #: Those ready for minReadySeconds.
    unavailable_replicas: Int32 | None = None  #: Those still lacking.
    #: Observations with a truth value each, by type.
    conditions: Annotated[list[DeploymentCondition], MergeKey("type"), ListMap("type")] = []
    ready_replicas: Int32 | None = None  #: Those that are ready.
    collision_count: Int32 | None = None  #: How often a generated name was taken already; goes into the next.
    terminating_replicas: Int32 | None = None  #: Those on their way out.


class Deployment(Model):
    """Keeps a number of equal pods running, and rolls out changes to them step by step."""

    api_version: str = sent("apps/v1")
    kind: str = sent("Deployment")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: DeploymentSpec
    status: DeploymentStatus = sent(DeploymentStatus)


class ReplicaSetSpec(Model):
    """How many pods of which form."""

    replicas: Int32 | None = None  #: How many pods; default 1.
    selector: LabelSelector  #: Labels of its pods; must match the template's.
    template: PodTemplateSpec | None = None  #: The pods to make.
    min_ready_seconds: Int32 | None = None  #: How long a new pod must stay ready to count as available.


class ReplicaSetCondition(Model):
    """An observation of a ReplicaSet."""

    type: str  #: ReplicaFailure.
    status: str  #: True, False or Unknown.
    last_transition_time: Time | None = None  #: When the condition last changed its status.
    reason: str | None = None  #: Why, in one CamelCase word.
    message: str | None = None  #: Details, for people.


class ReplicaSetStatus(Model):
    """What was observed of its pods."""

    replicas: Int32 = sent(0)  #: Pods there are.
    fully_labeled_replicas: Int32 | None = None  #: Those with all the template's labels.
    observed_generation: Int64 | None = None  #: The metadata.generation that this was observed of.
    ready_replicas: Int32 | None = None  #: Those that are ready.
    available_replicas: Int32 | None = None  #: Those ready for minReadySeconds.
    #: Observations with a truth value each, by type.
    conditions: Annotated[list[ReplicaSetCondition], MergeKey("type"), ListMap("type")] = []
    terminating_replicas: Int32 | None = None  #: Those on their way out.


class ReplicaSet(Model):
    """Keeps a number of equal pods running; Deployments make them."""

    api_version: str = sent("apps/v1")
    kind: str = sent("ReplicaSet")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ReplicaSetSpec
    status: ReplicaSetStatus = sent(ReplicaSetStatus)


class RollingUpdateStatefulSetStrategy(Model):
    """How far an update of a StatefulSet goes."""

    partition: Int32 | None = None  #: Update only pods with this ordinal or above.
    max_unavailable: IntOrString | None = None  #: Pods that may be missing meanwhile; default 1.


class StatefulSetOrdinals(Model):
    """How pods are numbered."""

    start: Int32 | None = None  #: The first number; default 0.


class StatefulSetPersistentVolumeClaimRetentionPolicy(Model):
    """What becomes of the pods' claims."""

    when_deleted: str | None = None  #: Retain (the default) or Delete, when the set is deleted.
    when_scaled: str | None = None  #: Retain (the default) or Delete, when a pod is scaled away.


class StatefulSetUpdateStrategy(Model):
    """How a StatefulSet replaces pods."""

    type: str | None = None  #: RollingUpdate (the default) or OnDelete.
    rolling_update: RollingUpdateStatefulSetStrategy | None = None  #: How far it goes.


class StatefulSetSpec(Model):
    """How many pods, each with a name and storage of its own."""

    replicas: Int32 | None = None  #: How many pods; default 1.
    selector: LabelSelector  #: Labels of its pods; must match the template's.
    template: PodTemplateSpec  #: The pods to make, named set-0, set-1 …
    volume_claim_templates: list[PersistentVolumeClaim] = []  #: Claims that each pod gets, and keeps.
    service_name: str | None = None  #: Headless service that names the pods.
    pod_management_policy: str | None = None  #: OrderedReady (the default) or Parallel.
    update_strategy: StatefulSetUpdateStrategy | None = None  #: How pods are replaced when the template changes.
    revision_history_limit: Int32 | None = None  #: Old revisions to keep for rollback.
    min_ready_seconds: Int32 | None = None  #: How long a new pod must stay ready to count as available.
    #: What becomes of the claims.
    persistent_volume_claim_retention_policy: StatefulSetPersistentVolumeClaimRetentionPolicy | None = None
    ordinals: StatefulSetOrdinals | None = None  #: How pods are numbered.


class StatefulSetCondition(Model):
    """An observation of a StatefulSet."""

    type: str  #: What is observed.
    status: str  #: True, False or Unknown.
    last_transition_time: Time | None = None  #: When the condition last changed its status.
    reason: str | None = None  #: Why, in one CamelCase word.
    message: str | None = None  #: Details, for people.


class StatefulSetStatus(Model):
    """What was observed of its pods."""

    observed_generation: Int64 | None = None  #: The metadata.generation that this was observed of.
    replicas: Int32 = sent(0)  #: Pods there are.
    ready_replicas: Int32 | None = None  #: Those that are ready.
    current_replicas: Int32 | None = None  #: Those of currentRevision.
    updated_replicas: Int32 | None = None  #: Those of updateRevision.
    current_revision: str | None = None  #: Revision that an update starts from.
    update_revision: str | None = None  #: Revision that it goes to.
    collision_count: Int32 | None = None  #: How often a generated name was taken already; goes into the next.
    #: Observations with a truth value each, by type.
    conditions: Annotated[list[StatefulSetCondition], MergeKey("type"), ListMap("type")] = []
    available_replicas: Int32 | None = None  #: Those ready for minReadySeconds.


class StatefulSet(Model):
    """Runs pods with lasting names and storage, in order."""

    api_version: str = sent("apps/v1")
    kind: str = sent("StatefulSet")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: StatefulSetSpec
    status: StatefulSetStatus = sent(StatefulSetStatus)
