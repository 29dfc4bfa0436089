"""The messages of upstream's device plugin API v1beta1.

Mirrors staging/src/k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1/api.proto and constants.go. Field names follow ours,
field numbers theirs.
"""

# ruff: noqa: RUF009 - proto() makes dataclass fields, as field() does

from __future__ import annotations

from dataclasses import dataclass

from minik8s.kubelet.devices.plugins.wire import Message, proto

VERSION = "v1beta1"
HEALTHY, UNHEALTHY = "Healthy", "Unhealthy"
REGISTRATION = "v1beta1.Registration"
DEVICE_PLUGIN = "v1beta1.DevicePlugin"
KUBELET_SOCKET = "kubelet.sock"


@dataclass
class Empty(Message):
    pass


@dataclass
class DevicePluginOptions(Message):
    pre_start_required: bool = proto(1, bool)
    get_preferred_allocation_available: bool = proto(2, bool)


@dataclass
class RegisterRequest(Message):
    version: str = proto(1, str)
    #: the plugin's own socket, by its name in the same folder
    endpoint: str = proto(2, str)
    resource_name: str = proto(3, str)
    options: DevicePluginOptions | None = proto(4, DevicePluginOptions)


@dataclass
class NUMANode(Message):
    id: int = proto(1, int)


@dataclass
class TopologyInfo(Message):
    nodes: list[NUMANode] = proto(1, NUMANode, repeated=True)


@dataclass
class Device(Message):
    id: str = proto(1, str)
    health: str = proto(2, str)
    topology: TopologyInfo | None = proto(3, TopologyInfo)


@dataclass
class ListAndWatchResponse(Message):
    devices: list[Device] = proto(1, Device, repeated=True)


@dataclass
class PreStartContainerRequest(Message):
    devices_ids: list[str] = proto(1, str, repeated=True)


@dataclass
class ContainerPreferredAllocationRequest(Message):
    available_device_ids: list[str] = proto(1, str, repeated=True)
    must_include_device_ids: list[str] = proto(2, str, repeated=True)
    allocation_size: int = proto(3, int)


@dataclass
class PreferredAllocationRequest(Message):
    container_requests: list[ContainerPreferredAllocationRequest] = proto(
        1, ContainerPreferredAllocationRequest, repeated=True
    )


@dataclass
class ContainerPreferredAllocationResponse(Message):
    device_ids: list[str] = proto(1, str, repeated=True)


@dataclass
class PreferredAllocationResponse(Message):
    container_responses: list[ContainerPreferredAllocationResponse] = proto(
        1, ContainerPreferredAllocationResponse, repeated=True
    )


@dataclass
class ContainerAllocateRequest(Message):
    devices_ids: list[str] = proto(1, str, repeated=True)


@dataclass
class AllocateRequest(Message):
    container_requests: list[ContainerAllocateRequest] = proto(1, ContainerAllocateRequest, repeated=True)


@dataclass
class Mount(Message):
    container_path: str = proto(1, str)
    host_path: str = proto(2, str)
    read_only: bool = proto(3, bool)


@dataclass
class DeviceSpec(Message):
    container_path: str = proto(1, str)
    host_path: str = proto(2, str)
    permissions: str = proto(3, str)


@dataclass
class CDIDevice(Message):
    name: str = proto(1, str)


@dataclass
class ContainerAllocateResponse(Message):
    envs: dict[str, str] = proto(1, dict)
    mounts: list[Mount] = proto(2, Mount, repeated=True)
    devices: list[DeviceSpec] = proto(3, DeviceSpec, repeated=True)
    annotations: dict[str, str] = proto(4, dict)
    cdi_devices: list[CDIDevice] = proto(5, CDIDevice, repeated=True)


@dataclass
class AllocateResponse(Message):
    container_responses: list[ContainerAllocateResponse] = proto(1, ContainerAllocateResponse, repeated=True)
