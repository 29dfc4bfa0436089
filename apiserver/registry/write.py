"""Create and update, once for all kinds.

Mirrors staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go and registry/rest/{create,update}.go. What
differs between kinds is asked of the strategy; admission runs between defaulting and validation. A read-modify-write
is compare-and-swap on the stored revision: it is tried again where the client named no resourceVersion, and is a
Conflict where it did.

Every function here ends in one store transaction or in an ApiError; a dry run stops just before the transaction.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from minik8s.api.status import AlreadyExists, ApiError, BadRequest, Conflict, FieldError, Invalid, NotFound
from minik8s.apiserver.admission.base import CREATE, UPDATE, Attributes
from minik8s.apiserver.cache.interface import Entry, KeyExists, KeyMissing, RevisionMismatch
from minik8s.apiserver.managedfields import tracking
from minik8s.apiserver.registry import object_meta
from minik8s.apiserver.registry.interface import Context
from minik8s.apiserver.registry.resources import Resource

if TYPE_CHECKING:
    from minik8s.apiserver.registry.registry import ServerRegistry

JsonObject = dict[str, Any]
#: Builds the new object from the stored one; called again after a lost race.
Transform = Callable[[JsonObject], JsonObject]
GENERATED_NAME_TRIES = 8
CONFLICT_TRIES = 20


@dataclass(frozen=True, slots=True)
class Written:
    """What a write answers: the object's JSON, and whether it is new or gone."""

    data: bytes
    created: bool = False
    deleted: bool = False


def attributes(ctx: Context, operation: str, obj: JsonObject | None, old: JsonObject | None = None) -> Attributes:
    """The write as admission sees it."""
    namespace = ctx.name if ctx.kind.plural == "namespaces" and not ctx.kind.group else ctx.namespace
    return Attributes(
        kind=ctx.kind,
        subresource=ctx.subresource,
        operation=operation,
        namespace=namespace,
        name=ctx.name,
        obj=obj,
        old=old,
        user=ctx.user.name,
        groups=ctx.user.groups,
        options=ctx.options,
        dry_run=ctx.dry_run,
        warnings=ctx.warnings,
        identity=ctx.user,
    )


# -- create --------------------------------------------------------------------------------------------------------


async def create(registry: ServerRegistry, ctx: Context, obj: JsonObject, admit: bool = True) -> Written:
    """Store a new object. ``obj`` is type-checked, and changed in place."""
    resource = registry.resources.of(ctx.kind)
    meta = obj["metadata"]
    object_meta.check_namespace(obj, ctx.kind.namespaced, ctx.namespace)
    generated = not meta.get("name") and bool(meta.get("generateName"))
    for _ in range(GENERATED_NAME_TRIES if generated and not ctx.dry_run else 1):
        if generated:
            meta["name"] = object_meta.generate_name(meta["generateName"])
        ctx.name = meta.get("name") or ""
        try:
            return await _create_once(registry, resource, ctx, obj, admit)
        except KeyExists:
            continue
    raise await _already_exists(resource, ctx)


async def _create_once(
    registry: ServerRegistry, resource: Resource, ctx: Context, obj: JsonObject, admit: bool
) -> Written:
    strategy, meta = resource.strategy, obj["metadata"]
    attrs = attributes(ctx, CREATE, obj)
    strategy.default(obj)
    tracking.on_create(ctx, obj)
    if admit:
        await registry.admission.mutate(attrs)
        strategy.default(obj)
    object_meta.fill_system_fields(meta, time.time())
    object_meta.start_generation(meta, strategy.keeps_generation)
    strategy.prepare_create(obj)
    reject(resource, ctx, strategy.validate(obj))
    ctx.warnings += strategy.warnings(obj)
    if admit:
        await registry.admission.validate(attrs)
    reservation = await strategy.before_create(ctx, obj)
    key = resource.key(ctx.namespace, meta["name"])
    try:
        if ctx.dry_run:
            entry = await resource.cache.get(key)
            if entry is not None:
                raise KeyExists
            data = orjson.dumps(obj)
        else:
            data = resource.written(await resource.cache.create(key, await resource.keep(obj)), obj)
    except BaseException:
        if reservation is not None:
            await reservation.rollback()
        raise
    if reservation is not None:
        await (reservation.rollback() if ctx.dry_run else reservation.commit())
    return Written(data, created=True)


