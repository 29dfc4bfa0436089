"""Wire format: what is refused, how answers are spelled and cut."""

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.update
import pytest

from minik8s.addons.dns import message
from minik8s.addons.dns.answer import Answer, Record, Zone

ZONE = Zone("cluster.local", "10.96.0.10")
NAME = "web.default.svc.cluster.local"


def query(name=NAME, kind="A", **options):
    parsed = message.parse_query(dns.message.make_query(name, kind, **options).to_wire())
    assert parsed is not None
    return parsed


def addresses(count):
    return Answer(True, ZONE.domain, [Record(NAME, "A", f"10.0.{i // 256}.{i % 256}") for i in range(count)])


def sent(parsed, found):
    return dns.message.from_wire(message.encode(message.render_answer(parsed, found, ZONE), parsed.max_size))


def test_an_answer():
    reply = sent(query(), addresses(1))
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.flags & dns.flags.AA and reply.flags & dns.flags.RA and reply.flags & dns.flags.RD
    assert [rrset.to_text() for rrset in reply.answer] == [f"{NAME}. 5 IN A 10.0.0.0"]
    assert not reply.authority


def test_the_questions_spelling_is_kept_and_does_not_matter():
    parsed = query("WeB.Default.SVC.cluster.LOCAL")
    assert parsed.question == (NAME, "A")
    assert sent(parsed, addresses(1)).answer[0].name.to_text() == "WeB.Default.SVC.cluster.LOCAL."


@pytest.mark.parametrize(("exists", "code"), [(True, dns.rcode.NOERROR), (False, dns.rcode.NXDOMAIN)])
def test_no_is_said_with_how_long_it_holds(exists, code):
    reply = sent(query(), Answer(exists, ZONE.domain))
    assert reply.rcode() == code and not reply.answer
    [soa] = reply.authority
    assert soa.name.to_text() == "cluster.local." and soa.ttl == 5 and soa[0].minimum == 5


def test_a_plain_client_gets_512_bytes_and_is_told_to_come_by_tcp():
    wire = message.encode(message.render_answer(parsed := query(), addresses(100), ZONE), parsed.max_size)
    assert len(wire) <= 512 and dns.message.from_wire(wire).flags & dns.flags.TC
    whole = message.encode(message.render_answer(parsed, addresses(100), ZONE), message.MAX_TCP)
    assert len(dns.message.from_wire(whole).answer[0]) == 100


@pytest.mark.parametrize(("payload", "size"), [(0, 512), (600, 600), (1232, 1232), (65000, 1232)])
def test_edns_size(payload, size):
    assert query(use_edns=0, payload=payload).max_size == size


def test_additional_records_are_left_out_without_a_mark():
    found = Answer(True, ZONE.domain, [Record(NAME, "SRV", f"0 1 80 {NAME}.")], addresses(100).records)
    reply = sent(query(kind="SRV"), found)
    assert reply.answer and not reply.additional and not reply.flags & dns.flags.TC


def test_addresses_are_shuffled():
    orders = {tuple(r.address for r in sent(query(use_edns=0), addresses(8)).answer[0]) for _ in range(50)}
    assert len(orders) > 1


def test_what_deserves_no_answer():
    assert message.parse_query(b"short") is None
    answered = dns.message.make_response(dns.message.make_query(NAME, "A"))
    assert message.parse_query(answered.to_wire()) is None


def refused(wire):
    parsed = message.parse_query(wire)
    assert parsed is not None and parsed.question is None
    reply = dns.message.from_wire(message.encode(message.render_refusal(parsed, parsed.refusal), 512))
    assert reply.id == int.from_bytes(wire[:2], "big") and reply.flags & dns.flags.QR
    return reply.rcode()


def test_refusals():
    two = dns.message.make_query(NAME, "A")
    two.question.append(dns.message.make_query(NAME, "TXT").question[0])
    assert refused(two.to_wire()) == dns.rcode.FORMERR
    assert refused(dns.message.make_query(NAME, "A").to_wire()[:-3]) == dns.rcode.FORMERR
    assert refused(dns.message.make_query("version.bind", "TXT", "CH").to_wire()) == dns.rcode.REFUSED
    assert refused(dns.message.make_query(NAME, "A", use_edns=1).to_wire()) == dns.rcode.BADVERS
    update = dns.update.UpdateMessage("cluster.local")
    update.add("x", 5, "A", "1.2.3.4")
    assert refused(update.to_wire()) == dns.rcode.NOTIMP


def test_what_the_world_says_of_an_alias_is_added():
    reply = message.render_answer(query(), Answer(True, ZONE.domain, [Record(NAME, "CNAME", "a.example.")]), ZONE)
    world = dns.message.make_response(dns.message.make_query("a.example", "A"))
    world.answer.append(dns.rrset.from_text("a.example.", 60, "IN", "A", "192.0.2.7"))
    message.add_lookup(reply, world.to_wire())
    assert [rrset.rdtype.name for rrset in reply.answer] == ["CNAME", "A"]
    world.set_rcode(dns.rcode.SERVFAIL)
    message.add_lookup(reply, world.to_wire())
    message.add_lookup(reply, b"nonsense")
    assert len(reply.answer) == 2 and reply.rcode() == dns.rcode.NOERROR


def test_a_forwarded_answer_that_is_too_long_is_cut():
    world = dns.message.make_response(dns.message.make_query("a.example", "A"))
    world.answer.append(dns.rrset.from_text("a.example.", 60, "IN", "A", *(f"192.0.2.{i}" for i in range(200))))
    wire = world.to_wire()
    assert message.fit_wire(wire, 65535) is wire
    assert dns.message.from_wire(message.fit_wire(wire, 512)).flags & dns.flags.TC
