"""What a Job should do next: create, delete, end, wait. Pure.

Mirrors syncJob and manageJob in upstream's pkg/controller/job/job_controller.go, backoff_utils.go and
pod_failure_policy.go.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from minik8s.api import batch, core
from minik8s.api.meta import parse_time
from minik8s.controllers.conditions import find_condition
from minik8s.controllers.job.indexes import index_of
from minik8s.controllers.job.tally import Tally

BACKOFF, MAX_BACKOFF = 10.0, 600.0
MAX_CREATE = 500


@dataclass(frozen=True)
class Ending:
    """How the Job ends."""

    type: str  # Complete or Failed
    reason: str
    message: str


@dataclass
class JobPlan:
    """At most one of create and delete is set. `wait`: seconds until the next look."""

    ending: Ending | None = None
    create: int = 0
    indexes: list[int] = field(default_factory=list)
    delete: list[core.Pod] = field(default_factory=list)
    wait: float | None = None


def is_indexed(job: batch.Job) -> bool:
    return job.spec.completion_mode == "Indexed"


def is_over(job: batch.Job) -> bool:
    """Complete or Failed stands."""
    found = (find_condition(job.status.conditions, kind) for kind in ("Complete", "Failed"))
    return any(condition is not None and condition.status == "True" for condition in found)


def decided_ending(job: batch.Job) -> Ending | None:
    """An ending that was announced (FailureTarget, SuccessCriteriaMet) is kept to, whatever happens since."""
    for early, final in (("FailureTarget", "Failed"), ("SuccessCriteriaMet", "Complete")):
        condition = find_condition(job.status.conditions, early)
        if condition is not None and condition.status == "True":
            return Ending(final, condition.reason or "", condition.message or "")
    return None


def compute_ending(
    job: batch.Job, tally: Tally, pods: Sequence[core.Pod], active: Sequence[core.Pod], now: float
) -> Ending | None:
    """Is it over?"""
    policy = _policy_failure(job, pods)
    if policy is not None:
        return policy
    limit = 6 if job.spec.backoff_limit is None else job.spec.backoff_limit
    if _counted_failures(job, tally, pods) > limit or _restarts_past(job, active, limit):
        return Ending("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    deadline = _until_deadline(job, now)
    if deadline is not None and deadline <= 0 and not job.spec.suspend:
        return Ending("Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
    if _is_complete(job, tally, active):
        return Ending("Complete", "CompletionsReached", "Reached expected number of succeeded pods")
    return None


def _counted_failures(job: batch.Job, tally: Tally, pods: Sequence[core.Pod]) -> int:
    ignored = sum(_matching_action(job, pod) == "Ignore" for pod in pods if pod.status.phase == "Failed")
    return tally.all_failed - ignored


def _is_complete(job: batch.Job, tally: Tally, active: Sequence[core.Pod]) -> bool:
    if job.spec.completions is None:
        return tally.all_succeeded > 0 and not active
    return tally.all_succeeded >= job.spec.completions


def _restarts_past(job: batch.Job, active: Sequence[core.Pod], limit: int) -> bool:
    """With restartPolicy OnFailure, failures are restarts of containers in pods that live on."""
    spec = job.spec.template.spec
    if spec is None or spec.restart_policy != "OnFailure":
        return False
    statuses = [s for pod in active for s in [*pod.status.init_container_statuses, *pod.status.container_statuses]]
    restarts = sum(status.restart_count for status in statuses)
    return restarts > 0 if limit == 0 else restarts >= limit


def _policy_failure(job: batch.Job, pods: Sequence[core.Pod]) -> Ending | None:
    for pod in pods:
        if pod.status.phase == "Failed" and _matching_action(job, pod) == "FailJob":
            name = f"{pod.metadata.namespace}/{pod.metadata.name}"
            text = f"Pod {name} has failed matching FailJob rule of the pod failure policy"
            return Ending("Failed", "PodFailurePolicy", text)
    return None


def _matching_action(job: batch.Job, pod: core.Pod) -> str | None:
    """The action of the first rule of the pod failure policy that fits."""
    for rule in job.spec.pod_failure_policy.rules if job.spec.pod_failure_policy is not None else []:
        if rule.on_exit_codes is not None and _exit_code_fits(rule.on_exit_codes, pod):
            return rule.action
        for pattern in rule.on_pod_conditions:
            condition = find_condition(pod.status.conditions, pattern.type)
            if condition is not None and condition.status == (pattern.status or "True"):
                return rule.action
    return None


def _exit_code_fits(requirement: batch.PodFailurePolicyOnExitCodesRequirement, pod: core.Pod) -> bool:
    for status in [*pod.status.container_statuses, *pod.status.init_container_statuses]:
        ended = status.state.terminated if status.state is not None else None
        if ended is None or ended.exit_code == 0:
            continue
        if requirement.container_name and requirement.container_name != status.name:
            continue
        if (ended.exit_code in requirement.values) == (requirement.operator == "In"):
            return True
    return False


def compute_plan(
    job: batch.Job, tally: Tally, pods: Sequence[core.Pod], active: Sequence[core.Pod], now: float
) -> JobPlan:
    """For a Job that is not over: how many pods to add or take."""
    if job.spec.suspend:
        return JobPlan(delete=list(active))
    wanted = _wanted_active(job, tally, len(active))
    if len(active) > wanted:
        return JobPlan(delete=_surplus(active, len(active) - wanted))
    plan = JobPlan(wait=_until_deadline(job, now))
    missing = min(wanted - len(active), MAX_CREATE)
    delay = compute_backoff(pods, now)
    if missing > 0 and delay > 0:
        plan.wait = min(delay, plan.wait) if plan.wait is not None else delay
    elif missing > 0 and is_indexed(job):
        plan.indexes = _free_indexes(job, tally, active)[:missing]
        plan.create = len(plan.indexes)
    else:
        plan.create = missing
    return plan


def _wanted_active(job: batch.Job, tally: Tally, active: int) -> int:
    parallelism = 1 if job.spec.parallelism is None else job.spec.parallelism
    if job.spec.completions is None:
        return min(active, parallelism) if tally.all_succeeded > 0 else parallelism
    return max(0, min(job.spec.completions - tally.all_succeeded, parallelism))


def _surplus(active: Sequence[core.Pod], count: int) -> list[core.Pod]:
    """The youngest, and those that do not run yet, first."""
    order = {"Pending": 0, "Unknown": 1, "Running": 2}
    ranked = sorted(active, key=lambda pod: pod.metadata.creation_timestamp or "", reverse=True)
    ranked.sort(key=lambda pod: (bool(pod.spec.node_name), order.get(pod.status.phase or "", 0)))
    return ranked[:count]


def _free_indexes(job: batch.Job, tally: Tally, active: Sequence[core.Pod]) -> list[int]:
    taken = tally.indexes | {index for index in map(index_of, active) if index is not None}
    return [index for index in range(job.spec.completions or 0) if index not in taken]


def _until_deadline(job: batch.Job, now: float) -> float | None:
    if job.spec.active_deadline_seconds is None or not job.status.start_time:
        return None
    return max(0.0, parse_time(job.status.start_time) + job.spec.active_deadline_seconds - now)


def ended_at(pod: core.Pod) -> float:
    """When the last container ended."""
    ends = [
        parse_time(status.state.terminated.finished_at)
        for status in pod.status.container_statuses
        if status.state is not None and status.state.terminated is not None and status.state.terminated.finished_at
    ]
    created = pod.metadata.creation_timestamp
    return max(ends, default=parse_time(created) if created else 0.0)


def compute_backoff(pods: Sequence[core.Pod], now: float) -> float:
    """Seconds to wait after failures in a row: 10, 20, 40, … up to 600, since the last one ended."""
    succeeded = max((ended_at(pod) for pod in pods if pod.status.phase == "Succeeded"), default=float("-inf"))
    failures = [ended_at(pod) for pod in pods if pod.status.phase == "Failed" and ended_at(pod) > succeeded]
    if not failures:
        return 0.0
    pause = min(MAX_BACKOFF, BACKOFF * 2.0 ** min(len(failures) - 1, 10))
    return max(0.0, max(failures) + pause - now)