async def _already_exists(resource: Resource, ctx: Context) -> ApiError:
    error = AlreadyExists.of(resource.kind.plural, ctx.name, resource.kind.group)
    entry = await resource.cache.get(resource.key(ctx.namespace, ctx.name))
    if (
        entry is not None
        and b'"deletionTimestamp":' in entry.data
        and entry.decode()["metadata"].get("deletionTimestamp")
    ):
        error.message = f"object is being deleted: {error.message}"
    return error


def reject(resource: Resource, ctx: Context, errors: list[FieldError]) -> None:
    """Raise Invalid for what validation found."""
    if errors:
        raise Invalid.of(resource.kind.kind, ctx.name, errors, resource.kind.group)


# -- update --------------------------------------------------------------------------------------------------------


async def update(
    registry: ServerRegistry,
    ctx: Context,
    transform: Transform,
    *,
    expected_version: str | None = None,
    is_patch: bool = False,
    create_absent: bool = False,
    admit: bool = True,
) -> Written:
    """Replace the object by what ``transform`` makes of it.

    ``expected_version``: what the client saw ("" or "0": it names none). A patch without version and the server's own
    writes are tried again after a lost race; a PUT without one overwrites where the kind allows that.
    """
    resource = registry.resources.of(ctx.kind)
    key = resource.key(ctx.namespace, ctx.name)
    for _ in range(CONFLICT_TRIES):
        entry = await resource.cache.get(key)
        if entry is None:
            return await _update_absent(registry, resource, ctx, transform, create_absent, admit)
        try:
            return await _update_once(registry, resource, ctx, entry, transform, expected_version, is_patch, admit)
        except (RevisionMismatch, KeyMissing):
            if expected_version not in (None, "", "0"):
                break
    raise Conflict.of(resource.kind.plural, ctx.name, Conflict.MODIFIED, resource.kind.group)


async def _update_absent(
    registry: ServerRegistry, resource: Resource, ctx: Context, transform: Transform, create_absent: bool, admit: bool
) -> Written:
    if not create_absent or ctx.subresource:
        raise NotFound.of(resource.kind.plural, ctx.name, resource.kind.group)
    obj = transform({})
    if obj["metadata"].get("uid"):
        text = object_meta.precondition_uid(obj["metadata"]["uid"], "")
        raise Conflict.of(resource.kind.plural, ctx.name, text, resource.kind.group)
    obj["metadata"].pop("resourceVersion", None)
    return await create(registry, ctx, obj, admit)


async def _update_once(
    registry: ServerRegistry,
    resource: Resource,
    ctx: Context,
    entry: Entry,
    transform: Transform,
    expected_version: str | None,
    is_patch: bool,
    admit: bool,
) -> Written:
    strategy = resource.strategy
    old = await resource.load(entry)
    new = transform(old)
    meta, old_meta = new["metadata"], old["metadata"]
    _check_version(resource, ctx, meta, old_meta, expected_version, is_patch)
    if ctx.kind.namespaced:
        object_meta.check_namespace(new, True, ctx.namespace)
    if not is_patch:  # a patch's uid is a field like others: validation finds that it has changed
        object_meta.check_uid_precondition(resource.group_resource, ctx.name, meta, old_meta)
    object_meta.carry_system_fields(meta, old_meta)
    strategy.default(new)
    tracking.on_update(ctx, new, old)
    _prepare(resource, ctx, new, old)
    attrs = attributes(ctx, UPDATE, new, old)
    if admit:
        await registry.admission.mutate(attrs)
        strategy.default(new)
        if attrs.mutated:  # by a webhook, who may change no more than a client may
            object_meta.carry_system_fields(meta, old_meta)
            _prepare(resource, ctx, new, old)
    if ctx.subresource:
        reject(resource, ctx, strategy.validate_subresource_update(ctx.subresource, new, old))
    else:
        reject(resource, ctx, strategy.validate_update(new, old))
        ctx.warnings += [text for text in strategy.warnings(new, old) if text not in ctx.warnings]
    if admit:
        await registry.admission.validate(attrs)
    return await _commit_update(registry, resource, ctx, entry, new, old)


