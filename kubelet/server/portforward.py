"""Port-forward: any number of TCP connections into a pod over one upgraded connection.

Mirrors pkg/kubelet/cri/streaming/portforward. Three ways in:

- SPDY (`portforward.k8s.io`): per connection two streams with the same `requestID` and `port`, `streamType` data and
  error.
- WebSocket that tunnels SPDY (`SPDY/3.1+portforward.k8s.io`): the same inside binary messages (kubectl ≥ 1.31).
- WebSocket channels (`v4.channel.k8s.io`): ports in the query; channels 2i (data) and 2i+1 (error), each beginning
  with the
  port in two bytes, little-endian.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable

from minik8s.kubelet.runtimes.base import ByteStream, RuntimeFault
from minik8s.kubelet.server.remote import UpgradeRefused, accept_spdy, accept_websocket
from minik8s.kubelet.server.spdy_session import SpdySession, SpdyStream
from minik8s.kubelet.server.websocket import PORT_FORWARD_TUNNEL, V4, V4_BASE64, Channels, TunnelStream
from minik8s.serving import Connection, copy_both

SPDY_PROTOCOL = "portforward.k8s.io"
WEBSOCKET_PROTOCOLS = (PORT_FORWARD_TUNNEL, V4, V4_BASE64)
Connect = Callable[[int], Awaitable[ByteStream]]


async def serve_port_forward(
    connection: Connection, headers: dict[bytes, list[bytes]], ports: list[int], connect: Connect, pod: str
) -> None:
    """Negotiates, takes over, and forwards until the client ends it."""
    if connection.upgrade == "spdy/3.1":
        session, _ = await accept_spdy(connection, headers, (SPDY_PROTOCOL,))
        await Forwarder(session, connect, pod).run()
    elif connection.upgrade == "websocket":
        socket, protocol = await accept_websocket(connection, headers, WEBSOCKET_PROTOCOLS)
        if protocol == PORT_FORWARD_TUNNEL:
            session = SpdySession(TunnelStream(socket))
            session.start()
            await Forwarder(session, connect, pod).run()
        else:
            await ChannelForwarder(Channels(socket, protocol), ports, connect, pod).run()
    else:
        raise UpgradeRefused(400, "port-forward needs an upgraded connection")


def parse_port(text: str) -> int | None:
    """1..65535."""
    return int(text) if text.isdigit() and 0 < int(text) < 65536 else None


def render_error(port: int, pod: str, exc: Exception) -> bytes:
    """What kubectl prints after "an error occurred forwarding"."""
    return f"error forwarding port {port} to pod {pod}, uid : {exc}".encode()


class Forwarder:
    """Pairs of SPDY streams."""

    def __init__(self, session: SpdySession, connect: Connect, pod: str) -> None:
        self._session = session
        self._connect = connect
        self._pod = pod
        self._pairs: dict[str, dict[str, SpdyStream]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until the session ends."""
        try:
            async for stream in self._session.accept():
                kind = stream.headers.get("streamtype", "")
                # Clients before requestID existed used one stream number after the other for a pair.
                number = stream.number - 2 if kind == "data" else stream.number
                request = stream.headers.get("requestid") or str(number)
                pair = self._pairs.setdefault(request, {})
                pair[kind] = stream
                if "data" in pair and "error" in pair:
                    del self._pairs[request]
                    task = asyncio.create_task(self._forward(pair["data"], pair["error"]))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._session.close()

    async def _forward(self, data: SpdyStream, error: SpdyStream) -> None:
        port = parse_port(data.headers.get("port", ""))
        try:
            if port is None:
                await error.write(f"invalid port {data.headers.get('port', '')!r}".encode())
                return
            try:
                target = await self._connect(port)
            except (RuntimeFault, OSError) as exc:
                await error.write(render_error(port, self._pod, exc))
                return
            try:
                await copy_both(data, target)
            finally:
                await target.close()
        except ConnectionError:
            pass  # one side went away in the middle of a copy: both are closed below
        finally:
            await data.close()
            await error.close()


class ChannelForwarder:
    """Ports as pairs of channels."""

    def __init__(self, channels: Channels, ports: list[int], connect: Connect, pod: str) -> None:
        self._channels = channels
        self._ports = ports
        self._connect = connect
        self._pod = pod
        self._targets: dict[int, ByteStream] = {}

    async def run(self) -> None:
        """Until the client ends it."""
        tasks = []
        try:
            for index, port in enumerate(self._ports):
                for channel in (2 * index, 2 * index + 1):
                    await self._channels.send(channel, struct.pack("<H", port))
                try:
                    self._targets[2 * index] = await self._connect(port)
                except (RuntimeFault, OSError) as exc:
                    await self._channels.send(2 * index + 1, render_error(port, self._pod, exc))
                    continue
                tasks.append(asyncio.create_task(self._copy_back(2 * index)))
            while (message := await self._channels.receive()) is not None:
                if target := self._targets.get(message[0]):
                    await target.write(message[1])
        except ConnectionError:
            pass  # the client or the pod's side is gone: everything is closed below
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for target in self._targets.values():
                await target.close()
            await self._channels.close()

    async def _copy_back(self, channel: int) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await self._targets[channel].read():
                await self._channels.send(channel, data)
