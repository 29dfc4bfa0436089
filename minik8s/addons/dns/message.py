"""Bytes to questions and answers to bytes: the only module that knows the wire format, through dnspython.

Mirrors what github.com/miekg/dns and CoreDNS' ``request`` package do for plugins. Leaves out DNSSEC, TSIG and cookies.

Invariants: every well-formed query gets an answer; names of answers keep the spelling of the question (some clients
compare it, to make forging harder); an answer never exceeds what the client said it can take, and says when it was cut.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from minik8s.addons.dns.answer import Answer, Question, Record, Zone

#: What we take and give in one datagram at most: fits every path without fragments (DNS flag day 2020).
MAX_UDP_PAYLOAD = 1232
#: The least that any client takes, and all that one without EDNS does.
MIN_UDP_PAYLOAD = 512
MAX_TCP = 65535
HEADER = 12


@dataclass
class Query:
    """A query as received; ``question`` is None where it is refused, with ``refusal`` saying why."""

    message: dns.message.Message
    question: Question | None
    refusal: dns.rcode.Rcode = dns.rcode.NOERROR

    @property
    def max_size(self) -> int:
        """How long an answer in a datagram may be."""
        if self.message.edns < 0:
            return MIN_UDP_PAYLOAD
        return max(MIN_UDP_PAYLOAD, min(self.message.payload, MAX_UDP_PAYLOAD))


def parse_query(wire: bytes) -> Query | None:
    """The query in ``wire``; None for what deserves no answer (no header, or itself an answer)."""
    if len(wire) < HEADER or wire[2] & 0x80:
        return None
    try:
        message = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        broken = dns.message.Message(id=int.from_bytes(wire[:2], "big"))
        return Query(broken, None, dns.rcode.FORMERR)
    if message.opcode() != dns.opcode.QUERY:
        return Query(message, None, dns.rcode.NOTIMP)
    if message.edns > 0:
        return Query(message, None, dns.rcode.BADVERS)
    if len(message.question) != 1:
        return Query(message, None, dns.rcode.FORMERR)
    asked = message.question[0]
    if asked.rdclass != dns.rdataclass.IN:
        return Query(message, None, dns.rcode.REFUSED)
    name = asked.name.to_text(omit_final_dot=True).lower()
    return Query(message, Question(name, dns.rdatatype.to_text(asked.rdtype)))


def render_answer(query: Query, found: Answer, zone: Zone) -> dns.message.Message:
    """The message that says ``found``."""
    reply = _reply(query, dns.rcode.NOERROR if found.exists else dns.rcode.NXDOMAIN)
    reply.flags |= dns.flags.AA
    spelled = query.message.question[0].name
    reply.answer = _rrsets(found.records, spelled)
    reply.additional = _rrsets(found.additional, spelled)
    if not found.exists or not found.records:
        reply.authority = _rrsets([zone.soa(found.zone)], spelled)
    return reply


def render_refusal(query: Query, code: dns.rcode.Rcode) -> dns.message.Message:
    """An answer with nothing but a code."""
    return _reply(query, code)


def encode(reply: dns.message.Message, max_size: int) -> bytes:
    """The bytes; what does not fit is left out, and the answer marked as cut."""
    return reply.to_wire(max_size=max_size, prefer_truncation=True)


def fit_wire(wire: bytes, max_size: int) -> bytes:
    """A forwarded answer, cut to ``max_size`` if a resolver sent more than the client can take."""
    if len(wire) <= max_size:
        return wire
    return encode(dns.message.from_wire(wire), max_size)


def render_lookup(name: str, record_type: str) -> bytes:
    """A query of our own, for what an alias leads to."""
    return dns.message.make_query(name, record_type, use_edns=0, payload=MAX_UDP_PAYLOAD).to_wire()


def add_lookup(reply: dns.message.Message, wire: bytes) -> None:
    """Add to an alias what a resolver answered for its target, NXDOMAIN included (RFC 6604)."""
    try:
        answered = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        return
    if answered.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        reply.answer += answered.answer
        reply.set_rcode(answered.rcode())


def servfail(wire: bytes) -> bytes:
    """The answer "cannot say" to a query that was not taken apart or could not be forwarded."""
    query = parse_query(wire)
    return encode(_reply(query, dns.rcode.SERVFAIL), MAX_UDP_PAYLOAD) if query else b""


def _reply(query: Query, code: dns.rcode.Rcode) -> dns.message.Message:
    if query.message.opcode() == dns.opcode.QUERY:
        reply = dns.message.make_response(query.message, recursion_available=True, our_payload=MAX_UDP_PAYLOAD)
    else:
        reply = dns.message.Message(id=query.message.id)
        reply.flags = dns.flags.QR | (query.message.flags & dns.flags.RD)
        reply.set_opcode(query.message.opcode())
    reply.set_rcode(code)
    return reply


def _rrsets(records: Iterable[Record], spelled: dns.name.Name) -> list[dns.rrset.RRset]:
    """Records by name and type. Addresses in random order, so that clients that take the first one spread."""
    grouped: dict[tuple[str, str, int], list[str]] = {}
    for record in records:
        grouped.setdefault((record.name, record.type, record.ttl), []).append(record.data)
    asked = spelled.to_text(omit_final_dot=True).lower()
    sets = []
    for (name, record_type, ttl), data in grouped.items():
        if record_type in ("A", "AAAA"):
            random.shuffle(data)
        owner = spelled if name == asked else dns.name.from_text(name)
        sets.append(dns.rrset.from_text_list(owner, ttl, "IN", record_type, data))
    return sets
