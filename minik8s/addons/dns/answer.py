"""The core: a question and what is known → an answer; pure, no sockets and no bytes.

Mirrors CoreDNS ``plugin/kubernetes/kubernetes.go`` (findServices, findPods), ``reverse.go`` and
``plugin/backend_lookup.go``, after the Kubernetes DNS specification 1.1 (kubernetes/dns docs/specification.md).
Leaves out zone transfer, ``pods verified`` and several domains.

Invariants: a name of the cluster's domain is never forwarded. A name that exists but lacks the asked type is NODATA
(``exists`` and no records), one that does not exist is NXDOMAIN; so are headless services without a ready endpoint, as
the specification has it. Address families are treated alike: a dual-stack service would be answered in both.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from minik8s.addons.dns.names import (
    PodName,
    ServiceName,
    address_of_pod_label,
    address_of_reverse,
    is_within,
    labels_below,
    parse,
)
from minik8s.addons.dns.records import Port, Records, Service

TTL = 5
SCHEMA_VERSION, SCHEMA_VERSION_TTL = "1.1.0", 28800
#: How many ExternalName services may lead to one another.
MAX_ALIASES = 8
#: SOA: refresh, retry, expire.
SOA_TIMES = "7200 1800 86400"


class Question(NamedTuple):
    """A name (lower case, no final dot) and a type (``A``, ``SRV``, …)."""

    name: str
    type: str


class Record(NamedTuple):
    """A resource record; ``data`` as in a zone file."""

    name: str
    type: str
    data: str
    ttl: int = TTL


@dataclass
class Answer:
    """``zone``: whose SOA goes with a negative answer. ``follow``: a name outside that an alias leads to; whoever can
    ask the world adds its records."""

    exists: bool
    zone: str
    records: list[Record] = field(default_factory=list)
    additional: list[Record] = field(default_factory=list)
    follow: str = ""


@dataclass(frozen=True)
class Zone:
    """The cluster's domain, the address of its name server, and the serial of its SOA."""

    domain: str = "cluster.local"
    server_address: str = ""
    serial: int = 1

    @property
    def server_name(self) -> str:
        return f"ns.dns.{self.domain}"

    def soa(self, zone: str) -> Record:
        """What says who is responsible for ``zone``, and for how long "no" may be remembered."""
        data = f"{self.server_name}. hostmaster.{self.domain}. {self.serial} {SOA_TIMES} {TTL}"
        return Record(zone, "SOA", data)


class Target(NamedTuple):
    """An address behind a name; ``host`` is the name that an SRV record gives for it."""

    address: str
    port: int
    host: str


def answer(question: Question, records: Records, zone: Zone) -> Answer | None:
    """The answer, or None for a name that is not ours to answer."""
    address = address_of_reverse(question.name)
    if address is not None:
        return _answer_reverse(question, address, records, zone)
    if not is_within(question.name, zone.domain):
        return None
    return _answer_within(question, records, zone, depth=0)


def _answer_within(question: Question, records: Records, zone: Zone, depth: int) -> Answer:
    fixed = _answer_fixed(question, zone)
    if fixed is not None:
        return fixed
    match parse(labels_below(question.name, zone.domain)):
        case PodName() as pod:
            return _answer_pod(question, pod, records, zone)
        case ServiceName() as name:
            return _answer_service(question, name, records, zone, depth)
    return Answer(False, zone.domain)


def _answer_fixed(question: Question, zone: Zone) -> Answer | None:
    """The names that are always there: the domain, its schema version, its name server, and what is above those."""
    found = Answer(True, zone.domain)
    below = question.name.removesuffix(zone.domain).rstrip(".")
    if below == "":
        if question.type == "SOA":
            found.records = [zone.soa(zone.domain)]
        elif question.type == "NS":
            found.records = [Record(question.name, "NS", f"{zone.server_name}.")]
            found.additional = _addresses(zone.server_name, [zone.server_address], ("A", "AAAA"))
    elif below == "dns-version":
        if question.type == "TXT":
            found.records = [Record(question.name, "TXT", f'"{SCHEMA_VERSION}"', SCHEMA_VERSION_TTL)]
    elif below == "ns.dns":
        found.records = _addresses(question.name, [zone.server_address], (question.type,))
    elif below not in ("svc", "pod", "dns"):
        return None
    return found


def _answer_pod(question: Question, pod: PodName, records: Records, zone: Zone) -> Answer:
    if not records.has_namespace(pod.namespace):
        return Answer(False, zone.domain)
    if not pod.label:
        return Answer(True, zone.domain)
    address = address_of_pod_label(pod.label)
    if address is None:
        return Answer(False, zone.domain)
    return Answer(True, zone.domain, _addresses(question.name, [address], (question.type,)))


