"""AdmissionReview: what a webhook is asked, and which answers count.

Mirrors webhook/request/admissionreview.go (v1 and v1beta1). Pure.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from minik8s.apiserver.admission.base import CREATE, DELETE, UPDATE, Attributes

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind

JsonObject = dict[str, Any]
GROUP = "admission.k8s.io"
VERSIONS = ("v1", "v1beta1")
OPTIONS_KINDS = {CREATE: "CreateOptions", UPDATE: "UpdateOptions", DELETE: "DeleteOptions"}
JSON_PATCH = "JSONPatch"


class BadAnswer(Exception):
    """The answer cannot be understood."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A webhook's answer."""

    allowed: bool
    patch: list[Any] = field(default_factory=list)
    warnings: tuple[str, ...] = ()
    result: JsonObject | None = None


def review_version(accepted: tuple[str, ...]) -> str:
    """The first version of the webhook's list that we speak."""
    return next((version for version in accepted if version in VERSIONS), "v1")


def body_kind(kind: Kind, subresource: str) -> JsonObject:
    """Group, version and kind of a request's body: the object's, or its subresource's own (Scale, Eviction …)."""
    sub = kind.subresource(subresource) if subresource else None
    if sub is None or not sub.kind:
        return {"group": kind.group, "version": kind.version, "kind": kind.kind}
    return {"group": sub.group, "version": sub.version, "kind": sub.kind}


def _resource(kind: Kind) -> JsonObject:
    return {"group": kind.group, "version": kind.version, "resource": kind.plural}


def options_of(attrs: Attributes) -> JsonObject | None:
    """The operation's options; a patch's are an update's (or a create's), without what only a patch has."""
    name = OPTIONS_KINDS.get(attrs.operation)
    if name is None:
        return None
    kept = {key: value for key, value in attrs.options.items() if key not in ("kind", "apiVersion", "force")}
    return {"kind": name, "apiVersion": "meta.k8s.io/v1", **kept}


def build_request(attrs: Attributes, seen_as: Kind, obj: JsonObject | None, old: JsonObject | None) -> JsonObject:
    """AdmissionRequest without its uid. ``obj`` and ``old`` are in the version of ``seen_as``."""
    request: JsonObject = {
        "kind": body_kind(seen_as, attrs.subresource),
        "resource": _resource(seen_as),
        "requestKind": body_kind(attrs.kind, attrs.subresource),
        "requestResource": _resource(attrs.kind),
    }
    if attrs.subresource:
        request |= {"subResource": attrs.subresource, "requestSubResource": attrs.subresource}
    if attrs.name:
        request["name"] = attrs.name
    if attrs.namespace:
        request["namespace"] = attrs.namespace
    request |= {
        "operation": attrs.operation,
        "userInfo": attrs.user_info,
        "object": obj,
        "oldObject": old,
        "dryRun": attrs.dry_run,
        "options": options_of(attrs),
    }
    return request


def render(request: JsonObject, uid: str, version: str) -> bytes:
    """The AdmissionReview's bytes."""
    review = {"kind": "AdmissionReview", "apiVersion": f"{GROUP}/{version}", "request": {"uid": uid, **request}}
    return orjson.dumps(review)


def read_answer(body: bytes, uid: str, version: str, mutating: bool) -> Verdict:
    """The verdict; raises BadAnswer where the answer breaks the rules of its version."""
    try:
        review = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadAnswer(f"couldn't get version/kind; json parse error: {error.msg}") from None
    if not isinstance(review, dict):
        raise BadAnswer("couldn't get version/kind; json parse error: the answer is not an object")
    response = review.get("response")
    if not isinstance(response, dict):
        raise BadAnswer("webhook response was absent")
    if version == "v1":
        _check_identity(review, response, uid)
    return Verdict(
        allowed=response.get("allowed") is True,
        patch=_read_patch(response, version, mutating),
        warnings=tuple(text for text in response.get("warnings") or () if isinstance(text, str)),
        result=response.get("status") if isinstance(response.get("status"), dict) else None,
    )


def _check_identity(review: JsonObject, response: JsonObject, uid: str) -> None:
    """v1 wants to be sure that this is the answer to that question; v1beta1 never looked."""
    if response.get("uid") != uid:
        raise BadAnswer(f'expected response.uid="{uid}", got "{response.get("uid") or ""}"')
    group, _, version = str(review.get("apiVersion") or "").rpartition("/")
    if (group, version, review.get("kind")) != (GROUP, "v1", "AdmissionReview"):
        got = f"{group}/{version}, Kind={review.get('kind') or ''}"
        raise BadAnswer(f"expected webhook response of {GROUP}/v1, Kind=AdmissionReview, got {got}")


def _read_patch(response: JsonObject, version: str, mutating: bool) -> list[Any]:
    patch, patch_type = response.get("patch") or "", response.get("patchType")
    if not mutating:
        if version == "v1" and patch:
            raise BadAnswer("validating webhook may not return response.patch")
        if version == "v1" and patch_type is not None:
            raise BadAnswer("validating webhook may not return response.patchType")
        return []
    if version == "v1":
        if patch and patch_type is None:
            raise BadAnswer("webhook returned response.patch but not response.patchType")
        if not patch and patch_type is not None:
            raise BadAnswer("webhook returned response.patchType but not response.patch")
    if not patch:
        return []
    if (patch_type or JSON_PATCH) != JSON_PATCH:
        raise BadAnswer(f'webhook returned invalid response.patchType of "{patch_type}"')
    try:
        operations = orjson.loads(base64.b64decode(patch, validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise BadAnswer("response.patch is not a JSON patch in base64") from None
    if not isinstance(operations, list):
        raise BadAnswer("response.patch is not a list of operations")
    return operations
