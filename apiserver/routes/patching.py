"""PATCH: four ways to say a change, one way to store it.

Mirrors staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go. The patch is applied to the newest state, the
result is checked like any update, and the whole is tried again when somebody else wrote in between.

Server-side apply also creates what is not there; the merge itself and ownership are `managedfields`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from minik8s.api.status import BadRequest, FieldError, Invalid, UnsupportedMediaType
from minik8s.apiserver.managedfields import tracking
from minik8s.apiserver.managedfields.entries import is_reset
from minik8s.apiserver.registry import write
from minik8s.apiserver.registry.decode import IGNORE, go_json_error
from minik8s.apiserver.registry.interface import Context
from minik8s.apiserver.registry.registry import ServerRegistry
from minik8s.apiserver.registry.resources import Resource
from minik8s.apiserver.registry.write import Written
from minik8s.apiserver.routes.bodies import parse_yaml
from minik8s.apiserver.routes.http import Request

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCHES = ("application/apply-patch+yaml", "application/apply-patch+cbor")
ACCEPTED = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCHES[0])

JsonObject = dict[str, Any]
Patcher = Callable[[JsonObject], Any]


async def patch_object(
    registry: ServerRegistry, ctx: Context, request: Request, resource: Resource, validation: str
) -> Written:
    """Apply the request's patch."""
    content_type = request.content_type
    apply = content_type == APPLY_PATCHES[0]
    if content_type not in ACCEPTED:
        raise UnsupportedMediaType.of(ACCEPTED)
    body = await request.body()
    if apply:
        return await _apply(registry, ctx, request, resource, parse_config(body))
    patcher = patcher_for(content_type, body, resource)
    if request.flag("force"):
        error = FieldError.forbidden("force", "may not be specified for non-apply patch")
        raise Invalid.of("PatchOptions", "", [error], "meta.k8s.io")

    def transform(old: JsonObject) -> JsonObject:
        request.warnings.clear()
        patched = patcher(old)
        if not isinstance(patched, dict):
            raise BadRequest("the patch does not leave an object")
        return _decode(resource, patched, old["metadata"].get("managedFields"), validation, request)

    return await write.update(registry, ctx, transform, is_patch=True)


async def _apply(
    registry: ServerRegistry, ctx: Context, request: Request, resource: Resource, config: JsonObject
) -> Written:
    """Server-side apply."""
    check_apply(request)
    force = request.flag("force")

    def transform(old: JsonObject) -> JsonObject:
        request.warnings.clear()
        applied = tracking.on_apply(ctx, old, config, force)
        if not old:
            applied["metadata"].pop("resourceVersion", None)
        _check_name(ctx, applied["metadata"])
        return _decode(resource, applied, applied["metadata"].get("managedFields"), IGNORE, request)

    return await write.update(registry, ctx, transform, is_patch=True, create_absent=True)


def _decode(
    resource: Resource, obj: JsonObject, known: list[JsonObject] | None, validation: str, request: Request
) -> JsonObject:
    """Check the types of a patched object. Entries of managedFields that are known need none: they are half of it."""
    meta = obj.get("metadata")
    entries = meta.get("managedFields") if isinstance(meta, dict) else None
    if not isinstance(meta, dict) or entries is None or not (entries == known or is_reset(entries)):
        return resource.decode_body(orjson.dumps(obj), validation, request.warnings)
    rest = {name: value for name, value in meta.items() if name != "managedFields"}
    decoded = resource.decode_body(orjson.dumps({**obj, "metadata": rest}), validation, request.warnings)
    decoded["metadata"]["managedFields"] = entries
    return decoded


def parse_config(body: bytes) -> JsonObject:
    """An applied configuration: YAML, or JSON, which is YAML too."""
    try:
        config = orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            config = parse_yaml(body)
        except BadRequest as error:
            raise BadRequest(f"error decoding YAML: {error.message}") from None
    if config is None:
        return {}
    if not isinstance(config, dict):
        kind = "array" if isinstance(config, list) else "string" if isinstance(config, str) else "number"
        raise BadRequest(
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: "
            f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
        )
    return config


def _check_name(ctx: Context, meta: JsonObject) -> None:
    name = meta.get("name")
    if not name:
        raise BadRequest(f"the name of the object ({ctx.name} based on URL) was undeterminable: name must be provided")
    if name != ctx.name:
        raise BadRequest(f"the name of the object ({name}) does not match the name on the URL ({ctx.name})")


def check_apply(request: Request) -> None:
    """An apply names its manager."""
    if not request.query.get("fieldManager"):
        error = FieldError.required("fieldManager", "is required for apply patch")
        raise Invalid.of("PatchOptions", "", [error], "meta.k8s.io")


def patcher_for(content_type: str, body: bytes, resource: Resource) -> Patcher:
    """The patch as a function from an object to the changed object. Never changes what it is given."""
    patch = _parse(body)
    if content_type == JSON_PATCH:
        return _json_patcher(patch)
    patch = _as_object(patch)
    if content_type == STRATEGIC_PATCH:
        if resource.kind.model is None:
            raise UnsupportedMediaType.of((JSON_PATCH, MERGE_PATCH, APPLY_PATCHES[0]))
        return _merger(resource, patch)
    from minik8s.apiserver.patch import merge_patch

    return lambda obj: merge_patch.apply(obj, patch)


def _json_patcher(patch: Any) -> Patcher:
    from minik8s.apiserver.patch import json_patch

    return lambda obj: json_patch.apply(obj, patch)


def _merger(resource: Resource, patch: JsonObject) -> Patcher:
    model = resource.kind.model
    if model is None:
        from minik8s.apiserver.patch import merge_patch

        return lambda obj: merge_patch.apply(obj, patch)
    from minik8s.apiserver.patch import strategic

    return lambda obj: strategic.apply(obj, patch, model)


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadRequest(f"error decoding patch: {go_json_error(body)}") from None


def _as_object(patch: Any) -> JsonObject:
    if not isinstance(patch, dict):
        raise BadRequest(
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
        )
    return patch
