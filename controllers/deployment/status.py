"""What a Deployment reports. Pure.

Mirrors calculateStatus in upstream's pkg/controller/deployment/sync.go and getReplicaFailures in progress.go.
"""

from collections.abc import Sequence

from minik8s.api import apps
from minik8s.api.meta import format_time
from minik8s.controllers.conditions import find_condition, with_condition
from minik8s.controllers.deployment.fenceposts import max_unavailable, wanted
from minik8s.controllers.deployment.rollout import available, total


def new_condition(kind: str, status: str, reason: str, message: str, now: float) -> apps.DeploymentCondition:
    stamp = format_time(now)
    return apps.DeploymentCondition(
        type=kind, status=status, reason=reason, message=message, last_update_time=stamp, last_transition_time=stamp
    )


def set_condition(
    conditions: Sequence[apps.DeploymentCondition], condition: apps.DeploymentCondition
) -> list[apps.DeploymentCondition]:
    """Replace it, unless status and reason stay; the transition time stays while the status does."""
    current = find_condition(conditions, condition.type)
    if current is not None and current.status == condition.status:
        if current.reason == condition.reason:
            return list(conditions)
        condition = condition.model_copy(update={"last_transition_time": current.last_transition_time})
    return with_condition(conditions, condition)


def compute_status(
    deployment: apps.Deployment, new: apps.ReplicaSet | None, old: Sequence[apps.ReplicaSet], now: float
) -> apps.DeploymentStatus:
    """Counts over all ReplicaSets, and the Available condition. A count of nought is left out, as omitempty does."""
    everyone = [*old, new] if new is not None else list(old)
    up = sum(available(rs) for rs in everyone)
    if up >= wanted(deployment) - max_unavailable(deployment):
        verdict = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        verdict = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    return apps.DeploymentStatus(
        observed_generation=deployment.metadata.generation,
        replicas=sum(rs.status.replicas or 0 for rs in everyone) or None,
        updated_replicas=(new.status.replicas if new is not None else 0) or None,
        ready_replicas=sum(rs.status.ready_replicas or 0 for rs in everyone) or None,
        available_replicas=up or None,
        unavailable_replicas=max(0, total(everyone) - up) or None,
        collision_count=deployment.status.collision_count,
        conditions=set_condition(deployment.status.conditions, new_condition("Available", *verdict, now)),
    )


def replica_failure(new: apps.ReplicaSet | None, old: Sequence[apps.ReplicaSet]) -> apps.DeploymentCondition | None:
    """A ReplicaSet's ReplicaFailure as the Deployment's own; the new ReplicaSet's comes first."""
    for rs in [new, *old]:
        failure = find_condition(rs.status.conditions, "ReplicaFailure") if rs is not None else None
        if failure is not None:
            return apps.DeploymentCondition(
                type=failure.type,
                status=failure.status,
                reason=failure.reason,
                message=failure.message,
                last_transition_time=failure.last_transition_time,
                last_update_time=failure.last_transition_time,
            )
    return None
