"""What a set of replicas lacks, and how its status reads. Pure.

Mirrors manageReplicas' arithmetic and upstream's pkg/controller/replicaset/replica_set_utils.go.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from minik8s.api import core
from minik8s.api.meta import format_time
from minik8s.controllers.conditions import find_condition, without_condition
from minik8s.controllers.pods import is_available, is_ready
from minik8s.controllers.ranking import compute_pods_to_delete
from minik8s.controllers.replicas.kinds import ReplicaKind, ReplicaOwner, wanted_replicas

#: at most so many pods are created or deleted in one go
BURST = 500


@dataclass(frozen=True)
class ReplicaPlan:
    """What to do now. At most one of the two is not empty."""

    create: int = 0
    delete: list[core.Pod] = field(default_factory=list)


def compute_plan(owner: ReplicaOwner, pods: Sequence[core.Pod], related: Sequence[core.Pod], now: float) -> ReplicaPlan:
    """Compare the active pods with spec.replicas."""
    difference = len(pods) - wanted_replicas(owner)
    if difference < 0:
        return ReplicaPlan(create=min(-difference, BURST))
    if difference > 0:
        return ReplicaPlan(delete=compute_pods_to_delete(pods, related, min(difference, BURST), now))
    return ReplicaPlan()


def compute_status(
    kind: ReplicaKind, owner: ReplicaOwner, pods: Sequence[core.Pod], error: str | None, now: float
) -> Any:
    """The status to publish; `error` says why the plan could not be carried out."""
    min_ready = owner.spec.min_ready_seconds or 0
    template = owner.spec.template
    labels = template.metadata.labels if template is not None and template.metadata is not None else {}
    status = owner.status.model_copy(deep=True)
    status.replicas = len(pods)
    # a count of nought is left out, as Go's omitempty does: else what we compute never equals what we read back
    status.fully_labeled_replicas = sum(labels.items() <= pod.metadata.labels.items() for pod in pods) or None
    status.ready_replicas = sum(is_ready(pod) for pod in pods) or None
    status.available_replicas = sum(is_available(pod, min_ready, now) for pod in pods) or None
    status.observed_generation = owner.metadata.generation
    status.conditions = _failure_conditions(kind, owner, len(pods), error, now)
    return status


def _failure_conditions(kind: ReplicaKind, owner: ReplicaOwner, count: int, error: str | None, now: float) -> list[Any]:
    conditions = list(owner.status.conditions)
    if error is None:
        return without_condition(conditions, "ReplicaFailure")
    if find_condition(conditions, "ReplicaFailure") is not None:
        return conditions  # the first failure's time and message stand until it is over
    wanted = wanted_replicas(owner)
    reason = "FailedCreate" if count < wanted else "FailedDelete" if count > wanted else ""
    failure = kind.condition(
        type="ReplicaFailure", status="True", last_transition_time=format_time(now), reason=reason, message=error
    )
    return [*conditions, failure]
