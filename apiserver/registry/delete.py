"""Delete: preconditions, grace, finalizers, propagation; and deletecollection.

Mirrors staging/src/k8s.io/apiserver/pkg/registry/rest/delete.go and registry/generic/registry/store.go (Delete,
DeleteCollection). A delete either removes the key at once, or marks the object (deletionTimestamp) and leaves the
removal to whoever holds it back: the kubelet (grace) or the owners of finalizers, the garbage collector among them.

Invariant: a key is only removed at the revision that was examined.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import orjson

from minik8s.api.meta import format_time, parse_time
from minik8s.api.status import BadRequest, Conflict, FieldError, Invalid, NotFound
from minik8s.apiserver.admission.base import DELETE
from minik8s.apiserver.cache.interface import Entry, KeyMissing, RevisionMismatch
from minik8s.apiserver.registry.interface import Context
from minik8s.apiserver.registry.resources import Resource
from minik8s.apiserver.registry.write import CONFLICT_TRIES, Written, attributes

if TYPE_CHECKING:
    from minik8s.apiserver.registry.registry import ServerRegistry

JsonObject = dict[str, Any]
ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
POLICIES = ("Foreground", "Background", "Orphan")
COLLECTION_BATCH = 250
#: Resources whose DELETE answers the object instead of a Status.
RETURNS_OBJECT = frozenset({
    "pods", "services", "serviceaccounts", "persistentvolumes", "persistentvolumeclaims", "resourcequotas",
    "podtemplates", "namespaces", "csidrivers.storage.k8s.io", "csinodes.storage.k8s.io",
    "storageclasses.storage.k8s.io", "volumeattachments.storage.k8s.io",
})  # fmt: skip


def validate_options(options: JsonObject) -> None:
    """ValidateDeleteOptions: one propagation setting, a known one; dryRun only "All"."""
    errors = []
    policy = options.get("propagationPolicy")
    if policy is not None and options.get("orphanDependents") is not None:
        errors.append(
            FieldError.invalid(
                "propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set"
            )
        )
    if policy is not None and policy not in POLICIES:
        errors.append(FieldError.not_supported("propagationPolicy", policy, [*POLICIES, "nil"]))
    if errors:
        raise Invalid.of("DeleteOptions", "", errors, "meta.k8s.io")
    grace = options.get("gracePeriodSeconds")
    if grace is not None and not isinstance(grace, int):
        raise BadRequest("gracePeriodSeconds must be a number")


async def delete(registry: ServerRegistry, ctx: Context, admit: bool = True) -> Written:
    """Delete ``ctx.name``; options in ``ctx.options``."""
    resource = registry.resources.of(ctx.kind)
    key = resource.key(ctx.namespace, ctx.name)
    for _ in range(CONFLICT_TRIES):
        entry = await resource.cache.get(key)
        if entry is None:
            raise NotFound.of(resource.kind.plural, ctx.name, resource.kind.group)
        try:
            return await _delete_once(registry, resource, ctx, entry, admit)
        except RevisionMismatch:
            continue
        except KeyMissing:
            raise NotFound.of(resource.kind.plural, ctx.name, resource.kind.group) from None
    raise Conflict.of(resource.kind.plural, ctx.name, Conflict.MODIFIED, resource.kind.group)


async def _delete_once(
    registry: ServerRegistry, resource: Resource, ctx: Context, entry: Entry, admit: bool
) -> Written:
    strategy, options = resource.strategy, ctx.options
    obj = await resource.load(entry)
    check_preconditions(resource, ctx.name, obj["metadata"], options.get("preconditions") or {})
    strategy.validate_delete(obj)
    ctx.warnings += strategy.delete_warnings(obj, options)
    if admit:
        attrs = attributes(ctx, DELETE, None, obj)
        await registry.admission.mutate(attrs)
        await registry.admission.validate(attrs)
    graceful, already_going = begin_grace(resource, obj, options, time.time())
    if already_going:
        return Written(_answer(resource, obj))
    finalizers = finalizers_for(resource, obj["metadata"], options)
    if finalizers is not None:
        obj["metadata"]["finalizers"] = finalizers
    pending = bool(strategy.pending_finalizers(obj))
    if pending and not graceful:
        mark_deleting(resource, obj, time.time())
    if pending or (graceful and obj["metadata"]["deletionGracePeriodSeconds"] > 0):
        if ctx.dry_run:
            return Written(orjson.dumps(obj))
        kept = await resource.keep(obj)
        return Written(resource.written(await resource.cache.update(entry.key, kept, entry.revision), obj))
    if not ctx.dry_run:
        gone = await resource.cache.delete(entry.key, entry.revision)
        await strategy.after_delete(ctx, obj)
        obj["metadata"]["resourceVersion"] = str(gone.revision)
    return Written(_answer(resource, obj), deleted=True)


def check_preconditions(resource: Resource, name: str, meta: JsonObject, preconditions: JsonObject) -> None:
    """uid and resourceVersion that the client insists on."""
    for key, word in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        wanted, found = preconditions.get(key), meta.get(key, "")
        if wanted is not None and wanted != found:
            why = (
                "The object might have been deleted and then recreated"
                if key == "uid"
                else "The object might have been modified"
            )
            text = f"the {word} in the precondition ({wanted}) does not match the {word} in record ({found}). {why}"
            raise Conflict.of(resource.kind.plural, name, text, resource.kind.group)


def begin_grace(resource: Resource, obj: JsonObject, options: JsonObject, now: float) -> tuple[bool, bool]:
    """(the object is marked for a graceful end, it is going already and nothing is to be done)."""
    meta = obj["metadata"]
    wanted = options.get("gracePeriodSeconds")
    if meta.get("deletionTimestamp"):
        running = meta.get("deletionGracePeriodSeconds")
        if not running:
            return False, False
        if wanted is None or wanted >= running:
            return False, True
        wanted = max(wanted, 0)
        meta["deletionTimestamp"] = format_time(parse_time(meta["deletionTimestamp"]) - running + wanted)
        meta["deletionGracePeriodSeconds"] = wanted
        return True, False
    grace = resource.strategy.graceful_delete(obj, options)
    if grace is None:
        return False, False
    meta["deletionTimestamp"] = format_time(now + grace)
    meta["deletionGracePeriodSeconds"] = grace
    if meta.get("generation"):
        meta["generation"] += 1
    resource.strategy.begin_delete(obj)
    return True, False


def mark_deleting(resource: Resource, obj: JsonObject, now: float) -> None:
    """deletionTimestamp for an object without grace that finalizers hold back."""
    meta = obj["metadata"]
    if not meta.get("deletionTimestamp"):
        if meta.get("generation"):
            meta["generation"] += 1
        meta["deletionTimestamp"] = format_time(now)
        resource.strategy.begin_delete(obj)
    meta["deletionGracePeriodSeconds"] = 0


def finalizers_for(resource: Resource, meta: JsonObject, options: JsonObject) -> list[str] | None:
    """The finalizers after the propagation policy's are added and taken away; None: as they are."""
    present = meta.get("finalizers") or []
    orphan, foreground = _propagation(resource, present, options)
    wanted = [name for name in present if name not in (ORPHAN, FOREGROUND)]
    wanted += [ORPHAN] if orphan else []
    wanted += [FOREGROUND] if foreground else []
    return None if set(wanted) == set(present) else wanted


