"""Protobuf bodies: bytes written by upstream's own Go serializer (v1.20.2), and hostile ones."""

import base64
import contextlib
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minik8s.api.base import Model
from minik8s.api.scheme import SCHEME
from minik8s.api.status import BadRequest
from minik8s.apiserver.wire.protobuf import MAGIC, decode, find_model
from minik8s.apiserver.wire.schema import _messages, _package, decoder

GOLDEN = {
    "Pod": (
        "azhzAAoJCgJ2MRIDUG9kEvwBCjMKA3dlYhIAGgdkZWZhdWx0IgAqADIAOABCAFoKCgNhcHASA3dlYloJCgVlbXB0eRIAegAStAEKCQoBdhIE"
        "EgIKAAoRCgFjEgyaAQkKBAoCY20YpAMSaAoBYxIFbmdpbngiAWEiACoAOhEKAUUSABoKIggKAwoBcxIBa0IPCg0KA2NwdRIGCgQ1MDBtWiEK"
        "FRITCgEvEgoIARAAGgRodHRwGgAiABAAGAAgAygAMABqAHIAgAEAiAEAkAEAogEAGgAgACj///////////8BMgBCAEoAUgBYAGAAaACCAQCK"
        "AQCaAQCoAQDCAQAaDgoAGgAiACoAMgBKAFoAGgAiAA=="
    ),
    "Deployment": (
        "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50EoIBChMKAWQSABoAIgAqADIAOABCAHoAEl0IABIICgYKAWESAWIaMgoSCgASABoAIgAqADIA"
        "OABCAHoAEhwaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIhcKABITCgYIABAAGgASCQgBEAAaAzI1JSgAOAAaDAgAEAAYACAAKAA4ABoA"
        "IgA="
    ),
    "Secret": ("azhzAAoMCgJ2MRIGU2VjcmV0EiYKEwoBcxIAGgAiACoAMgA4AEIAegASCwoBaxIGdmFsdWX/GgAoABoAIgA="),
    "Lease": (
        "azhzAAofChZjb29yZGluYXRpb24uazhzLmlvL3YxEgVMZWFzZRIvChsKAWwSABoAIgAqADIAOABCCAil69zKBhAAegASEBAPIgwIpevcygYQ"
        "iOrcwwIaACIA"
    ),
    "CustomResourceDefinition": (
        "azhzAAozChdhcGlleHRlbnNpb25zLms4cy5pby92MRIYQ3VzdG9tUmVzb3VyY2VEZWZpbml0aW9uEv4BChUKA3gueRIAGgAiACoAMgA4AEIA"
        "egAS2AEKAXkaCAoAEgAiACoAIgA6xAEKAnYxEAEYACKzAQqwAQoAEgAiACoGb2JqZWN0MgA6AFAAYAB6AJABAOoBWwoBYRJWCgASACIAKgVh"
        "cnJheTIAOgBCBwoFWzEsMl1QAGAAegCQAQDCAScKJQoAEgAiACoHaW50ZWdlcjIAOgBQAGAAegCQAQCoAgC4AgDAAgCoAgC4AgDAAgDqASgK"
        "AWISIwoAEgAiACoAMgA6AFAAYAB6AJABAPIBAggBqAIAuAIAwAIAqAIAsAIBuAIAwAIAKgIKADgAUAAaChIICgASACIAKgAaACIA"
    ),
    "DeleteOptions": ("azhzAAoTCgJ2MRINRGVsZXRlT3B0aW9ucxICCAAaACIA"),
    "Eviction": ("azhzAAoaCg5wb2xpY3kvdjFiZXRhMRIIRXZpY3Rpb24SGgoUCgFwEgAaAW4iACoAMgA4AEIAegASAggAGgAiAA=="),
}


def golden(kind: str) -> dict[str, Any]:
    return decode(base64.b64decode(GOLDEN[kind]))


