"""A unix socket that costs nothing until somebody connects.

gRPC takes a tenth of a second of CPU and some 20 MB to load, and most nodes never see a device plugin. So a plain
socket listens, as early as one likes; the first connection starts the real server on a private socket, and bytes are
passed between the two. No connection is lost by it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from minik8s.client.log import get_logger

log = get_logger(__name__)

#: sizeof(sun_path) less its final zero
LONGEST_PATH = 107


class LazySocket:
    """`open`, later `close`. `start` is called once, with the private socket's path."""

    def __init__(self, path: Path, private: Path, start: Callable[[Path], Awaitable[None]]) -> None:
        self.path, self._private, self._start = path, private, start
        self._server: asyncio.Server | None = None
        self._started: asyncio.Task[None] | None = None
        self._tunnels: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Raises OSError; also for a path that is too long for a socket."""
        if len(str(self.path).encode()) > LONGEST_PATH:
            raise OSError(f"{self.path} is too long for a socket (at most {LONGEST_PATH} bytes): shorten --root-dir")
        self.path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        for stale in (self.path, self._private):
            stale.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._accept, str(self.path))

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for tunnel in self._tunnels:
            tunnel.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)
        for path in (self.path, self._private):
            path.unlink(missing_ok=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tunnel = asyncio.ensure_future(self._serve(reader, writer))
        self._tunnels.add(tunnel)
        tunnel.add_done_callback(self._tunnels.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._ready()
            inner_reader, inner_writer = await asyncio.open_unix_connection(str(self._private))
        except OSError as exc:
            log.warning("no connection to the gRPC server", socket=str(self.path), error=str(exc))
            writer.close()
            return
        try:
            await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
        finally:
            writer.close()
            inner_writer.close()

    async def _ready(self) -> None:
        if self._started is None:
            self._started = asyncio.ensure_future(self._start_private())
        await asyncio.shield(self._started)

    async def _start_private(self) -> None:
        await self._start(self._private)
        self._private.chmod(0o600)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
