"""One device plugin, as the kubelet talks to it.

Mirrors endpointImpl of upstream pkg/kubelet/cm/devicemanager/endpoint.go. gRPC without generated code: each method is
its path and two functions of our messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from pathlib import Path
from typing import Any, TypeVar

from minik8s.client.log import get_logger
from minik8s.kubelet.devices.grants import Grant
from minik8s.kubelet.devices.ledger import Device, Need
from minik8s.kubelet.devices.manager import DeviceManager, PluginFailure
from minik8s.kubelet.devices.plugins import messages
from minik8s.kubelet.devices.plugins.wire import Message, WireError
from minik8s.kubelet.runtimes.base import Device as DeviceNode
from minik8s.kubelet.runtimes.base import Mount

T = TypeVar("T", bound=Message)
log = get_logger(__name__)

DIAL_SECONDS = 10.0
ALLOCATE_SECONDS = 60.0
PRE_START_SECONDS = 30.0  # KubeletPreStartContainerRPCTimeoutInSecs


class PluginEndpoint:
    """A `manager.Plugin`. `run` follows its list of devices until the plugin goes."""

    def __init__(self, resource: str, socket: Path, options: messages.DevicePluginOptions) -> None:
        self.resource, self.socket, self._options = resource, socket, options
        self._channel: Any = None

    async def run(self, manager: DeviceManager) -> None:
        """Plugged in as long as its stream lasts."""
        import grpc  # here, because a plugin has registered: nobody else pays for it

        target = f"unix:{self.socket}"
        async with grpc.aio.insecure_channel(target) as channel:
            self._channel = channel
            try:
                await asyncio.wait_for(channel.channel_ready(), DIAL_SECONDS)
                manager.plug_in(self)
                stream = self._method(channel.unary_stream, "ListAndWatch", messages.ListAndWatchResponse)
                async for answer in stream(messages.Empty()):
                    manager.update(self, list(_devices(answer.devices)))
                log.info("device plugin ended its stream", resource=self.resource)
            except TimeoutError:
                log.warning("device plugin does not answer", resource=self.resource, socket=str(self.socket))
            except grpc.aio.AioRpcError as exc:
                log.info("device plugin is gone", resource=self.resource, error=_describe(exc))
            finally:
                manager.unplug(self)

    async def prefer(self, need: Need) -> list[str]:
        if not self._options.get_preferred_allocation_available:
            return []
        wish = messages.ContainerPreferredAllocationRequest(
            available_device_ids=list(need.available),
            must_include_device_ids=list(need.must),
            allocation_size=need.size,
        )
        answer = await self._call(
            "GetPreferredAllocation",
            messages.PreferredAllocationRequest([wish]),
            messages.PreferredAllocationResponse,
            PRE_START_SECONDS,
        )
        return list(answer.container_responses[0].device_ids) if answer.container_responses else []

    async def allocate(self, identifiers: Collection[str]) -> Grant:
        request = messages.AllocateRequest([messages.ContainerAllocateRequest(list(identifiers))])
        answer = await self._call("Allocate", request, messages.AllocateResponse, ALLOCATE_SECONDS)
        if len(answer.container_responses) != 1:
            raise PluginFailure(f"device plugin for {self.resource} answered for no container")
        return compute_grant(answer.container_responses[0])

    async def pre_start(self, identifiers: Collection[str]) -> None:
        if self._options.pre_start_required:
            request = messages.PreStartContainerRequest(list(identifiers))
            await self._call("PreStartContainer", request, messages.Empty, PRE_START_SECONDS)

    async def _call(self, name: str, request: Message, kind: type[T], timeout: float) -> T:
        import grpc

        try:
            method: Callable[..., Awaitable[T]] = self._method(self._channel.unary_unary, name, kind)
            return await method(request, timeout=timeout)
        except grpc.aio.AioRpcError as exc:
            raise PluginFailure(_describe(exc)) from exc
        except (WireError, grpc.aio.UsageError) as exc:  # UsageError: the channel is closed, the plugin gone
            raise PluginFailure(f"device plugin for {self.resource}: {exc}") from exc

    @staticmethod
    def _method(shape: Callable[..., Any], name: str, kind: type[Message]) -> Any:
        return shape(
            f"/{messages.DEVICE_PLUGIN}/{name}",
            request_serializer=lambda message: message.encode(),
            response_deserializer=kind.decode,
        )


def compute_grant(answer: messages.ContainerAllocateResponse) -> Grant:
    """In our runtimes' words. Pure."""
    if answer.cdi_devices:
        raise PluginFailure("the device plugin answers with CDI devices, which this node's runtimes do not know")
    return Grant(
        envs=answer.envs,
        mounts=tuple(Mount(m.host_path, m.container_path, m.read_only) for m in answer.mounts),
        devices=tuple(DeviceNode(d.host_path, d.container_path, d.permissions or "rwm") for d in answer.devices),
        annotations=answer.annotations,
    )


def _devices(listed: Iterable[messages.Device]) -> Iterable[Device]:
    for index, device in enumerate(listed):
        nodes = tuple(node.id for node in device.topology.nodes) if device.topology else ()
        yield Device(device.id, index, healthy=device.health == messages.HEALTHY, numa=nodes)


def _describe(exc: Any) -> str:
    """As Go prints a gRPC status."""
    code = "".join(word.capitalize() for word in exc.code().name.split("_"))
    return f"rpc error: code = {code} desc = {exc.details() or ''}"
