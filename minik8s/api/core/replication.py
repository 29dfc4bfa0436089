"""core/v1: ReplicationController.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Atomic, Int32, Int64, ListMap, MergeKey, Model, Time, sent
from minik8s.api.core.pod import PodTemplateSpec
from minik8s.api.meta import ObjectMeta


class ReplicationControllerSpec(Model):
    """How many pods of which form."""

    replicas: Int32 | None = None  #: How many pods; default 1.
    selector: Annotated[dict[str, str], Atomic()] = {}  #: Labels of its pods; default the template's.
    template: PodTemplateSpec | None = None  #: The pods to make.
    min_ready_seconds: Int32 | None = None  #: How long a new pod must stay ready to count as available.


class ReplicationControllerCondition(Model):
    """An observation of a ReplicationController."""

    type: str  #: ReplicaFailure.
    status: str  #: True, False or Unknown.
    last_transition_time: Time | None = None  #: When the condition last changed its status.
    reason: str | None = None  #: Why, in one CamelCase word.
    message: str | None = None  #: Details, for people.


class ReplicationControllerStatus(Model):
    """What was observed of its pods."""

    replicas: Int32 = sent(0)  #: Pods there are.
    fully_labeled_replicas: Int32 | None = None  #: Those with all the template's labels.
    observed_generation: Int64 | None = None  #: The metadata.generation that this was observed of.
    ready_replicas: Int32 | None = None  #: Those that are ready.
    available_replicas: Int32 | None = None  #: Those ready for minReadySeconds.
    #: Observations with a truth value each, by type.
    conditions: Annotated[list[ReplicationControllerCondition], MergeKey("type"), ListMap("type")] = []


class ReplicationController(Model):
    """Keeps a number of equal pods running (Deployment took over)."""

    api_version: str = sent("v1")
    kind: str = sent("ReplicationController")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ReplicationControllerSpec = sent(ReplicationControllerSpec)
    status: ReplicationControllerStatus = sent(ReplicationControllerStatus)
