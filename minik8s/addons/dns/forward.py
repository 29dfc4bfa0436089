"""Names that are not ours go to the host's resolvers, as they came.

Mirrors CoreDNS ``plugin/forward``. Every query has a socket of its own: its port is random (forging an answer means to
guess it), and because it is connected, the kernel drops what others send and reports an unreachable resolver at once.
Leaves out a cache (the host's resolver has one), DNS over TLS, and health checks of their own: a resolver that was
silent is given less time until it answers again, so that a machine without a network fails fast.

Invariants: an answer is taken only if its id and question are those of the query; total waiting stays under the 5 s
after which clients give up.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

from minik8s.component import get_logger

log = get_logger(__name__)

#: How long a resolver may take; one that did not answer last time gets less.
PATIENCE, IMPATIENCE = 2.0, 0.3
#: As many resolvers as glibc uses.
MAX_RESOLVERS = 3
TRUNCATED = 0x02
HEADER = 12

Exchange = Callable[[str, bytes, bool, float], Awaitable[bytes]]


def parse_nameservers(text: str, ours: frozenset[str]) -> list[str]:
    """The addresses in a resolv.conf, but for ``ours``: asking ourselves would go round for ever."""
    words = [line.split() for line in text.splitlines()]
    found = [w[1] for w in words if len(w) > 1 and w[0] == "nameserver" and w[1] not in ours]
    return list(dict.fromkeys(found))[:MAX_RESOLVERS]


async def exchange(server: str, wire: bytes, tcp: bool, timeout: float) -> bytes:
    """One query, one answer; OSError (TimeoutError too) where there is none."""
    async with asyncio.timeout(timeout):
        return await (_exchange_tcp(server, wire) if tcp else _exchange_udp(server, wire))


class Forwarder:
    """Asks the resolvers of a resolv.conf, which may change at any time (laptops change networks)."""

    def __init__(self, resolv_conf: Path, ours: frozenset[str], exchange: Exchange = exchange) -> None:
        self._file, self._ours, self._exchange = resolv_conf, ours, exchange
        self._stamp: tuple[int, int] | None = None
        self._resolvers: list[str] = []
        self._silent: set[str] = set()

    def resolvers(self) -> list[str]:
        """The resolvers now; those that were silent last time come last."""
        try:
            stat = self._file.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            if stamp != self._stamp:
                self._resolvers = parse_nameservers(self._file.read_text(errors="replace"), self._ours)
                self._stamp = stamp
        except OSError:
            self._resolvers, self._stamp = [], None
        return sorted(self._resolvers, key=lambda server: server in self._silent)

    async def ask(self, wire: bytes, tcp: bool = False) -> bytes | None:
        """The first resolver's answer to ``wire``, or None. Over TCP a cut answer is asked for again, whole."""
        number = random.randbytes(2)
        ours = number + wire[2:]
        for server in self.resolvers():
            reply = await self._ask_one(server, ours, tcp)
            if reply is not None:
                return wire[:2] + reply[2:]
        return None

    async def _ask_one(self, server: str, wire: bytes, tcp: bool) -> bytes | None:
        timeout = IMPATIENCE if server in self._silent else PATIENCE
        try:
            reply = await self._exchange(server, wire, False, timeout)
            if tcp and reply[2] & TRUNCATED:
                reply = await self._exchange(server, wire, True, timeout)
        except OSError as error:
            if server not in self._silent:
                log.warning("resolver does not answer", resolver=server, error=str(error) or type(error).__name__)
            self._silent.add(server)
            return None
        self._silent.discard(server)
        return reply


def matches(query: bytes, reply: bytes) -> bool:
    """Whether ``reply`` answers ``query``: the same id, an answer, and the same question (without regard to case)."""
    if len(reply) < HEADER or reply[:2] != query[:2] or not reply[2] & 0x80:
        return False
    if reply[4:6] == b"\0\0":  # an error without its question
        return True
    end = _question_end(query)
    return reply[4:6] == b"\0\1" and reply[HEADER:end].lower() == query[HEADER:end].lower()


def _question_end(query: bytes) -> int:
    """Where the first question of a query that was parsed before ends."""
    at = HEADER
    while at < len(query) and query[at]:
        at += query[at] + 1
    return at + 5


class _Waiting(asyncio.DatagramProtocol):
    """Waits for the datagram that answers ``query``."""

    def __init__(self, query: bytes) -> None:
        self.query = query
        self.reply: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self.reply.done() and matches(self.query, data):
            self.reply.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.reply.done():
            self.reply.set_exception(exc)


async def _exchange_udp(server: str, wire: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: _Waiting(wire), remote_addr=(server, 53))
    try:
        transport.sendto(wire)
        return await protocol.reply
    finally:
        transport.close()


async def _exchange_tcp(server: str, wire: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(server, 53)
    try:
        writer.write(len(wire).to_bytes(2, "big") + wire)
        length = int.from_bytes(await reader.readexactly(2), "big")
        reply = await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise ConnectionError("closed in the middle of an answer") from error
    finally:
        writer.close()
    if not matches(wire, reply):
        raise ConnectionError("the answer is not to our question")
    return reply
