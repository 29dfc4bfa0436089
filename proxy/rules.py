"""Rules from service ports: pure text, no kernel. Chains, names and order are upstream's.

Mirrors ``pkg/proxy/iptables/proxier.go`` (syncProxyRules). The path of a packet::

    PREROUTING/OUTPUT → KUBE-SERVICES ─┬─ cluster IP ──────→ KUBE-SVC-x ─ random or affinity → KUBE-SEP-x → DNAT
                                       ├─ external IP ─────→ KUBE-EXT-x ─ mark for masquerade → KUBE-SVC-x
                                       └─ local address → KUBE-NODEPORTS ─ node port → KUBE-EXT-x
    POSTROUTING → KUBE-POSTROUTING ─ marked → MASQUERADE
    INPUT/FORWARD/OUTPUT (filter) → KUBE-SERVICES, KUBE-EXTERNAL-SERVICES ─ no endpoints → REJECT

Leaves out IPv6, health-check node ports and the local-traffic detector other than ``--cluster-cidr``.

Invariants: equal input gives equal text; a chain is written whole or not at all; nothing outside our own chains is
named except the jumps of :data:`JUMPS`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from minik8s.proxy.model import Endpoint, ServicePort

#: Upstream's default masquerade bit (14).
MASQUERADE_MARK = "0x4000"

NEW = ("-m", "conntrack", "--ctstate", "NEW")
#: How packets enter our chains, upstream's iptablesJumpChains: (table, built-in chain, our chain, comment, match).
JUMPS: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (
    ("filter", "INPUT", "KUBE-EXTERNAL-SERVICES", "kubernetes externally-visible service portals", NEW),
    ("filter", "FORWARD", "KUBE-EXTERNAL-SERVICES", "kubernetes externally-visible service portals", NEW),
    ("filter", "FORWARD", "KUBE-SERVICES", "kubernetes service portals", NEW),
    ("filter", "OUTPUT", "KUBE-SERVICES", "kubernetes service portals", NEW),
    ("filter", "FORWARD", "KUBE-FORWARD", "kubernetes forwarding rules", ()),
    ("nat", "OUTPUT", "KUBE-SERVICES", "kubernetes service portals", ()),
    ("nat", "PREROUTING", "KUBE-SERVICES", "kubernetes service portals", ()),
    ("nat", "POSTROUTING", "KUBE-POSTROUTING", "kubernetes postrouting rules", ()),
)

#: Rules of one chain, without the ``-A CHAIN`` in front.
Chain = list[str]


@dataclass
class RuleSet:
    """All our chains by table: ``tables["nat"]["KUBE-SERVICES"] → rules``."""

    tables: dict[str, dict[str, Chain]] = field(default_factory=lambda: {"filter": {}, "nat": {}})

    def chain(self, table: str, name: str) -> Chain:
        """The rules of a chain, made empty on first use."""
        return self.tables[table].setdefault(name, [])


def chain_name(kind: str, *parts: str) -> str:
    """``KUBE-<kind>-<hash>``: 16 characters of the base32 of a SHA-256, as upstream's portProtoHash."""
    digest = hashlib.sha256("".join(parts).encode()).digest()
    return f"KUBE-{kind}-{base64.b32encode(digest).decode()[:16]}"


def render(service_ports: Iterable[ServicePort], cluster_cidr: str = "", masquerade_all: bool = False) -> RuleSet:
    """The whole rule set for these service ports.

    ``cluster_cidr``: traffic to cluster IPs from outside it is masqueraded (upstream's ``--cluster-cidr``).
    """
    rules = RuleSet()
    _static_chains(rules)
    local_only = ["-m", "comment", "--comment"]
    for sp in service_ports:
        _service(rules, sp, cluster_cidr, masquerade_all)
    rules.chain("nat", "KUBE-SERVICES").append(
        _join(
            *local_only,
            '"kubernetes service nodeports; NOTE: this must be the last rule in this chain"',
            "-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS",
        )
    )
    return rules


