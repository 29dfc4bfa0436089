"""The hooks of the write pipeline: metadata.managedFields on every create, update, patch and apply.

Mirrors apimachinery's managedfields FieldManager (Update, Apply) as handlers/{create,update,patch}.go call it, and
endpoints/handlers/fieldmanager/equality.go. Called after decoding and defaulting and before admission, so that what
admission adds is owned by nobody, as upstream has it.

Invariants: an error here never fails an ordinary write (it keeps the ownership that the stored object has); a write
that changes nothing leaves managedFields as they are.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from minik8s.api.meta import format_time
from minik8s.apiserver.managedfields.apply import apply
from minik8s.apiserver.managedfields.elements import NoElement
from minik8s.apiserver.managedfields.entries import UPDATE, Managed, decode, encode, is_reset, manager_of
from minik8s.apiserver.managedfields.profile import profile_of
from minik8s.apiserver.managedfields.reconcile import reconcile
from minik8s.apiserver.managedfields.update import Write, update

if TYPE_CHECKING:
    from minik8s.apiserver.registry.interface import Context

JsonObject = dict[str, Any]
__all__ = ["keep_times", "on_apply", "on_create", "on_scale", "on_update"]


def on_create(ctx: Context, obj: JsonObject) -> None:
    """Ownership of a new object: its creator's."""
    if ctx.tracked:
        return
    meta = obj["metadata"]
    given = meta.pop("managedFields", None)
    managed = _given(given) or {}
    _track(ctx, profile_of(ctx.kind).empty, obj, managed)


def on_update(ctx: Context, new: JsonObject, old: JsonObject) -> None:
    """Ownership after ``old`` became ``new``. ``new`` may carry entries of the client's, which then count."""
    if ctx.tracked:
        return
    meta = new["metadata"]
    given = meta.pop("managedFields", None)
    stored = old["metadata"].get("managedFields")
    if not ctx.subresource and given != stored:
        if is_reset(given):
            return  # stays untracked until the next apply
        managed = _given(given)
    else:
        managed = None
    if managed is None:
        if not stored:
            return
        managed = decode_stored(stored)
        if _same(new, old, stored):
            meta["managedFields"] = encode(managed) if reconcile(profile_of(ctx.kind), new, managed) else stored
            return
    _track(ctx, old, new, managed, stored)


def on_apply(ctx: Context, live: JsonObject, config: JsonObject, force: bool) -> JsonObject:
    """The object after the request's manager applied ``config``; ``live`` is empty where there is none yet.

    Raises ApiError, a Conflict among them.
    """
    profile = profile_of(ctx.kind)
    now = format_time(time.time())
    new = apply(profile, live or profile.empty, config, ctx.field_manager, force, now, ctx.subresource)
    ctx.tracked = True
    return new


def on_scale(ctx: Context, scale: JsonObject, old: JsonObject) -> None:
    """Ownership of a Scale after ``old`` became ``scale``; a subresource's own entries never count."""
    managed = decode_stored(old["metadata"].get("managedFields") or [])
    profile = profile_of(ctx.kind)
    author = manager_of(ctx.field_manager, UPDATE, profile.api_version, "scale")
    scale["metadata"].pop("managedFields", None)
    update(Write(profile, "", old, scale), managed, author, format_time(time.time()))
    if managed:
        scale["metadata"]["managedFields"] = encode(managed)


def _same(new: JsonObject, old: JsonObject, stored: list[JsonObject]) -> bool:
    """Whether nothing but (absent) managedFields tells the objects apart."""
    meta = old["metadata"]
    if len(new["metadata"]) != len(meta) - 1:
        return False
    del meta["managedFields"]
    same = new == old
    meta["managedFields"] = stored
    return same


def _given(entries: list[JsonObject] | None) -> Managed | None:
    """What the client says of ownership; None where it says nothing that can be read."""
    if not entries or is_reset(entries):
        return None
    try:
        return decode(entries, trusted=False) or None
    except ValueError:
        return None


def decode_stored(entries: list[JsonObject]) -> Managed:
    try:
        return decode(entries)
    except ValueError:
        return {}


def _track(
    ctx: Context, old: JsonObject, new: JsonObject, managed: Managed, stored: list[JsonObject] | None = None
) -> None:
    profile = profile_of(ctx.kind)
    author = manager_of(ctx.field_manager, UPDATE, profile.api_version, ctx.subresource)
    write = Write(profile, ctx.subresource, old, new)
    if stored:
        del old["metadata"]["managedFields"]  # no part of what is compared
    try:
        update(write, managed, author, format_time(time.time()))
    except NoElement:
        if stored:
            new["metadata"]["managedFields"] = stored
        return
    finally:
        if stored:
            old["metadata"]["managedFields"] = stored
    if managed:
        new["metadata"]["managedFields"] = encode(managed)


def keep_times(new: JsonObject, old: JsonObject) -> None:
    """Where only times of entries differ, and the object does not, the old entries stay: no version is spent on it."""
    entries, stored = new["metadata"].get("managedFields"), old["metadata"].get("managedFields")
    if entries == stored or not entries or not stored or len(entries) != len(stored):
        return
    if _timeless(entries) != _timeless(stored):
        return
    new_meta, old_meta = dict(new["metadata"]), dict(old["metadata"])
    del new_meta["managedFields"], old_meta["managedFields"]
    if new_meta == old_meta and {**new, "metadata": 0} == {**old, "metadata": 0}:
        new["metadata"]["managedFields"] = stored


def _timeless(entries: list[JsonObject]) -> list[JsonObject]:
    return sorted(
        ({name: value for name, value in entry.items() if name != "time"} for entry in entries),
        key=lambda entry: (entry.get("operation", ""), entry.get("manager", ""), entry.get("apiVersion", ""),
                           entry.get("subresource", "")),
    )  # fmt: skip
