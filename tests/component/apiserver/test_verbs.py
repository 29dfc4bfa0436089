"""Every verb on a plain object, with upstream's answers, and what is wrong with bad requests."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.component.conftest import RunningServer

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
MERGE = {"Content-Type": "application/merge-patch+json"}


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name: str, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "busybox"}]}}
    body = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template} | spec
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": body}


async def test_create_fills_in_system_fields(apiserver: RunningServer) -> None:
    created = await apiserver.create(CONFIGMAPS, config_map("a", k="v"))
    meta = created["metadata"]
    assert meta["namespace"] == "default"
    assert len(meta["uid"]) == 36
    assert meta["creationTimestamp"].endswith("Z")
    assert int(meta["resourceVersion"]) > 0
    assert "generation" not in meta
    read = await apiserver.call("GET", f"{CONFIGMAPS}/a")
    assert (read.status, read.json) == (200, created)
    assert read.headers["audit-id"]


async def test_generate_name(apiserver: RunningServer) -> None:
    created = await apiserver.create(CONFIGMAPS, {"metadata": {"generateName": "gen-"}})
    name = created["metadata"]["name"]
    assert name.startswith("gen-") and len(name) == 9
    assert set(name[4:]) <= set("bcdfghjklmnpqrstvwxz2456789")


async def test_already_exists(apiserver: RunningServer) -> None:
    await apiserver.create(CONFIGMAPS, config_map("a"))
    answer = await apiserver.call("POST", CONFIGMAPS, config_map("a"))
    assert (answer.status, answer.json["reason"]) == (409, "AlreadyExists")
    assert answer.message == 'configmaps "a" already exists'


async def test_namespace_mismatch(apiserver: RunningServer) -> None:
    body = config_map("a")
    body["metadata"]["namespace"] = "other"
    answer = await apiserver.call("POST", CONFIGMAPS, body)
    assert answer.status == 400
    assert answer.message == "the namespace of the provided object does not match the namespace sent on the request"


async def test_missing_namespace_is_not_found(apiserver: RunningServer) -> None:
    answer = await apiserver.call("POST", "/api/v1/namespaces/nowhere/configmaps", config_map("a"))
    assert (answer.status, answer.message) == (404, 'namespaces "nowhere" not found')


async def test_update_is_compare_and_swap(apiserver: RunningServer) -> None:
    created = await apiserver.create(CONFIGMAPS, config_map("a", k="1"))
    updated = await apiserver.call("PUT", f"{CONFIGMAPS}/a", created | {"data": {"k": "2"}})
    assert updated.status == 200
    assert updated.json["metadata"]["uid"] == created["metadata"]["uid"]
    stale = await apiserver.call("PUT", f"{CONFIGMAPS}/a", created | {"data": {"k": "3"}})
    assert (stale.status, stale.json["reason"]) == (409, "Conflict")
    assert stale.message == (
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to '
        "the latest version and try again"
    )


async def test_update_without_version_overwrites_where_allowed(apiserver: RunningServer) -> None:
    await apiserver.create(CONFIGMAPS, config_map("a", k="1"))
    answer = await apiserver.call("PUT", f"{CONFIGMAPS}/a", config_map("a", k="2"))
    assert (answer.status, answer.json["data"]) == (200, {"k": "2"})


async def test_update_with_foreign_uid_conflicts(apiserver: RunningServer) -> None:
    created = await apiserver.create(CONFIGMAPS, config_map("a"))
    created["metadata"]["uid"] = "00000000-0000-0000-0000-000000000000"
    answer = await apiserver.call("PUT", f"{CONFIGMAPS}/a", created)
    assert answer.status == 409
    assert "Precondition failed: UID in precondition: 00000000" in answer.message


async def test_unchanged_update_keeps_the_version(apiserver: RunningServer) -> None:
    created = await apiserver.create(CONFIGMAPS, config_map("a", k="1"))
    answer = await apiserver.call("PUT", f"{CONFIGMAPS}/a", created)
    assert answer.json["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]


async def test_put_of_an_absent_object(apiserver: RunningServer) -> None:
    answer = await apiserver.call("PUT", f"{CONFIGMAPS}/a", config_map("a"))
    assert (answer.status, answer.message) == (404, 'configmaps "a" not found')
    lease = {"metadata": {"name": "l"}, "spec": {"holderIdentity": "me"}}
    path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l"
    answer = await apiserver.call("PUT", path, lease)
    assert answer.status == 201, answer.body


async def test_name_must_match_the_url(apiserver: RunningServer) -> None:
    answer = await apiserver.call("PUT", f"{CONFIGMAPS}/a", config_map("b"))
    assert answer.status == 400
    assert answer.message == "the name of the object (b) does not match the name on the URL (a)"


async def test_generation_counts_changes_of_the_spec(apiserver: RunningServer) -> None:
    created = await apiserver.create(DEPLOYMENTS, deployment("d"))
    assert created["metadata"]["generation"] == 1
    patched = await apiserver.call("PATCH", f"{DEPLOYMENTS}/d", {"spec": {"replicas": 3}}, MERGE)
    assert patched.json["metadata"]["generation"] == 2
    status = created | {"status": {"replicas": 3, "observedGeneration": 2}}
    status["metadata"]["resourceVersion"] = patched.json["metadata"]["resourceVersion"]
    updated = await apiserver.call("PUT", f"{DEPLOYMENTS}/d/status", status)
    assert updated.status == 200, updated.body
    assert updated.json["spec"]["replicas"] == 3, "a status write leaves the spec alone"
    assert updated.json["status"]["replicas"] == 3
    assert updated.json["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("content_type", "patch", "expected"),
    [
        ("application/merge-patch+json", {"data": {"a": None, "c": "3"}}, {"b": "2", "c": "3"}),
        ("application/strategic-merge-patch+json", {"data": {"a": None, "c": "3"}}, {"b": "2", "c": "3"}),
        ("application/json-patch+json", [{"op": "remove", "path": "/data/a"}], {"b": "2"}),
    ],
)
async def test_patches(apiserver: RunningServer, content_type: str, patch: Any, expected: dict[str, str]) -> None:
    await apiserver.create(CONFIGMAPS, config_map("a", a="1", b="2"))
    answer = await apiserver.call("PATCH", f"{CONFIGMAPS}/a", patch, {"Content-Type": content_type})
    assert answer.status == 200, answer.body
    assert answer.json["data"] == expected


async def test_apply_creates_then_merges(apiserver: RunningServer) -> None:
    apply = {"Content-Type": "application/apply-patch+yaml"}
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {when: 2026-01-01}\n"
    answer = await apiserver.call("PATCH", f"{CONFIGMAPS}/a?fieldManager=t", body, apply)
    assert answer.status == 201, answer.body
    assert answer.json["data"] == {"when": "2026-01-01"}
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {more: x}\n"
    answer = await apiserver.call("PATCH", f"{CONFIGMAPS}/a?fieldManager=other", body, apply)
    assert (answer.status, answer.json["data"]) == (200, {"when": "2026-01-01", "more": "x"})
    refused = await apiserver.call("PATCH", f"{CONFIGMAPS}/a", b"data: {}", apply)
    assert (refused.status, refused.message) == (
        422,
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    )


async def test_patch_of_a_version_that_is_gone_conflicts(apiserver: RunningServer) -> None:
    created = await apiserver.create(CONFIGMAPS, config_map("a"))
    await apiserver.call("PATCH", f"{CONFIGMAPS}/a", {"data": {"x": "1"}}, MERGE)
    stale = {"metadata": {"resourceVersion": created["metadata"]["resourceVersion"]}, "data": {"x": "2"}}
    answer = await apiserver.call("PATCH", f"{CONFIGMAPS}/a", stale, MERGE)
    assert (answer.status, answer.json["reason"]) == (409, "Conflict")


async def test_dry_run_changes_nothing(apiserver: RunningServer) -> None:
    answer = await apiserver.call("POST", f"{CONFIGMAPS}?dryRun=All", config_map("a"))
    assert answer.status == 201 and answer.json["metadata"]["uid"]
    assert (await apiserver.call("GET", f"{CONFIGMAPS}/a")).status == 404
    await apiserver.create(CONFIGMAPS, config_map("a", k="1"))
    await apiserver.call("PATCH", f"{CONFIGMAPS}/a?dryRun=All", {"data": {"k": "2"}}, MERGE)
    await apiserver.call("DELETE", f"{CONFIGMAPS}/a?dryRun=All")
    assert (await apiserver.call("GET", f"{CONFIGMAPS}/a")).json["data"] == {"k": "1"}
    assert (await apiserver.call("POST", f"{CONFIGMAPS}?dryRun=Some", config_map("b"))).status == 400


async def test_body_forms(apiserver: RunningServer) -> None:
    yaml = {"Content-Type": "application/yaml"}
    answer = await apiserver.call("POST", CONFIGMAPS, b"kind: ConfigMap\nmetadata:\n  name: y\ndata: {a: 'x'}\n", yaml)
    assert answer.status == 201, answer.body
    squeezed = gzip.compress(json.dumps(config_map("z")).encode())
    answer = await apiserver.call("POST", CONFIGMAPS, squeezed, {"Content-Encoding": "gzip"})
    assert answer.status == 201, answer.body
    yaml_answer = await apiserver.call("GET", f"{CONFIGMAPS}/y", headers={"Accept": "application/yaml"})
    assert yaml_answer.headers["content-type"] == "application/yaml"
    assert b"name: y" in yaml_answer.body


# -- bad input ---------------------------------------------------------------------------------------------------------


async def test_unknown_field(apiserver: RunningServer) -> None:
    body = deployment("d", foo=1)
    body["spec"]["template"]["spec"]["containers"][0]["bar"] = True
    strict = await apiserver.call("POST", f"{DEPLOYMENTS}?fieldValidation=Strict", body)
    assert (strict.status, strict.json["reason"]) == (400, "BadRequest")
    assert 'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: ' in strict.message
    assert 'unknown field "spec.foo"' in strict.message
    assert 'unknown field "spec.template.spec.containers[0].bar"' in strict.message
    warned = await apiserver.call("POST", f"{DEPLOYMENTS}?fieldValidation=Warn", body)
    assert warned.status == 201
    assert '299 - "unknown field \\"spec.foo\\""' in warned.headers["warning"]
    assert "foo" not in warned.json["spec"]
    ignored = await apiserver.call("POST", f"{DEPLOYMENTS}?fieldValidation=Ignore&dryRun=All", deployment("e", foo=1))
    assert ignored.status == 201 and "warning" not in ignored.headers


async def test_repeated_field(apiserver: RunningServer) -> None:
    body = b'{"metadata":{"name":"a","name":"b"}}'
    answer = await apiserver.call("POST", f"{CONFIGMAPS}?fieldValidation=Strict", body)
    assert answer.status == 400
    assert 'strict decoding error: duplicate field "metadata.name"' in answer.message


async def test_wrong_type(apiserver: RunningServer) -> None:
    answer = await apiserver.call("POST", DEPLOYMENTS, deployment("d", replicas="three"))
    assert (answer.status, answer.json["reason"]) == (400, "BadRequest")
    assert answer.message == (
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct '
        "field DeploymentSpec.spec.replicas of type int32"
    )


async def test_null_is_absence(apiserver: RunningServer) -> None:
    body = config_map("a") | {"data": None, "immutable": None}
    body["metadata"] |= {"labels": None, "creationTimestamp": None}
    created = await apiserver.create(CONFIGMAPS, body)
    assert "data" not in created and "labels" not in created["metadata"]


async def test_negative_replicas_and_ports(apiserver: RunningServer) -> None:
    answer = await apiserver.call("POST", DEPLOYMENTS, deployment("d", replicas=-1))
    assert (answer.status, answer.json["reason"]) == (422, "Invalid")
    assert answer.json["details"]["causes"] == [
        {
            "reason": "FieldValueInvalid",
            "message": "Invalid value: -1: must be greater than or equal to 0",
            "field": "spec.replicas",
        }
    ]
    service = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 70000}]}}
    answer = await apiserver.call("POST", "/api/v1/namespaces/default/services", service)
    assert answer.status == 422
    assert "spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive" in answer.message


async def test_name_too_long(apiserver: RunningServer) -> None:
    answer = await apiserver.call("POST", CONFIGMAPS, config_map("a" * 300))
    assert (answer.status, answer.json["reason"]) == (422, "Invalid")
    assert answer.json["details"]["causes"][0]["field"] == "metadata.name"


@pytest.mark.parametrize("body", [b"{", b'{"a":}', b"[]", b"nonsense", b""])
async def test_malformed_json(apiserver: RunningServer, body: bytes) -> None:
    answer = await apiserver.call("POST", CONFIGMAPS, body)
    assert (answer.status, answer.json["reason"]) == (400, "BadRequest")
    assert answer.message.startswith("the object provided is unrecognized (must be of type ConfigMap): ")


async def test_a_body_of_50_mb(apiserver: RunningServer) -> None:
    answer = await apiserver.call("POST", CONFIGMAPS, b"x" * (50 << 20))
    assert (answer.status, answer.json["reason"]) == (413, "RequestEntityTooLarge")
    assert answer.message == "Request entity too large: limit is 3145728"


async def test_wrong_content_type(apiserver: RunningServer) -> None:
    answer = await apiserver.call("POST", CONFIGMAPS, b"{}", {"Content-Type": "text/csv"})
    assert (answer.status, answer.json["reason"]) == (415, "UnsupportedMediaType")
    answer = await apiserver.call("PATCH", f"{CONFIGMAPS}/a", b"{}")
    assert answer.status == 415
    assert "application/strategic-merge-patch+json" in answer.message


async def test_not_acceptable(apiserver: RunningServer) -> None:
    answer = await apiserver.call("GET", CONFIGMAPS, headers={"Accept": "text/html"})
    assert (answer.status, answer.json["reason"]) == (406, "NotAcceptable")


async def test_unknown_resource_and_method(apiserver: RunningServer) -> None:
    for path in ("/api/v1/foos", "/apis/none/v1/foos", "/api/v2/pods", "/nothing", "/api/v1/namespaces/default/nodes"):
        answer = await apiserver.call("GET", path)
        assert answer.status == 404, path
        assert answer.message == "the server could not find the requested resource"
    for method, path in (("POST", f"{CONFIGMAPS}/a"), ("PUT", CONFIGMAPS), ("POST", "/api/v1/configmaps")):
        answer = await apiserver.call(method, path, {})
        assert (answer.status, answer.json["reason"]) == (405, "MethodNotAllowed"), (method, path)
        assert answer.message == "the server does not allow this method on the requested resource"


async def test_wrong_version_in_the_data(apiserver: RunningServer) -> None:
    answer = await apiserver.call("POST", CONFIGMAPS, config_map("a") | {"apiVersion": "v2"})
    assert answer.status == 400
    assert "the API version in the data (v2) does not match the expected API version (v1)" in answer.message
    answer = await apiserver.call("POST", CONFIGMAPS, config_map("a") | {"kind": "Secret"})
    assert answer.status == 400


async def test_resource_version_on_create(apiserver: RunningServer) -> None:
    body = config_map("a")
    body["metadata"]["resourceVersion"] = "5"
    answer = await apiserver.call("POST", CONFIGMAPS, body)
    assert (answer.status, answer.message) == (500, "resourceVersion should not be set on objects to be created")
