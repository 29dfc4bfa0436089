"""Ownership of replicas, seen through …/scale.

Mirrors apimachinery/pkg/util/managedfields/scalehandler.go. A Scale has one field that matters, spec.replicas. Whoever
owns the replicas of the workload owns it in the Scale; who sets it there owns the workload's, by an entry of
subresource `scale`.
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.managedfields.entries import Managed, Manager, Owned, encode
from minik8s.apiserver.managedfields.sets import Path, difference, has, of_paths
from minik8s.apiserver.managedfields.tracking import decode_stored

Entries = list[dict[str, Any]]
SCALE_VERSION = "autoscaling/v1"
REPLICAS: Path = ("f:spec", "f:replicas")


def to_scale(entries: Entries, replicas: Path = REPLICAS) -> Entries:
    """The workload's entries as the Scale's: only those that own the replicas."""
    return encode(
        {
            manager: Owned(of_paths(REPLICAS), SCALE_VERSION, owned.time)
            for manager, owned in decode_stored(entries).items()
            if has(owned.fields, replicas)
        }
    )


def to_parent(entries: Entries, scale_entries: Entries, api_version: str, replicas: Path = REPLICAS) -> Entries:
    """The workload's entries after the Scale's have become ``scale_entries``."""
    mine = of_paths(replicas)
    owners = {_identity(manager): owned for manager, owned in decode_stored(scale_entries).items()}
    out: Managed = {}
    for manager, owned in decode_stored(entries).items():
        if not has(owned.fields, replicas) or owners.pop(_identity(manager), None) is not None:
            out[manager] = owned
            continue
        left = difference(owned.fields, mine)
        if left:
            out[manager] = owned.with_fields(left)
    for (name, operation, subresource), owned in owners.items():
        if has(owned.fields, REPLICAS):
            version = "" if operation == "Apply" else api_version
            out[Manager(name, operation, version, subresource)] = Owned(mine, api_version, owned.time)
    return encode(out)


def _identity(manager: Manager) -> tuple[str, str, str]:
    """A manager whatever the version: the Scale's is always its own."""
    return manager.name, manager.operation, manager.subresource
