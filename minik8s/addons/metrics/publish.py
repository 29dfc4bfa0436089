"""How the API server finds us: the APIService v1beta1.metrics.k8s.io, and the Service and EndpointSlice behind it.

Mirrors metrics-server's manifests. We are a process on the host and no pod, so that the Service has no selector and we
keep its EndpointSlice ourselves. Written by server-side apply: what others add stays.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
from dataclasses import dataclass
from typing import Any

from minik8s.addons.metrics.api import GROUP, VERSION
from minik8s.api.scheme import SCHEME
from minik8s.api.status import ApiError
from minik8s.client.rest import Client
from minik8s.component import get_logger

log = get_logger(__name__)

NAMESPACE, NAME = "kube-system", "metrics-server"
SERVER_NAME = f"{NAME}.{NAMESPACE}.svc"
API_SERVICE = f"{VERSION}.{GROUP}"
MANAGER = "minik8s-metrics-server"
RETRY_SECONDS, REPUBLISH_SECONDS = 0.5, 60.0
LABELS = {"k8s-app": NAME}
Json = dict[str, Any]


@dataclass(frozen=True)
class Location:
    """Where we listen. `ca`: whose certificate ours is, in PEM; empty: nobody checks it."""

    host: str
    port: int
    ca: bytes = b""


def render(where: Location) -> list[Json]:
    """The Service, its slice, the APIService: in the order in which they are needed. Pure."""
    trust = {"caBundle": base64.b64encode(where.ca).decode()} if where.ca else {"insecureSkipTLSVerify": True}
    service = {"namespace": NAMESPACE, "name": NAME, "port": 443}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": LABELS},
            "spec": {"ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": where.port}]},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{NAME}-minik8s",
                "namespace": NAMESPACE,
                "labels": {
                    **LABELS,
                    "kubernetes.io/service-name": NAME,
                    "endpointslice.kubernetes.io/managed-by": "metrics.minik8s.io",
                },
            },
            "addressType": f"IPv{ipaddress.ip_address(where.host).version}",
            "endpoints": [{"addresses": [where.host], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "port": where.port, "protocol": "TCP"}],
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": API_SERVICE, "labels": LABELS},
            "spec": {
                "group": GROUP,
                "version": VERSION,
                "service": service,
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                **trust,
            },
        },
    ]


async def publish(client: Client, where: Location) -> None:
    """Raises ApiError or OSError."""
    for wanted in render(where):
        group, _, version = wanted["apiVersion"].rpartition("/")
        kind = SCHEME.by_kind(group, version, wanted["kind"])
        assert kind is not None
        meta = wanted["metadata"]
        await client.patch(
            kind, meta["name"], meta.get("namespace", ""), wanted, type="apply", field_manager=MANAGER, force=True
        )


class Publisher:
    """Keeps them there: somebody may delete one, and the API server may be slow to come."""

    def __init__(self, client: Client, where: Location) -> None:
        self._client, self._where = client, where
        self.published = False

    async def run(self) -> None:
        while True:
            pause = REPUBLISH_SECONDS
            try:
                await publish(self._client, self._where)
                self.published = True
            except (ApiError, OSError) as exc:
                log.warning("not published yet", error=str(exc))
                pause = RETRY_SECONDS
            await asyncio.sleep(pause)
