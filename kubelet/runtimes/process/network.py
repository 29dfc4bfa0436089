"""Pod networks of the process runtime, with root: a bridge per node, a veth pair per pod, routed.

Every pod has its address as a /32 and reaches everything, its neighbours too, by way of the bridge's address. So
packets between two pods pass the host's routing and its iptables both ways, and a Service's address translation is
undone on the way back without the br_netfilter module. Mirrors the CNI plugins `bridge` and `ptp`.

The host's own rules are left alone; ours carry a comment with the bridge's name, and `remove_network` takes them away.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from minik8s.client.log import get_logger
from minik8s.kubelet.runtimes.base import PortMapping, RuntimeFault

log = get_logger(__name__)


class NetworkError(RuntimeFault):
    """`ip` or `iptables` refused."""

    reason = "FailedCreatePodSandBox"


def run(command: Sequence[str], text: str = "") -> str:
    """Runs a tool; NetworkError with its own words."""
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise NetworkError(f"{' '.join(command)}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode()


def short_name(prefix: str, *parts: str) -> str:
    """An interface name (at most 15 characters) that is the same every time."""
    return prefix + hashlib.sha256("/".join(parts).encode()).hexdigest()[: 15 - len(prefix)]


@dataclass(frozen=True, slots=True)
class Rule:
    """An iptables rule of ours."""

    table: str
    chain: str
    match: tuple[str, ...]

    def command(self, action: str, comment: str) -> list[str]:
        """-C, -I or -D."""
        return [
            "iptables", "-w", "-t", self.table, action, self.chain,
            "-m", "comment", "--comment", comment, *self.match,
        ]  # fmt: skip


def render_rules(bridge: str, cidr: str) -> list[Rule]:
    """Pods may talk through this host whatever FORWARD's policy is (Docker sets DROP), and reach the world as the
    host."""
    return [
        Rule("filter", "FORWARD", ("-i", bridge, "-j", "ACCEPT")),
        Rule("filter", "FORWARD", ("-o", bridge, "-j", "ACCEPT")),
        Rule("nat", "POSTROUTING", ("-s", cidr, "!", "-o", bridge, "!", "-d", cidr, "-j", "MASQUERADE")),
    ]


def render_host_ports(address: str, ports: Sequence[PortMapping]) -> list[Rule]:
    """hostPorts, as CNI's `portmap` has them: from elsewhere, from this host, and from its localhost."""
    rules = []
    for port in ports:
        protocol = port.protocol.lower()
        where = ("-d", f"{port.host_ip}/32") if port.host_ip not in ("", "0.0.0.0") else ()
        match = ("-p", protocol, *where, "-m", "addrtype", "--dst-type", "LOCAL", "-m", protocol)
        target = ("--dport", str(port.host_port), "-j", "DNAT", "--to-destination", f"{address}:{port.container_port}")
        rules += [Rule("nat", chain, (*match, *target)) for chain in ("PREROUTING", "OUTPUT")]
    if rules:
        rules.append(Rule("nat", "POSTROUTING", ("-s", "127.0.0.0/8", "-d", f"{address}/32", "-j", "MASQUERADE")))
    return rules


def render_host_batch(veth: str, bridge: str, pid: int, address: str, gateway: str) -> str:
    """For `ip -batch`: the pair, its other end in the pod, ours on the bridge, and the way to it.

    The route is the pod's own: another cluster's bridge with the same range does not take its packets away.
    """
    return (
        f"link add {veth} type veth peer name eth0 netns {pid}\n"
        f"link set {veth} master {bridge} up\n"
        f"route replace {address}/32 dev {bridge} src {gateway}\n"
    )


def parse_host_routes(text: str) -> set[str]:
    """/proc/net/route → addresses that have a route of their own (hexadecimal, the host's byte order)."""
    found = set()
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[7] == "FFFFFFFF":
            found.add(str(ipaddress.ip_address(int(fields[1], 16).to_bytes(4, sys.byteorder))))
    return found


def render_pod_batch(address: str, gateway: str) -> str:
    """For `ip -batch` inside the pod."""
    return (
        "link set lo up\n"
        f"address add {address}/32 dev eth0\n"
        "link set eth0 up\n"
        f"route add {gateway} dev eth0\n"
        f"route add default via {gateway} dev eth0\n"
    )


