"""From a Service and its pods to the EndpointSlices it should have. Pure.

Mirrors podToEndpoint, newEndpointSlice and setEndpointSliceLabels in upstream's staging/src/k8s.io/endpointslice.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from minik8s.api import core, discovery
from minik8s.api.meta import ObjectMeta
from minik8s.controllers.endpoints.slices import PortSet, SlicePlan, compute_family_plan
from minik8s.controllers.endpoints.targets import (
    HEADLESS_LABEL,
    address_of,
    families_of,
    hostname_for,
    is_headless,
    may_be_endpoint,
    target_port,
    target_ref,
)
from minik8s.controllers.owners import new_controller_ref
from minik8s.controllers.pods import is_ready, is_terminating

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
RESERVED_LABELS = {SERVICE_NAME, MANAGED_BY, HEADLESS_LABEL}
ZONE = "topology.kubernetes.io/zone"

#: node name → its zone, or None
Zones = Callable[[str], str | None]


def compute_endpoint(service: core.Service, pod: core.Pod, address: str, zones: Zones) -> discovery.Endpoint:
    """One pod as an endpoint."""
    serving, terminating = is_ready(pod), is_terminating(pod)
    node = pod.spec.node_name or None
    zone = zones(node) if node else None
    ready = bool(service.spec.publish_not_ready_addresses) or (serving and not terminating)
    hints = None
    if zone and ready and service.spec.traffic_distribution in ("PreferClose", "PreferSameZone"):
        hints = discovery.EndpointHints(for_zones=[discovery.ForZone(name=zone)])
    return discovery.Endpoint(
        addresses=[address],
        conditions=discovery.EndpointConditions(ready=ready, serving=serving, terminating=terminating),
        hostname=hostname_for(pod, service),
        node_name=node,
        target_ref=target_ref(pod),
        zone=zone,
        hints=hints,
    )


def _port_set(service: core.Service, pod: core.Pod) -> PortSet:
    """A pod that lacks a named port offers fewer ports, and so stands in another slice."""
    numbers = ((port, target_port(pod, port)) for port in service.spec.ports)
    return tuple(
        sorted(
            (port.name or "", number, port.protocol or "TCP", port.app_protocol or "")
            for port, number in numbers
            if number is not None
        )
    )


def compute_wanted(
    service: core.Service, pods: Iterable[core.Pod], family: str, zones: Zones
) -> dict[PortSet, list[discovery.Endpoint]]:
    """Endpoints of one address family, by the ports they offer."""
    wanted: dict[PortSet, list[discovery.Endpoint]] = defaultdict(list)
    for pod in pods:
        address = address_of(pod, family)
        if address is None or not may_be_endpoint(pod, include_terminating=True):
            continue
        ports = _port_set(service, pod)
        if ports or (is_headless(service) and not service.spec.ports):
            wanted[ports].append(compute_endpoint(service, pod, address, zones))
    return dict(wanted)


def compute_template(service: core.Service, family: str) -> discovery.EndpointSlice:
    """A new slice of this Service: metadata, no endpoints."""
    labels = {key: value for key, value in service.metadata.labels.items() if key not in RESERVED_LABELS}
    labels |= {SERVICE_NAME: service.metadata.name, MANAGED_BY: MANAGER}
    if is_headless(service):
        labels[HEADLESS_LABEL] = ""
    meta = ObjectMeta(
        generate_name=f"{service.metadata.name}-",
        namespace=service.metadata.namespace,
        labels=labels,
        owner_references=[new_controller_ref(service)],
    )
    return discovery.EndpointSlice(metadata=meta, address_type=family)


def compute_plan(
    service: core.Service,
    pods: Sequence[core.Pod],
    existing: Sequence[discovery.EndpointSlice],
    zones: Zones,
    limit: int = 100,
) -> SlicePlan:
    """Everything to write for one Service."""
    families = families_of(service)
    plan = SlicePlan(delete=[current for current in existing if current.address_type not in families])
    for family in families:
        current = [item for item in existing if item.address_type == family]
        wanted = compute_wanted(service, pods, family, zones)
        plan.extend(compute_family_plan(wanted, current, compute_template(service, family), limit, placeholder=True))
    return plan
