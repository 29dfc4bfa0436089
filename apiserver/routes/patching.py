"""PATCH: four ways to say a change, one way to store it.

Mirrors staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go. The patch is applied to the newest state, the
result is checked like any update, and the whole is tried again when somebody else wrote in between.

Server-side apply is here in a simple form only: the applied configuration is merged (by the model's merge keys) into
the object, or creates it; field ownership is not kept yet, so nothing is removed and nothing conflicts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from minik8s.api.status import BadRequest, FieldError, Invalid, UnsupportedMediaType
from minik8s.apiserver.registry import write
from minik8s.apiserver.registry.decode import go_json_error
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
    patcher = patcher_for(content_type, await request.body(), resource)
    if apply:
        _check_apply(request)
    elif request.flag("force"):
        error = FieldError.forbidden("force", "may not be specified for non-apply patch")
        raise Invalid.of("PatchOptions", "", [error], "meta.k8s.io")

    def transform(old: JsonObject) -> JsonObject:
        request.warnings.clear()
        patched = patcher(old or _empty(ctx, resource))
        if not isinstance(patched, dict):
            raise BadRequest("the patch does not leave an object")
        if not old:
            patched.setdefault("metadata", {}).pop("resourceVersion", None)
        return resource.decode_body(orjson.dumps(patched), validation, request.warnings)

    return await write.update(registry, ctx, transform, is_patch=True, create_absent=apply)


def _empty(ctx: Context, resource: Resource) -> JsonObject:
    metadata = {"name": ctx.name} | ({"namespace": ctx.namespace} if ctx.namespace else {})
    return {"kind": resource.kind.kind, "apiVersion": resource.kind.group_version, "metadata": metadata}


def _check_apply(request: Request) -> None:
    if not request.query.get("fieldManager"):
        error = FieldError.required("fieldManager", "is required for apply patch")
        raise Invalid.of("PatchOptions", "", [error], "meta.k8s.io")


def patcher_for(content_type: str, body: bytes, resource: Resource) -> Patcher:
    """The patch as a function from an object to the changed object. Never changes what it is given."""
    if content_type == APPLY_PATCHES[0]:
        return _merger(resource, _as_object(parse_yaml(body)))
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
