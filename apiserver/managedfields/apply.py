"""Server-side apply: a configuration becomes the object, and its manager the owner of what it says.

Mirrors structured-merge-diff/v4/merge/update.go (Apply, prune) with managedfields/internal/{structuredmerge,
skipnonapplied,versioncheck,managedfieldsupdater}.go. In order:

1. merge the configuration into the live object;
2. remove what the manager applied last time and does not apply now, unless somebody else owns it too;
3. what differs from the live object and is owned by others is a conflict, or is taken from them (force).

Pure: the live object and the configuration are left as they are.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.status import ApiError, BadRequest
from minik8s.apiserver.managedfields.conflicts import ApplyConflicts
from minik8s.apiserver.managedfields.entries import APPLY, UPDATE, Managed, Manager, Owned, decode, encode, manager_of
from minik8s.apiserver.managedfields.fieldset import fields_of
from minik8s.apiserver.managedfields.last_applied import KUBECTL, allowed_conflicts, sync_annotation
from minik8s.apiserver.managedfields.merge import merge
from minik8s.apiserver.managedfields.profile import Profile
from minik8s.apiserver.managedfields.reconcile import reconcile
from minik8s.apiserver.managedfields.remove import remove
from minik8s.apiserver.managedfields.sets import FieldSet, difference, intersection, union
from minik8s.apiserver.managedfields.update import Write, strip, transfer, update
from minik8s.apiserver.managedfields.validate import problems

JsonObject = dict[str, Any]
BEFORE_FIRST_APPLY = "before-first-apply"


def apply(
    profile: Profile, live: JsonObject, config: JsonObject, manager: str, force: bool, now: str, subresource: str = ""
) -> JsonObject:
    """The object after ``manager`` applied ``config``, metadata.managedFields included. Raises ApiError.

    ``live`` is the stored object, or the kind's zero object where there is none.
    """
    check_config(profile, config)
    try:
        managed = decode((live.get("metadata") or {}).get("managedFields") or [])
    except ValueError as error:
        raise unknown_error(f"failed to decode managed fields: {error}") from None
    live = without_managed_fields(live)
    if not managed:
        before = manager_of(BEFORE_FIRST_APPLY, UPDATE, profile.api_version, subresource)
        update(Write(profile, subresource, profile.empty, live), managed, before, now)
    reconcile(profile, live, managed)
    author = manager_of(manager, APPLY, profile.api_version, subresource)
    try:
        new = _apply_checked(profile, subresource, live, config, managed, author, force, now)
    except ApplyConflicts as conflicts:
        left = conflicts.without(allowed_conflicts(profile, live)) if manager == KUBECTL else conflicts
        if left is not None:
            raise left.to_error() from None
        new = _apply_checked(profile, subresource, live, config, managed, author, True, now)
    if manager == KUBECTL:
        new = sync_annotation(new, config)
    return with_managed_fields(new, encode(managed))


def check_config(profile: Profile, config: JsonObject) -> None:
    """The configuration is of this kind and version, and fits its schema."""
    kind = profile.kind
    api_version, name = config.get("apiVersion") or "", config.get("kind") or ""
    if (api_version, name) != (kind.group_version, kind.kind):
        raise BadRequest(f"invalid object type: {_group_version(api_version)}, Kind={name}")
    meta = config.get("metadata")
    if isinstance(meta, dict) and meta.get("managedFields") is not None:
        raise BadRequest("metadata.managedFields must be nil")
    text = problems(config, profile.node)
    if text:
        meta = meta if isinstance(meta, dict) else {}
        about = f"{meta.get('namespace', '')}/{meta.get('name', '')}; {_group_version(api_version)}, Kind={name}"
        raise unknown_error(f"failed to create typed patch object ({about}): {text}")


def unknown_error(message: str) -> ApiError:
    """What upstream answers for an error that is no Status: 500 without a reason."""
    return ApiError(message, code=500, reason="")


def _group_version(api_version: object) -> str:
    text = str(api_version)
    return text if "/" in text else f"/{text}"


def without_managed_fields(obj: JsonObject) -> JsonObject:
    """A copy (of the upper two levels) that has none."""
    meta = {name: value for name, value in (obj.get("metadata") or {}).items() if name != "managedFields"}
    return {**obj, "metadata": meta}


def with_managed_fields(obj: JsonObject, entries: list[JsonObject]) -> JsonObject:
    meta = {**(obj.get("metadata") or {})}
    if entries:
        meta["managedFields"] = entries
    return {**obj, "metadata": meta}


def _apply_checked(
    profile: Profile,
    subresource: str,
    live: JsonObject,
    config: JsonObject,
    managed: Managed,
    author: Manager,
    force: bool,
    now: str,
) -> JsonObject:
    """Merge, prune, move ownership. ``managed`` is changed only where no conflict is raised."""
    working = dict(managed)
    last = working.get(author)
    fields = profile.filter(subresource)(fields_of(config, profile.node))
    working[author] = Owned(fields, profile.api_version, last.time if last else None)
    new = _prune(profile, merge(live, config, profile.node), working, last)
    changes = transfer(Write(profile, subresource, live, new), working, author, force)
    fields = strip(fields)
    if fields:
        unchanged = changes.same and last is not None and last.fields == fields
        working[author] = Owned(fields, profile.api_version, last.time if last is not None and unchanged else now)
    else:
        working.pop(author, None)
    managed.clear()
    managed.update(working)
    return live if changes.same else new


# -- removal -------------------------------------------------------------------------------------------------------


def _prune(profile: Profile, merged: JsonObject, managed: Managed, last: Owned | None) -> JsonObject:
    """Remove what was applied last time, is not applied now, and is owned by nobody else."""
    if last is None or not last.fields:
        return merged
    then = profile if last.api_version == profile.api_version else profile.version(last.api_version)
    if then is None:
        return merged
    merged = merged if then is profile else profile.convert(merged, then)
    pruned = remove(merged, last.fields, then.node) or {}
    pruned = _add_back_owned(then, merged, pruned, managed)
    kept = fields_of(pruned, then.node)
    gone = intersection(difference(fields_of(merged, then.node), kept), last.fields)
    result = remove(merged, gone, then.node) or {}
    return result if then is profile else then.convert(result, profile)


def _add_back_owned(profile: Profile, merged: JsonObject, pruned: JsonObject, managed: Managed) -> JsonObject:
    """What somebody owns stays, whatever version they own it in."""
    by_version: dict[str, FieldSet] = {}
    for owned in managed.values():
        by_version[owned.api_version] = union(by_version.get(owned.api_version, {}), owned.fields)
    current = profile
    for api_version, fields in by_version.items():
        other = current if api_version == current.api_version else current.version(api_version)
        if other is None:
            continue
        if other is not current:
            merged, pruned = current.convert(merged, other), current.convert(pruned, other)
            current = other
        kept = union(fields_of(pruned, other.node), fields)
        pruned = remove(merged, difference(fields_of(merged, other.node), kept), other.node) or {}
    return pruned if current is profile else current.convert(pruned, profile)