def _prepare(resource: Resource, ctx: Context, new: JsonObject, old: JsonObject) -> None:
    if ctx.subresource:
        resource.strategy.prepare_subresource_update(ctx.subresource, new, old)
    else:
        resource.strategy.prepare_update(new, old)


async def _commit_update(
    registry: ServerRegistry, resource: Resource, ctx: Context, entry: Entry, new: JsonObject, old: JsonObject
) -> Written:
    if should_delete(resource, new, old):
        if not ctx.dry_run:
            await resource.cache.delete(entry.key, entry.revision)
            await resource.strategy.after_delete(ctx, old)
        return Written(orjson.dumps(new), deleted=True)
    tracking.keep_times(new, old)
    if new == old and not resource.outdated(entry):
        # nothing is written, and the version stays; the order of keys may differ all the same
        return Written(await resource.render(entry))
    reservation = None
    if not ctx.subresource:
        reservation = await resource.strategy.before_update(ctx, new, old)
    try:
        if ctx.dry_run:
            new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
            data = orjson.dumps(new)
        else:
            kept = await resource.keep(new)
            data = resource.written(await resource.cache.update(entry.key, kept, entry.revision), new)
    except BaseException:
        if reservation is not None:
            await reservation.rollback()
        raise
    if reservation is not None:
        await (reservation.rollback() if ctx.dry_run else reservation.commit())
    return Written(data)


def should_delete(resource: Resource, new: JsonObject, old: JsonObject) -> bool:
    """An update that takes the last finalizer from a marked object removes it."""
    meta = old["metadata"]
    if not meta.get("deletionTimestamp") or meta.get("deletionGracePeriodSeconds"):
        return False
    return not resource.strategy.pending_finalizers(new)


def _check_version(
    resource: Resource,
    ctx: Context,
    meta: JsonObject,
    old_meta: JsonObject,
    expected_version: str | None,
    is_patch: bool,
) -> None:
    """The client's resourceVersion, where it names one, is the stored one; else it becomes that."""
    given = meta.get("resourceVersion") if expected_version is None else expected_version
    if given in (None, "", "0"):
        if not is_patch and expected_version is not None and not resource.strategy.allow_unconditional_update:
            error = FieldError.invalid("metadata.resourceVersion", 0, "must be specified for an update")
            raise Invalid.of(resource.kind.plural, ctx.name, [error], resource.kind.group)
        meta["resourceVersion"] = old_meta["resourceVersion"]
        return
    if not given.isdigit():
        raise BadRequest(f'Invalid value: "{given}": strconv.ParseUint: parsing "{given}": invalid syntax')
    if given != old_meta["resourceVersion"]:
        raise Conflict.of(resource.kind.plural, ctx.name, Conflict.MODIFIED, resource.kind.group)


async def update_raw(registry: ServerRegistry, ctx: Context, transform: Transform) -> Written:
    """A change that the server has made itself and that needs no further check (bindings)."""
    resource = registry.resources.of(ctx.kind)
    key = resource.key(ctx.namespace, ctx.name)
    for _ in range(CONFLICT_TRIES):
        entry = await resource.cache.get(key)
        if entry is None:
            raise NotFound.of(resource.kind.plural, ctx.name, resource.kind.group)
        new = transform(resource.decode(entry))  # a fresh copy: it may be changed in place
        if ctx.dry_run:
            return Written(orjson.dumps(new))
        try:
            return Written(resource.data(await resource.cache.update(key, resource.stored(new), entry.revision)))
        except (RevisionMismatch, KeyMissing):
            continue
    raise Conflict.of(resource.kind.plural, ctx.name, Conflict.MODIFIED, resource.kind.group)
