"""The sockets: datagrams and streams in, answers out.

Mirrors CoreDNS ``core/dnsserver``. Bound to one address, not to all: an answer must leave with the source address that
the query went to, or connection tracking would not know it.

Invariants: before the watches are synced the answer is SERVFAIL, never "no such name"; a fault in one query is logged
and costs that query only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import dns.rcode

from minik8s.addons.dns import message
from minik8s.addons.dns.answer import Answer, Zone, answer
from minik8s.addons.dns.forward import Forwarder
from minik8s.addons.dns.records import Records
from minik8s.component import get_logger

log = get_logger(__name__)

#: How many queries may be under way; more are answered with SERVFAIL at once.
MAX_UNDER_WAY = 1000
#: How long a stream may be idle (RFC 7766 asks for "a few seconds").
STREAM_IDLE_SECONDS = 10.0


class SyncedRecords(Records, Protocol):
    """Records that say whether they are complete."""

    @property
    def synced(self) -> bool: ...


class Resolver:
    """From the bytes of a query to the bytes of its answer."""

    def __init__(self, records: SyncedRecords, zone: Zone, forwarder: Forwarder) -> None:
        self.records, self.zone, self.forwarder = records, zone, forwarder

    async def resolve(self, wire: bytes, tcp: bool) -> bytes:
        """The answer; empty where none is due."""
        query = message.parse_query(wire)
        if query is None:
            return b""
        limit = message.MAX_TCP if tcp else query.max_size
        if query.question is None:
            return message.encode(message.render_refusal(query, query.refusal), limit)
        if not self.records.synced:
            return message.encode(message.render_refusal(query, dns.rcode.SERVFAIL), limit)
        found = answer(query.question, self.records, self.zone)
        if found is None:
            forwarded = await self.forwarder.ask(wire, tcp)
            if forwarded is not None:
                return message.fit_wire(forwarded, limit)
            return message.encode(message.render_refusal(query, dns.rcode.SERVFAIL), limit)
        return await self._finish(query, found, tcp, limit)

    async def _finish(self, query: message.Query, found: Answer, tcp: bool, limit: int) -> bytes:
        reply = message.render_answer(query, found, self.zone)
        if found.follow and query.question is not None:
            looked_up = await self.forwarder.ask(message.render_lookup(found.follow, query.question.type), tcp)
            if looked_up is not None:
                message.add_lookup(reply, looked_up)
        return message.encode(reply, limit)


class Server:
    """UDP and TCP on one address and port."""

    def __init__(self, resolver: Resolver, host: str, port: int) -> None:
        self.resolver, self.host, self.port = resolver, host, port
        self.listening = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until cancelled; OSError if the port is taken."""
        loop = asyncio.get_running_loop()
        streams = await asyncio.start_server(self._serve_stream, self.host, self.port)
        self.port = streams.sockets[0].getsockname()[1]  # port 0 means any, for tests
        datagrams, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=(self.host, self.port))
        self.listening = True
        log.info("serving", address=self.host, port=self.port)
        try:
            await loop.create_future()
        finally:
            self.listening = False
            datagrams.close()
            streams.close()
            for task in list(self._tasks):
                task.cancel()

    def accept(self, wire: bytes, send: Callable[[bytes], None]) -> None:
        """Answer a datagram, by and by."""
        if len(self._tasks) >= MAX_UNDER_WAY:
            send(message.servfail(wire))
            return
        self._start(self._answer(wire, send))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, wire: bytes, send: Callable[[bytes], None]) -> None:
        reply = await self._resolve(wire, tcp=False)
        if reply:
            send(reply)

    async def _resolve(self, wire: bytes, tcp: bool) -> bytes:
        try:
            return await self.resolver.resolve(wire, tcp)
        except Exception as error:  # noqa: BLE001 - the worker's one broad except: a query must not end the server
            log.warning("query failed", error=f"{type(error).__name__}: {error}")
            return message.servfail(wire)

    async def _serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Queries of a stream one after the other, each with its length in front."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                async with asyncio.timeout(STREAM_IDLE_SECONDS):
                    length = int.from_bytes(await reader.readexactly(2), "big")
                    wire = await reader.readexactly(length)
                reply = await self._resolve(wire, tcp=True)
                if not reply:
                    break
                writer.write(len(reply).to_bytes(2, "big") + reply)
                await writer.drain()
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: Server) -> None:
        self.server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport) or hasattr(transport, "sendto")
        self.transport: Any = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.server.accept(data, lambda reply: None if self.transport.is_closing() else self._send(reply, addr))

    def error_received(self, exc: Exception) -> None:
        log.debug("client is gone", error=str(exc))

    def _send(self, reply: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(reply, addr)
