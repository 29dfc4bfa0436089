"""A kubelet server over a fake runtime, and the thinnest apiserver before it: enough for `kubectl exec` and the
like."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from minik8s.api import core
from minik8s.kubelet.runtimes import base
from minik8s.kubelet.runtimes.fake import FakeRuntime
from minik8s.kubelet.server import KubeletServer, ServerContext
from minik8s.serving import Endpoint, Receive, Scope, Send, Server, connection_of, open_request, tunnel_upgrade


class Pods:
    """One pod, with the status that the test gives it."""

    def __init__(self, pod: core.Pod) -> None:
        self.pod = pod

    def pods(self) -> list[core.Pod]:
        return [self.pod]

    def find(self, namespace: str, name: str) -> core.Pod | None:
        return self.pod if (namespace, name) == ("default", self.pod.metadata.name) else None


@dataclass
class Stub:
    """What a test holds."""

    kubelet: Server
    api: Server
    runtime: FakeRuntime
    container: str
    pods: Pods


def make_pod(container_id: str, uid: str) -> core.Pod:
    state = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    status = {"name": "app", "state": state, "containerID": f"fake://{container_id}", "ready": True,
              "restartCount": 0, "image": "x", "imageID": "x"}  # fmt: skip
    return core.Pod.from_dict({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "namespace": "default", "uid": uid, "resourceVersion": "1"},
        "spec": {"containers": [{"name": "app", "image": "x"}, {"name": "slow", "image": "x"}], "nodeName": "n"},
        "status": {"phase": "Running", "containerStatuses": [
            status,
            {"name": "slow", "state": {"waiting": {"reason": "ContainerCreating"}}, "ready": False, "restartCount": 0,
             "image": "x", "imageID": ""},
        ]},
    })  # fmt: skip


DISCOVERY: dict[str, Any] = {
    "/version": {"major": "1", "minor": "33", "gitVersion": "v1.33.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [
        {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": ["get", "list"]},
    ]},
}  # fmt: skip
FLAGS = {"stdin": "input", "stdout": "output", "stderr": "error"}


class Front:
    """The apiserver's part: objects as given, subresources tunnelled to the kubelet."""

    def __init__(self, pods: Pods, kubelet: Endpoint) -> None:
        self._pods = pods
        self._kubelet = kubelet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = connection_of(scope)
        assert connection is not None
        path, query = scope["path"], scope["query_string"].decode()
        pod = "/api/v1/namespaces/default/pods/p"
        if path in DISCOVERY:
            await answer(send, DISCOVERY[path])
        elif path == pod:
            await answer(send, self._pods.pod.to_dict())
        elif path in (f"{pod}/exec", f"{pod}/attach"):
            for name, own in FLAGS.items():
                query = query.replace(f"{name}=true", f"{own}=1")
            target = f"/{path.rsplit('/', 1)[1]}/default/p/app?{query}".encode()
            await tunnel_upgrade(connection, self._kubelet, scope["method"], target, scope["headers"])
        elif path == f"{pod}/portforward":
            target = f"/portForward/default/p?{query}".encode()
            await tunnel_upgrade(connection, self._kubelet, scope["method"], target, scope["headers"])
        elif path == f"{pod}/log":
            container = "slow" if "container=slow" in query else "app"
            target = f"/containerLogs/default/p/{container}?{query}".encode()
            async with open_request(self._kubelet, "GET", target, []) as response:
                if response.status != 200:
                    message = (await response.read()).decode().strip()
                    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message,
                              "reason": "BadRequest", "code": response.status}  # fmt: skip
                    await answer(send, status, response.status)
                    return
                stream = await connection.start_stream(send, response.status, [])
                async for piece in response:
                    stream.write_data(piece)
                await stream.end()
        else:
            await answer(send, {"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound"}, 404)


async def answer(send: Send, value: Any, status: int = 200) -> None:
    body = json.dumps(value).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def running_stub(folder: Path) -> AsyncIterator[Stub]:
    """Both servers, and a container that runs."""
    runtime = FakeRuntime(base.RuntimeOptions("n", folder))
    sandbox = await runtime.run_sandbox(base.SandboxConfig("p", "default", "uid-1"))
    container = await runtime.create_container(sandbox.id, base.ContainerConfig("app", "x"))
    await runtime.start_container(container)
    pods = Pods(make_pod(container, "uid-1"))
    kubelet = Server(KubeletServer(ServerContext("n", pods, runtime, insecure=True)), "127.0.0.1", 0)
    await kubelet.start()
    api = Server(Front(pods, Endpoint(urlsplit("//127.0.0.1").hostname or "", kubelet.port)), "127.0.0.1", 0)
    await api.start()
    try:
        yield Stub(kubelet, api, runtime, container, pods)
    finally:
        await api.stop()
        await kubelet.stop()
