"""metrics.k8s.io over TLS, asked as the API server asks: discovery, lists, single objects, refusals."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "serving"))
from test_client_certificate import Authority

from minik8s.addons.metrics.api import MetricsApi
from minik8s.addons.metrics.exposition import Point, Sample
from minik8s.addons.metrics.usage import Store
from minik8s.api import core
from minik8s.serving import Server, create_ssl_context
from minik8s.testing.fakeapi import FakeAPI, FakeClient


class Served:
    """The add-on's server with one node and two pods, of which one has just come."""

    def __init__(self, api: FakeAPI, client: FakeClient, folder: Path) -> None:
        self.ca = Authority(folder, "ca")
        self.front_proxy, self.stranger = self.ca.issue("front-proxy-client"), self.ca.issue("somebody")
        self.store, self.ready = Store(), True
        certificate, key = self.ca.issue("localhost")
        tls = create_ssl_context(certificate, key, self.ca.path)
        app = MetricsApi(client, self.store, frozenset({"front-proxy-client"}), lambda: self.ready)
        self.server = Server(app, "127.0.0.1", 0, tls)
        api.add(core.Node.from_dict({"metadata": {"name": "n1", "labels": {"zone": "a"}}}))
        for name, app_label in (("old", "x"), ("new", "y")):
            meta = {"name": name, "namespace": "ns", "labels": {"app": app_label}}
            api.add(core.Pod.from_dict({
                "metadata": meta, "spec": {"containers": [{"name": "c"}]}, "status": {"phase": "Running"},
            }))  # fmt: skip
        for time, used in ((1_767_225_600.0, 1.0), (1_767_225_615.0, 2.5)):
            pods = {("ns", "old"): {"c": Point(time, used, 8 << 20, 5.0)}}
            self.store.add("n1", Sample(Point(time, used * 10, 1 << 30), pods))

    async def ask(self, path: str, client: Any = None, method: str = "GET") -> tuple[int, Any]:
        context = ssl.create_default_context(cafile=str(self.ca.path))
        if client is not False:
            context.load_cert_chain(*(client or self.front_proxy))
        port = self.server.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        return int(head.split()[1]), json.loads(body) if body[:1] == b"{" else body.decode()


@pytest.fixture
async def served(api: FakeAPI, client: FakeClient, tmp_path: Path) -> AsyncIterator[Served]:
    made = Served(api, client, tmp_path)
    await made.server.start()
    yield made
    await made.server.stop()


async def test_discovery(served: Served) -> None:
    status, groups = await served.ask("/apis")
    assert status == 200 and groups["groups"][0]["preferredVersion"]["groupVersion"] == "metrics.k8s.io/v1beta1"
    assert (await served.ask("/apis/metrics.k8s.io"))[1]["kind"] == "APIGroup"
    resources = (await served.ask("/apis/metrics.k8s.io/v1beta1"))[1]["resources"]
    assert [(r["name"], r["namespaced"], r["kind"]) for r in resources] == [
        ("nodes", False, "NodeMetrics"), ("pods", True, "PodMetrics"),
    ]  # fmt: skip


async def test_nodes_and_pods(served: Served) -> None:
    root = "/apis/metrics.k8s.io/v1beta1"
    node = {
        "kind": "NodeMetrics", "apiVersion": "metrics.k8s.io/v1beta1",
        "metadata": {"name": "n1", "creationTimestamp": "2026-01-01T00:00:15Z", "labels": {"zone": "a"}},
        "timestamp": "2026-01-01T00:00:15Z", "window": "15s", "usage": {"cpu": "1000000000n", "memory": "1048576Ki"},
    }  # fmt: skip
    listed = (await served.ask(f"{root}/nodes"))[1]
    assert (listed["kind"], listed["items"]) == ("NodeMetricsList", [node])
    assert (await served.ask(f"{root}/nodes/n1"))[1] == node
    assert (await served.ask(f"{root}/nodes?labelSelector=zone%3Db"))[1]["items"] == []
    pods = (await served.ask(f"{root}/pods"))[1]
    assert [p["metadata"]["name"] for p in pods["items"]] == ["old"], "the new one has no usage yet"
    assert pods["items"][0]["containers"] == [{"name": "c", "usage": {"cpu": "100000000n", "memory": "8192Ki"}}]
    one = f"{root}/namespaces/ns/pods"
    assert (await served.ask(f"{one}/old"))[1] == pods["items"][0] == (await served.ask(one))[1]["items"][0]
    assert (await served.ask(f"{one}?labelSelector=app%3Dy"))[1]["items"] == []


async def test_refusals(served: Served) -> None:
    root = "/apis/metrics.k8s.io/v1beta1"
    status, body = await served.ask(f"{root}/namespaces/ns/pods/new")
    assert (status, body["message"]) == (404, 'podmetrics.metrics.k8s.io "ns/new" not found')
    status, body = await served.ask(f"{root}/namespaces/ns/pods/none")
    assert (status, body["message"]) == (404, 'pods "none" not found')
    assert (await served.ask(f"{root}/nothing"))[0] == 404
    assert (await served.ask(f"{root}/nodes", method="DELETE"))[0] == 405
    assert (await served.ask(f"{root}/nodes", served.stranger))[0] == 401
    assert (await served.ask(f"{root}/nodes", False))[0] == 401


async def test_health_is_for_everybody(served: Served) -> None:
    assert await served.ask("/readyz", False) == (200, "ok")
    served.ready = False
    assert (await served.ask("/readyz", False))[0] == 500
    assert (await served.ask("/healthz", False))[0] == 200
