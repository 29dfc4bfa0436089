"""The userspace proxy with real sockets on loopback addresses."""

from __future__ import annotations

import asyncio
import socket

import pytest

from minik8s.proxy.model import Endpoint, ServicePort
from minik8s.proxy.userspace import UserspaceProxy


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def service_port(port: int, *endpoints: Endpoint, protocol: str = "tcp", **fields) -> ServicePort:
    return ServicePort("default", "web", "", protocol, "127.96.0.7", port, cluster_endpoints=endpoints, **fields)


async def named_server(name: str) -> tuple[asyncio.Server, Endpoint]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await reader.readline()
        writer.write(name.encode() + b" " + said)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    return server, Endpoint("127.0.0.1", server.sockets[0].getsockname()[1])


async def ask(port: int) -> str:
    reader, writer = await asyncio.open_connection("127.96.0.7", port)
    writer.write(b"hi\n")
    answer = await reader.read()
    writer.close()
    return answer.decode()


@pytest.fixture
async def proxy():
    proxy = UserspaceProxy()
    yield proxy
    proxy.close()


async def test_connections_take_turns(proxy):
    one, first = await named_server("one")
    two, second = await named_server("two")
    port = free_port()
    await proxy.apply_rules([service_port(port, first, second)])
    assert sorted([await ask(port) for _ in range(4)]) == ["one hi\n"] * 2 + ["two hi\n"] * 2
    one.close(), two.close()


async def test_a_dead_endpoint_is_passed_over(proxy):
    server, alive = await named_server("alive")
    port = free_port()
    await proxy.apply_rules([service_port(port, Endpoint("127.0.0.1", free_port()), alive)])
    assert [await ask(port) for _ in range(3)] == ["alive hi\n"] * 3
    server.close()


async def test_without_endpoints_the_connection_is_reset(proxy):
    port = free_port()
    await proxy.apply_rules([service_port(port)])
    with pytest.raises(ConnectionResetError):
        assert await ask(port) == "never"
        raise AssertionError("answered")


async def test_a_service_that_went_is_not_listened_for(proxy):
    port = free_port()
    await proxy.apply_rules([service_port(port)])
    assert await proxy.apply_rules([]) == 0
    with pytest.raises(ConnectionRefusedError):
        await ask(port)


async def test_udp_answers_come_back_to_who_asked(proxy):
    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, addr):
            self.transport.sendto(b"echo " + data, addr)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    port = free_port(socket.SOCK_DGRAM)
    endpoint = Endpoint("127.0.0.1", transport.get_extra_info("sockname")[1])
    await proxy.apply_rules([service_port(port, endpoint, protocol="udp")])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        for word in (b"a", b"b"):
            await loop.sock_sendto(client, word, ("127.96.0.7", port))
            assert await asyncio.wait_for(loop.sock_recv(client, 100), 5) == b"echo " + word
    transport.close()
