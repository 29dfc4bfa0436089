"""Bodies in Kubernetes' protobuf: `application/vnd.kubernetes.protobuf`, decoded to the JSON form of the object.

Mirrors apimachinery pkg/runtime/serializer/protobuf: four magic bytes, then a `runtime.Unknown` with the object's
apiVersion, kind and bytes. Upstream's components and tests write so; answers go out as JSON, which they accept as
well. What comes out of here takes the same path as a JSON body: types and defaults are seen to there.

Left out: encoding, the length-delimited stream (`;stream=watch`), and kinds outside the scheme (custom resources have
no protobuf form upstream either).
"""

from importlib import import_module
from typing import Any

import orjson

from minik8s.api.base import Model
from minik8s.api.legacy import find_builtin
from minik8s.api.status import BadRequest
from minik8s.apiserver.wire import values
from minik8s.apiserver.wire.schema import decoder
from minik8s.apiserver.wire.values import Malformed, as_message, read_fields

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"

#: Kinds that are bodies of requests, but no resources of their own; they come in any group's version.
_BODIES = {
    "DeleteOptions": "minik8s.api.meta:DeleteOptions",
    "Eviction": "minik8s.api.policy:Eviction",
    "Scale": "minik8s.api.autoscaling.v1:Scale",
    "TokenRequest": "minik8s.api.authentication:TokenRequest",
}


def decode(body: bytes) -> dict[str, Any]:
    """The object in its JSON form; BadRequest where the bytes are not one."""
    if body[:4] != MAGIC:
        raise BadRequest("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        return _decode(memoryview(body)[4:])
    except Malformed as error:
        raise BadRequest(f"the protobuf body cannot be decoded: {error}") from None


def _decode(envelope: memoryview) -> dict[str, Any]:
    fields = dict(read_fields(envelope))
    type_meta = dict(read_fields(as_message(fields.get(1, b""))))
    api_version, kind = (values.text(type_meta.get(number, b"")) for number in (1, 2))
    raw = as_message(fields.get(2, b""))
    if values.text(fields.get(4, b"")) == "application/json":
        return _from_json(raw)
    obj = decoder(find_model(api_version, kind)).read(raw)
    return {"apiVersion": api_version, "kind": kind, **obj}


def _from_json(raw: memoryview) -> dict[str, Any]:
    try:
        obj: dict[str, Any] = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Malformed(str(error)) from None
    return obj


def find_model(api_version: str, kind: str) -> type[Model]:
    """The model of a message, by its group, version and kind."""
    group, _, version = api_version.rpartition("/")
    path = _BODIES.get(kind)
    if path:
        module, _, name = path.partition(":")
        found: type[Model] = getattr(import_module(module), name)
        return found
    found_kind = find_builtin(group, version, kind)
    if found_kind is not None and found_kind.model is not None:
        return found_kind.model
    raise BadRequest(f'no kind "{kind}" is registered for version "{api_version}" in scheme "minik8s"')
