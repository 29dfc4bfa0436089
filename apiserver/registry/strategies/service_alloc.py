"""Cluster IPs and node ports, unique across API servers.

Each address and port is a key of its own in the store, put only if absent: no bitmap that every create would fight
over, no in-memory state to rebuild after a crash. The key of an IP is that of upstream's IPAddress objects, and its
value is one. Numbers are drawn at random and drawn again when taken; a range that looks full is searched through.

A crash between claim and service leaves a claim that nobody uses. The next service that wants that very address looks
whether its owner still holds it, and takes it over where not.
"""

from __future__ import annotations

import ipaddress
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from minik8s.api.status import FieldError, InternalError, Invalid
from minik8s.api.times import format_time, parse_time
from minik8s.apiserver.registry.strategies.service_families import assign_families

if TYPE_CHECKING:
    from minik8s.apiserver.registry.interface import Context

Json = dict[str, Any]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

IP_PREFIX = "/registry/ipaddresses/"
PORT_PREFIX = "/registry/ranges/servicenodeports/"
_DRAWS = 32
#: Seconds that a claim without a service is respected.
_GRACE = 60


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one service holds."""

    ips: frozenset[str]
    ports: frozenset[int]

    @classmethod
    def of(cls, service: Json | None) -> Allocation:
        spec = (service or {}).get("spec") or {}
        if not spec or spec.get("type") == "ExternalName":
            return cls(frozenset(), frozenset())
        ports = {port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")}
        if spec.get("healthCheckNodePort"):
            ports.add(spec["healthCheckNodePort"])
        if spec.get("type") not in ("NodePort", "LoadBalancer"):
            ports = set()
        ips = [ip for ip in spec.get("clusterIPs") or () if ip and ip != "None"]
        return cls(frozenset(ips), frozenset(ports))


@dataclass(slots=True)
class ServiceReservation:
    """Claims taken for a write under way, and those to give up when it succeeds."""

    ctx: Context
    owner: bytes = b""
    taken: list[str] = field(default_factory=list)
    freed: list[str] = field(default_factory=list)

    async def commit(self) -> None:
        for key in self.freed:
            await self.ctx.registry.claims.release(key)

    async def rollback(self) -> None:
        for key in self.taken:
            await self.ctx.registry.claims.release(key)


async def allocate(ctx: Context, new: Json, old: Json | None) -> ServiceReservation:
    """Fill in and claim what the service lacks; note what the old one no longer needs."""
    spec = new.setdefault("spec", {})
    ranges = ctx.registry.service_ranges
    networks = {_family(cidr): ipaddress.ip_network(cidr) for cidr in ranges.cidrs}
    held, reservation = Allocation.of(old), ServiceReservation(ctx)
    if spec.get("type") != "ExternalName":
        assign_families(new, (old or {}).get("spec"), list(networks))
    try:
        if spec.get("type") != "ExternalName" and "None" not in (spec.get("clusterIPs") or ()):
            await _allocate_ips(reservation, new, networks, held)
        await _allocate_ports(reservation, new, (ranges.first_port, ranges.last_port), held)
    except BaseException:
        await reservation.rollback()
        raise
    final = Allocation.of(new)
    reservation.freed = [IP_PREFIX + ip for ip in held.ips - final.ips]
    reservation.freed += [f"{PORT_PREFIX}{port}" for port in held.ports - final.ports]
    return reservation


async def release_all(ctx: Context, allocation: Allocation) -> None:
    """Give back everything a removed service held."""
    for ip in allocation.ips:
        await ctx.registry.claims.release(IP_PREFIX + ip)
    for port in allocation.ports:
        await ctx.registry.claims.release(f"{PORT_PREFIX}{port}")


def _family(cidr: str) -> str:
    return "IPv6" if ":" in cidr else "IPv4"


async def _allocate_ips(
    reservation: ServiceReservation, service: Json, networks: dict[str, Network], held: Allocation
) -> None:
    spec = service["spec"]
    given: list[str] = list(spec.get("clusterIPs") or ([spec["clusterIP"]] if spec.get("clusterIP") else []))
    result: list[str] = []
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        wanted = given[index] if index < len(given) else ""
        if wanted in held.ips:
            result.append(wanted)
        elif wanted:
            await _claim_ip(reservation, service, wanted, networks[family], given)
            result.append(wanted)
        else:
            result.append(await _draw_ip(reservation, service, networks[family]))
    if result:
        spec["clusterIP"], spec["clusterIPs"] = result[0], result


async def _claim_ip(
    reservation: ServiceReservation, service: Json, ip: str, network: Network, given: list[str]
) -> None:
    problem = ""
    if ipaddress.ip_address(ip) not in network:
        problem = f"the provided IP ({ip}) is not in the valid range. The range of valid IPs is {network}"
    elif not await _claim(reservation, IP_PREFIX + ip, ip_address_object(ip, service), service):
        problem = "provided IP is already allocated"
    if problem:
        error = FieldError.invalid("spec.clusterIPs", given, f"failed to allocate IP {ip}: {problem}")
        raise Invalid.of("Service", service["metadata"]["name"], [error])


async def _draw_ip(reservation: ServiceReservation, service: Json, network: Network) -> str:
    # The first address is the network's, the second the kubernetes service's, the last broadcast's.
    low, high = int(network.network_address) + 1, int(network.broadcast_address) - (1 if network.version == 4 else 0)
    for _ in range(_DRAWS):
        ip = str(ipaddress.ip_address(random.randint(low, high)))
        if await _claim(reservation, IP_PREFIX + ip, ip_address_object(ip, service)):
            return ip
    taken = {key.removeprefix(IP_PREFIX) for key in await reservation.ctx.registry.claims.list(IP_PREFIX)}
    for number in range(low, high + 1):
        ip = str(ipaddress.ip_address(number))
        if ip not in taken and await _claim(reservation, IP_PREFIX + ip, ip_address_object(ip, service)):
            return ip
    raise InternalError.of("failed to allocate a serviceIP: range is full")


def ip_address_object(ip: str, service: Json) -> bytes:
    """The networking.k8s.io/v1 IPAddress that upstream keeps under the same key."""
    family = "IPv6" if ":" in ip else "IPv4"
    meta = service["metadata"]
    return orjson.dumps(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IPAddress",
            "metadata": {
                "name": ip,
                "uid": meta.get("uid", ""),
                "creationTimestamp": format_time(time.time()),
                "labels": {
                    "ipaddress.kubernetes.io/ip-family": family,
                    "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
                },
            },
            "spec": {
                "parentRef": {
                    "group": "",
                    "resource": "services",
                    "namespace": meta.get("namespace", ""),
                    "name": meta.get("name", ""),
                }
            },
        }
    )


async def _allocate_ports(
    reservation: ServiceReservation, service: Json, bounds: tuple[int, int], held: Allocation
) -> None:
    from minik8s.apiserver.registry.strategies.service import needs_health_port, needs_node_port

    spec = service["spec"]
    if spec.get("type") not in ("NodePort", "LoadBalancer"):
        return
    mine: set[int] = set()
    ports = spec.get("ports") or []
    for index, port in enumerate(ports):
        if port.get("nodePort") and port["nodePort"] not in mine:
            await _claim_port(reservation, service, port["nodePort"], bounds, held, f"spec.ports[{index}].nodePort")
            mine.add(port["nodePort"])
    by_port: dict[int, int] = {port["port"]: port["nodePort"] for port in ports if port.get("nodePort")}
    if needs_node_port(spec):
        for port in ports:
            if not port.get("nodePort"):
                # TCP and UDP of one service port share a node port.
                number = by_port.get(port["port"])
                if number is None or _clashes(ports, number, port.get("protocol")):
                    number = await _draw_port(reservation, service, bounds)
                by_port[port["port"]] = port["nodePort"] = number
    if needs_health_port(spec):
        number = spec.get("healthCheckNodePort")
        if number:
            await _claim_port(reservation, service, number, bounds, held, "spec.healthCheckNodePort")
        else:
            spec["healthCheckNodePort"] = await _draw_port(reservation, service, bounds)


def _clashes(ports: list[Json], number: int, protocol: str | None) -> bool:
    return any(port.get("nodePort") == number and port.get("protocol") == protocol for port in ports)


async def _claim_port(
    reservation: ServiceReservation, service: Json, port: int, bounds: tuple[int, int], held: Allocation, path: str
) -> None:
    if port in held.ports:
        return
    problem = ""
    if not bounds[0] <= port <= bounds[1]:
        problem = f"provided port is not in the valid range. The range of valid ports is {bounds[0]}-{bounds[1]}"
    elif not await _claim(reservation, f"{PORT_PREFIX}{port}", _port_owner(service), service):
        problem = "provided port is already allocated"
    if problem:
        raise Invalid.of("Service", service["metadata"]["name"], [FieldError.invalid(path, port, problem)])


async def _draw_port(reservation: ServiceReservation, service: Json, bounds: tuple[int, int]) -> int:
    for _ in range(_DRAWS):
        port = random.randint(*bounds)
        if await _claim(reservation, f"{PORT_PREFIX}{port}", _port_owner(service)):
            return port
    taken = {key.removeprefix(PORT_PREFIX) for key in await reservation.ctx.registry.claims.list(PORT_PREFIX)}
    for port in range(bounds[0], bounds[1] + 1):
        if str(port) not in taken and await _claim(reservation, f"{PORT_PREFIX}{port}", _port_owner(service)):
            return port
    raise InternalError.of("failed to allocate a nodePort: range is full")


def _port_owner(service: Json) -> bytes:
    meta = service["metadata"]
    parent = {"resource": "services", "namespace": meta.get("namespace", ""), "name": meta.get("name", "")}
    return orjson.dumps({"metadata": {"creationTimestamp": format_time(time.time())}, "spec": {"parentRef": parent}})


async def _claim(reservation: ServiceReservation, key: str, value: bytes, taker: Json | None = None) -> bool:
    """Take a key; with `taker`, also from an owner that no longer has it."""
    claims, ctx = reservation.ctx.registry.claims, reservation.ctx
    if ctx.dry_run:
        return await claims.claimed(key) is None
    for _ in range(2):
        if await claims.claim(key, value):
            reservation.taken.append(key)
            return True
        if taker is None or not await _abandoned(ctx, key):
            return False
    return False


async def _abandoned(ctx: Context, key: str) -> bool:
    """Drop a claim whose service is gone or holds something else; True when it was dropped."""
    claims = ctx.registry.claims
    value = await claims.claimed(key)
    if value is None:
        return True
    claim = orjson.loads(value)
    # A claim comes before its service by one transaction: a young one may have its owner still on the way.
    if time.time() - parse_time(claim["metadata"]["creationTimestamp"]) < _GRACE:
        return False
    parent = claim["spec"]["parentRef"]
    held = Allocation.of(await ctx.registry.get(ctx.kind, parent.get("namespace", ""), parent.get("name", "")))
    if key.removeprefix(IP_PREFIX) in held.ips or key.removeprefix(PORT_PREFIX) in map(str, held.ports):
        return False
    await claims.release(key, value)
    return True