def field(number: int, value: bytes | str | int) -> bytes:
    """An encoder of its own, as small as can be: one field, short values only."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def body(api_version: str, kind: str, raw: bytes) -> bytes:
    return MAGIC + field(1, field(1, api_version) + field(2, kind)) + field(2, raw)


def test_pod() -> None:
    pod = golden("Pod")
    assert (pod["apiVersion"], pod["kind"]) == ("v1", "Pod")
    assert pod["metadata"] == {"name": "web", "namespace": "default", "labels": {"app": "web", "empty": ""}}
    spec = pod["spec"]
    assert spec["volumes"] == [
        {"name": "v", "emptyDir": {}},
        {"name": "c", "configMap": {"name": "cm", "defaultMode": 420}},
    ]
    container = spec["containers"][0]
    assert container["args"] == ["a", ""]
    assert container["env"] == [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]
    assert container["resources"] == {"limits": {"cpu": "500m"}}
    assert container["readinessProbe"] == {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 3}
    # a pointer's zero is a value, and negative numbers keep their sign; other zeros are left out
    assert spec["terminationGracePeriodSeconds"] == 0
    assert spec["activeDeadlineSeconds"] == -1
    assert spec["automountServiceAccountToken"] is False
    assert "hostNetwork" not in spec and "nodeName" not in spec
    assert "creationTimestamp" not in pod["metadata"]


def test_deployment_keeps_zero_replicas_and_int_or_string() -> None:
    spec = golden("Deployment")["spec"]
    assert spec["replicas"] == 0
    assert spec["strategy"] == {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}}
    assert spec["selector"] == {"matchLabels": {"a": "b"}}


def test_bytes_become_base64() -> None:
    secret = golden("Secret")
    assert base64.b64decode(secret["data"]["k"]) == b"value\xff"
    assert secret["immutable"] is False


def test_times() -> None:
    lease = golden("Lease")
    assert lease["metadata"]["creationTimestamp"] == "2026-01-02T03:04:05Z"
    assert lease["spec"]["renewTime"] == "2026-01-02T03:04:05.678901Z"


def test_custom_resource_definition() -> None:
    version = golden("CustomResourceDefinition")["spec"]["versions"][0]
    assert version["served"] is True and version["storage"] is False
    assert version["subresources"] == {"status": {}}
    schema = version["schema"]["openAPIV3Schema"]
    assert schema["x-kubernetes-preserve-unknown-fields"] is True
    assert schema["properties"]["a"] == {"type": "array", "items": {"type": "integer"}, "default": [1, 2]}
    assert schema["properties"]["b"] == {"additionalProperties": True}


def test_bodies_that_are_no_resources() -> None:
    assert golden("DeleteOptions") == {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
    assert golden("Eviction")["deleteOptions"] == {"gracePeriodSeconds": 0}


def test_unknown_fields_are_skipped() -> None:
    raw = field(1, field(1, "x") + field(99, "newer")) + field(77, 5)
    assert decode(body("v1", "ConfigMap", raw))["metadata"] == {"name": "x"}


def test_json_inside_the_envelope() -> None:
    raw = (
        MAGIC + field(1, field(1, "v1") + field(2, "Pod")) + field(2, b'{"kind":"Pod"}') + field(4, "application/json")
    )
    assert decode(raw) == {"kind": "Pod"}


def test_packed_numbers() -> None:
    groups = field(4, varint(5) + varint(300))  # not upstream's way, but valid protobuf
    pod = decode(body("v1", "Pod", field(2, field(14, groups))))
    assert pod["spec"] == {"securityContext": {"supplementalGroups": [5, 300]}}


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", MAGIC + b"\xff", body("v1", "Nothing", b""), body("v1", "Pod", b"\x0a\x05ab"), MAGIC],
)
def test_refused(data: bytes) -> None:
    with pytest.raises(BadRequest):
        decode(data)


@given(st.binary(max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    with contextlib.suppress(BadRequest):
        decode(body("v1", "Pod", data))


@pytest.mark.parametrize("kind", list(SCHEME), ids=lambda kind: f"{kind.group_version}/{kind.kind}")
def test_every_field_of_every_kind_has_a_number(kind: Any) -> None:
    """Walk the models from each kind down: a field without a number would be lost without a word."""
    seen: set[type] = set()
    pending = [find_model(kind.group_version, kind.kind)]
    while pending:
        model = pending.pop()
        if model in seen:
            continue
        seen.add(model)
        names = set(_numbered(model, model.__name__))
        wanted = {info.alias or name for name, info in model.model_fields.items()}
        assert wanted - names <= {"apiVersion", "kind"}, model
        pending += [found for info in model.model_fields.values() for found in _models(info.annotation)]


def _numbered(model: type, message: str) -> list[str]:
    decoder(model)
    names = []
    for entry in _messages(_package(model)).get(message, "").split():
        name = entry.partition("=")[0]
        names += _numbered(model, name[1:]) if name[0] == "+" else [name]
    return names


def _models(annotation: Any) -> list[type]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return [annotation]
    return [found for argument in get_args(annotation) for found in _models(argument)]
