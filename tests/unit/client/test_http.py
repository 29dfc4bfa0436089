"""The HTTP client against a scripted server: keep-alive, drops, chunked streams, errors, retries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from minik8s.api import core
from minik8s.api.status import NotFound
from minik8s.client.kubeconfig import ClientConfig
from minik8s.client.rest import Client
from minik8s.client.watch import watch
from minik8s.testing.time import VirtualClock

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Script = Callable[[int, bytes], bytes | None]


class Server:
    """Answers each request with `script(number, head)`; None closes the connection."""

    def __init__(self) -> None:
        self.script: Script = lambda number, head: OK
        self.heads: list[bytes] = []
        self.connections = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def drop_all(self) -> None:
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                if length:
                    await reader.readexactly(int(length[0].split(b":")[1]))
                self.heads.append(head)
                answer = self.script(len(self.heads), head)
                if answer is None:
                    break
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    made.url = await made.start()  # type: ignore[attr-defined]
    yield made
    made.drop_all()
    made._server.close()


def client_of(server: Server, **config: str) -> Client:
    return Client(ClientConfig(server.url, **config), user_agent="test/1", clock=VirtualClock())  # type: ignore[attr-defined]


async def test_a_connection_is_kept_and_used_again(server: Server) -> None:
    async with client_of(server, token="secret") as client:
        for _ in range(3):
            assert (await client.request("GET", "/version")).json() == {}
    assert server.connections == 1
    assert b"Authorization: Bearer secret" in server.heads[0]
    assert b"User-Agent: test/1" in server.heads[0]


async def test_concurrent_requests_have_a_connection_each(server: Server) -> None:
    async with client_of(server) as client:
        await asyncio.gather(*(client.request("GET", "/x") for _ in range(5)))
    assert len(server.heads) == 5


async def test_get_is_repeated_when_the_kept_connection_was_dropped(server: Server) -> None:
    server.script = lambda number, head: None if number == 2 else OK
    async with client_of(server) as client:
        await client.request("GET", "/a")
        assert (await client.request("GET", "/b")).status == 200
    assert [head.split()[1] for head in server.heads] == [b"/a", b"/b", b"/b"]


async def test_post_is_never_repeated(server: Server) -> None:
    server.script = lambda number, head: None if number == 2 else OK
    async with client_of(server) as client:
        await client.request("GET", "/a")
        with pytest.raises(ConnectionError):
            await client.request("POST", "/b", body={"a": 1})
    assert len(server.heads) == 2


async def test_an_error_status_becomes_its_exception(server: Server) -> None:
    body = (
        b'{"kind":"Status","status":"Failure","message":"pods \\"x\\" not found","reason":"NotFound",'
        b'"details":{"name":"x","kind":"pods"},"code":404}'
    )
    server.script = lambda *_: b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    async with client_of(server) as client:
        with pytest.raises(NotFound) as error:
            await client.get(core.Pod, "x", "default")
    assert error.value.message == 'pods "x" not found'
    assert server.heads[0].startswith(b"GET /api/v1/namespaces/default/pods/x HTTP/1.1\r\n")


async def test_429_is_waited_out_as_told(server: Server) -> None:
    busy = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"
    server.script = lambda number, head: busy if number == 1 else OK
    client = client_of(server)
    task = asyncio.ensure_future(client.request("POST", "/x", body={}))
    clock = client.clock
    assert isinstance(clock, VirtualClock)
    while not clock.pending:  # noqa: ASYNC110 - a real socket: there is no event to wait for
        await asyncio.sleep(0.001)
    assert not task.done()
    await clock.advance("7s")
    assert (await task).status == 200
    await client.close()


async def test_a_watch_is_read_line_by_line_across_chunks(server: Server) -> None:
    first, second = b'{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n', b'{"type":"DELETED","object":{"x":1}}\n'
    text = first + second
    chunks = [text[:10], text[10 : len(first) + 5], text[len(first) + 5 :]]
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.script = lambda *_: head + b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n"
    async with client_of(server) as client:
        events = [event async for event in watch(client, core.Pod, resource_version="7")]
    assert [(e.type, e.raw) for e in events] == [("ADDED", b'{"metadata":{"name":"a"}}'), ("DELETED", b'{"x":1}')]
    assert b"watch=true" in server.heads[0] and b"resourceVersion=7" in server.heads[0]


async def test_a_cut_stream_is_an_error_not_an_end(server: Server) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    server.script = lambda *_: head + b'11\r\n{"type":"ADDED",\n\r\n'
    async with client_of(server) as client:
        lines = client.stream("GET", "/watch")
        assert await anext(lines) == b'{"type":"ADDED",'
        server.drop_all()
        with pytest.raises(ConnectionError):
            await anext(lines)


async def test_an_unread_stream_leaves_its_connection_unused(server: Server) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.script = lambda number, _: head + b"2\r\na\n\r\n" if number == 1 else OK
    async with client_of(server) as client:
        lines = client.stream("GET", "/watch")
        await anext(lines)
        await lines.aclose()
        await client.request("GET", "/after")
    assert server.connections == 2


async def test_no_server_is_an_oserror() -> None:
    client = Client(ClientConfig("http://127.0.0.1:1"))
    with pytest.raises(OSError):
        await client.request("GET", "/")


async def test_waiting_for_a_server_that_is_still_starting(server: Server) -> None:
    failing = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno"
    server.script = lambda number, head: (None, failing, OK)[number - 1]
    async with client_of(server) as client:
        waiting = asyncio.ensure_future(client.wait_for_server())
        while not waiting.done():
            await client.clock.advance(0.01)  # type: ignore[attr-defined]
            await asyncio.sleep(0.001)  # the sockets are real
        await client.wait_for_server()
    assert [head.split()[1] for head in server.heads] == [b"/livez"] * 3  # and it is not asked once it was met
