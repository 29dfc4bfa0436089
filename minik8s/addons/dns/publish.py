"""How pods find us: the Service ``kube-system/kube-dns`` at the address that kubelets write into resolv.conf.

Mirrors kubeadm's CoreDNS manifests (``cmd/kubeadm/app/phases/addons/dns``), but for the pods behind it: we are a
process on the host, so the Service has no selector, and we keep its EndpointSlice ourselves.

Invariants: a kube-dns Service with a selector is somebody's own DNS: it is left alone, and our slice is taken away. On
a machine with no address but loopback there is no slice: the API allows none, and pods could not reach it.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

from minik8s.addons.dns.records import LABEL_SERVICE_NAME, SERVICES, SLICES, Service, Slice, WatchedRecords
from minik8s.api.status import NotFound
from minik8s.client.controller import Controller
from minik8s.client.rest import Client
from minik8s.component import get_logger

log = get_logger(__name__)

NAMESPACE, NAME, SLICE_NAME = "kube-system", "kube-dns", "kube-dns-minik8s"
KEY = f"{NAMESPACE}/{NAME}"
SERVICE_LABELS = {
    "k8s-app": "kube-dns",
    "kubernetes.io/cluster-service": "true",
    "kubernetes.io/name": "CoreDNS",
}
SLICE_LABELS = {
    "k8s-app": "kube-dns",
    LABEL_SERVICE_NAME: NAME,
    "endpointslice.kubernetes.io/managed-by": "dns.minik8s.io",
}
Object = dict[str, Any]


@dataclass(frozen=True)
class Location:
    """Where we listen, and the cluster IP under which pods know us."""

    host: str
    port: int
    cluster_ip: str


def render_service(where: Location) -> Object:
    """The Service; ports as CoreDNS' manifest has them."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": SERVICE_LABELS},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": where.cluster_ip,
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": where.port},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": where.port},
            ],
        },
    }


def render_slice(where: Location, service_uid: str) -> Object:
    """The slice with the one endpoint that we are; it goes with the Service."""
    owner = {"apiVersion": "v1", "kind": "Service", "name": NAME, "uid": service_uid}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": SLICE_NAME,
            "namespace": NAMESPACE,
            "labels": SLICE_LABELS,
            "ownerReferences": [owner],
        },
        "addressType": f"IPv{ipaddress.ip_address(where.host).version}",
        "endpoints": [{"addresses": [where.host], "conditions": {"ready": True}}],
        "ports": [
            {"name": "dns", "port": where.port, "protocol": "UDP"},
            {"name": "dns-tcp", "port": where.port, "protocol": "TCP"},
        ],
    }


def compute_change(stored: Any, wanted: Any) -> Any:
    """The merge patch that brings ``wanted`` into ``stored``, None when it is there; what we do not name stays.

    Lists count as equal when each item holds what is wanted of it; else they are replaced whole.
    """
    if isinstance(wanted, dict) and isinstance(stored, dict):
        changes = {key: compute_change(stored.get(key), value) for key, value in wanted.items()}
        return {key: change for key, change in changes.items() if change is not None} or None
    if isinstance(wanted, list) and isinstance(stored, list) and len(wanted) == len(stored):
        same = all(compute_change(old, new) is None for old, new in zip(stored, wanted, strict=True))
        return None if same else wanted
    return None if stored == wanted else wanted


class Publisher(Controller):
    """Keeps the Service and the slice as they should be. ``published`` turns true once both are there."""

    name = "dns-publisher"

    def __init__(self, client: Client, records: WatchedRecords, where: Location) -> None:
        super().__init__(client)
        self.where = where
        self.published = False
        services, slices = self.use(records.service_watch), self.use(records.slice_watch)
        services.add_handler(lambda event, old, new: self._look(new or old, NAME))
        slices.add_handler(lambda event, old, new: self._look(new or old, SLICE_NAME))
        self.enqueue(KEY)

    def _look(self, changed: Service | Slice | None, ours: str) -> None:
        if changed is not None and (changed.namespace, changed.name) == (NAMESPACE, ours):
            self.enqueue(KEY)

    async def reconcile(self, key: str) -> float | None:
        service = await self._ensure_service()
        if service["spec"].get("selector"):
            log.info("kube-dns has a selector: left to whoever made it")
            await self._remove_slice()
        elif ipaddress.ip_address(self.where.host).is_loopback:
            log.warning("pods cannot reach DNS at a loopback address", address=self.where.host)
            await self._remove_slice()
        else:
            await self._ensure_slice(service["metadata"]["uid"])
        self.published = True
        return None

    async def _ensure_service(self) -> Object:
        wanted = render_service(self.where)
        try:
            stored = await self.client.get(SERVICES, NAME, NAMESPACE)
        except NotFound:
            return await self.client.create(wanted)
        if stored["spec"].get("selector"):
            return stored
        if stored["spec"].get("clusterIP") != self.where.cluster_ip:
            # immutable, and what kubelets told pods: only a new Service can have the right one
            log.warning("kube-dns has another cluster IP; making it anew", found=stored["spec"].get("clusterIP"))
            await self.client.delete(SERVICES, NAME, NAMESPACE, uid=stored["metadata"]["uid"])
            return await self.client.create(wanted)
        change = compute_change(stored, wanted)
        if change is None:
            return stored
        return await self.client.patch(SERVICES, NAME, NAMESPACE, _if_unchanged(stored, change))

    async def _ensure_slice(self, service_uid: str) -> None:
        wanted = render_slice(self.where, service_uid)
        try:
            stored = await self.client.get(SLICES, SLICE_NAME, NAMESPACE)
        except NotFound:
            await self.client.create(wanted)
            return
        if stored["addressType"] != wanted["addressType"]:  # immutable
            await self._remove_slice()
            await self.client.create(wanted)
            return
        change = compute_change(stored, wanted)
        if change is not None:
            await self.client.patch(SLICES, SLICE_NAME, NAMESPACE, _if_unchanged(stored, change))

    async def _remove_slice(self) -> None:
        try:
            await self.client.delete(SLICES, SLICE_NAME, NAMESPACE)
        except NotFound:
            return


def _if_unchanged(stored: Object, change: Object) -> Object:
    """The patch as compare-and-swap."""
    version = stored["metadata"]["resourceVersion"]
    return change | {"metadata": {**change.get("metadata", {}), "resourceVersion": version}}
