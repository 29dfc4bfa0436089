"""Service ports to rules: golden text, and what must hold for any input."""

from hypothesis import given
from hypothesis import strategies as st

from minik8s.proxy.iptables import render_restore
from minik8s.proxy.model import Endpoint, ServicePort
from minik8s.proxy.rules import RuleSet, chain_name, render


def port(**fields):
    base = {
        "namespace": "default",
        "name": "web",
        "port_name": "http",
        "protocol": "tcp",
        "cluster_ip": "10.96.0.10",
        "port": 80,
        "cluster_endpoints": (Endpoint("10.0.0.1", 8080), Endpoint("10.0.0.2", 8080)),
    }
    return ServicePort(**(base | fields))


def test_chain_names_are_upstreams():
    # The value upstream's pkg/proxy/iptables/proxier_test.go expects for this service port.
    assert chain_name("SVC", "ns1/svc1:p80", "tcp") == "KUBE-SVC-XPGD46QRK7WJZT7O"
    assert chain_name("SEP", "ns1/svc1:p80", "tcp", "10.180.0.1:80") == "KUBE-SEP-SXIVWICOYRO3J4NJ"


def test_cluster_ip_golden():
    nat = render([port()]).tables["nat"]
    svc = chain_name("SVC", "default/web:http", "tcp")
    one = chain_name("SEP", "default/web:http", "tcp", "10.0.0.1:8080")
    two = chain_name("SEP", "default/web:http", "tcp", "10.0.0.2:8080")
    assert nat["KUBE-SERVICES"] == [
        f'-m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j {svc}',
        '-m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain"'
        " -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS",
    ]
    assert nat[svc] == [
        '-m comment --comment "default/web:http -> 10.0.0.1:8080" -m statistic --mode random'
        f" --probability 0.50000000000 -j {one}",
        f'-m comment --comment "default/web:http -> 10.0.0.2:8080" -j {two}',
    ]
    assert nat[one] == [
        "-s 10.0.0.1 -m comment --comment default/web:http -j KUBE-MARK-MASQ",
        "-m comment --comment default/web:http -m tcp -p tcp -j DNAT --to-destination 10.0.0.1:8080",
    ]


def test_no_endpoints_is_refused_at_once():
    rules = render([port(cluster_endpoints=(), node_port=30080)])
    refuse = '-m comment --comment "default/web:http has no endpoints"'
    assert rules.tables["filter"]["KUBE-SERVICES"] == [f"{refuse} -m tcp -p tcp -d 10.96.0.10 --dport 80 -j REJECT"]
    assert rules.tables["filter"]["KUBE-EXTERNAL-SERVICES"] == [
        f"{refuse} -m addrtype --dst-type LOCAL -m tcp -p tcp --dport 30080 -j REJECT"
    ]
    assert not rules.tables["nat"]["KUBE-NODEPORTS"]


def test_node_port_is_masqueraded_unless_local():
    external = chain_name("EXT", "default/web:http", "tcp")
    nat = render([port(node_port=30080)]).tables["nat"]
    assert nat["KUBE-NODEPORTS"] == [f"-m comment --comment default/web:http -m tcp -p tcp --dport 30080 -j {external}"]
    assert nat[external][0].endswith("-j KUBE-MARK-MASQ")
    local = (Endpoint("10.0.0.1", 8080, True),)
    nat = render([port(node_port=30080, external_local=True, local_endpoints=local)]).tables["nat"]
    assert nat[external][-1] == f"-j {chain_name('SVL', 'default/web:http', 'tcp')}"


def test_affinity_asks_the_recent_list_first():
    nat = render([port(affinity_seconds=60)]).tables["nat"]
    one = chain_name("SEP", "default/web:http", "tcp", "10.0.0.1:8080")
    svc = nat[chain_name("SVC", "default/web:http", "tcp")]
    assert f"-m recent --name {one} --rcheck --seconds 60 --reap -j {one}" in svc[0]
    assert f"-m recent --name {one} --set" in nat[one][1]


def test_source_ranges_drop_the_rest():
    rules = render([port(load_balancer_ips=("192.0.2.9",), load_balancer_source_ranges=("203.0.113.0/24",))])
    firewall = chain_name("FW", "default/web:http", "tcp")
    assert rules.tables["nat"][firewall][0].startswith("-s 203.0.113.0/24 ")
    assert "-d 192.0.2.9 --dport 80 -j DROP" in rules.tables["filter"]["KUBE-EXTERNAL-SERVICES"][0]


def test_restore_writes_only_what_changed():
    before = render([port()])
    after = render([port(cluster_endpoints=(Endpoint("10.0.0.1", 8080),))])
    text = render_restore(before, after)
    gone = chain_name("SEP", "default/web:http", "tcp", "10.0.0.2:8080")
    assert f":{gone} - [0:0]" in text and f"-X {gone}" in text
    assert "KUBE-POSTROUTING" not in text and "*filter" not in text
    assert "-A KUBE-SERVICES" not in text
    assert text.index("-A KUBE-SVC-") < text.index(f"-X {gone}")
    assert render_restore(after, after) == ""


ips = st.integers(1, 30).map(lambda i: f"10.0.0.{i}")
endpoints = st.lists(st.builds(Endpoint, ips, st.integers(1, 3)), max_size=5, unique=True).map(
    lambda found: tuple(sorted(found))
)
ports = st.builds(
    port,
    name=st.sampled_from(["a", "b", "c"]),
    protocol=st.sampled_from(["tcp", "udp"]),
    node_port=st.sampled_from([0, 30001]),
    external_ips=st.sampled_from([(), ("192.0.2.1",)]),
    external_local=st.booleans(),
    internal_local=st.booleans(),
    affinity_seconds=st.sampled_from([0, 30]),
    cluster_endpoints=endpoints,
    local_endpoints=endpoints,
).filter(lambda sp: sp.cluster_endpoints or not sp.local_endpoints)  # what is usable here is usable from anywhere
rule_sets = st.lists(ports, max_size=4, unique_by=lambda sp: (sp.key, sp.protocol)).map(render)


def apply_text(state: RuleSet, text: str) -> RuleSet:
    """What the kernel does with a restore input, and its refusals."""
    table = ""
    for line in text.splitlines():
        chains = state.tables.get(table, {})
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(":"):
            chains[line[1:].split()[0]] = []
        elif line.startswith("-A"):
            _, name, rule = line.split(" ", 2)
            chains[name].append(rule)
        elif line.startswith("-X"):
            name = line.split()[1]
            assert not chains[name], "deleting a chain with rules"
            assert not any(rule.endswith(f"-j {name}") for rules in chains.values() for rule in rules), "still named"
            del chains[name]
    return state


@given(rule_sets, rule_sets)
def test_applying_the_difference_gives_the_new_rules(old, new):
    kernel = RuleSet({table: {name: list(rules) for name, rules in c.items()} for table, c in old.tables.items()})
    assert apply_text(kernel, render_restore(old, new)).tables == new.tables


@given(rule_sets)
def test_every_jump_leads_to_a_chain_that_exists(rules):
    for chains in rules.tables.values():
        for name, chain in chains.items():
            for rule in chain:
                target = rule.split(" -j ")[-1].split()[0]
                assert target in chains or not target.startswith("KUBE-"), (name, rule)