def _static_chains(rules: RuleSet) -> None:
    for name in ("KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-PROXY-CANARY"):
        rules.chain("filter", name)
    for name in ("KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-PROXY-CANARY"):
        rules.chain("nat", name)
    mark = f"{MASQUERADE_MARK}/{MASQUERADE_MARK}"
    rules.chain("nat", "KUBE-MARK-MASQ").append(f"-j MARK --or-mark {MASQUERADE_MARK}")
    rules.chain("nat", "KUBE-POSTROUTING").extend(
        [
            f"-m mark ! --mark {mark} -j RETURN",
            # The mark must not survive into a second pass (an encapsulated packet would be masqueraded twice).
            f"-j MARK --xor-mark {MASQUERADE_MARK}",
            '-m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
        ]
    )
    rules.chain("filter", "KUBE-FORWARD").extend(
        [
            "-m conntrack --ctstate INVALID -j DROP",
            f'-m comment --comment "kubernetes forwarding rules" -m mark --mark {mark} -j ACCEPT',
            '-m comment --comment "kubernetes forwarding conntrack rule"'
            " -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        ]
    )


def _service(rules: RuleSet, sp: ServicePort, cluster_cidr: str, masquerade_all: bool) -> None:
    """Entry rules, the balancing chains and the endpoints' chains of one service port."""
    cluster_chain = chain_name("SVC", sp.key, sp.protocol)
    local_chain = chain_name("SVL", sp.key, sp.protocol)
    if sp.internal_endpoints:
        target = local_chain if sp.internal_local else cluster_chain
        _entry(rules, "KUBE-SERVICES", sp, "cluster IP", _to(sp, sp.cluster_ip, sp.port), target)
    else:
        _refuse(rules, "KUBE-SERVICES", sp, _to(sp, sp.cluster_ip, sp.port), sp.internal_local)
    has_external = bool(sp.external_addresses or sp.node_port)
    if has_external:
        _external(rules, sp, cluster_cidr)
    needs_cluster = (not sp.internal_local) or (has_external and sp.cluster_endpoints)
    if sp.cluster_endpoints and needs_cluster:
        chain = rules.chain("nat", cluster_chain)
        _masquerade_cluster_ip(chain, sp, cluster_cidr, masquerade_all)
        _balance(chain, sp, sp.cluster_endpoints)
    if sp.local_endpoints and (sp.internal_local or (has_external and sp.external_local)):
        chain = rules.chain("nat", local_chain)
        _masquerade_cluster_ip(chain, sp, cluster_cidr, masquerade_all)
        _balance(chain, sp, sp.local_endpoints)
    for endpoint in dict.fromkeys(sp.cluster_endpoints + sp.local_endpoints):
        _endpoint(rules, sp, endpoint)


def _external(rules: RuleSet, sp: ServicePort, cluster_cidr: str) -> None:
    """Node port, external IPs and balancer IPs all lead to one chain, which decides about masquerading."""
    external_chain = chain_name("EXT", sp.key, sp.protocol)
    usable = bool(sp.external_endpoints)
    for kind, addresses in (("external IP", sp.external_ips), ("loadbalancer IP", sp.load_balancer_ips)):
        for address in addresses:
            match = _to(sp, address, sp.port)
            if not usable:
                _refuse(rules, "KUBE-EXTERNAL-SERVICES", sp, match, sp.external_local)
            elif kind == "loadbalancer IP" and sp.load_balancer_source_ranges:
                _entry(rules, "KUBE-SERVICES", sp, kind, match, _firewall(rules, sp, external_chain))
            else:
                _entry(rules, "KUBE-SERVICES", sp, kind, match, external_chain)
    if sp.node_port:
        match = f"-m {sp.protocol} -p {sp.protocol} --dport {sp.node_port}"
        if usable:
            rules.chain("nat", "KUBE-NODEPORTS").append(_join(_comment(sp), match, "-j", external_chain))
        else:
            local = f"-m addrtype --dst-type LOCAL {match}"
            _refuse(rules, "KUBE-EXTERNAL-SERVICES", sp, local, sp.external_local)
    if usable:
        _external_chain(rules, sp, external_chain, cluster_cidr)


def _external_chain(rules: RuleSet, sp: ServicePort, name: str, cluster_cidr: str) -> None:
    chain = rules.chain("nat", name)
    cluster_chain = chain_name("SVC", sp.key, sp.protocol)
    if not sp.external_local:
        chain.append(f'-m comment --comment "masquerade traffic for {sp.key} external destinations" -j KUBE-MARK-MASQ')
        chain.append(f"-j {cluster_chain}")
        return
    if cluster_cidr:
        chain.append(
            f'-s {cluster_cidr} -m comment --comment "pod traffic for {sp.key} external destinations"'
            f" -j {cluster_chain}"
        )
    local = f'-m comment --comment "{{}} LOCAL traffic for {sp.key} external destinations" -m addrtype --src-type LOCAL'
    chain.append(local.format("masquerade") + " -j KUBE-MARK-MASQ")
    chain.append(local.format("route") + f" -j {cluster_chain}")
    chain.append(f"-j {chain_name('SVL', sp.key, sp.protocol)}")


def _firewall(rules: RuleSet, sp: ServicePort, target: str) -> str:
    """The chain that lets only ``loadBalancerSourceRanges`` through to a balancer IP; the rest is dropped later."""
    name = chain_name("FW", sp.key, sp.protocol)
    chain = rules.chain("nat", name)
    if not chain:
        for source in sp.load_balancer_source_ranges:
            chain.append(_join(f"-s {source}", _comment(sp, "loadbalancer IP"), "-j", target))
        # What falls through was not translated, and the filter table refuses it.
        for address in sp.load_balancer_ips:
            rules.chain("filter", "KUBE-EXTERNAL-SERVICES").append(
                _join(_comment(sp, "traffic not accepted by firewall"), _to(sp, address, sp.port), "-j DROP")
            )
    return name


def _masquerade_cluster_ip(chain: Chain, sp: ServicePort, cluster_cidr: str, masquerade_all: bool) -> None:
    match = _join(_comment(sp, "cluster IP"), _to(sp, sp.cluster_ip, sp.port))
    if masquerade_all:
        chain.append(f"{match} -j KUBE-MARK-MASQ")
    elif cluster_cidr:
        chain.append(f"! -s {cluster_cidr} {match} -j KUBE-MARK-MASQ")


def _balance(chain: Chain, sp: ServicePort, endpoints: Sequence[Endpoint]) -> None:
    """Affinity first, then an even random choice: rule i of n is taken with probability 1/(n-i)."""
    names = [(e, chain_name("SEP", sp.key, sp.protocol, e.address)) for e in endpoints]
    if sp.affinity_seconds:
        for endpoint, name in names:
            recent = f"-m recent --name {name} --rcheck --seconds {sp.affinity_seconds} --reap"
            chain.append(_join(_comment(sp, f"-> {endpoint.address}"), recent, "-j", name))
    for index, (endpoint, name) in enumerate(names):
        remaining = len(names) - index
        odds = f"-m statistic --mode random --probability {1 / remaining:.11f}" if remaining > 1 else ""
        chain.append(_join(_comment(sp, f"-> {endpoint.address}"), odds, "-j", name))


def _endpoint(rules: RuleSet, sp: ServicePort, endpoint: Endpoint) -> None:
    name = chain_name("SEP", sp.key, sp.protocol, endpoint.address)
    chain = rules.chain("nat", name)
    # A pod that reaches itself through its service must see an answer from the service: hairpin.
    chain.append(_join(f"-s {endpoint.ip}", _comment(sp), "-j KUBE-MARK-MASQ"))
    remember = f"-m recent --name {name} --set" if sp.affinity_seconds else ""
    translate = f"-m {sp.protocol} -p {sp.protocol} -j DNAT --to-destination {endpoint.address}"
    chain.append(_join(_comment(sp), remember, translate))


def _entry(rules: RuleSet, chain: str, sp: ServicePort, what: str, match: str, target: str) -> None:
    rules.chain("nat", chain).append(_join(_comment(sp, what), match, "-j", target))


def _refuse(rules: RuleSet, chain: str, sp: ServicePort, match: str, local: bool) -> None:
    """No endpoints: answer at once. With a Local policy drop, since another node may have endpoints."""
    drop = local and bool(sp.cluster_endpoints)
    what = "has no local endpoints" if drop else "has no endpoints"
    rules.chain("filter", chain).append(_join(_comment(sp, what), match, "-j", "DROP" if drop else "REJECT"))


def _to(sp: ServicePort, address: str, port: int) -> str:
    return f"-m {sp.protocol} -p {sp.protocol} -d {address} --dport {port}"


def _comment(sp: ServicePort, what: str = "") -> str:
    text = f'"{sp.key} {what}"' if what else sp.key
    return f"-m comment --comment {text}"


def _join(*words: str) -> str:
    return " ".join(word for word in words if word)
