"""minik8s.serving over real sockets: plain requests, watch streams, take-over of upgrades, tunnels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from minik8s.serving import (
    Endpoint,
    Receive,
    Scope,
    Send,
    Server,
    connection_of,
    frame_chunk,
    open_request,
    tunnel_upgrade,
)
from minik8s.serving.protocol import ASGIApp

UPGRADE = b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n"


async def plain(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class App:
    """/plain, /watch, /echo (hijacks), /refuse (answers an upgrade with 403)."""

    def __init__(self) -> None:
        self.disconnected = asyncio.Event()
        self.release = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = connection_of(scope)
        assert connection is not None
        if scope["path"] == "/watch":
            stream = await connection.start_stream(send, 200, [(b"content-type", b"application/json")])
            stream.on_disconnect(self.disconnected.set)
            stream.write(frame_chunk(b'{"n":1}\n'))
            stream.write_data(b"")
            stream.write_data(b'{"n":2}\n')
            await self.release.wait()
            await stream.end()
        elif scope["path"] == "/echo" and connection.upgrade:
            duplex = connection.hijack()
            await duplex.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\n\r\n")
            while data := await duplex.read():
                await duplex.write(data.upper())
            await duplex.close()
        elif scope["path"] == "/refuse":
            await plain(send, 403, b"no")
        else:
            await plain(send, 200, f"{scope['method']} {scope['path']} upgrade={connection.upgrade}".encode())


async def serve(app: ASGIApp) -> AsyncIterator[Server]:
    server = Server(app, "127.0.0.1", 0)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
async def server(app: App) -> AsyncIterator[Server]:
    async for item in serve(app):
        yield item


async def test_a_plain_request_and_keep_alive(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for _ in range(2):
        writer.write(b"GET /plain HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert await reader.readexactly(len(b"GET /plain upgrade=")) == b"GET /plain upgrade="
    writer.close()


async def test_watch_chunks_go_straight_out_and_the_connection_serves_on(server: Server, app: App) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /watch HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert await reader.readuntil(b'{"n":1}\n\r\n') == b'8\r\n{"n":1}\n\r\n'
    assert await reader.readuntil(b'{"n":2}\n\r\n') == b'8\r\n{"n":2}\n\r\n'
    app.release.set()
    assert await reader.readexactly(5) == b"0\r\n\r\n"
    writer.write(b"GET /plain HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_a_watchers_disconnect_is_told(server: Server, app: App) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /watch HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b'{"n":2}\n\r\n')
    writer.close()
    await asyncio.wait_for(app.disconnected.wait(), 5)
    app.release.set()


async def test_an_upgrade_is_taken_over_and_early_bytes_are_kept(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(UPGRADE + b"early ")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101")
    writer.write(b"late")
    assert await reader.readexactly(10) == b"EARLY LATE"
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()


async def test_a_refused_upgrade_closes_the_connection(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(UPGRADE.replace(b"/echo", b"/refuse") + b"GET /plain HTTP/1.1\r\n\r\n")
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 403") and b"connection: close" in answer
    assert b"200 OK" not in answer, "bytes after the upgrade request must not be read as a request"
    writer.close()


async def test_an_unknown_upgrade_is_served_as_if_not_asked_for(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(UPGRADE.replace(b"SPDY/3.1", b"h2c"))
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    assert await reader.readexactly(18) == b"GET /echo upgrade="
    writer.write(b"GET /plain HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_open_request_streams_the_answer(server: Server, app: App) -> None:
    endpoint = Endpoint("127.0.0.1", server.port)
    async with open_request(endpoint, "GET", b"/watch", []) as response:
        assert response.status == 200
        pieces = []
        async for piece in response:
            pieces.append(piece)
            if b'{"n":2}' in b"".join(pieces):
                app.release.set()
        assert b"".join(pieces) == b'{"n":1}\n{"n":2}\n'
    async with open_request(endpoint, "POST", b"/plain", [(b"connection", b"keep-alive")], b"body") as response:
        assert await response.read() == b"POST /plain upgrade="


async def test_tunnel_passes_bytes_both_ways(server: Server) -> None:
    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        connection = connection_of(scope)
        assert connection is not None
        target = scope["path"].encode()
        await tunnel_upgrade(connection, Endpoint("127.0.0.1", server.port), "GET", target, scope["headers"])

    async for proxy in serve(front):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(UPGRADE)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        payload = b"x" * 1_000_000
        writer.write(payload)
        assert await reader.readexactly(len(payload)) == payload.upper()
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()


async def test_tunnel_passes_a_refusal_and_closes(server: Server) -> None:
    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        connection = connection_of(scope)
        assert connection is not None
        await tunnel_upgrade(connection, Endpoint("127.0.0.1", server.port), "GET", b"/refuse", scope["headers"])

    async for proxy in serve(front):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(UPGRADE)
        answer = await asyncio.wait_for(reader.read(), 5)
        assert answer.startswith(b"HTTP/1.1 403") and answer.endswith(b"\r\n\r\nno")
        assert answer.lower().count(b"connection: close") == 1
        writer.close()


async def test_stop_is_bounded_while_a_watch_is_open(app: App) -> None:
    server = Server(app, "127.0.0.1", 0, graceful_shutdown=1)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /watch HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b'{"n":2}\n\r\n')
    await asyncio.wait_for(server.stop(), 5)
    writer.close()
