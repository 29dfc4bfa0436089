"""The Endpoints form: addresses grouped by the set of ports that they offer. Pure.

Mirrors syncService's inner loop in upstream's pkg/controller/endpoint/endpoints_controller.go and RepackSubsets in
pkg/api/v1/endpoints: each address appears under exactly one subset for its ports, everything in a fixed order, so that
the same pods always give the same bytes.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from minik8s.api import core
from minik8s.controllers.endpoints.targets import (
    address_of,
    families_of,
    hostname_for,
    is_headless,
    may_be_endpoint,
    target_port,
    target_ref,
)
from minik8s.controllers.pods import is_ready

#: at most so many addresses in one Endpoints object
CAPACITY = 1000
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"

PortKey = tuple[str, int, str, str]


@dataclass
class _Address:
    """One address, and every port under which it is offered."""

    address: core.EndpointAddress
    ready: bool
    ports: set[PortKey] = field(default_factory=set)


def compute_subsets(service: core.Service, pods: Iterable[core.Pod]) -> list[core.EndpointSubset]:
    """All subsets of a Service."""
    found: list[_Address] = []
    family = families_of(service)[0]
    for pod in pods:
        ip = address_of(pod, family)
        if ip is None or not may_be_endpoint(pod, include_terminating=bool(service.spec.publish_not_ready_addresses)):
            continue
        ports = _ports(pod, service)
        if not ports and not (is_headless(service) and not service.spec.ports):
            continue
        ready = bool(service.spec.publish_not_ready_addresses) or is_ready(pod)
        address = core.EndpointAddress(
            ip=ip,
            hostname=hostname_for(pod, service),
            node_name=pod.spec.node_name or None,
            target_ref=target_ref(pod),
        )
        found.append(_Address(address, ready, ports))
    return _pack(found)


def _ports(pod: core.Pod, service: core.Service) -> set[PortKey]:
    numbers = ((port, target_port(pod, port)) for port in service.spec.ports)
    return {
        (port.name or "", number, port.protocol or "TCP", port.app_protocol or "")
        for port, number in numbers
        if number is not None
    }


def _pack(found: list[_Address]) -> list[core.EndpointSubset]:
    groups: dict[tuple[PortKey, ...], list[_Address]] = defaultdict(list)
    for entry in found:
        groups[tuple(sorted(entry.ports))].append(entry)
    subsets = []
    for ports, entries in sorted(groups.items()):
        entries.sort(
            key=lambda entry: (entry.address.ip, entry.address.target_ref.uid if entry.address.target_ref else "")
        )
        subsets.append(
            core.EndpointSubset(
                addresses=[entry.address for entry in entries if entry.ready],
                not_ready_addresses=[entry.address for entry in entries if not entry.ready],
                ports=[
                    core.EndpointPort(name=name or None, port=number, protocol=protocol, app_protocol=app or None)
                    for name, number, protocol, app in ports
                ],
            )
        )
    return subsets


def truncate(subsets: list[core.EndpointSubset]) -> bool:
    """Cut down to CAPACITY addresses, ready ones first, in proportion; True if something was cut."""
    ready = sum(len(subset.addresses) for subset in subsets)
    total = ready + sum(len(subset.not_ready_addresses) for subset in subsets)
    if total <= CAPACITY:
        return False
    keep_ready = min(ready, CAPACITY)
    keep_rest = CAPACITY - keep_ready
    for subset in subsets:
        share = len(subset.addresses) * keep_ready // ready if ready else 0
        rest = len(subset.not_ready_addresses) * keep_rest // (total - ready) if total > ready else 0
        subset.addresses = subset.addresses[:share]
        subset.not_ready_addresses = subset.not_ready_addresses[:rest]
    return True
