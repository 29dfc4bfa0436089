"""serviceaccounts/{name}/token: a TokenRequest answered with a bound token.

Mirrors pkg/registry/core/serviceaccount/storage/token.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minik8s.api.meta import format_time
from minik8s.api.scheme import SCHEME, Kind
from minik8s.api.status import BadRequest, Conflict, FieldError, Invalid, MethodNotAllowed, NotFound
from minik8s.apiserver.auth.service_account import TokenBinding
from minik8s.apiserver.registry.admit import admit
from minik8s.apiserver.registry.decode import WARN, decode_object
from minik8s.apiserver.registry.interface import Context
from minik8s.apiserver.registry.resources import Resource
from minik8s.apiserver.routes.bodies import read_json
from minik8s.apiserver.routes.http import Request, Response, json_response

if TYPE_CHECKING:
    from minik8s.apiserver.app import Server

JsonObject = dict[str, Any]
TOKEN_REQUEST = Kind(
    "authentication.k8s.io", "v1", "TokenRequest", "tokenrequests", "tokenrequest",
    model_path="minik8s.api.authentication:TokenRequest",
)  # fmt: skip
DEFAULT_SECONDS, MIN_SECONDS, MAX_SECONDS = 3600, 600, 1 << 32
BOUND_KINDS = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}


async def serve(server: Server, request: Request, resource: Resource) -> Response:
    issuer = server.token_issuer
    if issuer is None:
        raise MethodNotAllowed("this server has no --service-account-signing-key-file")
    info = request.info
    account = await server.registry.get(resource.kind, info.namespace, info.name)
    if account is None:
        raise NotFound.of("serviceaccounts", info.name)
    obj = decode_object(await read_json(request), TOKEN_REQUEST, WARN, request.warnings)
    ctx = Context(resource.kind, server.registry, request.user, info.namespace, info.name, "token")
    ctx.warnings = request.warnings
    await admit(ctx, obj)
    spec = obj.setdefault("spec", {})
    audiences = spec.get("audiences") or server.api_audiences
    seconds = spec.get("expirationSeconds") or DEFAULT_SECONDS
    _validate(info.name, seconds)
    binding = await _binding(server, info.namespace, info.name, spec.get("boundObjectRef"))
    now = server.now()
    token = issuer.issue(account, audiences, seconds, binding, now)
    spec["audiences"], spec["expirationSeconds"] = audiences, seconds
    obj["metadata"] |= {"name": info.name, "namespace": info.namespace, "creationTimestamp": format_time(now)}
    obj["status"] = {"token": token, "expirationTimestamp": format_time(now + seconds)}
    return json_response(obj, 201)


def _validate(name: str, seconds: int) -> None:
    field, errors = "spec.expirationSeconds", []
    if seconds < MIN_SECONDS:
        errors.append(FieldError.invalid(field, seconds, "may not specify a duration less than 10 minutes"))
    if seconds > MAX_SECONDS:
        errors.append(FieldError.invalid(field, seconds, "may not specify a duration larger than 2^32 seconds"))
    if errors:
        raise Invalid.of("TokenRequest", name, errors, "authentication.k8s.io")


async def _binding(server: Server, namespace: str, account: str, ref: JsonObject | None) -> TokenBinding | None:
    if not ref:
        return None
    plural = BOUND_KINDS.get(ref.get("kind") or "")
    if plural is None or ref.get("apiVersion") not in (None, "", "v1"):
        raise BadRequest(f"cannot bind token to object of type {ref.get('apiVersion')}, Kind={ref.get('kind')}")
    kind = SCHEME.by_resource("", "v1", plural)
    assert kind is not None
    name = ref.get("name") or ""
    obj = await server.registry.get(kind, namespace if kind.namespaced else "", name)
    if obj is None:
        raise NotFound.of(plural, name)
    if ref.get("uid") and ref["uid"] != obj["metadata"]["uid"]:
        text = (
            f"the UID in the bound object reference ({ref['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise Conflict.of(plural, name, text)
    if plural == "pods" and obj["spec"].get("serviceAccountName") != account:
        text = f"cannot bind token for serviceaccount {account!r} to pod running with different serviceaccount name."
        raise BadRequest(text.replace("'", '"'))
    return TokenBinding(ref["kind"], name, obj["metadata"]["uid"])
