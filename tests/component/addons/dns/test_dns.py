"""The whole process but for its own event loop: a real API server, real sockets, dnspython as the client."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest

from minik8s.addons.dns.command import parse_flags, run
from minik8s.addons.dns.publish import KEY, NAME, NAMESPACE, SLICE_NAME, Location, Publisher
from minik8s.addons.dns.records import SERVICES, SLICES, WatchedRecords
from tests.component.conftest import RunningServer

SERVICES_PATH = "/api/v1/namespaces/default/services"
BIG = "big.default.svc.cluster.local"
SLICES_PATH = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Dns:
    """A running server, and questions to it."""

    def __init__(self, port: int, health_port: int) -> None:
        self.port, self.health_port = port, health_port

    async def ask(self, name: str, kind: str = "A", tcp: bool = False) -> dns.message.Message:
        query = dns.message.make_query(name, kind)
        wire = await (self._tcp(query.to_wire()) if tcp else self._udp(query.to_wire()))
        reply = dns.message.from_wire(wire)
        assert query.is_response(reply)
        return reply

    async def texts(self, name: str, kind: str = "A", tcp: bool = False) -> list[str]:
        reply = await self.ask(name, kind, tcp)
        return [rdata.to_text() for rrset in reply.answer for rdata in rrset]

    async def until(self, expected: list[str], name: str, kind: str = "A") -> None:
        """Ask until the watch has brought what is expected."""
        async with asyncio.timeout(10):
            while sorted(await self.texts(name, kind)) != sorted(expected):  # noqa: ASYNC110 - a poll from outside
                await asyncio.sleep(0.005)

    async def _udp(self, wire: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            await loop.sock_connect(client, ("127.0.0.1", self.port))
            await loop.sock_sendall(client, wire)
            async with asyncio.timeout(10):
                return await loop.sock_recv(client, 65535)

    async def _tcp(self, wire: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(len(wire).to_bytes(2, "big") + wire)
        reply = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        writer.close()
        return reply

    async def ready(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.health_port)
        except ConnectionRefusedError:
            return False
        writer.write(b"GET /readyz HTTP/1.1\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return answer.split(b" ")[1] == b"200"


@pytest.fixture
async def server(apiserver: RunningServer, tmp_path: Path) -> AsyncIterator[Dns]:
    resolv = tmp_path / "resolv.conf"
    resolv.write_text("search example.com\n")
    running = Dns(free_port(), free_port())
    flags = parse_flags(
        [
            f"--kubeconfig={apiserver.kubeconfig()}",
            f"--port={running.port}",
            f"--healthz-port={running.health_port}",
            f"--resolv-conf={resolv}",
            "--cluster-ip=10.96.0.10",
        ]
    )
    task = asyncio.create_task(run(flags))
    async with asyncio.timeout(10):
        while not await running.ready():
            assert not task.done(), "the process ended"
            await asyncio.sleep(0.01)
    yield running
    task.cancel()
    await asyncio.wait([task])


def headless(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"clusterIP": "None", "ports": [{"name": "http", "port": 80}]}}


def slice_of(service: str, *hosts: tuple[str, str, bool]) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{service}-1", "labels": {"kubernetes.io/service-name": service}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [a], "hostname": h, "conditions": {"ready": ready}} for a, h, ready in hosts],
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
    }


async def test_a_service_comes_changes_and_goes(apiserver: RunningServer, server: Dns) -> None:
    body = {"metadata": {"name": "web"}, "spec": {"ports": [{"name": "http", "port": 80}]}}
    made = await apiserver.create(SERVICES_PATH, body)
    address = made["spec"]["clusterIP"]
    await server.until([address], "web.default.svc.cluster.local")
    reverse = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
    assert await server.texts(reverse, "PTR") == ["web.default.svc.cluster.local."]
    assert (await server.texts("_http._tcp.web.default.svc.cluster.local", "SRV"))[0].endswith(
        " 80 web.default.svc.cluster.local."
    )
    await apiserver.call("DELETE", f"{SERVICES_PATH}/web")
    await server.until([], "web.default.svc.cluster.local")
    assert (await server.ask("web.default.svc.cluster.local")).rcode() == dns.rcode.NXDOMAIN


async def test_endpoints_of_a_headless_service(apiserver: RunningServer, server: Dns) -> None:
    await apiserver.create(SERVICES_PATH, headless("db"))
    await apiserver.create(SLICES_PATH, slice_of("db", ("10.1.0.1", "db-0", True), ("10.1.0.2", "db-1", False)))
    await server.until(["10.1.0.1"], "db.default.svc.cluster.local")
    assert await server.texts("db-0.db.default.svc.cluster.local") == ["10.1.0.1"]
    changed = slice_of("db", ("10.1.0.1", "db-0", False), ("10.1.0.2", "db-1", True))
    assert (await apiserver.call("PUT", f"{SLICES_PATH}/db-1", changed)).status == 200
    await server.until(["10.1.0.2"], "db.default.svc.cluster.local")
    assert (await server.ask("db-0.db.default.svc.cluster.local")).rcode() == dns.rcode.NXDOMAIN


async def test_many_endpoints_come_whole_over_tcp(apiserver: RunningServer, server: Dns) -> None:
    await apiserver.create(SERVICES_PATH, headless("big"))
    hosts = [(f"10.1.{i // 250}.{i % 250 + 1}", f"h{i}", True) for i in range(300)]
    await apiserver.create(SLICES_PATH, slice_of("big", *hosts))
    async with asyncio.timeout(10):
        while not (cut := await server.ask(BIG)).flags & dns.flags.TC:  # noqa: ASYNC110 - a poll from outside
            await asyncio.sleep(0.005)
    assert len(cut.to_wire()) <= 512
    assert len(await server.texts(BIG, tcp=True)) == 300


async def test_an_external_name(apiserver: RunningServer, server: Dns) -> None:
    spec = {"type": "ExternalName", "externalName": "foo.example.com"}
    await apiserver.create(SERVICES_PATH, {"metadata": {"name": "out"}, "spec": spec})
    await server.until(["foo.example.com."], "out.default.svc.cluster.local", "CNAME")
    assert await server.texts("out.default.svc.cluster.local") == ["foo.example.com."], "nobody to follow it with"


async def test_without_resolvers_other_names_fail_at_once(server: Dns) -> None:
    assert (await server.ask("example.com")).rcode() == dns.rcode.SERVFAIL


async def test_the_service_is_published(apiserver: RunningServer, server: Dns) -> None:
    assert await server.texts("kube-dns.kube-system.svc.cluster.local") == ["10.96.0.10"]
    assert (await apiserver.client().get(SERVICES, NAME, NAMESPACE))["spec"]["clusterIP"] == "10.96.0.10"


async def test_the_real_server_accepts_what_is_published(apiserver: RunningServer) -> None:
    client = apiserver.client()
    where = Location("192.0.2.1", 10053, "10.96.0.10")
    await Publisher(client, WatchedRecords(client), where).reconcile(KEY)
    first = await client.get(SLICES, SLICE_NAME, NAMESPACE)
    assert first["endpoints"][0]["addresses"] == ["192.0.2.1"]
    await Publisher(client, WatchedRecords(client), where).reconcile(KEY)
    assert await client.get(SLICES, SLICE_NAME, NAMESPACE) == first, "a restart writes nothing"
