"""The little in which a ReplicaSet and a ReplicationController differ, as data.

Mirrors the conversions of upstream's pkg/controller/replication/conversion.go: there a ReplicationController is turned
into a ReplicaSet and back; here the core asks a `ReplicaKind` for the few things that differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minik8s.api import apps, core
from minik8s.controllers.selecting import Matcher, matcher_of, matcher_of_map

#: a ReplicaSet or a ReplicationController
ReplicaOwner = Any


@dataclass(frozen=True)
class ReplicaKind:
    """One kind of owner."""

    name: str
    model: type[Any]
    condition: type[Any]
    matcher: Callable[[ReplicaOwner], Matcher]


REPLICA_SET = ReplicaKind(
    "replicaset", apps.ReplicaSet, apps.ReplicaSetCondition, lambda owner: matcher_of(owner.spec.selector)
)
REPLICATION_CONTROLLER = ReplicaKind(
    "replicationcontroller",
    core.ReplicationController,
    core.ReplicationControllerCondition,
    lambda owner: matcher_of_map(owner.spec.selector),
)


def wanted_replicas(owner: ReplicaOwner) -> int:
    """spec.replicas, with the default of 1 that the server fills in."""
    return 1 if owner.spec.replicas is None else int(owner.spec.replicas)
