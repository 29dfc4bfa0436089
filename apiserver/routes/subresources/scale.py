"""…/scale: the replicas of a workload as an autoscaling/v1 Scale (pkg/registry/apps/*/storage ScaleREST)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from minik8s.api.scheme import SCHEME, Kind
from minik8s.api.status import BadRequest, Invalid, NotFound
from minik8s.apiserver.admission.base import UPDATE
from minik8s.apiserver.managedfields import scale as ownership
from minik8s.apiserver.managedfields import tracking
from minik8s.apiserver.registry import write
from minik8s.apiserver.registry.admit import admit
from minik8s.apiserver.registry.decode import WARN, decode_object
from minik8s.apiserver.registry.interface import Context
from minik8s.apiserver.registry.resources import Resource
from minik8s.apiserver.routes.bodies import read_json
from minik8s.apiserver.routes.http import Request, Response, json_response
from minik8s.apiserver.validation.autoscaling import validate_scale

if TYPE_CHECKING:
    from minik8s.apiserver.app import Server

JsonObject = dict[str, Any]
SCALE = SCHEME.by_kind("autoscaling", "v1", "Scale") or Kind(
    "autoscaling", "v1", "Scale", "scales", "scale", model_path="minik8s.api.autoscaling.v1:Scale"
)


async def serve(server: Server, request: Request, resource: Resource) -> Response:
    info = request.info
    entry = await resource.cache.get(resource.key(info.namespace, info.name))
    if entry is None:
        raise NotFound.of(resource.kind.plural, info.name, resource.kind.group)
    if request.method in ("GET", "HEAD"):
        return json_response(resource.strategy.scale_of(await resource.load(entry)))
    body = await (request.body() if request.method == "PATCH" else read_json(request))
    from minik8s.apiserver.routes.resources import field_manager

    ctx = Context(
        resource.kind, server.registry, request.user, info.namespace, info.name,
        dry_run="dryRun" in request.query, warnings=request.warnings,
        field_manager=field_manager(request), tracked=True,
    )  # fmt: skip
    replicas = await _admitted_replicas(ctx, request, resource, await resource.load(entry), body)
    transform = _transform(ctx, request, resource, body, replicas)
    written = await write.update(server.registry, ctx, transform, is_patch=True, admit=False)
    return json_response(resource.strategy.scale_of(orjson.loads(written.data)))


async def _admitted_replicas(
    ctx: Context, request: Request, resource: Resource, old: JsonObject, body: bytes
) -> int | None:
    """Admission sees the Scale, not the workload; the replicas that it leaves."""
    scale, warnings = _owned_scale(resource, old), list(request.warnings)
    wanted = _wanted(replace(ctx, kind=SCALE, subresource="scale"), request, resource.decode_copy(scale), body)
    request.warnings[:] = warnings  # the transform will say them again
    await admit(replace(ctx, subresource="scale"), wanted, UPDATE, scale)
    replicas = (wanted.get("spec") or {}).get("replicas")
    return replicas if isinstance(replicas, int) else None


def _transform(
    ctx: Context, request: Request, resource: Resource, body: bytes, admitted: int | None
) -> write.Transform:
    """From the stored object to one with the replicas of the scale that the request asks for."""
    strategy = resource.strategy
    replicas = getattr(strategy, "replicas_path", ownership.REPLICAS)
    scale_ctx = replace(ctx, kind=SCALE, subresource="scale")

    def transform(old: JsonObject) -> JsonObject:
        scale, entries = _owned_scale(resource, old), old["metadata"].get("managedFields") or []
        wanted = _wanted(scale_ctx, request, scale, body)
        if admitted is not None:
            wanted.setdefault("spec", {})["replicas"] = admitted
        _validate(request, wanted)
        new = resource.decode_copy(old)
        strategy.apply_scale(new, wanted)
        owners = wanted["metadata"].get("managedFields") or []
        new["metadata"]["managedFields"] = ownership.to_parent(entries, owners, resource.kind.group_version, replicas)
        if not new["metadata"]["managedFields"]:
            del new["metadata"]["managedFields"]
        if wanted["metadata"].get("resourceVersion"):
            new["metadata"]["resourceVersion"] = wanted["metadata"]["resourceVersion"]
        return new

    return transform


def _owned_scale(resource: Resource, obj: JsonObject) -> JsonObject:
    """The workload's Scale, with those who own its replicas."""
    scale, entries = resource.strategy.scale_of(obj), obj["metadata"].get("managedFields") or []
    replicas = getattr(resource.strategy, "replicas_path", ownership.REPLICAS)
    scale["metadata"]["managedFields"] = ownership.to_scale(entries, replicas)
    return scale


def _wanted(ctx: Context, request: Request, scale: JsonObject, body: bytes) -> JsonObject:
    """The Scale that the request makes of this one, with its owners."""
    from minik8s.apiserver.routes import patching

    if request.method != "PATCH":
        wanted = decode_object(body, SCALE, WARN, request.warnings)
    elif request.content_type == patching.APPLY_PATCHES[0]:
        patching.check_apply(request)
        applied = tracking.on_apply(ctx, scale, patching.parse_config(body), request.flag("force"))
        return decode_object(orjson.dumps(applied), SCALE, WARN, request.warnings)
    else:
        patched = patching.patcher_for(request.content_type, body, _ScaleResource)(scale)
        wanted = decode_object(orjson.dumps(patched), SCALE, WARN, request.warnings)
    tracking.on_scale(ctx, wanted, scale)
    return wanted


class _Scaled:
    """What patching asks of a resource: the kind, for its model."""

    kind = SCALE


_ScaleResource: Any = _Scaled()


def _validate(request: Request, scale: JsonObject) -> None:
    name, meta = request.info.name, scale["metadata"]
    if meta.get("name") and meta["name"] != name:
        raise BadRequest(f"the name of the object ({meta['name']}) does not match the name on the URL ({name})")
    checked = scale | {"metadata": {"name": name, "namespace": request.info.namespace} | meta}
    errors = validate_scale(checked)
    if errors:
        raise Invalid.of("Scale", name, errors, "autoscaling")