def _answer_service(question: Question, name: ServiceName, records: Records, zone: Zone, depth: int) -> Answer:
    if not name.service:
        return Answer(records.has_namespace(name.namespace), zone.domain)
    service = records.service(name.namespace, name.service)
    if service is None:
        return Answer(False, zone.domain)
    if service.external_name:
        return _answer_external(question, name, service, records, zone, depth)
    targets = find_targets(service, name, records, zone.domain)
    if targets is None:
        return Answer(False, zone.domain)
    if name.protocol and not name.port:
        return Answer(True, zone.domain)
    if question.type == "SRV":
        return _answer_srv(question, targets, zone)
    return Answer(True, zone.domain, _addresses(question.name, [t.address for t in targets], (question.type,)))


def _answer_external(
    question: Question, name: ServiceName, service: Service, records: Records, zone: Zone, depth: int
) -> Answer:
    """An alias, with what it leads to where addresses are asked for. An address for a name is no alias."""
    target = service.external_name
    if name.endpoint or name.protocol or _family(target):
        return Answer(False, zone.domain)
    found = Answer(True, zone.domain, [Record(question.name, "CNAME", f"{target}.")])
    if question.type == "CNAME":
        return found
    if not is_within(target, zone.domain):
        found.follow = target
    elif depth < MAX_ALIASES:
        final = _answer_within(Question(target, question.type), records, zone, depth + 1)
        found.exists, found.follow = final.exists, final.follow
        found.records += final.records
        found.additional = final.additional
    return found


def find_targets(service: Service, name: ServiceName, records: Records, domain: str) -> list[Target] | None:
    """The addresses behind a name of a service that has any; None where the name does not exist."""
    host = f"{service.name}.{service.namespace}.svc.{domain}"
    if not service.headless and not name.endpoint:
        ports = [port for port in service.ports if _matches(name, port)]
        return [Target(address, p.number, host) for p in ports for address in service.addresses] if ports else None
    targets: list[Target] = []
    for slice_ in records.slices(service.namespace, service.name):
        # a headless service may have no port at all, and still has addresses
        for port in slice_.ports or (Port("", "", 0),):
            if not _matches(name, port):
                continue
            for endpoint in slice_.endpoints:
                if name.endpoint in ("", endpoint.label):
                    targets.append(Target(endpoint.address, port.number, f"{endpoint.label}.{host}"))
    return list(dict.fromkeys(targets)) or None


def _matches(name: ServiceName, port: Port) -> bool:
    if name.protocol and not name.port:
        return bool(port.name) and name.protocol == port.protocol
    return not name.port or (name.port, name.protocol) == (port.name, port.protocol)


def _answer_srv(question: Question, targets: Iterable[Target], zone: Zone) -> Answer:
    """One record for each host and port, all of equal weight; the hosts' addresses come along."""
    pairs = dict.fromkeys((t.host, t.port) for t in targets if t.port)
    weight = max(1, 100 // len(pairs)) if pairs else 0
    found = Answer(True, zone.domain)
    found.records = [Record(question.name, "SRV", f"0 {weight} {port} {host}.") for host, port in pairs]
    for target in targets:
        found.additional += _addresses(target.host, [target.address], ("A", "AAAA"))
    found.additional = list(dict.fromkeys(found.additional))
    return found


def _answer_reverse(question: Question, address: str, records: Records, zone: Zone) -> Answer | None:
    """The names of an address: its service's, else those of the endpoints that have it."""
    hosts = [f"{s.name}.{s.namespace}.svc.{zone.domain}" for s in records.services_at(address)][:1]
    hosts = hosts or [
        f"{endpoint.label}.{slice_.service}.{slice_.namespace}.svc.{zone.domain}"
        for slice_ in records.slices_at(address)
        for endpoint in slice_.endpoints
        if endpoint.address == address and slice_.service
    ]
    if not hosts:
        return None
    found = Answer(True, question.name)
    if question.type == "PTR":
        found.records = [Record(question.name, "PTR", f"{host}.") for host in dict.fromkeys(hosts)]
    return found


def _addresses(name: str, addresses: Iterable[str], types: tuple[str, ...]) -> list[Record]:
    """Records of those addresses whose family is among ``types``."""
    return [Record(name, _family(a), a) for a in dict.fromkeys(addresses) if a and _family(a) in types]


def _family(text: str) -> str:
    """``A`` or ``AAAA``, the type of record for an address; empty for what is none."""
    try:
        return "A" if ipaddress.ip_address(text).version == 4 else "AAAA"
    except ValueError:
        return ""
