"""What the proxy needs to know of services and slices, and nothing else; pure.

Mirrors upstream's ``pkg/proxy/service.go``, ``endpointslicecache.go`` and ``topology.go``. Leaves out topology
hints, traffic distribution and dual stack: one address family, IPv4.

Invariants: headless and ExternalName services never appear; endpoints are unique and sorted, so that equal input
gives equal output.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from minik8s.api import core, discovery

#: A service with this label is somebody else's to proxy.
LABEL_PROXY_NAME = "service.kubernetes.io/service-proxy-name"
#: A service with this label has no address to proxy.
LABEL_HEADLESS = "service.kubernetes.io/headless"
#: The label that ties a slice to its service.
LABEL_SERVICE_NAME = "kubernetes.io/service-name"
#: Upstream's default for ClientIP affinity, seconds.
DEFAULT_AFFINITY_SECONDS = 10800


@dataclass(frozen=True, order=True)
class Endpoint:
    """One address and port behind a service port. ``local``: on this proxy's node."""

    ip: str
    port: int
    local: bool = False

    @property
    def address(self) -> str:
        """``ip:port``, as rules write it."""
        return f"{self.ip}:{self.port}"


@dataclass(frozen=True)
class ServicePort:
    """One port of one service with the endpoints traffic may go to.

    ``cluster_endpoints`` serve policies of Cluster, ``local_endpoints`` those of Local. ``affinity_seconds`` is 0
    without session affinity.
    """

    namespace: str
    name: str
    port_name: str
    protocol: str
    cluster_ip: str
    port: int
    node_port: int = 0
    external_ips: tuple[str, ...] = ()
    load_balancer_ips: tuple[str, ...] = ()
    load_balancer_source_ranges: tuple[str, ...] = ()
    affinity_seconds: int = 0
    internal_local: bool = False
    external_local: bool = False
    cluster_endpoints: tuple[Endpoint, ...] = ()
    local_endpoints: tuple[Endpoint, ...] = ()

    @property
    def key(self) -> str:
        """``namespace/name:port``, upstream's ServicePortName, the name in comments and the input of chain hashes."""
        suffix = f":{self.port_name}" if self.port_name else ""
        return f"{self.namespace}/{self.name}{suffix}"

    @property
    def internal_endpoints(self) -> tuple[Endpoint, ...]:
        """Where traffic to the cluster IP may go."""
        return self.local_endpoints if self.internal_local else self.cluster_endpoints

    @property
    def external_endpoints(self) -> tuple[Endpoint, ...]:
        """Where traffic from outside may go."""
        return self.local_endpoints if self.external_local else self.cluster_endpoints

    @property
    def external_addresses(self) -> tuple[str, ...]:
        """Addresses besides the cluster IP that lead here."""
        return self.external_ips + self.load_balancer_ips


@dataclass
class _Candidate:
    """An endpoint of a slice before readiness is weighed."""

    endpoint: Endpoint
    ready: bool
    serving_terminating: bool


@dataclass
class _Candidates:
    """All candidates of one service by port name."""

    by_port: dict[str, dict[str, _Candidate]] = field(default_factory=dict)

    def add(self, port_name: str, candidate: _Candidate) -> None:
        """Keep a candidate; of two for one address the ready one wins (slices overlap while being rearranged)."""
        known = self.by_port.setdefault(port_name, {})
        previous = known.get(candidate.endpoint.address)
        if previous is None or (candidate.ready and not previous.ready):
            known[candidate.endpoint.address] = candidate


def compute_service_ports(
    services: Iterable[core.Service], slices: Iterable[discovery.EndpointSlice], node_name: str
) -> list[ServicePort]:
    """Every service port to proxy, sorted by key and protocol."""
    candidates = _collect(slices, node_name)
    result: list[ServicePort] = []
    for service in services:
        if should_skip(service):
            continue
        key = f"{service.metadata.namespace}/{service.metadata.name}"
        of_service = candidates.get(key, _Candidates())
        for port in service.spec.ports:
            result.append(_service_port(service, port, of_service.by_port.get(port.name or "", {})))
    return sorted(result, key=lambda sp: (sp.key, sp.protocol))


def should_skip(service: core.Service) -> bool:
    """Whether the proxy has nothing to do for a service."""
    labels = service.metadata.labels
    if LABEL_PROXY_NAME in labels or LABEL_HEADLESS in labels:
        return True
    return service.spec.type == "ExternalName" or not is_ipv4(service.spec.cluster_ip or "")


def is_ipv4(text: str) -> bool:
    """Whether text is an IPv4 address ("None" and "" are not)."""
    try:
        return ipaddress.ip_address(text).version == 4
    except ValueError:
        return False


def _service_port(service: core.Service, port: core.ServicePort, candidates: Mapping[str, _Candidate]) -> ServicePort:
    spec = service.spec
    status = service.status.load_balancer if service.status else None
    ingress = status.ingress if status else []
    affinity = 0
    if spec.session_affinity == "ClientIP":
        config = spec.session_affinity_config
        client_ip = config.client_ip if config else None
        affinity = (client_ip.timeout_seconds if client_ip else None) or DEFAULT_AFFINITY_SECONDS
    everywhere = _usable(candidates.values())
    local = _usable(c for c in candidates.values() if c.endpoint.local)
    return ServicePort(
        namespace=service.metadata.namespace or "",
        name=service.metadata.name or "",
        port_name=port.name or "",
        protocol=(port.protocol or "TCP").lower(),
        cluster_ip=spec.cluster_ip or "",
        port=port.port,
        node_port=port.node_port or 0,
        external_ips=tuple(ip for ip in spec.external_ips if is_ipv4(ip)),
        load_balancer_ips=tuple(i.ip for i in ingress if i.ip and is_ipv4(i.ip) and (i.ip_mode or "VIP") == "VIP"),
        load_balancer_source_ranges=tuple(spec.load_balancer_source_ranges),
        affinity_seconds=affinity,
        internal_local=spec.internal_traffic_policy == "Local",
        external_local=spec.external_traffic_policy == "Local",
        cluster_endpoints=everywhere,
        local_endpoints=local,
    )


def _usable(candidates: Iterable[_Candidate]) -> tuple[Endpoint, ...]:
    """The ready endpoints; where there are none, those that terminate but still serve (KEP-1669)."""
    known = list(candidates)
    ready = [c.endpoint for c in known if c.ready]
    return tuple(sorted(ready or [c.endpoint for c in known if c.serving_terminating]))


def _collect(slices: Iterable[discovery.EndpointSlice], node_name: str) -> dict[str, _Candidates]:
    result: dict[str, _Candidates] = {}
    for slice_ in slices:
        service = slice_.metadata.labels.get(LABEL_SERVICE_NAME)
        if not service or slice_.address_type != "IPv4":
            continue
        of_service = result.setdefault(f"{slice_.metadata.namespace}/{service}", _Candidates())
        for port in slice_.ports:
            if port.port is None:
                continue
            for endpoint in slice_.endpoints:
                if endpoint.addresses:
                    of_service.add(port.name or "", _candidate(endpoint, port.port, node_name))
    return result


def _candidate(endpoint: discovery.Endpoint, port: int, node_name: str) -> _Candidate:
    conditions = endpoint.conditions
    ready = conditions is None or conditions.ready is not False
    serving = ready if conditions is None or conditions.serving is None else conditions.serving
    terminating = bool(conditions and conditions.terminating)
    return _Candidate(
        Endpoint(endpoint.addresses[0], port, endpoint.node_name == node_name),
        ready=ready,  # of a terminating one too, where the service publishes what is not ready
        serving_terminating=serving and terminating,
    )
