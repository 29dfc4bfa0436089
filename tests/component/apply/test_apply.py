"""Server-side apply and managedFields over HTTP, against a real API server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.component.conftest import RunningServer

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
APPLY = {"Content-Type": "application/apply-patch+yaml"}
MERGE = {"Content-Type": "application/merge-patch+json"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
Json = dict[str, Any]


def config_map(**data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def deployment(**spec: Any) -> Json:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}


FULL = deployment(
    replicas=1,
    selector={"matchLabels": {"app": "d"}},
    template={
        "metadata": {"labels": {"app": "d"}},
        "spec": {"containers": [{"name": "web", "image": "i", "ports": [{"containerPort": 80}]}]},
    },
)


async def apply(server: RunningServer, path: str, body: Any, manager: str, expect: int = 200, **query: str) -> Json:
    more = "".join(f"&{key}={value}" for key, value in query.items())
    answer = await server.call("PATCH", f"{path}?fieldManager={manager}{more}", body, APPLY)
    assert answer.status == expect, answer.body
    result: Json = answer.json
    return result


def owners(obj: Json) -> dict[str, Any]:
    return {
        "/".join(filter(None, (entry["manager"], entry["operation"], entry.get("subresource")))): entry["fieldsV1"]
        for entry in obj["metadata"].get("managedFields", [])
    }


async def test_create_conflict_force_remove(apiserver: RunningServer) -> None:
    path = f"{DEPLOYMENTS}/d"
    created = await apply(apiserver, path, FULL, "one", 201)
    assert created["spec"]["template"]["spec"]["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    refused = await apply(apiserver, path, deployment(replicas=3), "two", 409)
    assert refused["message"] == 'Apply failed with 1 conflict: conflict with "one": .spec.replicas'
    assert refused["reason"] == "Conflict"
    assert refused["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".spec.replicas"}
    ]
    forced = await apply(apiserver, path, deployment(replicas=3), "two", force="true")
    assert owners(forced)["two/Apply"] == {"f:spec": {"f:replicas": {}}}
    gone = await apply(
        apiserver, path, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}}, "two"
    )
    assert gone["spec"]["replicas"] == 1  # removed, then defaulted
    assert list(owners(gone)) == ["one/Apply"]


async def test_a_second_equal_apply_spends_no_version(apiserver: RunningServer) -> None:
    path = f"{DEPLOYMENTS}/d"
    first = await apply(apiserver, path, FULL, "one", 201)
    assert await apply(apiserver, path, FULL, "one") == first


async def test_ordinary_writes_are_tracked(apiserver: RunningServer) -> None:
    agent = {"User-Agent": "editor/1.0 (linux)", "Content-Type": "application/json"}
    answer = await apiserver.call("POST", CONFIGMAPS, config_map(a="1", b="1"), agent)
    assert owners(answer.json) == {"editor/Update": {"f:data": {".": {}, "f:a": {}, "f:b": {}}}}
    patched = await apiserver.call("PATCH", f"{CONFIGMAPS}/c?fieldManager=patcher", {"data": {"a": "2"}}, MERGE)
    assert owners(patched.json) == {
        "editor/Update": {"f:data": {".": {}, "f:b": {}}},
        "patcher/Update": {"f:data": {"f:a": {}}},
    }
    entry = patched.json["metadata"]["managedFields"][0]
    assert (entry["apiVersion"], entry["fieldsType"], entry["time"][-1]) == ("v1", "FieldsV1", "Z")
    again = await apiserver.call("PUT", f"{CONFIGMAPS}/c?fieldManager=other", patched.json)
    assert again.json == patched.json


async def test_status_scale_and_defaults(apiserver: RunningServer) -> None:
    await apiserver.create(f"{DEPLOYMENTS}?fieldManager=maker", FULL)
    path = f"{DEPLOYMENTS}/d"
    status = {"status": {"replicas": 1, "conditions": [{"type": "Available", "status": "True"}]}}
    answer = await apiserver.call("PATCH", f"{path}/status?fieldManager=controller", status, MERGE)
    found = owners(answer.json)
    assert "f:strategy" in found["maker/Update"]["f:spec"]
    assert found["controller/Update/status"]["f:status"]["f:conditions"]['k:{"type":"Available"}'] == {
        ".": {}, "f:type": {}, "f:status": {},
    }  # fmt: skip
    scaled = await apiserver.call("PATCH", f"{path}/scale?fieldManager=hpa", {"spec": {"replicas": 4}}, MERGE)
    assert scaled.status == 200, scaled.body
    live = (await apiserver.call("GET", path)).json
    assert owners(live)["hpa/Update/scale"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in owners(live)["maker/Update"]["f:spec"]
    refused = await apply(apiserver, path, deployment(replicas=2), "one", 409)
    assert refused["message"].endswith('conflict with "hpa" with subresource "scale" using apps/v1: .spec.replicas')


async def test_apply_to_scale_and_status(apiserver: RunningServer) -> None:
    path = f"{DEPLOYMENTS}/d"
    await apply(apiserver, path, FULL, "one", 201)
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}, "spec": {"replicas": 5}}
    refused = await apply(apiserver, f"{path}/scale", scale, "two", 409)
    assert refused["message"] == 'Apply failed with 1 conflict: conflict with "one": .spec.replicas'
    await apply(apiserver, f"{path}/scale", scale, "two", force="true")
    live = (await apiserver.call("GET", path)).json
    assert live["spec"]["replicas"] == 5
    assert owners(live)["two/Apply/scale"] == {"f:spec": {"f:replicas": {}}}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "status": {"replicas": 7}}
    after = await apply(apiserver, f"{path}/status", body, "three")
    assert (after["status"]["replicas"], owners(after)["three/Apply/status"]) == (7, {"f:status": {"f:replicas": {}}})
    await apply(apiserver, f"{DEPLOYMENTS}/none/status", {**body, "metadata": {"name": "none"}}, "three", 404)


async def test_managed_fields_can_be_reset(apiserver: RunningServer) -> None:
    path = f"{CONFIGMAPS}/c"
    for patch, headers in [
        ({"metadata": {"managedFields": [{}]}}, MERGE),
        ({"metadata": {"managedFields": []}}, MERGE),
        ([{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}], JSON_PATCH),
    ]:
        await apply(apiserver, path, config_map(a="1"), "one", 201)
        answer = await apiserver.call("PATCH", path, patch, headers)
        assert answer.status == 200, answer.body
        assert "managedFields" not in answer.json["metadata"]
        again = await apiserver.call("PATCH", path, {"data": {"a": "2"}}, MERGE)
        assert "managedFields" not in again.json["metadata"]
        applied = await apply(apiserver, path, config_map(b="1"), "two")
        assert owners(applied)["before-first-apply/Update"] == {"f:data": {".": {}, "f:a": {}}}
        await apiserver.call("DELETE", path)
    await apply(apiserver, path, config_map(a="1"), "one", 201)
    body = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","managedFields":[]},"data":{"a":"1"}}'
    answer = await apiserver.call("PUT", path, body)
    assert "managedFields" not in answer.json["metadata"]


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({"kind": "ConfigMap", "metadata": {"name": "c"}}, 400, "invalid object type: /, Kind=ConfigMap"),
        ({"apiVersion": "v1", "metadata": {"name": "c"}}, 400, "invalid object type: /v1, Kind="),
        ({"apiVersion": "v1", "kind": "ConfigMap"}, 400,
         "the name of the object (c based on URL) was undeterminable: name must be provided"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}, 400,
         "the name of the object (x) does not match the name on the URL (c)"),
        (config_map() | {"metadata": {"name": "c", "managedFields": [{"manager": "x"}]}}, 400,
         "metadata.managedFields must be nil"),
        (config_map() | {"spec": 1}, 500,
         "failed to create typed patch object (/c; /v1, Kind=ConfigMap): .spec: field not declared in schema"),
        (config_map() | {"metadata": {"name": "c", "finalizers": ["a/b", "a/b"]}}, 500,
         'failed to create typed patch object (/c; /v1, Kind=ConfigMap): .metadata.finalizers: '
         'duplicate entries for key [="a/b"]'),
        (config_map() | {"metadata": {"name": "c", "uid": "u"}}, 409, None),
        (b"[]", 400, None),
        (b"a: [", 400, None),
    ],
)  # fmt: skip
async def test_refusals(apiserver: RunningServer, body: Any, code: int, text: str | None) -> None:
    answer = await apply(apiserver, f"{CONFIGMAPS}/c", body, "one", code)
    if text is not None:
        assert answer["message"] == text
    assert (await apiserver.call("GET", f"{CONFIGMAPS}/c")).status == 404


async def test_yaml_dry_run_and_version(apiserver: RunningServer) -> None:
    path = f"{CONFIGMAPS}/c"
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  a: '1'\n"
    dry = await apply(apiserver, path, body, "one", 201, dryRun="All")
    assert owners(dry) == {"one/Apply": {"f:data": {"f:a": {}}}}
    assert (await apiserver.call("GET", path)).status == 404
    await apply(apiserver, path, body, "one", 201)
    stale = config_map(a="2") | {"metadata": {"name": "c", "resourceVersion": "1"}}
    await apply(apiserver, path, stale, "one", 409)


async def test_apply_on_an_object_that_is_being_deleted(apiserver: RunningServer) -> None:
    path = f"{CONFIGMAPS}/c"
    held = config_map(a="1") | {"metadata": {"name": "c", "finalizers": ["example.com/hold"]}}
    await apply(apiserver, path, held, "one", 201)
    await apiserver.call("DELETE", path)
    marked = await apply(apiserver, path, held | {"data": {"a": "2"}}, "one")
    assert (marked["data"], "deletionTimestamp" in marked["metadata"]) == ({"a": "2"}, True)
    await apply(apiserver, path, config_map(a="2"), "one")  # lets go of the finalizer
    assert (await apiserver.call("GET", path)).status == 404


async def test_pods_in_binding_keep_their_owners(apiserver: RunningServer) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    created = await apiserver.create(f"{PODS}?fieldManager=maker", pod)
    found = owners(created)["maker/Update"]["f:spec"]
    assert found["f:containers"]['k:{"name":"c"}']["f:image"] == {}
    assert "f:serviceAccountName" not in found  # admission's work is nobody's
    binding = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n1"}}
    assert (await apiserver.call("POST", f"{PODS}/p/binding", binding)).status == 201
    live = (await apiserver.call("GET", f"{PODS}/p")).json
    assert (live["spec"]["nodeName"], owners(live)) == ("n1", owners(created))


async def test_events_of_either_version(apiserver: RunningServer) -> None:
    event = {
        "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"},
        "spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"},
                 "targetCPUUtilizationPercentage": 50},
    }  # fmt: skip
    path = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers/h"
    await apply(apiserver, path.format("v1"), event, "one", 201)
    live = (await apiserver.call("GET", path.format("v2"))).json
    assert owners(live)["one/Apply"]["f:spec"]["f:targetCPUUtilizationPercentage"] == {}
    other = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"},
             "spec": {"maxReplicas": 5}}  # fmt: skip
    refused = await apply(apiserver, path.format("v2"), other, "two", 409)
    assert refused["message"] == 'Apply failed with 1 conflict: conflict with "one": .spec.maxReplicas'
