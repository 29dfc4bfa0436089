"""A small cluster to ask about: objects in, records out, without a watch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minik8s.addons.dns.records import Service, Slice, service_of, slice_of

HTTP = {"name": "http", "port": 80, "protocol": "TCP"}


def service(name: str, namespace: str = "default", **spec: Any) -> Service:
    spec = {"type": "ClusterIP", "clusterIP": "10.96.0.20", "ports": [HTTP]} | spec
    return service_of({"metadata": {"name": name, "namespace": namespace}, "spec": spec})


def endpoint(address: str, hostname: str = "", ready: bool | None = True) -> dict[str, Any]:
    conditions = {} if ready is None else {"ready": ready}
    return {"addresses": [address], "conditions": conditions} | ({"hostname": hostname} if hostname else {})


def slice_(service_name: str, *endpoints: dict[str, Any], ports: Any = (HTTP,), namespace: str = "default") -> Slice:
    labels = {"kubernetes.io/service-name": service_name}
    return slice_of(
        {
            "metadata": {"name": f"{service_name}-x", "namespace": namespace, "labels": labels},
            "addressType": "IPv4",
            "endpoints": list(endpoints),
            "ports": list(ports),
        }
    )


class Known:
    """Records that are just listed."""

    def __init__(self, *records: Service | Slice, namespaces: Iterable[str] = ("default", "kube-system")) -> None:
        self._services = [r for r in records if isinstance(r, Service)]
        self._slices = [r for r in records if isinstance(r, Slice)]
        self._namespaces = set(namespaces)
        self.synced = True

    def has_namespace(self, namespace: str) -> bool:
        return namespace in self._namespaces

    def service(self, namespace: str, name: str) -> Service | None:
        return next((s for s in self._services if (s.namespace, s.name) == (namespace, name)), None)

    def slices(self, namespace: str, service: str) -> list[Slice]:
        return [s for s in self._slices if (s.namespace, s.service) == (namespace, service)]

    def services_at(self, address: str) -> list[Service]:
        return [s for s in self._services if address in s.addresses]

    def slices_at(self, address: str) -> list[Slice]:
        return [s for s in self._slices if any(e.address == address for e in s.endpoints)]


CLUSTER = Known(
    service("kubernetes", clusterIP="10.96.0.1", ports=[{"name": "https", "port": 443, "protocol": "TCP"}]),
    slice_("kubernetes", endpoint("192.0.2.1"), ports=[{"name": "https", "port": 6443, "protocol": "TCP"}]),
    service("web", ports=[HTTP, {"name": "Metrics", "port": 90}, {"name": "quic", "port": 443, "protocol": "UDP"}]),
    service("dual", clusterIP="10.96.0.30", clusterIPs=["10.96.0.30", "fd00::30"]),
    service("db", clusterIP="None"),
    slice_("db", endpoint("10.1.0.1", "db-0"), endpoint("10.1.0.2", "DB-1"), endpoint("10.1.0.3", ready=False)),
    slice_("db", endpoint("10.1.0.4", ready=None)),
    service("portless", clusterIP="None", ports=[]),
    slice_("portless", endpoint("10.1.0.9"), ports=[]),
    service("empty", clusterIP="None"),
    service("out", type="ExternalName", clusterIP="", externalName="WWW.Example.com."),
    service("in", type="ExternalName", clusterIP="", externalName="web.default.svc.cluster.local"),
    service("dead", type="ExternalName", clusterIP="", externalName="none.default.svc.cluster.local"),
    service("round", type="ExternalName", clusterIP="", externalName="round.default.svc.cluster.local"),
    service("literal", type="ExternalName", clusterIP="", externalName="1.2.3.4"),
)
