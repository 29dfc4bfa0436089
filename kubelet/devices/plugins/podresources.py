"""Who holds which device, for monitoring agents: podresources v1 on `<root-dir>/pod-resources/kubelet.sock`.

Mirrors upstream pkg/kubelet/apis/podresources/server_v1.go and staging/src/k8s.io/kubelet/pkg/apis/podresources/v1
(List, GetAllocatableResources, Get). Exclusive CPUs, memory blocks and dynamic resources are empty: nothing here gives
them out.
"""

# ruff: noqa: RUF009 - proto() makes dataclass fields, as field() does

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minik8s.api import core
from minik8s.client.log import get_logger
from minik8s.kubelet.devices.ledger import Device, Ledgers
from minik8s.kubelet.devices.plugins.listener import LazySocket
from minik8s.kubelet.devices.plugins.messages import NUMANode, TopologyInfo
from minik8s.kubelet.devices.plugins.registration import add_service, load_grpc
from minik8s.kubelet.devices.plugins.wire import Message, proto

SERVICE = "v1.PodResourcesLister"
log = get_logger(__name__)


@dataclass
class ListPodResourcesRequest(Message):
    pass


@dataclass
class ContainerDevices(Message):
    resource_name: str = proto(1, str)
    device_ids: list[str] = proto(2, str, repeated=True)
    topology: TopologyInfo | None = proto(3, TopologyInfo)


@dataclass
class ContainerResources(Message):
    name: str = proto(1, str)
    devices: list[ContainerDevices] = proto(2, ContainerDevices, repeated=True)
    cpu_ids: list[int] = proto(3, int, repeated=True)


@dataclass
class PodResources(Message):
    name: str = proto(1, str)
    namespace: str = proto(2, str)
    containers: list[ContainerResources] = proto(3, ContainerResources, repeated=True)


@dataclass
class ListPodResourcesResponse(Message):
    pod_resources: list[PodResources] = proto(1, PodResources, repeated=True)


@dataclass
class AllocatableResourcesRequest(Message):
    pass


@dataclass
class AllocatableResourcesResponse(Message):
    devices: list[ContainerDevices] = proto(1, ContainerDevices, repeated=True)
    cpu_ids: list[int] = proto(2, int, repeated=True)


@dataclass
class GetPodResourcesRequest(Message):
    pod_name: str = proto(1, str)
    pod_namespace: str = proto(2, str)


@dataclass
class GetPodResourcesResponse(Message):
    pod_resources: PodResources | None = proto(1, PodResources)


# answers; pure ----------------------------------------------------------------------------------------------------
def compute_pod(pod: core.Pod, ledgers: Ledgers) -> PodResources:
    names = [c.name for c in pod.spec.init_containers if c.restart_policy == "Always"]
    names += [c.name for c in pod.spec.containers]
    containers = [ContainerResources(name, _devices_of(pod.metadata.uid or "", name, ledgers)) for name in names]
    return PodResources(pod.metadata.name or "", pod.metadata.namespace or "", containers)


def _devices_of(uid: str, container: str, ledgers: Ledgers) -> list[ContainerDevices]:
    """One entry a device, as upstream has it: each may be near to another NUMA node."""
    return [
        _entry(resource, identifier, ledgers.by_resource[resource].devices.get(identifier))
        for resource, identifiers in ledgers.assignment(uid, container).items()
        for identifier in identifiers
    ]


def compute_allocatable(ledgers: Ledgers) -> AllocatableResourcesResponse:
    return AllocatableResourcesResponse([
        _entry(ledger.resource, identifier, device)
        for ledger in ledgers.by_resource.values()
        for identifier, device in ledger.devices.items()
        if device.healthy
    ])  # fmt: skip


def _entry(resource: str, identifier: str, device: Device | None) -> ContainerDevices:
    numa = device.numa if device else ()
    return ContainerDevices(resource, [identifier], TopologyInfo([NUMANode(n) for n in numa]) if numa else None)


class PodResourcesServer:
    """Serves until cancelled; gRPC is loaded when somebody asks."""

    def __init__(self, root: Path, ledgers: Ledgers, pods: Callable[[], list[core.Pod]]) -> None:
        self._ledgers, self._pods = ledgers, pods
        self._socket = LazySocket(root / "pod-resources" / "kubelet.sock", root / "p.sock", self._serve)
        self._server: Any = None

    async def run(self) -> None:
        try:
            await self._socket.open()
        except OSError as exc:
            log.warning("no podresources", error=str(exc))
            return
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            if self._server is not None:
                await self._server.stop(None)
            await self._socket.close()

    async def _serve(self, private: Path) -> None:
        grpc = await load_grpc()
        self._server = grpc.aio.server()
        methods: dict[str, Any] = {
            "List": (self._list, ListPodResourcesRequest),
            "GetAllocatableResources": (self._allocatable, AllocatableResourcesRequest),
            "Get": (self._get, GetPodResourcesRequest),
        }
        add_service(self._server, SERVICE, methods)
        self._server.add_insecure_port(f"unix:{private}")
        await self._server.start()

    async def _list(self, request: ListPodResourcesRequest, context: Any) -> ListPodResourcesResponse:
        return ListPodResourcesResponse([compute_pod(pod, self._ledgers) for pod in self._pods()])

    async def _allocatable(self, request: Message, context: Any) -> AllocatableResourcesResponse:
        return compute_allocatable(self._ledgers)

    async def _get(self, request: GetPodResourcesRequest, context: Any) -> GetPodResourcesResponse:
        for pod in self._pods():
            if (pod.metadata.namespace, pod.metadata.name) == (request.pod_namespace, request.pod_name):
                return GetPodResourcesResponse(compute_pod(pod, self._ledgers))
        import grpc

        text = f"pod {request.pod_name} in namespace {request.pod_namespace} not found"
        await context.abort(grpc.StatusCode.NOT_FOUND, text)
        raise AssertionError("abort raises")
