"""Scaling in the middle of a rollout: every revision takes its share, so that a bad one gains nothing by it.

Mirrors scale() in upstream's pkg/controller/deployment/sync.go and GetProportion in util/deployment_util.go
(v1.33: sizes are rounded from exact arithmetic).
"""

from collections.abc import Sequence
from math import floor

from minik8s.api import apps
from minik8s.controllers.deployment.fenceposts import max_surge, wanted
from minik8s.controllers.deployment.revisions import MAX_REPLICAS, by_age, replicas_of


def compute_proportional(deployment: apps.Deployment, replica_sets: Sequence[apps.ReplicaSet]) -> dict[str, int]:
    """Name → size for the active ReplicaSets; together wanted + surge, or nothing if none is wanted."""
    allowed = wanted(deployment) + max_surge(deployment) if wanted(deployment) > 0 else 0
    to_add = allowed - sum(replicas_of(rs) for rs in replica_sets)
    sizes = {rs.metadata.name: replicas_of(rs) for rs in replica_sets}
    if to_add == 0 or not replica_sets:
        return sizes
    # larger first; among equals the newer grows first and the older shrinks first
    aged = by_age(replica_sets)
    ordered = sorted(aged[::-1] if to_add > 0 else aged, key=replicas_of, reverse=True)
    added = 0
    for rs in ordered:
        share = _share(deployment, rs, to_add, added)
        sizes[rs.metadata.name] += share
        added += share
    largest = ordered[0].metadata.name
    sizes[largest] = max(0, sizes[largest] + to_add - added)
    return sizes


def _share(deployment: apps.Deployment, rs: apps.ReplicaSet, to_add: int, added: int) -> int:
    """This ReplicaSet's part of what is left to add (or, negative, to take)."""
    fraction = _fraction(deployment, rs)
    return min(fraction, to_add - added) if to_add > 0 else max(fraction, to_add - added)


def _fraction(deployment: apps.Deployment, rs: apps.ReplicaSet) -> int:
    if wanted(deployment) == 0:
        return -replicas_of(rs)
    text = rs.metadata.annotations.get(MAX_REPLICAS, "")
    before = int(text) if text.isdigit() and int(text) > 0 else (deployment.status.replicas or 0)
    if before == 0:
        return 0  # nothing to compare with: leave it, the largest takes what remains
    size = replicas_of(rs) * (wanted(deployment) + max_surge(deployment)) / before
    return floor(size + 0.5) - replicas_of(rs)
