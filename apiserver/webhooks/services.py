"""Where a request to a Service goes when the API server itself makes it.

Mirrors staging/src/k8s.io/kube-aggregator/pkg/apiserver/resolvers.go and apiserver/pkg/util/proxy (ResolveEndpoint,
ResolveCluster). Ready endpoints come first (they need no kube-proxy on this machine); a Service whose slices name none
is reached at its cluster IP only where it has no selector to fill them. Reads are from the watch cache.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from minik8s.api.scheme import SCHEME, Kind
from minik8s.api.status import NotFound, ServiceUnavailable
from minik8s.apiserver.registry.interface import Registry

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port to connect to."""

    host: str
    port: int


def _kind(group: str, version: str, plural: str) -> Kind:
    kind = SCHEME.by_resource(group, version, plural)
    assert kind is not None
    return kind


SERVICES = _kind("", "v1", "services")
SLICES = _kind("discovery.k8s.io", "v1", "endpointslices")


def find_port(service: JsonObject, port: int) -> JsonObject:
    """The Service's port of that number; raises ServiceUnavailable in upstream's words."""
    for item in service["spec"].get("ports") or []:
        if item["port"] == port:
            found: JsonObject = item
            return found
    name = service["metadata"]["name"]
    raise ServiceUnavailable(f'no service port {port} found for service "{name}"')


def ready_addresses(slices: list[JsonObject], port_name: str) -> list[Address]:
    """Endpoints that take requests (ready, or not said), with the port's number on them."""
    found = []
    for piece in slices:
        numbers = [p["port"] for p in piece.get("ports") or [] if (p.get("name") or "") == port_name and p.get("port")]
        if not numbers or piece.get("addressType") == "FQDN":
            continue
        for endpoint in piece.get("endpoints") or []:
            if (endpoint.get("conditions") or {}).get("ready") is not False and endpoint.get("addresses"):
                found.append(Address(endpoint["addresses"][0], numbers[0]))
    return found


async def slices_of(registry: Registry, namespace: str, name: str) -> list[JsonObject]:
    """The EndpointSlices of a Service."""
    return await registry.list(SLICES, namespace, label_selector=f"kubernetes.io/service-name={name}")


async def resolve(registry: Registry, namespace: str, name: str, port: int) -> list[Address]:
    """Addresses to try, in order; raises NotFound or ServiceUnavailable."""
    service = await registry.get(SERVICES, namespace, name)
    if service is None:
        raise NotFound.of("service", name)  # singular: the words of upstream's lister
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return [Address(spec["externalName"], port)]
    item = find_port(service, port)
    found = ready_addresses(await slices_of(registry, namespace, name), item.get("name") or "")
    if found:
        random.shuffle(found)
        return found
    cluster_ip = spec.get("clusterIP") or "None"
    if not spec.get("selector") and cluster_ip != "None":  # nobody keeps slices: somebody may serve the address itself
        return [Address(cluster_ip, port)]
    raise ServiceUnavailable(f'no endpoints available for service "{name}"')
