"""The core, after the Kubernetes DNS specification: every record it demands, and what is not there."""

import pytest

from minik8s.addons.dns.answer import MAX_ALIASES, Question, Zone, answer
from tests.unit.addons.dns.cluster import CLUSTER

ZONE = Zone("cluster.local", "10.96.0.10", serial=7)
NXDOMAIN = "NXDOMAIN"


def ask(name: str, kind: str = "A"):
    found = answer(Question(name, kind), CLUSTER, ZONE)
    if found is None:
        return "forward"
    if not found.exists:
        assert not found.records
        return NXDOMAIN
    return sorted(f"{r.type} {r.data}" for r in found.records)


SRV_WEB = "SRV 0 100 80 web.default.svc.cluster.local."


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        # 2.2 schema version
        ("dns-version.cluster.local", "TXT", ['TXT "1.1.0"']),
        ("dns-version.cluster.local", "A", []),
        # 2.3 services with a cluster IP
        ("kubernetes.default.svc.cluster.local", "A", ["A 10.96.0.1"]),
        ("kubernetes.default.svc.cluster.local", "AAAA", []),
        ("dual.default.svc.cluster.local", "AAAA", ["AAAA fd00::30"]),
        ("dual.default.svc.cluster.local", "A", ["A 10.96.0.30"]),
        ("_http._tcp.web.default.svc.cluster.local", "SRV", [SRV_WEB]),
        ("_metrics._tcp.web.default.svc.cluster.local", "SRV", ["SRV 0 100 90 web.default.svc.cluster.local."]),
        ("_http._tcp.web.default.svc.cluster.local", "A", ["A 10.96.0.20"]),
        ("_http._udp.web.default.svc.cluster.local", "SRV", NXDOMAIN),
        ("_nope._tcp.web.default.svc.cluster.local", "SRV", NXDOMAIN),
        ("_tcp.web.default.svc.cluster.local", "SRV", []),
        ("_udp.db.default.svc.cluster.local", "SRV", NXDOMAIN),
        ("http.tcp.web.default.svc.cluster.local", "SRV", NXDOMAIN),
        ("192-0-2-1.kubernetes.default.svc.cluster.local", "A", ["A 192.0.2.1"]),
        ("1.0.96.10.in-addr.arpa", "PTR", ["PTR kubernetes.default.svc.cluster.local."]),
        ("1.0.96.10.in-addr.arpa", "A", []),
        # 2.4 headless services
        ("db.default.svc.cluster.local", "A", ["A 10.1.0.1", "A 10.1.0.2", "A 10.1.0.4"]),
        ("db-1.db.default.svc.cluster.local", "A", ["A 10.1.0.2"]),
        ("10-1-0-4.db.default.svc.cluster.local", "A", ["A 10.1.0.4"]),
        ("10-1-0-3.db.default.svc.cluster.local", "A", NXDOMAIN),
        ("10-1-0-1.db.default.svc.cluster.local", "A", NXDOMAIN),
        (
            "_http._tcp.db.default.svc.cluster.local",
            "SRV",
            [f"SRV 0 33 80 {host}.db.default.svc.cluster.local." for host in ("10-1-0-4", "db-0", "db-1")],
        ),
        ("2.0.1.10.in-addr.arpa", "PTR", ["PTR db-1.db.default.svc.cluster.local."]),
        ("portless.default.svc.cluster.local", "A", ["A 10.1.0.9"]),
        ("portless.default.svc.cluster.local", "SRV", []),
        ("empty.default.svc.cluster.local", "A", NXDOMAIN),
        # 2.5 external names
        ("out.default.svc.cluster.local", "CNAME", ["CNAME www.example.com."]),
        ("out.default.svc.cluster.local", "A", ["CNAME www.example.com."]),
        ("in.default.svc.cluster.local", "A", ["A 10.96.0.20", "CNAME web.default.svc.cluster.local."]),
        ("in.default.svc.cluster.local", "CNAME", ["CNAME web.default.svc.cluster.local."]),
        ("x.out.default.svc.cluster.local", "A", NXDOMAIN),
        ("literal.default.svc.cluster.local", "A", NXDOMAIN),
        # 2.6 pods
        ("10-1-2-3.default.pod.cluster.local", "A", ["A 10.1.2.3"]),
        ("10-1-2-3.default.pod.cluster.local", "AAAA", []),
        ("fd00--1.default.pod.cluster.local", "AAAA", ["AAAA fd00::1"]),
        ("10-1-2-3.nowhere.pod.cluster.local", "A", NXDOMAIN),
        ("web.default.pod.cluster.local", "A", NXDOMAIN),
        ("10-1-2-300.default.pod.cluster.local", "A", NXDOMAIN),
        ("x.10-1-2-3.default.pod.cluster.local", "A", NXDOMAIN),
        # what is between the names, and what is not there
        ("cluster.local", "A", []),
        ("cluster.local", "NS", ["NS ns.dns.cluster.local."]),
        ("ns.dns.cluster.local", "A", ["A 10.96.0.10"]),
        ("dns.cluster.local", "A", []),
        ("svc.cluster.local", "A", []),
        ("pod.cluster.local", "A", []),
        ("default.svc.cluster.local", "A", []),
        ("default.pod.cluster.local", "A", []),
        ("nowhere.svc.cluster.local", "A", NXDOMAIN),
        ("nope.default.svc.cluster.local", "A", NXDOMAIN),
        ("a.b.c.web.default.svc.cluster.local", "A", NXDOMAIN),
        ("kubernetes.default.cluster.local", "A", NXDOMAIN),
        ("kubernetes.default.svc.cluster.local", "ANY", []),
        # not ours
        ("example.com", "A", "forward"),
        ("mycluster.local", "A", "forward"),
        ("4.3.2.1.in-addr.arpa", "PTR", "forward"),
        ("x.in-addr.arpa", "PTR", "forward"),
    ],
)
def test_names(name, kind, expected):
    assert ask(name, kind) == expected


