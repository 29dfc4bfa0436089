"""What is known of the cluster: services, slices and namespaces, cut down to what names need.

Mirrors CoreDNS ``plugin/kubernetes/object`` and ``controller.go``. A watch keeps these small tuples and neither bytes
nor models, so that ten thousand endpoints cost little. Leaves out Endpoints objects (slices mirror them) and pods
(pod names are answered from the name alone, as CoreDNS does with ``pods insecure``).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from minik8s.addons.dns.names import endpoint_label
from minik8s.api.scheme import SCHEME, Kind

if TYPE_CHECKING:
    from minik8s.client.informer import Informer
    from minik8s.client.rest import Client

LABEL_SERVICE_NAME = "kubernetes.io/service-name"


def kind_of(group: str, version: str, plural: str) -> Kind:
    """The scheme's entry; untyped reads and writes go by it, so that no model is ever loaded here."""
    found = SCHEME.by_resource(group, version, plural)
    assert found is not None
    return found


SERVICES = kind_of("", "v1", "services")
NAMESPACES = kind_of("", "v1", "namespaces")
SLICES = kind_of("discovery.k8s.io", "v1", "endpointslices")


class Port(NamedTuple):
    """A port of a service or of a slice; ``name`` and ``protocol`` in lower case."""

    name: str
    protocol: str
    number: int


class Endpoint(NamedTuple):
    """A ready endpoint; ``label`` is its name under its service."""

    address: str
    label: str


@dataclass(frozen=True, slots=True)
class Service:
    """A service. ``addresses`` are its cluster IPs, none for a headless or an external one."""

    namespace: str
    name: str
    addresses: tuple[str, ...] = ()
    external_name: str = ""
    headless: bool = False
    ports: tuple[Port, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """The ready endpoints of one EndpointSlice."""

    namespace: str
    name: str
    service: str
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[Port, ...] = ()


class Records(Protocol):
    """What the core asks; answers come from memory."""

    def has_namespace(self, namespace: str) -> bool:
        """Whether the namespace exists."""

    def service(self, namespace: str, name: str) -> Service | None:
        """The service of that name."""

    def slices(self, namespace: str, service: str) -> Iterable[Slice]:
        """All slices of a service."""

    def services_at(self, address: str) -> Iterable[Service]:
        """The services with that cluster IP."""

    def slices_at(self, address: str) -> Iterable[Slice]:
        """The slices that hold that endpoint."""


def service_of(obj: dict[str, Any]) -> Service:
    """A Service object, cut down."""
    meta, spec = obj["metadata"], obj.get("spec") or {}
    external = spec.get("type") == "ExternalName"
    addresses = spec.get("clusterIPs") or [spec.get("clusterIP") or ""]
    return Service(
        namespace=meta.get("namespace") or "",
        name=meta["name"],
        addresses=() if external else tuple(a for a in addresses if a not in ("", "None")),
        external_name=(spec.get("externalName") or "").rstrip(".").lower() if external else "",
        headless=not external and addresses[0] == "None",
        ports=_ports(spec.get("ports")),
    )


def slice_of(obj: dict[str, Any]) -> Slice:
    """An EndpointSlice object, cut down. Readiness that is not said counts as ready, as the API defines."""
    meta = obj["metadata"]
    ready = [e for e in obj.get("endpoints") or () if (e.get("conditions") or {}).get("ready") is not False]
    return Slice(
        namespace=meta.get("namespace") or "",
        name=meta["name"],
        service=(meta.get("labels") or {}).get(LABEL_SERVICE_NAME) or "",
        endpoints=tuple(
            Endpoint(address, endpoint_label(endpoint.get("hostname") or "", address))
            for endpoint in ready
            for address in endpoint.get("addresses") or ()
            if _is_address(address)
        ),
        ports=_ports(obj.get("ports")),
    )


def _ports(ports: list[dict[str, Any]] | None) -> tuple[Port, ...]:
    return tuple(
        Port((p.get("name") or "").lower(), (p.get("protocol") or "TCP").lower(), p.get("port") or 0)
        for p in ports or ()
    )


def _is_address(text: str) -> bool:
    """Slices of type FQDN hold names: nothing to give out as an address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


class WatchedRecords:
    """Records kept by three watches."""

    def __init__(self, client: Client) -> None:
        from minik8s.client.informer import Informer

        self.service_watch: Informer[Service] = Informer(
            client, SERVICES, project=service_of, indexes={"address": lambda service: service.addresses}
        )
        self.slice_watch: Informer[Slice] = Informer(
            client,
            SLICES,
            project=slice_of,
            indexes={
                "service": lambda slice_: [f"{slice_.namespace}/{slice_.service}"],
                "address": lambda slice_: {endpoint.address for endpoint in slice_.endpoints},
            },
        )
        self.namespace_watch: Informer[str] = Informer(
            client, NAMESPACES, project=lambda obj: str(obj["metadata"]["name"])
        )

    @property
    def watches(self) -> tuple[Informer[Any], ...]:
        """What has to be run."""
        return self.service_watch, self.slice_watch, self.namespace_watch

    @property
    def synced(self) -> bool:
        """Whether everything was seen once: before that, absence means nothing."""
        return all(watch.synced for watch in self.watches)

    def has_namespace(self, namespace: str) -> bool:
        return namespace in self.namespace_watch

    def service(self, namespace: str, name: str) -> Service | None:
        return self.service_watch.get(f"{namespace}/{name}")

    def slices(self, namespace: str, service: str) -> Iterable[Slice]:
        return self.slice_watch.by_index("service", f"{namespace}/{service}")

    def services_at(self, address: str) -> Iterable[Service]:
        return self.service_watch.by_index("address", address)

    def slices_at(self, address: str) -> Iterable[Slice]:
        return self.slice_watch.by_index("address", address)
