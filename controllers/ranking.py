"""Which pods to give up first when there are too many.

Mirrors ActivePodsWithRanks in upstream's pkg/controller/controller_utils.go (v1.33: with pod-deletion-cost and
logarithmic comparison of ages). The pod that costs least to lose sorts first.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cmp_to_key
from math import log2

from minik8s.api import core
from minik8s.api.meta import parse_time
from minik8s.controllers.pods import PHASE_ORDER, is_active, is_ready, max_restarts, ready_since

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


def deletion_cost(pod: core.Pod) -> int:
    """The annotation's int32; anything unreadable counts as 0, as upstream treats it."""
    text = pod.metadata.annotations.get(DELETION_COST, "0")
    try:
        cost = int(text)
    except ValueError:
        return 0
    return cost if str(cost) == text and -(2**31) <= cost < 2**31 else 0


def _age_bucket(moment: float | None, now: float) -> int:
    """Ages compared by order of magnitude, so that scaling down is spread over pods of like age."""
    if moment is None:
        return -2
    age = now - moment
    return -1 if age <= 0 else int(log2(age * 1e9))


def compare_for_deletion(a: core.Pod, b: core.Pod, rank: dict[str, int], now: float) -> int:
    """Negative: `a` goes before `b`. The first rule that tells them apart decides."""
    for x, y in (
        (bool(a.spec.node_name), bool(b.spec.node_name)),  # unscheduled first
        (
            PHASE_ORDER.get(a.status.phase or "", 0),
            PHASE_ORDER.get(b.status.phase or "", 0),
        ),  # pending, unknown, running
        (is_ready(a), is_ready(b)),  # not ready first
        (deletion_cost(a), deletion_cost(b)),  # cheaper first
        (-rank.get(a.spec.node_name or "", 0), -rank.get(b.spec.node_name or "", 0)),  # crowded nodes first
    ):
        if x != y:
            return -1 if x < y else 1
    if is_ready(a) and is_ready(b) and ready_since(a) != ready_since(b):
        return _compare_ages(ready_since(a), ready_since(b), a, b, now)
    if max_restarts(a) != max_restarts(b):  # more restarts first
        return -1 if max_restarts(a) > max_restarts(b) else 1
    return _compare_ages(_created(a), _created(b), a, b, now)


def _compare_ages(since_a: float | None, since_b: float | None, a: core.Pod, b: core.Pod, now: float) -> int:
    """The younger goes first; ages of like magnitude are told apart by uid, which is as good as by lot."""
    x, y = _age_bucket(since_a, now), _age_bucket(since_b, now)
    if x != y:
        return -1 if x < y else 1
    uid_a, uid_b = a.metadata.uid, b.metadata.uid
    return -1 if uid_a < uid_b else int(uid_a > uid_b)


def _created(pod: core.Pod) -> float | None:
    return parse_time(pod.metadata.creation_timestamp) if pod.metadata.creation_timestamp else None


def compute_pods_to_delete(
    pods: Sequence[core.Pod], related: Sequence[core.Pod], count: int, now: float
) -> list[core.Pod]:
    """The `count` pods to give up; `related` are all pods of the same owner's sets, to find doubled-up nodes."""
    if count >= len(pods):
        return list(pods)
    rank = Counter(pod.spec.node_name or "" for pod in related if is_active(pod))

    def compare(a: core.Pod, b: core.Pod) -> int:
        return compare_for_deletion(a, b, rank, now)

    return sorted(pods, key=cmp_to_key(compare))[:count]
