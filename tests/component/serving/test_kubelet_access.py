"""Who may ask the kubelet: nobody without a certificate, not any certificate, the apiserver and system:masters."""

from __future__ import annotations

import asyncio
import ssl
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from kubelet_stub import Pods, make_pod
from test_client_certificate import Authority

from minik8s.kubelet.runtimes import base
from minik8s.kubelet.runtimes.fake import FakeRuntime
from minik8s.kubelet.server import ServerContext, start_server


async def ask(port: int, ca: Authority, client: tuple[Path, Path] | None, path: str) -> tuple[int, bytes]:
    context = ssl.create_default_context(cafile=str(ca.path))
    if client is not None:
        context.load_cert_chain(*client)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split(b" ")[1]), body


async def test_access_and_plain_paths(tmp_path: Path) -> None:
    ca = Authority(tmp_path, "ca")
    certificate, key = ca.issue("localhost")
    runtime = FakeRuntime(base.RuntimeOptions("n", tmp_path))
    sandbox = await runtime.run_sandbox(base.SandboxConfig("p", "default", "uid-1"))
    container = await runtime.create_container(sandbox.id, base.ContainerConfig("app", "x"))
    await runtime.start_container(container)
    context = ServerContext("n", Pods(make_pod(container, "uid-1")), runtime, metrics=lambda: b"up 1\n")
    server = await start_server(context, "127.0.0.1", 0, str(certificate), str(key), str(ca.path))
    try:
        apiserver = ca.issue("kube-apiserver-kubelet-client", "system:masters")
        assert (await ask(server.port, ca, None, "/pods"))[0] == 401
        assert (await ask(server.port, ca, ca.issue("system:node:n", "system:nodes"), "/pods"))[0] == 403
        assert await ask(server.port, ca, apiserver, "/healthz") == (200, b"ok")
        assert await ask(server.port, ca, apiserver, "/metrics") == (200, b"up 1\n")
        assert (await ask(server.port, ca, apiserver, "/nothing"))[0] == 404
        assert (await ask(server.port, ca, apiserver, "/exec/default/p/app?command=x&output=1"))[0] == 400
        status, body = await ask(server.port, ca, apiserver, "/pods")
        assert status == 200 and b'"kind": "PodList"' in body and b'"name": "p"' in body
        status, body = await ask(server.port, ca, apiserver, "/stats/summary")
        assert status == 200 and b'"nodeName": "n"' in body and b'"usageCoreNanoSeconds"' in body
        status, body = await ask(server.port, ca, apiserver, "/metrics/resource")
        assert b'container_memory_working_set_bytes{container="app",namespace="default",pod="p"}' in body
        assert b"resource_scrape_error 0" in body
        runtime.available = False
        async with asyncio.timeout(10):  # a look is kept for a moment
            while b"resource_scrape_error 1" not in (await ask(server.port, ca, apiserver, "/metrics/resource"))[1]:
                pass
        assert (await ask(server.port, ca, apiserver, "/stats/summary"))[0] == 503
    finally:
        await server.stop()
