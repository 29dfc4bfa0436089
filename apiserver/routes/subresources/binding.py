"""pods/{name}/binding and bindings: the scheduler's word becomes spec.nodeName.

Mirrors pkg/registry/core/pod/storage (BindingREST, assignPod): one compare-and-swap, tried again when somebody else
wrote the pod meanwhile. What a binding changes and refuses stands in strategies/pod.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minik8s.api.scheme import SCHEME
from minik8s.api.status import BadRequest
from minik8s.apiserver.registry import write
from minik8s.apiserver.registry.admit import admit
from minik8s.apiserver.registry.decode import WARN, decode_object
from minik8s.apiserver.registry.interface import Context
from minik8s.apiserver.registry.resources import Resource
from minik8s.apiserver.registry.strategies.pod import apply_binding
from minik8s.apiserver.routes.bodies import read_json
from minik8s.apiserver.routes.http import Request, Response, json_response

if TYPE_CHECKING:
    from minik8s.apiserver.app import Server

JsonObject = dict[str, Any]
SUCCESS: JsonObject = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
BINDING = SCHEME.by_kind("", "v1", "Binding")
PODS = SCHEME.by_resource("", "v1", "pods")


async def serve(server: Server, request: Request, resource: Resource) -> Response:
    """POST pods/{name}/binding."""
    return await bind(server, request, request.info.name)


async def bind(server: Server, request: Request, name: str) -> Response:
    """Bind the pod ``name``; without one, the pod that the binding is called after (POST bindings)."""
    assert BINDING is not None and PODS is not None
    binding = decode_object(await read_json(request), BINDING, WARN, request.warnings)
    given = binding["metadata"].get("name", "")
    name = name or given
    if given not in ("", name):
        raise BadRequest("name in URL does not match name in Binding object")
    dry_run = "dryRun" in request.query
    ctx = Context(PODS, server.registry, request.user, request.info.namespace, name, "binding", dry_run)
    ctx.warnings = request.warnings
    await admit(ctx, binding)

    def assign(pod: JsonObject) -> JsonObject:
        apply_binding(pod, binding, server.now())
        return pod

    await write.update_raw(server.registry, ctx, assign)
    return json_response(SUCCESS, 201)
