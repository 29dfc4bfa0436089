"""The next steps of a StatefulSet. Pure: pods in, list of steps out.

Mirrors updateStatefulSet in upstream's pkg/controller/statefulset/stateful_set_control.go.

Invariants of OrderedReady (the default)
    - Pod N is created only when 0 … N-1 are running, ready and available.
    - Pods are deleted from the highest ordinal down, one at a time, the next only when all others are healthy.
    - In a rolling update, pod N is replaced only when all above it are of the new revision and healthy.
With Parallel, the first two do not hold; the third does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from minik8s.api import apps, core
from minik8s.controllers.pods import is_available, is_finished, is_ready, is_terminating
from minik8s.controllers.statefulset.identity import ordinal_of, ordinals, partition, revision_of, start_ordinal


@dataclass(frozen=True)
class Create:
    ordinal: int
    revision: str


@dataclass(frozen=True)
class Remove:
    pod: core.Pod
    #: it had ended by itself, and will be made anew
    failed: bool = False


Step = Create | Remove


def is_healthy(owner: apps.StatefulSet, pod: core.Pod | None, now: float) -> bool:
    """There, running, ready (for minReadySeconds), and not on its way out."""
    if pod is None or is_terminating(pod) or pod.status.phase != "Running":
        return False
    return is_ready(pod) and is_available(pod, owner.spec.min_ready_seconds, now)


def compute_steps(
    owner: apps.StatefulSet, pods: Sequence[core.Pod], current: str, update: str, now: float
) -> list[Step]:
    """What to do now; one step only where order matters. `current` and `update` are names of revisions."""
    if owner.metadata.deletion_timestamp is not None:
        return []
    monotonic = owner.spec.pod_management_policy != "Parallel"
    by_ordinal = {ordinal_of(pod): pod for pod in pods}
    steps, blocked = _grow(owner, by_ordinal, current, update, monotonic, now)
    if blocked:
        return steps
    condemned = sorted((pod for pod in pods if ordinal_of(pod) not in ordinals(owner)), key=ordinal_of, reverse=True)
    more, blocked = _shrink(owner, by_ordinal, condemned, monotonic, now)
    steps += more
    if blocked or steps:
        return steps
    return _roll(owner, by_ordinal, update, now)


def _grow(
    owner: apps.StatefulSet, pods: dict[int, core.Pod], current: str, update: str, monotonic: bool, now: float
) -> tuple[list[Step], bool]:
    steps: list[Step] = []
    for ordinal in ordinals(owner):
        pod = pods.get(ordinal)
        if pod is not None and is_finished(pod) and not is_terminating(pod):
            steps.append(Remove(pod, failed=True))
        elif pod is None:
            steps.append(Create(ordinal, _revision_for(owner, ordinal, current, update)))
        elif is_healthy(owner, pod, now) or not monotonic:
            continue
        if monotonic:
            return steps, True
    return steps, False


def _revision_for(owner: apps.StatefulSet, ordinal: int, current: str, update: str) -> str:
    """New pods below the partition, or that an unfinished rollout has not reached, are of the old revision."""
    strategy = owner.spec.update_strategy
    if strategy is not None and strategy.type == "OnDelete":
        return update
    untouched = (owner.status.current_replicas or 0) if partition(owner) == 0 else partition(owner)
    return current if ordinal < start_ordinal(owner) + untouched else update


def _shrink(
    owner: apps.StatefulSet, pods: dict[int, core.Pod], condemned: list[core.Pod], monotonic: bool, now: float
) -> tuple[list[Step], bool]:
    unhealthy = [ordinal for ordinal in sorted(pods) if not is_healthy(owner, pods[ordinal], now)]
    steps: list[Step] = []
    for pod in condemned:
        first = not unhealthy or ordinal_of(pod) == unhealthy[0]
        waits = is_terminating(pod) or (not is_healthy(owner, pod, now) and not first)
        if not is_terminating(pod) and not (monotonic and waits):
            steps.append(Remove(pod))
        if monotonic:
            return steps, True
    return steps, False


def _roll(owner: apps.StatefulSet, pods: dict[int, core.Pod], update: str, now: float) -> list[Step]:
    strategy = owner.spec.update_strategy
    if strategy is not None and strategy.type == "OnDelete":
        return []
    for ordinal in reversed(ordinals(owner)):
        if ordinal < start_ordinal(owner) + partition(owner):
            break
        pod = pods.get(ordinal)
        if pod is not None and revision_of(pod) != update and not is_terminating(pod):
            return [Remove(pod)]
        if not is_healthy(owner, pod, now):
            break
    return []


def compute_status(
    owner: apps.StatefulSet, pods: Sequence[core.Pod], current: str, update: str, now: float
) -> apps.StatefulSetStatus:
    """Counts, and the revisions; a rolling update that is complete makes the new revision the current one."""
    alive = [pod for pod in pods if not is_terminating(pod) and pod.status.phase]
    status = owner.status.model_copy(deep=True)
    status.observed_generation = owner.metadata.generation
    status.replicas = len(pods)
    status.ready_replicas = sum(pod.status.phase == "Running" and is_ready(pod) for pod in pods) or None
    status.available_replicas = sum(is_available(pod, owner.spec.min_ready_seconds, now) for pod in pods)
    status.current_replicas = sum(revision_of(pod) == current for pod in alive) or None
    status.updated_replicas = sum(revision_of(pod) == update for pod in alive) or None
    status.current_revision, status.update_revision = current, update
    status.collision_count = owner.status.collision_count or 0
    strategy = owner.spec.update_strategy
    rolling = strategy is None or strategy.type != "OnDelete"
    if rolling and status.updated_replicas == status.replicas == (status.ready_replicas or 0):
        status.current_revision, status.current_replicas = update, status.updated_replicas
    return status
