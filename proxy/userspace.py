"""The proxy without packet rules: one listening socket per service address, bytes copied in both directions.

Mirrors the userspace mode that upstream's kube-proxy had until 1.25 (``pkg/proxy/userspace``). For machines without
iptables or without root. Cluster IPs must then be addresses that this machine can listen on, so the launcher takes
the service range from 127.0.0.0/8. Leaves out ports under 1024 where the user may not open them (logged once) and
source addresses: endpoints see the node's.

Invariants: an address whose service port is gone stops listening at once; open connections are left to end.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Iterable

from minik8s.component import get_logger
from minik8s.proxy.balancer import Balancer
from minik8s.proxy.model import Endpoint, ServicePort

log = get_logger(__name__)

#: (protocol, address, port) that is listened on.
Listen = tuple[str, str, int]
#: Seconds without a datagram after which a UDP client's path is forgotten; upstream's udpIdleTimeout was 250 ms.
UDP_IDLE_SECONDS = 30.0


def compute_listeners(service_ports: Iterable[ServicePort]) -> dict[Listen, ServicePort]:
    """Every address to listen on and the service port behind it; pure."""
    result: dict[Listen, ServicePort] = {}
    for sp in service_ports:
        if sp.protocol not in ("tcp", "udp"):
            continue
        result[(sp.protocol, sp.cluster_ip, sp.port)] = sp
        for address in sp.external_addresses:
            result[(sp.protocol, address, sp.port)] = sp
        if sp.node_port:
            result[(sp.protocol, "0.0.0.0", sp.node_port)] = sp
    return result


class UserspaceProxy:
    """Keeps listeners equal to the service ports and balances what arrives."""

    def __init__(self) -> None:
        self.balancer = Balancer()
        self.wanted: dict[Listen, ServicePort] = {}
        self.listening: dict[Listen, asyncio.Server | asyncio.DatagramTransport] = {}
        self.failed: set[Listen] = set()
        self.tasks: set[asyncio.Task[None]] = set()

    async def apply_rules(self, service_ports: list[ServicePort]) -> int:
        """Open and close listeners; returns how many there are."""
        self.wanted = compute_listeners(service_ports)
        self.balancer.keep(sp.key for sp in service_ports)
        for key in [key for key in self.listening if key not in self.wanted]:
            self.listening.pop(key).close()
        for key in self.wanted:
            if key not in self.listening:
                await self._listen(key)
        self.failed &= set(self.wanted)
        return len(self.listening)

    def close(self) -> None:
        """Stop listening everywhere."""
        for listener in self.listening.values():
            listener.close()
        for task in self.tasks:
            task.cancel()

    async def _listen(self, key: Listen) -> None:
        protocol, address, port = key
        loop = asyncio.get_running_loop()
        try:
            if protocol == "tcp":
                self.listening[key] = await asyncio.start_server(
                    lambda reader, writer: self._serve_tcp(key, reader, writer), address, port
                )
            else:
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: _UdpFrontend(self, key), local_addr=(address, port)
                )
                self.listening[key] = transport
        except OSError as error:
            if key not in self.failed:
                log.warning("cannot listen for service", service=self.wanted[key].key, address=address, port=port,
                            error=str(error))  # fmt: skip
            self.failed.add(key)

    def choose(self, key: Listen, client: str) -> Endpoint | None:
        """The endpoint for a new flow from ``client``, or None when the service port has none."""
        sp = self.wanted.get(key)
        if sp is None:
            return None
        endpoints = sp.internal_endpoints if key[1] == sp.cluster_ip else sp.external_endpoints
        now = asyncio.get_running_loop().time()
        return self.balancer.choose(sp.key, endpoints, client, sp.affinity_seconds, now)

    async def _serve_tcp(self, key: Listen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect to an endpoint (trying each once) and copy until both sides are done."""
        client = str(writer.get_extra_info("peername")[0])
        backend = await self._connect(key, client)
        if backend is None:
            writer.transport.abort()  # a reset is what REJECT would have meant to the client
            return
        backend_reader, backend_writer = backend
        await asyncio.gather(_copy(reader, backend_writer), _copy(backend_reader, writer))
        for side in (writer, backend_writer):
            side.close()

    async def _connect(self, key: Listen, client: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        sp = self.wanted.get(key)
        for _ in range(min(len(sp.cluster_endpoints), 4) if sp else 0):
            endpoint = self.choose(key, client)
            if endpoint is None:
                return None
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                return await asyncio.wait_for(asyncio.open_connection(endpoint.ip, endpoint.port), 2)
        return None


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


class _UdpFrontend(asyncio.DatagramProtocol):
    """One service address for UDP: a socket per client towards its endpoint, forgotten when idle."""

    def __init__(self, proxy: UserspaceProxy, key: Listen) -> None:
        self.proxy, self.key = proxy, key
        self.paths: dict[tuple[str, int], _UdpBackend] = {}
        self.serial = itertools.count()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        path = self.paths.get(addr)
        if path is not None:
            path.send(data)
            return
        endpoint = self.proxy.choose(self.key, addr[0])
        if endpoint is None:
            return
        self.paths[addr] = path = _UdpBackend(self, addr)
        path.send(data)
        task = asyncio.get_running_loop().create_task(path.open(endpoint))
        self.proxy.tasks.add(task)
        task.add_done_callback(self.proxy.tasks.discard)


class _UdpBackend(asyncio.DatagramProtocol):
    """One client's path to its endpoint."""

    def __init__(self, frontend: _UdpFrontend, client: tuple[str, int]) -> None:
        self.frontend, self.client = frontend, client
        self.transport: asyncio.DatagramTransport | None = None
        self.waiting: list[bytes] = []
        self.idle: asyncio.TimerHandle | None = None

    async def open(self, endpoint: Endpoint) -> None:
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, remote_addr=(endpoint.ip, endpoint.port))
        for data in self.waiting:
            self.transport.sendto(data)
        self._touch()

    def send(self, data: bytes) -> None:
        if self.transport is None:
            self.waiting.append(data)
            return
        self.transport.sendto(data)
        self._touch()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.frontend.transport.sendto(data, self.client)  # type: ignore[attr-defined]
        self._touch()

    def error_received(self, exc: Exception) -> None:
        self._close()  # the endpoint is gone: the next datagram chooses again

    def _touch(self) -> None:
        if self.idle is not None:
            self.idle.cancel()
        self.idle = asyncio.get_running_loop().call_later(UDP_IDLE_SECONDS, self._close)

    def _close(self) -> None:
        self.frontend.paths.pop(self.client, None)
        if self.transport is not None:
            self.transport.close()
