"""A third-party device plugin: knows nothing of the kubelet's code, only upstream's api.proto and google.protobuf.

`python -m tests.component.devices.toy_plugin FOLDER RESOURCE COUNT`: registers, registers again whenever the kubelet's
socket is made anew, and serves until killed. A file FOLDER/../ill names devices that are unhealthy, one a line.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

#: staging/src/k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1/api.proto and podresources/v1/api.proto, field by field
#: (two names are shortened; only numbers go over the wire)
PROTO = {
    "v1beta1": """
        Empty
        DevicePluginOptions  1 bool pre_start_required; 2 bool get_preferred_allocation_available
        RegisterRequest      1 string version; 2 string endpoint; 3 string resource_name; 4 DevicePluginOptions options
        NUMANode             1 int64 ID
        TopologyInfo         1 NUMANode* nodes
        Device               1 string ID; 2 string health; 3 TopologyInfo topology
        ListAndWatchResponse 1 Device* devices
        PreStartContainerRequest            1 string* devicesIDs
        PreStartContainerResponse
        ContainerPreferredAllocationRequest 1 string* available_deviceIDs; 2 string* must_include_IDs; 3 int32 size
        PreferredAllocationRequest          1 ContainerPreferredAllocationRequest* container_requests
        ContainerPreferredAllocationResponse 1 string* deviceIDs
        PreferredAllocationResponse         1 ContainerPreferredAllocationResponse* container_responses
        ContainerAllocateRequest            1 string* devicesIDs
        AllocateRequest      1 ContainerAllocateRequest* container_requests
        Mount                1 string container_path; 2 string host_path; 3 bool read_only
        DeviceSpec           1 string container_path; 2 string host_path; 3 string permissions
        ContainerAllocateResponse 1 map envs; 2 Mount* mounts; 3 DeviceSpec* devices; 4 map annotations
        AllocateResponse     1 ContainerAllocateResponse* container_responses
    """,
    "v1": """
        ListPodResourcesRequest
        AllocatableResourcesRequest
        GetPodResourcesRequest       1 string pod_name; 2 string pod_namespace
        NUMANode                     1 int64 ID
        TopologyInfo                 1 NUMANode* nodes
        ContainerDevices             1 string resource_name; 2 string* device_ids; 3 TopologyInfo topology
        ContainerResources           1 string name; 2 ContainerDevices* devices; 3 int64* cpu_ids
        PodResources                 1 string name; 2 string namespace; 3 ContainerResources* containers
        ListPodResourcesResponse     1 PodResources* pod_resources
        AllocatableResourcesResponse 1 ContainerDevices* devices; 2 int64* cpu_ids
        GetPodResourcesResponse      1 PodResources pod_resources
    """,
}  # fmt: skip
TYPES = {"string": 9, "bool": 8, "int64": 3, "int32": 5}


def load(package: str) -> Any:
    """The package's message classes, by name."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for line in PROTO[package].strip().splitlines():
        name, _, rest = line.strip().partition(" ")
        message = file.message_type.add(name=name)
        for entry in filter(None, (part.strip() for part in rest.split(";"))):
            _add_field(message, package, *entry.split())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = [message.name for message in file.message_type]
    found = {n: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{n}")) for n in names}
    return type(package, (), found)


def _add_field(message: Any, package: str, number: str, kind: str, name: str) -> None:
    if kind == "map":
        entry = message.nested_type.add(name=f"{name.capitalize()}Entry")
        entry.options.map_entry = True
        for n, key in enumerate(("key", "value"), 1):
            entry.field.add(name=key, number=n, type=9, label=1)
        message.field.add(name=name, number=int(number), type=11, label=3,
                          type_name=f".{package}.{message.name}.{entry.name}")  # fmt: skip
        return
    label, kind = (3, kind[:-1]) if kind.endswith("*") else (1, kind)
    field = message.field.add(name=name, number=int(number), type=TYPES.get(kind, 11), label=label)
    if kind not in TYPES:
        field.type_name = f".{package}.{kind}"


API = load("v1beta1")


class ToyPlugin:
    """`start`, `register`, `set_health`, `stop`."""

    def __init__(self, folder: Path, resource: str, count: int, *, prefer: bool = False, pre_start: bool = False):
        self.folder, self.resource = folder, resource
        self.endpoint = resource.replace("/", "_") + ".sock"
        self.health = {f"toy-{n}": "Healthy" for n in range(count)}
        self.options = API.DevicePluginOptions(
            pre_start_required=pre_start, get_preferred_allocation_available=prefer
        )  # fmt: skip
        self.calls: list[tuple[str, list[str]]] = []
        self.refuse = ""  # Allocate fails with this
        self._changed = asyncio.Condition()
        self._server: Any = None

    async def start(self) -> None:
        def unary(function: Any, kind: Any) -> Any:
            return grpc.unary_unary_rpc_method_handler(
                function, request_deserializer=kind.FromString, response_serializer=lambda m: m.SerializeToString()
            )

        handlers = {
            "GetDevicePluginOptions": unary(self._options, API.Empty),
            "Allocate": unary(self._allocate, API.AllocateRequest),
            "GetPreferredAllocation": unary(self._prefer, API.PreferredAllocationRequest),
            "PreStartContainer": unary(self._pre_start, API.PreStartContainerRequest),
            "ListAndWatch": grpc.unary_stream_rpc_method_handler(
                self._watch,
                request_deserializer=API.Empty.FromString,
                response_serializer=lambda m: m.SerializeToString(),
            ),
        }
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("v1beta1.DevicePlugin", handlers),))
        self._server.add_insecure_port(f"unix:{self.folder / self.endpoint}")
        await self._server.start()

    async def register(self, version: str = "v1beta1", timeout: float = 10) -> None:
        async with grpc.aio.insecure_channel(f"unix:{self.folder / 'kubelet.sock'}") as channel:
            call = channel.unary_unary(
                "/v1beta1.Registration/Register",
                request_serializer=lambda m: m.SerializeToString(),
                response_deserializer=API.Empty.FromString,
            )
            request = API.RegisterRequest(
                version=version, endpoint=self.endpoint, resource_name=self.resource, options=self.options
            )  # fmt: skip
            await call(request, timeout=timeout, wait_for_ready=True)

    async def set_health(self, device: str, health: str) -> None:
        async with self._changed:
            self.health[device] = health
            self._changed.notify_all()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(None)

    async def _options(self, request: Any, context: Any) -> Any:
        return self.options

    async def _watch(self, request: Any, context: Any) -> Any:
        while True:
            topology = API.TopologyInfo(nodes=[API.NUMANode(ID=1)])
            devices = [API.Device(ID=i, health=h, topology=topology) for i, h in self.health.items()]
            yield API.ListAndWatchResponse(devices=devices)
            async with self._changed:
                await self._changed.wait()

    async def _allocate(self, request: Any, context: Any) -> Any:
        answer = API.AllocateResponse()
        for container in request.container_requests:
            ids = list(container.devicesIDs)
            self.calls.append(("Allocate", ids))
            if self.refuse:
                await context.abort(grpc.StatusCode.UNKNOWN, self.refuse)
            answer.container_responses.append(API.ContainerAllocateResponse(
                envs={"TOY_DEVICES": ",".join(ids)},
                mounts=[API.Mount(container_path="/toy", host_path=str(self.folder), read_only=True)],
                devices=[API.DeviceSpec(container_path="/dev/toy0", host_path="/dev/null", permissions="rw")],
                annotations={"toy.example.com/devices": ",".join(ids)},
            ))  # fmt: skip
        return answer

    async def _prefer(self, request: Any, context: Any) -> Any:
        """The last ones."""
        answer = API.PreferredAllocationResponse()
        for container in request.container_requests:
            ids = sorted(container.available_deviceIDs)[-container.size :]
            self.calls.append(("GetPreferredAllocation", ids))
            answer.container_responses.append(API.ContainerPreferredAllocationResponse(deviceIDs=ids))
        return answer

    async def _pre_start(self, request: Any, context: Any) -> Any:
        self.calls.append(("PreStartContainer", list(request.devicesIDs)))
        return API.PreStartContainerResponse()


async def serve(folder: Path, resource: str, count: int) -> None:
    """As real plugins do: the kubelet's socket made anew means that the kubelet was restarted."""
    plugin, socket, seen = ToyPlugin(folder, resource, count), folder / "kubelet.sock", 0
    while True:
        now = socket.stat().st_ctime_ns if socket.exists() else 0  # inode numbers come back
        if now and now != seen:
            await plugin.stop()
            await plugin.start()
            try:
                await plugin.register(timeout=2)
            except grpc.aio.AioRpcError as exc:
                print("not registered:", exc.code(), flush=True)  # the kubelet died meanwhile
                continue
            seen = now
            print("registered", flush=True)
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