class PodNetwork:
    """One node's pods. Blocking work goes to threads."""

    def __init__(self, cidr: str, owner: str) -> None:
        network = ipaddress.ip_network(cidr, strict=False)
        self.cidr = str(network)
        self._first = int(network.network_address)
        self._size = network.num_addresses
        self._prefix = network.prefixlen
        self.gateway = str(ipaddress.ip_address(self._first + 1))
        self.bridge = short_name("mk8s", owner, self.cidr)
        self._used: set[str] = set()

    def adopt(self, addresses: Iterable[str]) -> None:
        """Of pods that run already."""
        self._used.update(addresses)

    def take(self) -> str:
        """The lowest free address; another cluster on this host may have the same range."""
        taken = self._used | parse_host_routes(Path("/proc/net/route").read_text())
        for offset in range(2, self._size - 1):
            address = str(ipaddress.ip_address(self._first + offset))
            if address not in taken:
                self._used.add(address)
                return address
        raise NetworkError(f"no free pod address in {self.cidr}")

    def release(self, address: str) -> None:
        """It may be given to another pod."""
        self._used.discard(address)

    async def set_up(self) -> None:
        """The bridge, forwarding, our rules. Done again at every start: it may have been taken away."""
        await asyncio.to_thread(self._set_up)

    def _set_up(self) -> None:
        if not Path(f"/sys/class/net/{self.bridge}").exists():
            run(["ip", "link", "add", self.bridge, "type", "bridge"])
        with contextlib.suppress(NetworkError):  # there already
            run(["ip", "address", "add", f"{self.gateway}/{self._prefix}", "dev", self.bridge])
        run(["ip", "link", "set", self.bridge, "up"])
        for name, value in (("ip_forward", "1"), (f"conf/{self.bridge}/send_redirects", "0")):
            Path("/proc/sys/net/ipv4", name).write_text(value)
        # A node's own pods may be reached through localhost's NodePorts.
        Path("/proc/sys/net/ipv4/conf", self.bridge, "route_localnet").write_text("1")
        for rule in render_rules(self.bridge, self.cidr):
            try:
                run(rule.command("-C", self.bridge))
            except NetworkError:
                run(rule.command("-I", self.bridge))
            except FileNotFoundError:
                log.warning("iptables is not installed: pods reach only their node", bridge=self.bridge)
                return

    async def connect(self, pid: int, address: str, veth: str) -> None:
        """Gives the network namespace of `pid` its interface."""
        await asyncio.to_thread(self._connect, pid, address, veth)

    def _connect(self, pid: int, address: str, veth: str) -> None:
        run(["ip", "-batch", "-"], render_host_batch(veth, self.bridge, pid, address, self.gateway))
        run(["nsenter", "-t", str(pid), "-n", "ip", "-batch", "-"], render_pod_batch(address, self.gateway))

    async def publish(self, veth: str, address: str, ports: Sequence[PortMapping]) -> None:
        """Gives a pod its hostPorts; the rules carry the name of its interface."""
        for rule in render_host_ports(address, ports):
            await asyncio.to_thread(run, rule.command("-I", veth))

    async def unpublish(self, veth: str, address: str, ports: Sequence[PortMapping]) -> None:
        """Takes them away."""
        for rule in render_host_ports(address, ports):
            with contextlib.suppress(NetworkError, FileNotFoundError):
                await asyncio.to_thread(run, rule.command("-D", veth))

    async def disconnect(self, veth: str, address: str) -> None:
        """Takes the pair away at once (it would go with its namespace, a little later), and the way to it."""
        with contextlib.suppress(NetworkError):
            await asyncio.to_thread(run, ["ip", "route", "delete", f"{address}/32", "dev", self.bridge])
        with contextlib.suppress(NetworkError):  # gone already
            await asyncio.to_thread(run, ["ip", "link", "delete", veth])

    def remove(self) -> None:
        """Everything of ours on this host."""
        for rule in render_rules(self.bridge, self.cidr):
            with contextlib.suppress(NetworkError, FileNotFoundError):
                run(rule.command("-D", self.bridge))
        if Path(f"/sys/class/net/{self.bridge}").exists():
            with contextlib.suppress(NetworkError):
                run(["ip", "link", "delete", self.bridge])
