"""Facts about pods that every workload controller asks for: active, ready, available, since when.

Mirrors upstream's pkg/api/v1/pod and the pod helpers of pkg/controller/controller_utils.go. Pure; times are epoch
seconds.
"""

from collections.abc import Iterable

from minik8s.api import core
from minik8s.api.meta import parse_time
from minik8s.controllers.conditions import find_condition

#: a pod's phase, in the order in which pods are given up
PHASE_ORDER = {"Pending": 0, "Unknown": 1, "Running": 2}


def is_finished(pod: core.Pod) -> bool:
    """Its containers have ended and will not be started again."""
    return pod.status.phase in ("Succeeded", "Failed")


def is_terminating(pod: core.Pod) -> bool:
    return pod.metadata.deletion_timestamp is not None


def is_active(pod: core.Pod) -> bool:
    """Counts towards its controller's replicas: neither finished nor being deleted."""
    return not is_finished(pod) and not is_terminating(pod)


def active_pods(pods: Iterable[core.Pod]) -> list[core.Pod]:
    return [pod for pod in pods if is_active(pod)]


def is_ready(pod: core.Pod) -> bool:
    condition = find_condition(pod.status.conditions, "Ready")
    return condition is not None and condition.status == "True"


def ready_since(pod: core.Pod) -> float | None:
    """When the pod became ready; None if it is not, or if nobody recorded it."""
    condition = find_condition(pod.status.conditions, "Ready")
    if condition is None or condition.status != "True" or not condition.last_transition_time:
        return None
    return parse_time(condition.last_transition_time)


def available_at(pod: core.Pod, min_ready_seconds: int | None) -> float | None:
    """When a ready pod counts (or will count) as available; None while it is not ready."""
    if not is_ready(pod):
        return None
    if not min_ready_seconds:
        return 0.0
    since = ready_since(pod)
    return None if since is None else since + min_ready_seconds


def is_available(pod: core.Pod, min_ready_seconds: int | None, now: float) -> bool:
    moment = available_at(pod, min_ready_seconds)
    return moment is not None and moment <= now


def next_availability(pods: Iterable[core.Pod], min_ready_seconds: int | None, now: float) -> float | None:
    """Seconds until the next ready pod becomes available, so that a controller can look again then."""
    moments = (available_at(pod, min_ready_seconds) for pod in pods)
    later = [moment for moment in moments if moment is not None and moment > now]
    return min(later) - now + 0.05 if later else None


def max_restarts(pod: core.Pod) -> int:
    """The restart count of the pod's most restarted container (restartable init containers count too)."""
    return max((status.restart_count for status in pod.status.container_statuses), default=0)


def key_of(pod: core.Pod) -> str:
    return f"{pod.metadata.namespace}/{pod.metadata.name}"
