"""The Progressing condition over the life of a rollout."""

from minik8s.api import apps
from minik8s.api.meta import format_time
from minik8s.controllers.conditions import find_condition
from minik8s.controllers.deployment.progress import compute_pause_condition, compute_rollout_status, next_check
from minik8s.controllers.deployment.status import new_condition
from tests.unit.controllers.builders import START, deployment, replica_set


def rollout(available: int, deadline: int | None = 600) -> tuple[apps.Deployment, apps.ReplicaSet]:
    plan = deployment(replicas=3, progress_deadline_seconds=deadline)
    new = replica_set("web-x", 3)
    new.status = apps.ReplicaSetStatus(replicas=3, ready_replicas=available, available_replicas=available or None)
    return plan, new


def progressing(status: apps.DeploymentStatus) -> tuple[str, str | None, str | None] | None:
    condition = find_condition(status.conditions, "Progressing")
    return None if condition is None else (condition.status, condition.reason, condition.message)


def test_progress_then_completion() -> None:
    plan, new = rollout(1)
    plan.status = compute_rollout_status(plan, new, [], START)
    assert progressing(plan.status) == ("True", "ReplicaSetUpdated", 'ReplicaSet "web-x" is progressing.')
    plan, new = rollout(3)
    done = compute_rollout_status(plan, new, [], START)
    assert progressing(done) == ("True", "NewReplicaSetAvailable", 'ReplicaSet "web-x" has successfully progressed.')
    available = find_condition(done.conditions, "Available")
    assert available is not None and available.reason == "MinimumReplicasAvailable"


def test_no_progress_until_the_deadline_is_a_failure_once() -> None:
    plan, new = rollout(0)
    plan.status = compute_rollout_status(plan, new, [], START)
    assert next_check(plan, compute_rollout_status(plan, new, [], START + 100), START + 100) == 501
    late = compute_rollout_status(plan, new, [], START + 601)
    assert progressing(late) == ("False", "ProgressDeadlineExceeded", 'ReplicaSet "web-x" has timed out progressing.')
    plan.status = late
    assert compute_rollout_status(plan, new, [], START + 700) == late
    assert next_check(plan, late, START + 700) is None


def test_progress_moves_the_update_time_only() -> None:
    plan, new = rollout(1)
    plan.status = compute_rollout_status(plan, new, [], START)
    _, new = rollout(2)
    later = find_condition(compute_rollout_status(plan, new, [], START + 60).conditions, "Progressing")
    assert later is not None
    assert (later.last_transition_time, later.last_update_time) == (format_time(START), format_time(START + 60))


def test_without_a_deadline_there_is_no_such_condition() -> None:
    plan, new = rollout(1, deadline=None)
    assert progressing(compute_rollout_status(plan, new, [], START)) is None


def test_pausing_and_resuming_stop_the_clock() -> None:
    plan, _ = rollout(0)
    plan.spec.paused = True
    paused = compute_pause_condition(plan, START)
    assert paused is not None and (paused.status, paused.reason) == ("Unknown", "DeploymentPaused")
    plan.status.conditions = [paused]
    assert compute_pause_condition(plan, START) is None
    plan.spec.paused = False
    resumed = compute_pause_condition(plan, START)
    assert resumed is not None and resumed.reason == "DeploymentResumed"
    plan.status.conditions = [new_condition("Progressing", "False", "ProgressDeadlineExceeded", "", START)]
    plan.spec.paused = True
    assert compute_pause_condition(plan, START) is None


def test_a_replica_failure_shows_on_the_deployment() -> None:
    plan, new = rollout(0)
    failure = apps.ReplicaSetCondition(type="ReplicaFailure", status="True", reason="FailedCreate", message="quota")
    new.status.conditions = [failure]
    shown = find_condition(compute_rollout_status(plan, new, [], START).conditions, "ReplicaFailure")
    assert shown is not None and (shown.reason, shown.message) == ("FailedCreate", "quota")
