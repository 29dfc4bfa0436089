"""LIST, pages, selectors, watches, tables, discovery, health."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.component.conftest import RunningServer, Stream

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
MERGE = {"Content-Type": "application/merge-patch+json"}
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}


async def fill(apiserver: RunningServer, count: int) -> None:
    for number in range(count):
        meta = {"name": f"c{number}", "labels": {"even": str(number % 2 == 0).lower()}}
        await apiserver.create(CONFIGMAPS, {"metadata": meta})


def names(body: dict[str, Any]) -> list[str]:
    return [item["metadata"]["name"] for item in body["items"]]


async def test_list(apiserver: RunningServer) -> None:
    await fill(apiserver, 3)
    body = (await apiserver.call("GET", CONFIGMAPS)).json
    assert (body["kind"], body["apiVersion"]) == ("ConfigMapList", "v1")
    assert names(body) == ["c0", "c1", "c2"]
    assert int(body["metadata"]["resourceVersion"]) > 0
    everywhere = (await apiserver.call("GET", "/api/v1/configmaps")).json
    assert {"c0", "extension-apiserver-authentication"} <= set(names(everywhere))


async def test_long_lists_come_whole(apiserver: RunningServer) -> None:
    await fill(apiserver, 230)
    body = (await apiserver.call("GET", CONFIGMAPS)).json
    assert len(set(names(body))) == 230


async def test_pages(apiserver: RunningServer) -> None:
    await fill(apiserver, 5)
    first = (await apiserver.call("GET", f"{CONFIGMAPS}?limit=2")).json
    assert names(first) == ["c0", "c1"] and first["metadata"]["remainingItemCount"] == 3
    await apiserver.call("DELETE", f"{CONFIGMAPS}/c2")
    token = first["metadata"]["continue"]
    second = (await apiserver.call("GET", f"{CONFIGMAPS}?limit=2&continue={token}")).json
    assert names(second) == ["c2", "c3"], "a page shows the state of the first page's version"
    bad = await apiserver.call("GET", f"{CONFIGMAPS}?continue=nonsense")
    assert bad.status == 400


async def test_selectors(apiserver: RunningServer) -> None:
    await fill(apiserver, 4)
    assert names((await apiserver.call("GET", f"{CONFIGMAPS}?labelSelector=even%3Dtrue")).json) == ["c0", "c2"]
    assert names((await apiserver.call("GET", f"{CONFIGMAPS}?labelSelector=even+in+(false)")).json) == ["c1", "c3"]
    assert names((await apiserver.call("GET", f"{CONFIGMAPS}?fieldSelector=metadata.name%3Dc1")).json) == ["c1"]
    bad = await apiserver.call("GET", f"{CONFIGMAPS}?fieldSelector=data.x%3D1")
    assert (bad.status, bad.message) == (400, "field label not supported: data.x")
    assert (await apiserver.call("GET", f"{CONFIGMAPS}?labelSelector=a%3D%3D%3D")).status == 400


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("resourceVersionMatch=Exact", "resourceVersionMatch is forbidden unless resourceVersion is provided"),
        ("resourceVersion=0&resourceVersionMatch=Exact", '"exact" is forbidden for resourceVersion "0"'),
        ("resourceVersion=1&resourceVersionMatch=Odd", 'Unsupported value: "Odd"'),
        ("sendInitialEvents=true", "sendInitialEvents is forbidden for list"),
        ("watch=1&sendInitialEvents=true", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
        ("watch=1&resourceVersion=1&resourceVersionMatch=NotOlderThan", "resourceVersionMatch is forbidden for watch"),
    ],
)
async def test_list_options_that_do_not_go_together(apiserver: RunningServer, query: str, text: str) -> None:
    answer = await apiserver.call("GET", f"{CONFIGMAPS}?{query}")
    assert (answer.status, answer.json["reason"]) == (422, "Invalid")
    assert text in answer.message


async def test_a_version_from_the_future(apiserver: RunningServer) -> None:
    answer = await apiserver.call("GET", f"{CONFIGMAPS}?resourceVersion=1000000")
    assert (answer.status, answer.json["reason"]) == (504, "Timeout")
    assert answer.json["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


# -- watches -----------------------------------------------------------------------------------------------------------


async def watch(apiserver: RunningServer, query: str, path: str = CONFIGMAPS, **headers: str) -> Stream:
    stream = await apiserver.open("GET", f"{path}?watch=1{query}", headers=headers)
    assert stream.status == 200
    return stream


async def events(stream: Stream, count: int) -> list[tuple[str, str]]:
    out = []
    for _ in range(count):
        event = await stream.next()
        assert event is not None
        out.append((event["type"], event["object"]["metadata"].get("name", "")))
    return out


async def test_watch_from_a_version(apiserver: RunningServer) -> None:
    await fill(apiserver, 1)
    version = (await apiserver.call("GET", CONFIGMAPS)).json["metadata"]["resourceVersion"]
    stream = await watch(apiserver, f"&resourceVersion={version}")
    await apiserver.create(CONFIGMAPS, {"metadata": {"name": "new"}})
    await apiserver.call("PATCH", f"{CONFIGMAPS}/new", {"data": {"a": "b"}}, MERGE)
    await apiserver.call("DELETE", f"{CONFIGMAPS}/new")
    assert await events(stream, 3) == [("ADDED", "new"), ("MODIFIED", "new"), ("DELETED", "new")]
    again = await watch(apiserver, f"&resourceVersion={version}")
    assert await events(again, 3) == [("ADDED", "new"), ("MODIFIED", "new"), ("DELETED", "new")]


async def test_watch_without_version_begins_with_the_state(apiserver: RunningServer) -> None:
    await fill(apiserver, 2)
    stream = await watch(apiserver, "")
    assert await events(stream, 2) == [("ADDED", "c0"), ("ADDED", "c1")]


async def test_selected_objects_come_and_go(apiserver: RunningServer) -> None:
    await fill(apiserver, 2)
    stream = await watch(apiserver, "&labelSelector=even%3Dtrue")
    assert await events(stream, 1) == [("ADDED", "c0")]
    await apiserver.call("PATCH", f"{CONFIGMAPS}/c1", {"metadata": {"labels": {"even": "true"}}}, MERGE)
    await apiserver.call("PATCH", f"{CONFIGMAPS}/c0", {"metadata": {"labels": {"even": "false"}}}, MERGE)
    assert await events(stream, 2) == [("ADDED", "c1"), ("DELETED", "c0")]


async def test_initial_events_end_with_a_bookmark(apiserver: RunningServer) -> None:
    await fill(apiserver, 2)
    query = "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    stream = await watch(apiserver, query)
    assert await events(stream, 2) == [("ADDED", "c0"), ("ADDED", "c1")]
    bookmark = await stream.next()
    assert bookmark is not None and bookmark["type"] == "BOOKMARK"
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_watch_ends_after_its_timeout(apiserver: RunningServer) -> None:
    stream = await watch(apiserver, "&timeoutSeconds=1")
    assert await stream.next() is None


async def test_watch_prefix_and_single_object(apiserver: RunningServer) -> None:
    await fill(apiserver, 2)
    stream = await apiserver.open("GET", "/api/v1/watch/namespaces/default/configmaps/c1")
    assert await events(stream, 1) == [("ADDED", "c1")]


async def test_an_expired_version_is_an_error_event(apiserver: RunningServer) -> None:
    await fill(apiserver, 3)
    store = apiserver.server.store
    await store.compact(store.revision)
    config_map_cache(apiserver).reset()  # what it remembers of the past is gone, as after a restart
    stream = await watch(apiserver, "&resourceVersion=1")
    event = await stream.next()
    assert event is not None and event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")


def config_map_cache(apiserver: RunningServer) -> Any:
    known = apiserver.server.registry.resources.known()
    return next(resource.cache for resource in known if resource.kind.kind == "ConfigMap")


async def test_a_client_that_goes_away_is_forgotten(apiserver: RunningServer) -> None:
    stream = await watch(apiserver, "")
    watches = config_map_cache(apiserver).watches
    assert len(watches) == 1
    stream.close()
    async with asyncio.timeout(5):
        while watches:  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.01)


async def test_stop_ends_open_watches(apiserver: RunningServer) -> None:
    stream = await watch(apiserver, "")
    async with asyncio.timeout(5):
        await apiserver.server.stop()
    assert await stream.next() is None


# -- other forms -------------------------------------------------------------------------------------------------------


async def test_table_of_pods(apiserver: RunningServer) -> None:
    spec = {"containers": [{"name": "c", "image": "busybox"}]}
    await apiserver.create(PODS, {"metadata": {"name": "p"}, "spec": spec})
    table = (await apiserver.call("GET", PODS, headers=TABLE)).json
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    columns = [column["name"] for column in table["columnDefinitions"]]
    assert columns[:5] == ["Name", "Ready", "Status", "Restarts", "Age"]
    (row,) = table["rows"]
    assert row["cells"][:3] == ["p", "0/1", "Pending"]
    assert row["object"]["kind"] == "PartialObjectMetadata"
    whole = (await apiserver.call("GET", f"{PODS}?includeObject=Object", headers=TABLE)).json
    assert whole["rows"][0]["object"]["kind"] == "Pod"
    single = (await apiserver.call("GET", f"{PODS}/p", headers=TABLE)).json
    assert single["rows"][0]["cells"][0] == "p"


async def test_watch_as_a_table(apiserver: RunningServer) -> None:
    await fill(apiserver, 1)
    stream = await watch(apiserver, "", Accept=TABLE["Accept"])
    event = await stream.next()
    assert event is not None
    assert event["object"]["kind"] == "Table"
    assert event["object"]["rows"][0]["cells"][0] == "c0"


async def test_partial_metadata(apiserver: RunningServer) -> None:
    await fill(apiserver, 1)
    accept = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    body = (await apiserver.call("GET", CONFIGMAPS, headers=accept)).json
    assert body["kind"] == "PartialObjectMetadataList"
    assert body["items"][0].keys() == {"kind", "apiVersion", "metadata"}


async def test_two_versions_of_one_object(apiserver: RunningServer) -> None:
    hpa = {
        "metadata": {"name": "h"},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"},
            "maxReplicas": 3,
            "targetCPUUtilizationPercentage": 50,
        },
    }
    v1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
    v2 = v1.replace("/v1/", "/v2/")
    await apiserver.create(v1, hpa)
    assert (await apiserver.call("GET", f"{v1}/h")).json["spec"]["targetCPUUtilizationPercentage"] == 50
    newer = (await apiserver.call("GET", f"{v2}/h")).json
    assert newer["apiVersion"] == "autoscaling/v2"
    assert newer["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 50
    listed = (await apiserver.call("GET", v1)).json
    assert listed["items"][0]["apiVersion"] == "autoscaling/v1"
    stream = await watch(apiserver, "", path=v1)
    event = await stream.next()
    assert event is not None and event["object"]["apiVersion"] == "autoscaling/v1"


async def test_discovery(apiserver: RunningServer) -> None:
    assert (await apiserver.call("GET", "/api")).json["versions"] == ["v1"]
    groups = (await apiserver.call("GET", "/apis")).json["groups"]
    assert {"apps", "batch", "policy"} <= {group["name"] for group in groups}
    resources = (await apiserver.call("GET", "/apis/apps/v1")).json["resources"]
    assert {"deployments", "deployments/scale"} <= {resource["name"] for resource in resources}
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    aggregated = await apiserver.call("GET", "/apis", headers={"Accept": accept})
    assert aggregated.json["kind"] == "APIGroupDiscoveryList"
    assert "as=APIGroupDiscoveryList" in aggregated.headers["content-type"]
    known = {"Accept": accept, "If-None-Match": aggregated.headers["etag"]}
    again = await apiserver.call("GET", "/apis", headers=known)
    assert again.status == 304
    assert (await apiserver.call("GET", "/apis/none")).status == 404


async def test_health_needs_no_identity(apiserver: RunningServer) -> None:
    for path in ("/healthz", "/livez", "/readyz", "/readyz/ping"):
        answer = await apiserver.call("GET", path, token=None)
        assert (answer.status, answer.body) == (200, b"ok"), path
    verbose = await apiserver.call("GET", "/readyz?verbose", token=None)
    assert b"[+]etcd ok\n" in verbose.body and verbose.body.endswith(b"readyz check passed\n")
    excluded = await apiserver.call("GET", "/readyz?verbose&exclude=etcd", token=None)
    assert b"[+]etcd excluded: ok" in excluded.body
    assert (await apiserver.call("GET", "/readyz/none", token=None)).status == 404
    assert (await apiserver.call("GET", "/version", token=None)).json["major"] == "1"


async def test_metrics_and_pages(apiserver: RunningServer) -> None:
    await fill(apiserver, 2)
    metrics = (await apiserver.call("GET", "/metrics")).body.decode()
    assert 'apiserver_request_total{verb="POST",group="",version="v1",resource="configmaps"' in metrics
    assert 'apiserver_storage_objects{resource="configmaps"} 3' in metrics
    assert (await apiserver.call("GET", "/docs")).status == 200
    assert any(c["resource"] == "configmaps" for c in (await apiserver.call("GET", "/admin/caches")).json)
    assert (await apiserver.call("GET", "/metrics", token=None)).status == 401
    v3 = (await apiserver.call("GET", "/openapi/v3")).json
    assert "apis/apps/v1" in v3["paths"]


async def test_system_objects(apiserver: RunningServer) -> None:
    namespaces = names((await apiserver.call("GET", "/api/v1/namespaces")).json)
    assert {"default", "kube-system", "kube-public", "kube-node-lease"} <= set(namespaces)
    service = (await apiserver.call("GET", "/api/v1/namespaces/default/services/kubernetes")).json
    assert service["spec"]["clusterIP"] == "10.96.0.1"
    endpoints = (await apiserver.call("GET", "/api/v1/namespaces/default/endpoints/kubernetes")).json
    assert endpoints["subsets"][0]["addresses"] == [{"ip": "192.0.2.10"}]
    slices = (await apiserver.call("GET", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices")).json
    assert slices["items"][0]["endpoints"][0]["addresses"] == ["192.0.2.10"]
    classes = names((await apiserver.call("GET", "/apis/scheduling.k8s.io/v1/priorityclasses")).json)
    assert {"system-cluster-critical", "system-node-critical"} <= set(classes)


async def test_events_in_both_versions_by_their_own_labels(apiserver: RunningServer) -> None:
    core, newer = "/api/v1/namespaces/default/events", "/apis/events.k8s.io/v1/namespaces/default/events"
    event = {
        "metadata": {"name": "e"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "regarding": {"kind": "Pod", "namespace": "default", "name": "p"},
        "reportingController": "tester",
        "reportingInstance": "t-1",
        "action": "Test",
        "reason": "Testing",
        "type": "Normal",
    }
    await apiserver.create(newer, event)
    for path, selector in ((core, "source%3Dtester"), (newer, "reportingController%3Dtester")):
        found = (await apiserver.call("GET", f"{path}?fieldSelector={selector}")).json
        assert names(found) == ["e"], selector
    assert (await apiserver.call("GET", f"{core}/e")).json["involvedObject"]["name"] == "p"


async def test_json_for_eyes(apiserver: RunningServer) -> None:
    path = "/api/v1/namespaces/default"
    assert b"\n" not in (await apiserver.call("GET", path)).body
    assert b'\n  "kind": "Namespace"' in (await apiserver.call("GET", f"{path}?pretty=true")).body
    curl = {"User-Agent": "curl/8.0"}
    assert b'\n  "kind": "Namespace"' in (await apiserver.call("GET", path, headers=curl)).body
    assert b"\n" not in (await apiserver.call("GET", f"{path}?pretty=false", headers=curl)).body
