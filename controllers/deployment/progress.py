"""The Progressing condition: is the rollout getting on, done, or stuck? Pure.

Mirrors upstream's pkg/controller/deployment/progress.go and checkPausedConditions in sync.go.
"""

from collections.abc import Sequence

from minik8s.api import apps
from minik8s.api.meta import parse_time
from minik8s.controllers.conditions import find_condition, with_condition, without_condition
from minik8s.controllers.deployment.fenceposts import has_progress_deadline, wanted
from minik8s.controllers.deployment.status import compute_status, new_condition, replica_failure, set_condition

AVAILABLE, UPDATED, TIMED_OUT = "NewReplicaSetAvailable", "ReplicaSetUpdated", "ProgressDeadlineExceeded"
PAUSED, RESUMED = "DeploymentPaused", "DeploymentResumed"


def is_complete(deployment: apps.Deployment, status: apps.DeploymentStatus) -> bool:
    """All pods are of the new revision, available, and no other is left."""
    count = wanted(deployment)
    counts = (status.updated_replicas or 0, status.replicas or 0, status.available_replicas or 0)
    return counts == (count, count, count) and (status.observed_generation or 0) >= (
        deployment.metadata.generation or 0
    )


def has_progressed(before: apps.DeploymentStatus, after: apps.DeploymentStatus) -> bool:
    """More new pods, fewer old ones, or more ready or available ones."""
    old_before = (before.replicas or 0) - (before.updated_replicas or 0)
    old_after = (after.replicas or 0) - (after.updated_replicas or 0)
    return (
        (after.updated_replicas or 0) > (before.updated_replicas or 0)
        or old_after < old_before
        or (after.ready_replicas or 0) > (before.ready_replicas or 0)
        or (after.available_replicas or 0) > (before.available_replicas or 0)
    )


def has_timed_out(deployment: apps.Deployment, status: apps.DeploymentStatus, now: float) -> bool:
    """The last progress was noted longer ago than the deadline allows."""
    condition = find_condition(status.conditions, "Progressing")
    if not has_progress_deadline(deployment) or condition is None or condition.reason == AVAILABLE:
        return False
    if condition.reason == TIMED_OUT:
        return True
    return _noted(condition) + (deployment.spec.progress_deadline_seconds or 0) < now


def _noted(condition: apps.DeploymentCondition) -> float:
    stamp = condition.last_update_time or condition.last_transition_time
    return parse_time(stamp) if stamp else 0.0


def compute_rollout_status(
    deployment: apps.Deployment, new: apps.ReplicaSet | None, old: Sequence[apps.ReplicaSet], now: float
) -> apps.DeploymentStatus:
    """The whole status during a rollout."""
    status = compute_status(deployment, new, old, now)
    if not has_progress_deadline(deployment):
        status.conditions = without_condition(status.conditions, "Progressing")
    elif not _was_complete(deployment, status):
        status.conditions = _progressing(deployment, status, new, now)
    failure = replica_failure(new, old)
    if failure is not None:
        status.conditions = set_condition(status.conditions, failure)
    else:
        status.conditions = without_condition(status.conditions, "ReplicaFailure")
    return status


def _was_complete(deployment: apps.Deployment, status: apps.DeploymentStatus) -> bool:
    """The rollout ended before: a resync must not judge its progress again."""
    current = find_condition(deployment.status.conditions, "Progressing")
    return status.replicas == status.updated_replicas and current is not None and current.reason == AVAILABLE


def _progressing(
    deployment: apps.Deployment, status: apps.DeploymentStatus, new: apps.ReplicaSet | None, now: float
) -> list[apps.DeploymentCondition]:
    name = f'ReplicaSet "{new.metadata.name}"' if new is not None else f'Deployment "{deployment.metadata.name}"'
    if is_complete(deployment, status):
        done = new_condition("Progressing", "True", AVAILABLE, f"{name} has successfully progressed.", now)
        return set_condition(status.conditions, done)
    if has_progressed(deployment.status, status):
        condition = new_condition("Progressing", "True", UPDATED, f"{name} is progressing.", now)
        current = find_condition(deployment.status.conditions, "Progressing")
        if current is not None and current.status == "True":
            # progress is news even with the same reason: the update time moves, the transition time does not
            condition.last_transition_time = current.last_transition_time
        return with_condition(status.conditions, condition)
    if has_timed_out(deployment, status, now):
        late = new_condition("Progressing", "False", TIMED_OUT, f"{name} has timed out progressing.", now)
        return set_condition(status.conditions, late)
    return status.conditions


def next_check(deployment: apps.Deployment, status: apps.DeploymentStatus, now: float) -> float | None:
    """Seconds until the deadline must be looked at again; None if it need not be."""
    condition = find_condition(deployment.status.conditions, "Progressing")
    if not has_progress_deadline(deployment) or condition is None:
        return None
    if is_complete(deployment, status) or condition.reason == TIMED_OUT:
        return None
    # a second more, since stamps are whole seconds
    return max(0.0, _noted(condition) + (deployment.spec.progress_deadline_seconds or 0) - now) + 1.0


def compute_pause_condition(deployment: apps.Deployment, now: float) -> apps.DeploymentCondition | None:
    """The condition to set on pausing or resuming, so that time spent paused does not count against the deadline."""
    condition = find_condition(deployment.status.conditions, "Progressing")
    if not has_progress_deadline(deployment) or (condition is not None and condition.reason == TIMED_OUT):
        return None
    noted = condition is not None and condition.reason == PAUSED
    if deployment.spec.paused and not noted:
        return new_condition("Progressing", "Unknown", PAUSED, "Deployment is paused", now)
    if not deployment.spec.paused and noted:
        return new_condition("Progressing", "Unknown", RESUMED, "Deployment is resumed", now)
    return None
