"""The next sizes of a Deployment's ReplicaSets. Pure: state in, list of `Scale` out.

Mirrors rolling.go, recreate.go and the scaling half of sync.go of upstream's pkg/controller/deployment.

Invariants, held by property tests (tests/unit/controllers/deployment/test_rollout.py)
    - A rolling step never plans more than replicas + maxSurge pods in all, unless there were more before.
    - A rolling step never takes away so many available pods that fewer than replicas - maxUnavailable remain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from minik8s.api import apps, core
from minik8s.controllers.deployment.fenceposts import is_rolling_update, max_surge, min_available, wanted
from minik8s.controllers.deployment.proportional import compute_proportional
from minik8s.controllers.deployment.revisions import DESIRED_REPLICAS, by_age, replicas_of
from minik8s.controllers.pods import is_finished


@dataclass(frozen=True)
class Scale:
    """One ReplicaSet's next size."""

    replica_set: apps.ReplicaSet
    replicas: int


def total(replica_sets: Iterable[apps.ReplicaSet]) -> int:
    return sum(replicas_of(rs) for rs in replica_sets)


def available(replica_set: apps.ReplicaSet) -> int:
    return replica_set.status.available_replicas or 0


def active(replica_sets: Iterable[apps.ReplicaSet]) -> list[apps.ReplicaSet]:
    return [rs for rs in replica_sets if replicas_of(rs) > 0]


def compute_new_size(deployment: apps.Deployment, new_replicas: int, all_replicas: int) -> int:
    """How big the new ReplicaSet may be, when it has `new_replicas` of the `all_replicas` that there are."""
    if not is_rolling_update(deployment):
        return wanted(deployment)
    room = wanted(deployment) + max_surge(deployment) - all_replicas
    if room <= 0:
        return new_replicas
    return new_replicas + min(room, wanted(deployment) - new_replicas)


def compute_rolling_up(
    deployment: apps.Deployment, new: apps.ReplicaSet, old: Sequence[apps.ReplicaSet]
) -> list[Scale]:
    """First half of a rolling step: grow the new ReplicaSet as far as the surge allows (or shrink it to size)."""
    size = replicas_of(new)
    if size > wanted(deployment):
        target = wanted(deployment)
    else:
        target = compute_new_size(deployment, size, total(old) + size)
    return [] if target == size else [Scale(new, target)]


def compute_rolling_down(
    deployment: apps.Deployment, new: apps.ReplicaSet, old: Sequence[apps.ReplicaSet]
) -> list[Scale]:
    """Second half: shrink old ReplicaSets, sick pods first, never below the availability that must remain.

    Pods of the new ReplicaSet that are not available yet count as lost, so that a new version which never comes up
    stops the rollout instead of eating the old one.
    """
    olds = by_age(active(old))
    not_yet = replicas_of(new) - available(new)
    budget = total(olds) + replicas_of(new) - min_available(deployment) - not_yet
    if not olds or budget <= 0:
        return []
    sizes = {rs.metadata.name: replicas_of(rs) for rs in olds}
    _drop_unhealthy(olds, sizes, budget)
    spare = sum(available(rs) for rs in [*olds, new]) - min_available(deployment)
    _drop_spare(olds, sizes, spare)
    return [Scale(rs, sizes[rs.metadata.name]) for rs in olds if sizes[rs.metadata.name] != replicas_of(rs)]


def _drop_unhealthy(olds: Sequence[apps.ReplicaSet], sizes: dict[str, int], budget: int) -> None:
    """Unavailable old pods help nobody: let them go first, or a broken revision would block its successor."""
    for rs in olds:
        drop = max(0, min(budget, replicas_of(rs) - available(rs)))
        sizes[rs.metadata.name] -= drop
        budget -= drop


def _drop_spare(olds: Sequence[apps.ReplicaSet], sizes: dict[str, int], spare: int) -> None:
    """Then available ones, oldest revision first, as many as there are above the minimum."""
    for rs in olds:
        drop = max(0, min(spare, sizes[rs.metadata.name]))
        sizes[rs.metadata.name] -= drop
        spare -= drop


def compute_recreate_down(old: Sequence[apps.ReplicaSet]) -> list[Scale]:
    return [Scale(rs, 0) for rs in active(old)]


def old_pods_running(
    new: apps.ReplicaSet | None, old: Sequence[apps.ReplicaSet], pods_by_owner: dict[str, list[core.Pod]]
) -> bool:
    """Recreate waits until no pod of an older revision can be running, wherever it is counted."""
    if any(rs.status.replicas for rs in old):
        return True
    new_uid = None if new is None else new.metadata.uid
    return any(not is_finished(pod) for owner, pods in pods_by_owner.items() if owner != new_uid for pod in pods)


def is_scaling_event(deployment: apps.Deployment, replica_sets: Sequence[apps.ReplicaSet]) -> bool:
    """Was spec.replicas changed since the sizes were last decided? Then scale before rolling on."""
    for rs in active(replica_sets):
        desired = rs.metadata.annotations.get(DESIRED_REPLICAS, "")
        if desired.isdigit() and int(desired) != wanted(deployment):
            return True
    return False


def compute_scaling(
    deployment: apps.Deployment, new: apps.ReplicaSet | None, old: Sequence[apps.ReplicaSet]
) -> list[Scale]:
    """Sizes after a change of spec.replicas, or while paused: spread over the revisions, no rolling on."""
    everyone = [*old, new] if new is not None else list(old)
    only = _active_or_latest(new, old, everyone)
    if only is not None:
        return [Scale(only, wanted(deployment))] if replicas_of(only) != wanted(deployment) else []
    if new is not None and _is_saturated(deployment, new):
        return [Scale(rs, 0) for rs in active(old)]
    if not is_rolling_update(deployment):
        return []
    sizes = compute_proportional(deployment, active(everyone))
    # unchanged sizes stay in: their annotations must follow the new spec.replicas
    return [Scale(rs, sizes[rs.metadata.name]) for rs in active(everyone)]


def _active_or_latest(
    new: apps.ReplicaSet | None, old: Sequence[apps.ReplicaSet], everyone: Sequence[apps.ReplicaSet]
) -> apps.ReplicaSet | None:
    """The one ReplicaSet with pods; if none has, the newest; if several have, None."""
    actives = active(everyone)
    if len(actives) > 1:
        return None
    if actives:
        return actives[0]
    return new if new is not None else (by_age(old)[-1] if old else None)


def _is_saturated(deployment: apps.Deployment, new: apps.ReplicaSet) -> bool:
    count = wanted(deployment)
    desired = new.metadata.annotations.get(DESIRED_REPLICAS, "")
    return replicas_of(new) == count and desired == str(count) and available(new) == count


def compute_cleanup(deployment: apps.Deployment, old: Sequence[apps.ReplicaSet], limit: int) -> list[apps.ReplicaSet]:
    """Old ReplicaSets past the history limit, oldest first; only those that are empty and have seen their spec."""
    candidates = by_age([rs for rs in old if rs.metadata.deletion_timestamp is None])
    surplus = candidates[: max(0, len(candidates) - limit)]
    return [
        rs
        for rs in surplus
        if not rs.status.replicas
        and replicas_of(rs) == 0
        and (rs.metadata.generation or 0) <= (rs.status.observed_generation or 0)
    ]
