"""scale, binding, log, exec: what is served below an object."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.component.apiserver.test_verbs import DEPLOYMENTS, MERGE, deployment
from tests.component.conftest import RunningServer

PODS = "/api/v1/namespaces/default/pods"


def pod(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "busybox"}]} | spec}


async def test_scale(apiserver: RunningServer) -> None:
    await apiserver.create(DEPLOYMENTS, deployment("d"))
    scale = (await apiserver.call("GET", f"{DEPLOYMENTS}/d/scale")).json
    assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 1)
    assert scale["status"]["selector"] == "app=d"
    scale["spec"]["replicas"] = 4
    updated = await apiserver.call("PUT", f"{DEPLOYMENTS}/d/scale", scale)
    assert (updated.status, updated.json["spec"]["replicas"]) == (200, 4)
    patched = await apiserver.call("PATCH", f"{DEPLOYMENTS}/d/scale", {"spec": {"replicas": 2}}, MERGE)
    assert (patched.status, patched.json["spec"]["replicas"]) == (200, 2)
    assert (await apiserver.call("GET", f"{DEPLOYMENTS}/d")).json["spec"]["replicas"] == 2
    stale = await apiserver.call("PUT", f"{DEPLOYMENTS}/d/scale", scale)
    assert stale.status == 409
    negative = await apiserver.call("PATCH", f"{DEPLOYMENTS}/d/scale", {"spec": {"replicas": -1}}, MERGE)
    assert negative.status == 422
    assert (await apiserver.call("GET", f"{DEPLOYMENTS}/none/scale")).status == 404


async def test_binding(apiserver: RunningServer) -> None:
    created = await apiserver.create(PODS, pod("p"))
    binding = {"metadata": {"name": "p", "uid": created["metadata"]["uid"]}, "target": {"kind": "Node", "name": "n1"}}
    bound = await apiserver.call("POST", f"{PODS}/p/binding", binding)
    assert (bound.status, bound.json["status"]) == (201, "Success")
    read = (await apiserver.call("GET", f"{PODS}/p")).json
    assert read["spec"]["nodeName"] == "n1"
    assert read["status"]["conditions"][0]["type"] == "PodScheduled"
    again = await apiserver.call("POST", f"{PODS}/p/binding", binding)
    assert (again.status, again.json["reason"]) == (409, "Conflict")
    assert 'pod p is already assigned to node "n1"' in again.message
    found = await apiserver.call("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1")
    assert [item["metadata"]["name"] for item in found.json["items"]] == ["p"]
    await apiserver.create(PODS, pod("q"))
    old_way = {"metadata": {"name": "q"}, "target": {"kind": "Node", "name": "n2"}}
    assert (await apiserver.call("POST", "/api/v1/namespaces/default/bindings", old_way)).status == 201
    assert (await apiserver.call("GET", f"{PODS}/q")).json["spec"]["nodeName"] == "n2"


async def test_status_subresource_of_a_pod(apiserver: RunningServer) -> None:
    created = await apiserver.create(PODS, pod("p", nodeName="n1"))
    status = {"phase": "Running", "podIP": "10.0.0.9", "podIPs": [{"ip": "10.0.0.9"}]}
    patched = await apiserver.call("PATCH", f"{PODS}/p/status", {"status": status, "spec": {"nodeName": "x"}}, MERGE)
    assert patched.status == 200, patched.body
    assert patched.json["status"]["podIP"] == "10.0.0.9"
    assert patched.json["spec"]["nodeName"] == "n1"
    kept = await apiserver.call("PUT", f"{PODS}/p", created | {"metadata": {"name": "p", "labels": {"a": "b"}}})
    assert kept.status == 200, kept.body
    assert kept.json["status"]["phase"] == "Running", "a write of the object leaves the status alone"


async def test_logs_of_a_pod_without_node_and_of_a_lost_kubelet(apiserver: RunningServer) -> None:
    await apiserver.create(PODS, pod("p"))
    assert (await apiserver.call("GET", f"{PODS}/p/log")).status == 200
    assert (await apiserver.call("GET", f"{PODS}/none/log")).status == 404
    wrong = await apiserver.call("GET", f"{PODS}/p/log?container=x")
    assert (wrong.status, wrong.message) == (400, "container x is not valid for pod p")
    assert (await apiserver.call("GET", f"{PODS}/p/log?tailLines=-1")).status == 422
    await apiserver.create(PODS, pod("q", nodeName="n1"))
    assert (await apiserver.call("GET", f"{PODS}/q/log")).status == 404, "no such node"


async def test_exec_needs_an_upgrade(apiserver: RunningServer) -> None:
    await apiserver.create(PODS, pod("p", nodeName="n1"))
    answer = await apiserver.call("POST", f"{PODS}/p/exec?command=ls&stdout=1")
    assert (answer.status, answer.message) == (400, "Upgrade request required")
    assert (await apiserver.call("POST", f"{PODS}/p/exec?command=ls")).status == 400
    assert (await apiserver.call("POST", f"{PODS}/p/exec?stdout=1")).status == 400


async def serve_plain(apiserver: RunningServer) -> tuple[asyncio.Server, int]:
    """A pod's web server: answers every request with its first line."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"Bearer" not in head and b"bearer" not in head, "credentials stay in the API server"
        body = head.split(b"\r\n")[0]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Here: yes\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def test_pod_proxy(apiserver: RunningServer) -> None:
    server, port = await serve_plain(apiserver)
    await apiserver.create(PODS, pod("p", nodeName="n1"))
    status = {"status": {"podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}]}}
    assert (await apiserver.call("PATCH", f"{PODS}/p/status", status, MERGE)).status == 200
    answer = await apiserver.call("GET", f"{PODS}/p:{port}/proxy/some/path?x=1")
    assert (answer.status, answer.body) == (200, b"GET /some/path?x=1 HTTP/1.1")
    assert answer.headers["x-here"] == "yes"
    moved = await apiserver.call("GET", f"{PODS}/p:{port}/proxy")
    assert (moved.status, moved.headers["location"]) == (301, f"{PODS}/p:{port}/proxy/")
    server.close()
    await server.wait_closed()
    gone = await apiserver.call("GET", f"{PODS}/p:{port}/proxy/")
    assert (gone.status, gone.json["reason"]) == (503, "ServiceUnavailable")


async def test_unknown_subresource(apiserver: RunningServer) -> None:
    await apiserver.create(PODS, pod("p"))
    assert (await apiserver.call("GET", f"{PODS}/p/nonsense")).status == 404
    assert (await apiserver.call("DELETE", f"{PODS}/p/status")).status == 405