def _propagation(resource: Resource, present: list[str], options: JsonObject) -> tuple[bool, bool]:
    if resource.kind.plural == "events":
        return False, False  # nothing can depend on an event
    explicit = options.get("orphanDependents")
    if explicit is not None:
        return bool(explicit), False
    policy = options.get("propagationPolicy")
    if policy is not None:
        return policy == "Orphan", policy == "Foreground"
    for name in present:
        if name in (ORPHAN, FOREGROUND):
            return name == ORPHAN, name == FOREGROUND
    return resource.strategy.default_orphan(), False


def _answer(resource: Resource, obj: JsonObject) -> bytes:
    if resource.group_resource in RETURNS_OBJECT:
        return orjson.dumps(obj)
    details = {"name": obj["metadata"]["name"], "group": resource.kind.group, "kind": resource.kind.plural}
    details = {key: value for key, value in details.items() if value} | {"uid": obj["metadata"].get("uid", "")}
    return orjson.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})


async def delete_collection(registry: ServerRegistry, ctx: Context, entries: list[Entry]) -> None:
    """Delete these objects, many at a time so that the store commits them together. The first error ends it."""
    for start in range(0, len(entries), COLLECTION_BATCH):
        batch = entries[start : start + COLLECTION_BATCH]
        results = await asyncio.gather(
            *(_delete_listed(registry, ctx, entry) for entry in batch), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        await asyncio.sleep(0)


async def _delete_listed(registry: ServerRegistry, ctx: Context, entry: Entry) -> None:
    resource = registry.resources.of(ctx.kind)
    namespace = entry.key.rsplit("/", 2)[1] if ctx.kind.namespaced else ""
    one = Context(ctx.kind, registry, ctx.user, namespace, entry.name, "", ctx.dry_run, ctx.options)
    try:
        await _delete_once(registry, resource, one, entry, admit=True)
    except (RevisionMismatch, KeyMissing, NotFound):
        try:
            await delete(registry, one)
        except NotFound:
            return
