"""pods/{name}/binding and bindings: the scheduler's word becomes spec.nodeName.

Mirrors pkg/registry/core/pod/storage (BindingREST, assignPod): one compare-and-swap that also sets PodScheduled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minik8s.api.meta import format_time
from minik8s.api.scheme import SCHEME
from minik8s.api.status import BadRequest, Conflict, FieldError, Invalid
from minik8s.apiserver.registry import write
from minik8s.apiserver.registry.decode import WARN, decode_object
from minik8s.apiserver.registry.interface import Context
from minik8s.apiserver.registry.resources import Resource
from minik8s.apiserver.routes.bodies import read_json
from minik8s.apiserver.routes.http import Request, Response, json_response

if TYPE_CHECKING:
    from minik8s.apiserver.app import Server

JsonObject = dict[str, Any]
BINDING = SCHEME.by_kind("", "v1", "Binding")


async def serve(server: Server, request: Request, resource: Resource) -> Response:
    """POST pods/{name}/binding."""
    return await bind(server, request, request.info.name)


async def bind(server: Server, request: Request, name: str) -> Response:
    """Bind the pod ``name`` (or the binding's own name)."""
    assert BINDING is not None
    pods = SCHEME.by_resource("", "v1", "pods")
    assert pods is not None
    binding = decode_object(await read_json(request), BINDING, WARN, request.warnings)
    meta, target = binding["metadata"], binding.get("target") or {}
    name = name or meta.get("name", "")
    _validate(binding, name)
    ctx = Context(
        pods, server.registry, request.user, request.info.namespace, name, "binding", "dryRun" in request.query
    )

    def assign(old: JsonObject) -> JsonObject:
        _check_pod(old, meta, target["name"], name)
        new = server.registry.resources.of(pods).decode_copy(old)
        new["metadata"].setdefault("annotations", {}).update(meta.get("annotations") or {})
        if not new["metadata"]["annotations"]:
            del new["metadata"]["annotations"]
        new["metadata"].setdefault("labels", {}).update(meta.get("labels") or {})
        if not new["metadata"]["labels"]:
            del new["metadata"]["labels"]
        new["spec"]["nodeName"] = target["name"]
        _set_scheduled(new, format_time(server.now()))
        return new

    await write.update_raw(server.registry, ctx, assign)
    return json_response({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)


def _validate(binding: JsonObject, name: str) -> None:
    target, errors = binding.get("target") or {}, []
    if target.get("kind") not in (None, "", "Node"):
        errors.append(FieldError.not_supported("target.kind", target["kind"], ["Node", "<empty>"]))
    if not target.get("name"):
        errors.append(FieldError.required("target.name", ""))
    if errors:
        raise Invalid.of("Binding", name, errors)
    if binding["metadata"].get("name") not in (None, "", name):
        raise BadRequest("name in URL does not match name in Binding object")


def _check_pod(pod: JsonObject, meta: JsonObject, node: str, name: str) -> None:
    found, wanted = pod["metadata"], meta.get("uid")
    if wanted and wanted != found["uid"]:
        text = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found['uid']}"
        raise Conflict.of("pods/binding", name, text)
    if found.get("deletionTimestamp"):
        raise Conflict.of("pods/binding", name, f"pod {name} is being deleted, cannot be assigned to a host")
    if pod["spec"].get("nodeName"):
        raise Conflict.of("pods/binding", name, f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"')
    if pod["spec"].get("schedulingGates"):
        raise Conflict.of("pods/binding", name, f"pod {name} has non-empty .spec.schedulingGates")


def _set_scheduled(pod: JsonObject, now: str) -> None:
    conditions = pod.setdefault("status", {}).setdefault("conditions", [])
    conditions[:] = [condition for condition in conditions if condition.get("type") != "PodScheduled"]
    conditions.append({"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now})
