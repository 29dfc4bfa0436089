"""HTTP/1.1 for components: connections, their pool, and streams.

One `Connection` is an asyncio protocol around an httptools parser; it serves one exchange at a time and is kept for the
next. `Pool.exchange` sends a request and gives the `Exchange`, whose body is either read whole or streamed in chunks.

Invariants
    - A connection in the pool is open, and nothing of an earlier answer is left on it.
    - An exchange that is not read to its end closes its connection: it never goes back to the pool.
    - A GET that fails on a kept connection before any byte of its answer came is sent once more, on a new one; the
      server had closed the idle connection. Nothing else is repeated: it might have been done.
    - A stream that nobody reads stops the socket after 1 MiB.

Why not a library: start-up (aiohttp 348 ms, httpx 146 ms) and events per second; see the design, §9.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httptools

CONNECT_TIMEOUT = 10.0
HIGH_WATER = 1 << 20


class Exchange:
    """One request's answer on its way in: status and headers are there, the body comes by `read` or `chunk`."""

    def __init__(self, connection: Connection) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.complete = False
        self._connection = connection
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._error: Exception | None = None
        self._wakeup: asyncio.Future[None] | None = None

    async def head(self) -> None:
        """Until status and headers are in."""
        while not self.status and self._error is None:
            await self._wait()
        if not self.status and self._error is not None:
            raise self._error

    async def chunk(self) -> bytes:
        """The next piece of the body; b"" at its end."""
        while not self._chunks:
            if self._error is not None:
                raise self._error
            if self.complete:
                return b""
            await self._wait()
        piece = self._chunks.popleft()
        self._buffered -= len(piece)
        if self._buffered < HIGH_WATER:
            self._connection.resume()
        return piece

    async def read(self) -> bytes:
        """The whole body."""
        pieces: list[bytes] = []
        while piece := await self.chunk():
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Finished with it: the connection goes back to the pool if the answer was read whole, else away."""
        self._connection.finish(self)

    def feed(self, data: bytes) -> None:
        self._chunks.append(data)
        self._buffered += len(data)
        if self._buffered >= HIGH_WATER:
            self._connection.pause()
        self._wake()

    def finish(self) -> None:
        self.complete = True
        self._wake()

    def fail(self, error: Exception) -> None:
        if not self.complete:
            self._error = error
            self._wake()

    def started(self) -> None:
        self._wake()

    def _wake(self) -> None:
        if self._wakeup is not None and not self._wakeup.done():
            self._wakeup.set_result(None)

    async def _wait(self) -> None:
        self._wakeup = asyncio.get_running_loop().create_future()
        try:
            await self._wakeup
        finally:
            self._wakeup = None


class Connection(asyncio.Protocol):
    """One socket to the server. The on_… methods are httptools' callbacks."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._exchange: Exchange | None = None
        self._headers: dict[str, str] = {}
        self._keep_alive = False
        self._paused = False
        self.used = False

    # -- for the pool

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing() and self._exchange is None

    def send(self, data: bytes) -> Exchange:
        assert self._transport is not None
        self._exchange = Exchange(self)
        self._headers = {}
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(data)
        return self._exchange

    def finish(self, exchange: Exchange) -> None:
        if exchange is not self._exchange:
            return
        self._exchange = None
        self.used = True
        if exchange.complete and self._keep_alive and not self._paused and self.usable:
            self._pool.give_back(self)
        else:
            self.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        if not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    # -- asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            # a server that vanished without a word must not leave a watch waiting for ever
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)

    def data_received(self, data: bytes) -> None:
        if self._exchange is None:
            self.close()  # bytes that nobody asked for
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._exchange.finish()
        except httptools.HttpParserError as error:
            self._exchange.fail(ConnectionError(f"the server's answer is not HTTP: {error}"))
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._pool.forget(self)
        exchange, self._keep_alive = self._exchange, False
        if exchange is None or exchange.complete:
            return
        until_close = "content-length" not in exchange.headers and "transfer-encoding" not in exchange.headers
        if exchange.status and until_close and exc is None:
            exchange.finish()
        else:
            exchange.fail(ConnectionResetError(f"connection to the server lost{f': {exc}' if exc else ''}"))

    # -- httptools' callbacks

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        assert self._exchange is not None
        status = self._parser.get_status_code()
        if status < 200 and status != 101:
            self._headers = {}
            return  # 100 Continue and its like: the answer is still to come
        self._keep_alive = self._parser.should_keep_alive()
        self._exchange.status, self._exchange.headers = status, self._headers
        self._exchange.started()

    def on_body(self, data: bytes) -> None:
        assert self._exchange is not None
        self._exchange.feed(data)

    def on_message_complete(self) -> None:
        if self._exchange is not None and self._exchange.status:
            self._exchange.finish()


class Pool:
    """Connections to one server, kept while they are good."""

    def __init__(self, server: str, tls: ssl.SSLContext | None, server_name: str = "", max_idle: int = 64) -> None:
        parts = urlsplit(server)
        self.host = parts.hostname or "localhost"
        self.port = parts.port or (443 if tls else 80)
        self.prefix = parts.path.rstrip("/")
        self._authority = parts.netloc.rpartition("@")[2]
        self._tls = tls
        self._server_name = server_name or self.host
        self._idle: deque[Connection] = deque()
        self._all: set[Connection] = set()
        self._max_idle = max_idle

    async def exchange(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Exchange:
        """Send one request; back when status and headers are in."""
        data = self._render(method, target, headers, body)
        while True:
            connection = self._take() or await self._connect()
            kept = connection.used
            exchange = connection.send(data)
            try:
                await exchange.head()
            except ConnectionResetError:
                exchange.close()
                if kept and method in ("GET", "HEAD"):
                    continue
                raise
            except BaseException:
                exchange.close()
                raise
            return exchange

    def give_back(self, connection: Connection) -> None:
        if len(self._idle) < self._max_idle:
            self._idle.append(connection)
        else:
            connection.close()

    def forget(self, connection: Connection) -> None:
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def close(self) -> None:
        """Close every connection, busy ones too."""
        for connection in list(self._all):
            connection.close()

    def _take(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()  # the warmest: the others may time out
            if connection.usable:
                return connection
        return None

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, connection = await loop.create_connection(
                    lambda: Connection(self),
                    self.host,
                    self.port,
                    ssl=self._tls,
                    server_hostname=self._server_name if self._tls else None,
                )
        except TimeoutError:
            raise TimeoutError(f"no connection to {self.host}:{self.port} within {CONNECT_TIMEOUT:g} s") from None
        self._all.add(connection)
        return connection

    def _render(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
        lines = [f"{method} {self.prefix}{target} HTTP/1.1", f"Host: {self._authority}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
