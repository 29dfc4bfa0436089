"""Bodies to objects: Go's canonical form, Go's complaints."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from minik8s.api.scheme import SCHEME, Kind
from minik8s.api.status import BadRequest
from minik8s.apiserver.registry.decode import IGNORE, STRICT, WARN, decode_object, find_duplicates, go_json_error


def kind(group: str, version: str, name: str) -> Kind:
    found = SCHEME.by_kind(group, version, name)
    assert found is not None
    return found


POD = kind("", "v1", "Pod")
DEPLOYMENT = kind("apps", "v1", "Deployment")


def decode(obj: Any, of: Kind = POD, validation: str = WARN) -> tuple[dict[str, Any], list[str]]:
    warnings: list[str] = []
    body = obj if isinstance(obj, bytes) else orjson.dumps(obj)
    return decode_object(body, of, validation, warnings), warnings


def test_kind_and_version_come_from_the_request() -> None:
    obj, _ = decode({"metadata": {"name": "p"}})
    assert (obj["kind"], obj["apiVersion"]) == ("Pod", "v1")


def test_what_go_would_leave_out_is_left_out() -> None:
    container = {"name": "c", "args": [], "env": None, "resources": {}}
    meta = {"name": "p", "labels": {}, "annotations": None, "finalizers": []}
    obj, warnings = decode({"metadata": meta, "spec": {"containers": [container], "volumes": None}})
    assert obj["metadata"] == {"name": "p"}
    assert obj["spec"] == {"containers": [{"name": "c", "resources": {}}]}
    assert warnings == []


def test_quantities_given_as_numbers_become_text() -> None:
    limits = {"limits": {"cpu": 2, "memory": "1Gi"}}
    obj, _ = decode({"spec": {"containers": [{"name": "c", "resources": limits}]}})
    assert obj["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "2", "memory": "1Gi"}


def test_an_absent_required_field_is_zero() -> None:
    obj, _ = decode({"spec": {"containers": [{"image": "x"}], "tolerations": [{}]}})
    assert obj["spec"]["containers"][0]["name"] == ""


def test_unknown_fields_by_validation() -> None:
    body = {"spec": {"containers": [{"name": "c", "bogus": 1}], "odd": {}}}
    obj, warnings = decode(body, validation=WARN)
    assert sorted(warnings) == ['unknown field "spec.containers[0].bogus"', 'unknown field "spec.odd"']
    assert "odd" not in obj["spec"] and "bogus" not in obj["spec"]["containers"][0]
    assert decode(body, validation=IGNORE)[1] == []
    with pytest.raises(BadRequest, match="strict decoding error: ") as caught:
        decode(body, validation=STRICT)
    assert 'unknown field "spec.odd"' in caught.value.message


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ({"replicas": "3"}, "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ({"replicas": 1.5}, "unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ({"paused": 1}, "cannot unmarshal number into Go struct field DeploymentSpec.spec.paused of type bool"),
        ({"template": []}, "array into Go struct field DeploymentSpec.spec.template of type v1.PodTemplateSpec"),
        (
            {"template": {"spec": {"containers": [{"ports": [{"containerPort": "80"}]}]}}},
            "Go struct field ContainerPort.spec.template.spec.containers.ports.containerPort of type int32",
        ),
        (
            {"template": {"metadata": {"labels": {"a": 1}}}},
            "cannot unmarshal number into Go struct field ObjectMeta.spec.template.metadata.labels of type string",
        ),
    ],
)  # fmt: skip
def test_wrong_types_in_gos_words(spec: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decode({"spec": spec}, DEPLOYMENT)
    assert caught.value.message.startswith('Deployment in version "v1" cannot be handled as a Deployment: json: ')
    assert complaint in caught.value.message


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"{", "unexpected end of JSON input"),
        (b"", "unexpected end of JSON input"),
        (b'{"a":}', "invalid character '}' looking for beginning of value"),
        (b"{a}", "invalid character 'a' looking for beginning of object key string"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b"{} x", "invalid character 'x' after top-level value"),
        (b"\xff", "invalid UTF-8"),
    ],
)
def test_malformed_json_in_gos_words(body: bytes, complaint: str) -> None:
    assert go_json_error(body) == complaint
    with pytest.raises(BadRequest, match="the object provided is unrecognized"):
        decode(body)


def test_other_kinds_are_refused() -> None:
    with pytest.raises(BadRequest, match=r"the API version in the data \(v2\) does not match"):
        decode({"apiVersion": "v2"})
    with pytest.raises(BadRequest, match='Secret in version "v1" cannot be handled as a Pod'):
        decode({"kind": "Secret", "unknown": 1})


def test_duplicates() -> None:
    assert find_duplicates(b'{"a":1,"b":{"c":1,"c":2},"l":[{"x":1,"x":2}],"a":2}') == [
        'duplicate field "a"',
        'duplicate field "b.c"',
        'duplicate field "l[0].x"',
    ]
