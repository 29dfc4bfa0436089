"""Which resolvers are asked, in which order, and what is believed."""

import os

import dns.message

from minik8s.addons.dns.forward import IMPATIENCE, PATIENCE, Forwarder, matches, parse_nameservers

QUERY = dns.message.make_query("example.com", "A").to_wire()


def reply_to(query: bytes) -> bytes:
    return dns.message.make_response(dns.message.from_wire(query)).to_wire()


class World:
    """Resolvers that answer unless they are silent; notes who was asked."""

    def __init__(self, *silent: str, cut: bool = False) -> None:
        self.silent, self.cut = set(silent), cut
        self.asked: list[tuple[str, bool, float]] = []

    async def exchange(self, server: str, wire: bytes, tcp: bool, timeout: float) -> bytes:
        self.asked.append((server, tcp, timeout))
        if server in self.silent:
            raise TimeoutError
        reply = bytearray(reply_to(wire))
        if self.cut and not tcp:
            reply[2] |= 0x02
        return bytes(reply)

    def servers(self) -> list[str]:
        servers = [server for server, _, _ in self.asked]
        self.asked.clear()
        return servers


def forwarder(tmp_path, world, *servers):
    file = tmp_path / "resolv.conf"
    file.write_text("".join(f"nameserver {server}\n" for server in servers))
    return Forwarder(file, frozenset({"10.96.0.10"}), world.exchange)


def test_resolv_conf():
    text = "# nameserver 9.9.9.9\nnameserver 1.1.1.1\nsearch x\nnameserver 10.96.0.10\nnameserver ::1\nnameserver\n"
    assert parse_nameservers(text, frozenset({"10.96.0.10"})) == ["1.1.1.1", "::1"]


async def test_the_answer_has_the_clients_id(tmp_path):
    reply = await forwarder(tmp_path, World(), "1.1.1.1").ask(QUERY)
    assert reply is not None and reply[:2] == QUERY[:2] and matches(QUERY, reply)


async def test_a_silent_resolver_is_asked_last_and_not_for_long(tmp_path):
    world = World("1.1.1.1")
    asks = forwarder(tmp_path, world, "1.1.1.1", "2.2.2.2")
    assert await asks.ask(QUERY) is not None
    assert world.servers() == ["1.1.1.1", "2.2.2.2"]
    assert await asks.ask(QUERY) is not None
    assert world.servers() == ["2.2.2.2"]
    world.silent = {"1.1.1.1", "2.2.2.2"}
    assert await asks.ask(QUERY) is None
    assert world.asked == [("2.2.2.2", False, PATIENCE), ("1.1.1.1", False, IMPATIENCE)]
    world.silent, world.asked = {"1.1.1.1"}, []
    assert await asks.ask(QUERY) is not None
    assert await asks.ask(QUERY) is not None
    assert world.servers() == ["1.1.1.1", "2.2.2.2", "2.2.2.2"], "whoever answers is trusted again"


async def test_nobody_to_ask(tmp_path):
    world = World()
    assert await forwarder(tmp_path, world).ask(QUERY) is None
    assert await Forwarder(tmp_path / "none", frozenset(), world.exchange).ask(QUERY) is None


async def test_a_changed_file_is_read_again(tmp_path):
    asks = forwarder(tmp_path, World(), "1.1.1.1")
    assert asks.resolvers() == ["1.1.1.1"]
    (tmp_path / "resolv.conf").write_text("nameserver 3.3.3.3\n")
    os.utime(tmp_path / "resolv.conf", ns=(1, 1))
    assert asks.resolvers() == ["3.3.3.3"]


async def test_only_a_client_on_tcp_has_a_cut_answer_asked_for_again(tmp_path):
    world = World(cut=True)
    asks = forwarder(tmp_path, world, "1.1.1.1")
    udp, tcp = await asks.ask(QUERY), await asks.ask(QUERY, tcp=True)
    assert udp is not None and udp[2] & 2
    assert tcp is not None and not tcp[2] & 2
    assert [by_tcp for _, by_tcp, _ in world.asked] == [False, False, True]


def test_what_is_believed():
    good = reply_to(QUERY)
    assert matches(QUERY, good)
    assert matches(QUERY, good.replace(b"example", b"eXAMPLE"))
    assert not matches(QUERY, bytes([good[0] ^ 1]) + good[1:]), "another id"
    assert not matches(QUERY, QUERY), "a query is no answer"
    assert not matches(QUERY, good.replace(b"example", b"attacks")), "another question"
    assert not matches(QUERY, good[:8])
    assert matches(QUERY, good[:2] + b"\x80\x05" + bytes(8)), "a refusal without its question"
