"""How ownership moves when an object changes.

Mirrors structured-merge-diff/v4/merge/update.go (update, Update) with managedfields/internal/{managedfieldsupdater,
stripmeta,skipnonapplied}.go. Whoever writes a field owns it; what others owned of it they lose, unless they applied
it with the same value. Nobody owns what identifies the object.

Functions here change the ``Managed`` that they are given, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minik8s.apiserver.managedfields.compare import Changes, compare
from minik8s.apiserver.managedfields.conflicts import ApplyConflicts
from minik8s.apiserver.managedfields.entries import Managed, Manager, Owned, cap_updaters
from minik8s.apiserver.managedfields.profile import Profile
from minik8s.apiserver.managedfields.reconcile import reconcile
from minik8s.apiserver.managedfields.sets import FieldSet, difference, intersection, of_paths, union

JsonObject = dict[str, Any]

#: Fields that nobody owns: what identifies an object, and what only the server writes.
STRIPPED = of_paths(
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata",),
    *(
        ("f:metadata", f"f:{name}")
        for name in (
            "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields",
            "resourceVersion",
        )
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Write:
    """A write as ownership sees it: the object before and after it, its kind, the part of it that may be written."""

    profile: Profile
    subresource: str
    live: JsonObject
    new: JsonObject

    def changes(self, api_version: str) -> Changes | None:
        """What changed, in the terms of a version; None when the server no longer knows that version."""
        profile = self.profile
        if api_version == profile.api_version:
            changes = compare(self.live, self.new, profile.node)
        else:
            other = profile.version(api_version)
            if other is None:
                return None
            changes = compare(profile.convert(self.live, other), profile.convert(self.new, other), other.node)
        keep = profile.filter(self.subresource)
        return Changes(keep(changes.added), keep(changes.modified), keep(changes.removed))


def transfer(write: Write, managed: Managed, author: Manager | None, force: bool) -> Changes:
    """Take from everybody but ``author`` what the write has changed. Raises ApplyConflicts unless forced."""
    by_version: dict[str, Changes | None] = {}
    own = by_version[write.profile.api_version] = write.changes(write.profile.api_version)
    assert own is not None
    conflicts: dict[Manager, FieldSet] = {}
    for manager, owned in list(managed.items()):
        if manager == author:
            continue
        if owned.api_version not in by_version:
            by_version[owned.api_version] = write.changes(owned.api_version)
        changes = by_version[owned.api_version]
        if changes is None:
            del managed[manager]
            continue
        lost = intersection(owned.fields, changes.touched)
        if lost:
            conflicts[manager] = lost
            if not force:
                continue
        if lost or changes.removed:
            managed[manager] = owned.with_fields(difference(difference(owned.fields, lost), changes.removed))
    if conflicts and not force:
        raise ApplyConflicts(conflicts)
    for manager in [manager for manager, owned in managed.items() if not owned.fields]:
        del managed[manager]
    return own


def update(write: Write, managed: Managed, author: Manager, now: str) -> None:
    """Ownership after a create, update or patch by ``author``."""
    if not managed and write.live.get("metadata", {}).get("uid"):
        return  # nobody tracks this object: it stays so until somebody applies
    reconcile(write.profile, write.live, managed)
    changes = transfer(write, managed, None, force=True)
    fields = strip(changes.touched)
    if fields:
        previous = managed.get(author)
        if previous is not None:
            fields = union(fields, previous.fields)
        managed[author] = Owned(fields, write.profile.api_version, now)
    cap_updaters(managed)


def strip(fields: FieldSet) -> FieldSet:
    """Without what nobody owns."""
    return difference(fields, STRIPPED)
