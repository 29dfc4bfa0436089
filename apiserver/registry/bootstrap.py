"""What every cluster has before anybody asks: namespaces, priority classes, the `kubernetes` Service.

Mirrors pkg/controlplane/controller/{systemnamespaces,kubernetesservice,clusterauthenticationtrust} and
pkg/registry/scheduling/rest. Created once and repaired every ten seconds, since people delete things.

Invariant: what exists is left as it is, except the addresses of this server itself and whom it tells others to trust.
"""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass, field
from typing import Any

from minik8s.api.scheme import SCHEME, Kind
from minik8s.api.status import AlreadyExists, ApiError
from minik8s.apiserver.registry.registry import ServerRegistry
from minik8s.apiserver.storage.base import StoreError
from minik8s.component import get_logger

log = get_logger(__name__)

JsonObject = dict[str, Any]
NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
PRIORITY_CLASSES = (
    ("system-node-critical", 2_000_001_000, "For pods of the system that may not leave their node."),
    ("system-cluster-critical", 2_000_000_000, "For pods of the system that must run somewhere in the cluster."),
)
REPAIR_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Identity:
    """What this server publishes of itself."""

    advertise_address: str
    port: int
    service_ip: str
    trust: dict[str, str] = field(default_factory=dict)


def _kind(group: str, version: str, plural: str) -> Kind:
    kind = SCHEME.by_resource(group, version, plural)
    if kind is None:
        raise LookupError(f"{plural}.{version}.{group} is not in the scheme")
    return kind


class Bootstrap:
    """Creates and keeps the system's objects."""

    def __init__(self, registry: ServerRegistry, identity: Identity) -> None:
        self._registry = registry
        self._identity = identity
        self.done = asyncio.Event()

    async def run(self) -> None:
        """Once at start, then for ever."""
        while True:
            try:
                await self.ensure_all()
                self.done.set()
            except Exception as error:
                log.warning("system objects could not be ensured", error=repr(error), exc_info=not _expected(error))
            await asyncio.sleep(REPAIR_SECONDS if self.done.is_set() else 0.5)

    async def ensure_all(self) -> None:
        await asyncio.gather(*(self._ensure("", "v1", "namespaces", _namespace(name)) for name in NAMESPACES))
        await asyncio.gather(
            *(
                self._ensure("scheduling.k8s.io", "v1", "priorityclasses", _priority_class(*row))
                for row in PRIORITY_CLASSES
            ),
            self._replace("", "v1", "configmaps", self._authentication_config(), "data"),
            self._ensure("", "v1", "services", self._service()),
        )
        if ipaddress.ip_address(self._identity.advertise_address).is_loopback:
            return  # endpoints may not be loopback addresses: the `kubernetes` Service leads nowhere then
        await self._replace("", "v1", "endpoints", self._endpoints(), "subsets")
        await self._replace("discovery.k8s.io", "v1", "endpointslices", self._slice(), "endpoints", "ports")

    async def _ensure(self, group: str, version: str, plural: str, obj: JsonObject) -> None:
        kind, meta = _kind(group, version, plural), obj["metadata"]
        if await self._registry.get(kind, meta.get("namespace", ""), meta["name"]) is not None:
            return
        try:
            await self._registry.create(kind, obj)
        except AlreadyExists:
            return

    async def _replace(self, group: str, version: str, plural: str, obj: JsonObject, *keys: str) -> None:
        """Create, or bring the named parts to what they ought to be."""
        await self._ensure(group, version, plural, obj)
        kind, meta = _kind(group, version, plural), obj["metadata"]

        def change(found: JsonObject) -> JsonObject | None:
            if all(found.get(key) == obj[key] for key in keys):
                return None
            return found | {key: obj[key] for key in keys}

        await self._registry.mutate(kind, meta["namespace"], meta["name"], change)

    def _service(self) -> JsonObject:
        metadata = {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        }
        port = {"name": "https", "protocol": "TCP", "port": 443, "targetPort": self._identity.port}
        spec = {
            "clusterIP": self._identity.service_ip,
            "clusterIPs": [self._identity.service_ip],
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "ports": [port],
        }
        return {"kind": "Service", "apiVersion": "v1", "metadata": metadata, "spec": spec}

    def _endpoints(self) -> JsonObject:
        labels = {"endpointslice.kubernetes.io/skip-mirror": "true"}
        subset = {
            "addresses": [{"ip": self._identity.advertise_address}],
            "ports": [{"name": "https", "port": self._identity.port, "protocol": "TCP"}],
        }
        metadata = {"name": "kubernetes", "namespace": "default", "labels": labels}
        return {"kind": "Endpoints", "apiVersion": "v1", "metadata": metadata, "subsets": [subset]}

    def _slice(self) -> JsonObject:
        metadata = {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        }
        return {
            "kind": "EndpointSlice",
            "apiVersion": "discovery.k8s.io/v1",
            "metadata": metadata,
            "addressType": "IPv6" if ":" in self._identity.advertise_address else "IPv4",
            "endpoints": [{"addresses": [self._identity.advertise_address], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "port": self._identity.port, "protocol": "TCP"}],
        }

    def _authentication_config(self) -> JsonObject:
        """What extension API servers read to trust our clients' certificates."""
        metadata = {"name": "extension-apiserver-authentication", "namespace": "kube-system"}
        return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": self._identity.trust}


def _expected(error: Exception) -> bool:
    return isinstance(error, ApiError | StoreError)


def _namespace(name: str) -> JsonObject:
    return {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}}


def _priority_class(name: str, value: int, description: str) -> JsonObject:
    return {
        "kind": "PriorityClass",
        "apiVersion": "scheduling.k8s.io/v1",
        "metadata": {"name": name},
        "value": value,
        "description": description,
    }