def test_the_domains_soa():
    [record] = ask("cluster.local", "SOA")
    assert record == "SOA ns.dns.cluster.local. hostmaster.cluster.local. 7 7200 1800 86400 5"


def test_srv_brings_the_addresses_of_its_hosts():
    found = answer(Question("_http._tcp.db.default.svc.cluster.local", "SRV"), CLUSTER, ZONE)
    assert found is not None
    assert [(r.name.partition(".")[0], r.data) for r in found.additional] == [
        ("db-0", "10.1.0.1"),
        ("db-1", "10.1.0.2"),
        ("10-1-0-4", "10.1.0.4"),
    ]


def test_an_alias_to_the_world_is_to_be_followed_for_addresses_only():
    name = "out.default.svc.cluster.local"
    follows = {}
    for kind in ("A", "AAAA", "CNAME"):
        found = answer(Question(name, kind), CLUSTER, ZONE)
        assert found is not None
        follows[kind] = found.follow
    assert follows == {"A": "www.example.com", "AAAA": "www.example.com", "CNAME": ""}


def test_an_alias_to_nothing_says_so_and_keeps_the_alias():
    found = answer(Question("dead.default.svc.cluster.local", "A"), CLUSTER, ZONE)
    assert found is not None and not found.exists
    assert [r.type for r in found.records] == ["CNAME"]


def test_aliases_that_go_round_end():
    found = answer(Question("round.default.svc.cluster.local", "A"), CLUSTER, ZONE)
    assert found is not None and len(found.records) == MAX_ALIASES + 1


def test_another_domain():
    zone = Zone("k8s.example")
    assert answer(Question("web.default.svc.k8s.example", "A"), CLUSTER, zone)
    assert answer(Question("web.default.svc.cluster.local", "A"), CLUSTER, zone) is None
