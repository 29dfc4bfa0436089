"""Pages and redirects of a pod, through the API server's proxy."""

from __future__ import annotations

import asyncio

from tests.component.apiserver.test_subresources import PODS, pod
from tests.component.apiserver.test_verbs import MERGE
from tests.component.conftest import RunningServer

ANSWERS = {
    b"/page": b'200 OK\r\nContent-Type: text/html\r\nContent-Length: 22\r\n\r\n<a href="/next">go</a>',
    b"/text": b'200 OK\r\nContent-Type: text/plain\r\nContent-Length: 22\r\n\r\n<a href="/next">go</a>',
    b"/moved": b"302 Found\r\nLocation: /page\r\nContent-Length: 0\r\n\r\n",
}


async def serve_site() -> tuple[asyncio.Server, int]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + ANSWERS[head.split(b" ")[1]])
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def test_a_pods_site_can_be_browsed(apiserver: RunningServer) -> None:
    server, port = await serve_site()
    await apiserver.create(PODS, pod("p", nodeName="n1"))
    status = {"status": {"podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}]}}
    await apiserver.call("PATCH", f"{PODS}/p/status", status, MERGE)
    base = f"{PODS}/p:{port}/proxy"
    page = await apiserver.call("GET", f"{base}/page")
    assert (page.status, page.body) == (200, f'<a href="{base}/next">go</a>'.encode())
    assert int(page.headers["content-length"]) == len(page.body)
    text = await apiserver.call("GET", f"{base}/text")
    assert text.body == b'<a href="/next">go</a>', "only pages are rewritten"
    moved = await apiserver.call("GET", f"{base}/moved")
    assert (moved.status, moved.headers["location"]) == (302, f"{base}/page")
    server.close()
    await server.wait_closed()
