"""Objects that are posted and never stored: who is this token, may this user do that; and Bindings by their own name.

Mirrors pkg/registry/{authentication,authorization}/*/rest.go and core/pod's LegacyBindingREST.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from minik8s.api.meta import format_time
from minik8s.api.status import BadRequest, FieldError, Invalid, NotAcceptable
from minik8s.apiserver.auth.authorize import AccessRequest
from minik8s.apiserver.auth.user import ALL_AUTHENTICATED, User
from minik8s.apiserver.registry.decode import IGNORE, decode_object
from minik8s.apiserver.routes.bodies import read_json
from minik8s.apiserver.routes.http import Request, Response, json_response
from minik8s.apiserver.routes.negotiation import ACCEPTED, negotiate
from minik8s.apiserver.routes.subresources import binding

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind
    from minik8s.apiserver.app import Server

JsonObject = dict[str, Any]


async def _read(request: Request, kind: Kind) -> JsonObject:
    form = negotiate(request.headers.get(b"accept", b""))
    if form.convert:
        raise NotAcceptable.of(ACCEPTED)  # answers to questions have neither rows nor metadata of their own
    obj = decode_object(await read_json(request), kind, IGNORE, request.warnings)
    obj["metadata"].setdefault("creationTimestamp", None)
    return obj


async def token_review(server: Server, request: Request, kind: Kind) -> Response:
    obj = await _read(request, kind)
    spec = obj.get("spec") or {}
    token, audiences = spec.get("token") or "", spec.get("audiences")
    if not token:
        raise BadRequest("token is required for TokenReview in authentication")
    user = await server.authenticator.check_token(token, audiences)
    status: JsonObject = {"authenticated": user is not None, "user": user.to_user_info() if user else {}}
    if user is not None and audiences:
        status["audiences"] = audiences
    elif user is None:
        status["error"] = "invalid bearer token"
    obj["status"] = status
    return json_response(obj, 201)


async def self_subject_review(server: Server, request: Request, kind: Kind) -> Response:
    obj = await _read(request, kind)
    obj["metadata"]["creationTimestamp"] = format_time(server.now())
    obj["status"] = {"userInfo": request.user.to_user_info()}
    return json_response(obj, 201)


async def access_review(server: Server, request: Request, kind: Kind) -> Response:
    obj = await _read(request, kind)
    spec = obj.get("spec") or {}
    _check_spec(kind, spec, obj["metadata"], request)
    user = request.user
    if kind.kind != "SelfSubjectAccessReview":
        user = User(
            spec.get("user") or "", spec.get("uid") or "", tuple(spec.get("groups") or ()) or (ALL_AUTHENTICATED,)
        )
    decision = server.authorizer.decide(_question(user, spec))
    obj["status"] = {"allowed": decision.allowed} | ({"reason": decision.reason} if decision.reason else {})
    return json_response(obj, 201)


def _check_spec(kind: Kind, spec: JsonObject, meta: JsonObject, request: Request) -> None:
    errors: list[FieldError] = []
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    text = "cannot be specified in combination with resourceAttributes"
    if resource is not None and other is not None:
        errors.append(FieldError.invalid("spec.nonResourceAttributes", other, text))
    if resource is None and other is None:
        text = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        errors.append(FieldError.invalid("spec.resourceAttributes", other, text))
    if kind.kind != "SelfSubjectAccessReview" and not spec.get("user") and not spec.get("groups"):
        errors.append(FieldError.invalid("spec.user", "", "at least one of user or group must be specified"))
    if errors:
        raise Invalid.of(kind.kind, "", errors, kind.group)
    if kind.kind == "LocalSubjectAccessReview" and (resource or {}).get("namespace") != request.info.namespace:
        raise BadRequest(f"spec.resourceAttributes.namespace must match namespace: {request.info.namespace}")


def _question(user: User, spec: JsonObject) -> AccessRequest:
    path, asked = spec.get("nonResourceAttributes"), spec.get("resourceAttributes") or {}
    if path is not None:
        return AccessRequest(user, path.get("verb") or "", path=path.get("path") or "")
    keys = ("group", "resource", "subresource", "namespace", "name")
    return AccessRequest(user, asked.get("verb") or "", **{key: asked.get(key) or "" for key in keys})


async def rules_review(server: Server, request: Request, kind: Kind) -> Response:
    obj = await _read(request, kind)
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    obj["status"] = {
        "resourceRules": [everything],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        "incomplete": False,
    }
    return json_response(obj, 201)


async def legacy_binding(server: Server, request: Request, kind: Kind) -> Response:
    return await binding.bind(server, request, "")


HANDLERS: dict[str, Callable[[Server, Request, Kind], Awaitable[Response]]] = {
    "TokenReview": token_review,
    "SelfSubjectReview": self_subject_review,
    "SubjectAccessReview": access_review,
    "SelfSubjectAccessReview": access_review,
    "LocalSubjectAccessReview": access_review,
    "SelfSubjectRulesReview": rules_review,
    "Binding": legacy_binding,
}
