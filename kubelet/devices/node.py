"""The devices of one node, put together: found at the start, watched, told to the API, served to plugins.

The parts that need the machine, the API or a clock; the decisions are `manager`'s and the pure modules'.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

from minik8s.api import core
from minik8s.api.status import ApiError
from minik8s.client.events import EventRecorder
from minik8s.client.log import get_logger
from minik8s.client.rest import Client
from minik8s.clock import Clock
from minik8s.kubelet import events
from minik8s.kubelet.config import KubeletConfig
from minik8s.kubelet.devices import features, nvidia
from minik8s.kubelet.devices.manager import DeviceManager
from minik8s.kubelet.devices.nvml import open_nvml

#: on the node: the resources that device owners have offered, so that a later kubelet knows what to withdraw
ANNOTATION = "minik8s.io/device-resources"
HEALTH_SECONDS = 2.0
log = get_logger(__name__)


class Pods(Protocol):
    """The part of the sync loop that is asked for pods."""

    def active_pods(self) -> list[core.Pod]: ...


class NodeDevices:
    """`with_labels`, `reconcile` once the node is registered, then `run`."""

    def __init__(
        self, config: KubeletConfig, client: Client, clock: Clock, registered: Callable[[str], None] = lambda name: None
    ) -> None:
        """`registered`: told of each registration of a plugin."""
        self._count = registered
        self._config, self._client, self._clock = config, client, clock
        self.gpus = _find_gpus(config)
        self.manager = DeviceManager(clock, self.gpus)
        self._noted: list[str] = []
        self._offered: set[str] = set()
        self._new_resource = asyncio.Event()

    def with_labels(self, config: KubeletConfig) -> KubeletConfig:
        """The node's labels tell of its GPUs; those given by hand win."""
        if self.gpus is None:
            return config
        found = features.compute_labels(self.gpus.inventory, self.gpus.replicas)
        return replace(config, node_labels={**found, **config.node_labels})

    async def reconcile(self, node: core.Node) -> None:
        """What a former kubelet offered and nobody offers now is withdrawn: its capacity 0, its labels gone."""
        before = {name for name in node.metadata.annotations.get(ANNOTATION, "").split(",") if name}
        self.manager.expect(before)
        now = set(self.manager.ledgers.by_resource)
        self._noted = sorted(before)
        if now == before and (self.gpus is not None or nvidia.RESOURCE not in before):
            return
        self._noted = sorted(now)
        metadata: dict[str, dict[str, str | None]] = {"annotations": {ANNOTATION: ",".join(self._noted)}}
        if self.gpus is None and nvidia.RESOURCE in before:
            keep = self._config.node_labels
            stale = [k for k in node.metadata.labels if k.startswith(features.PREFIX) and k not in keep]
            metadata["labels"] = dict.fromkeys(stale)
        await self._patch(metadata)
        self.manager.on_change()

    async def _patch(self, metadata: dict[str, dict[str, str | None]]) -> None:
        name = self._config.node_name
        try:
            await self._client.patch(core.Node, name, "", {"metadata": metadata}, type="merge")
        except (ApiError, OSError) as exc:
            log.warning("the node's device resources were not noted", node=name, error=str(exc))

    async def note(self, resources: Iterable[str]) -> None:
        """A later kubelet of this node must know them."""
        self._noted = sorted(resources)
        await self._patch({"annotations": {ANNOTATION: ",".join(self._noted)}})

    async def run(self, recorder: EventRecorder, pods: Pods) -> None:
        """Watch the GPUs' health, and wait for plugins, until cancelled."""
        if self._config.simulated:
            return  # a thousand nodes in one process: no files, no sockets
        # here, since the node works by now: a hundredth of a second of its start
        from minik8s.kubelet.devices.plugins.podresources import PodResourcesServer
        from minik8s.kubelet.devices.plugins.registration import Registration

        async with asyncio.TaskGroup() as group:
            if self.gpus is not None:
                group.create_task(self._watch_health(recorder))
            group.create_task(Registration(self._config.root_dir, self.manager, self._registered).run())
            group.create_task(PodResourcesServer(self._config.root_dir, self.manager.ledgers, pods.active_pods).run())
            group.create_task(self._keep_noted())

    def _registered(self, resource: str) -> None:
        self._count(resource)
        self._offered.add(resource)
        self._new_resource.set()

    async def _keep_noted(self) -> None:
        while True:
            await self._new_resource.wait()
            self._new_resource.clear()
            if not self._offered <= set(self._noted):
                await self.note({*self._noted, *self._offered})

    async def _watch_health(self, recorder: EventRecorder) -> None:
        name = self._config.node_name
        node = core.ObjectReference(api_version="v1", kind="Node", name=name, uid=name)
        while True:
            for card, trouble in self.manager.check_gpus().items():
                log.warning("GPU changed", gpu=card, trouble=trouble or "none")
                if trouble:
                    recorder.event(node, events.WARNING, "DeviceUnhealthy", f"GPU {card} is not given out: {trouble}")
                else:
                    recorder.event(node, events.NORMAL, "DeviceHealthy", f"GPU {card} is well again")
            await self._clock.sleep(HEALTH_SECONDS)


def _find_gpus(config: KubeletConfig) -> nvidia.NvidiaGpus | None:
    if config.fake_gpus:
        return nvidia.NvidiaGpus(
            nvidia.fake(config.node_name, config.fake_gpus), config.gpu_replicas, root=config.root_dir
        )
    nvml = open_nvml() if config.runtime != "fake" else None
    if nvml is None or not (inventory := nvml.inventory()).gpus:
        return None
    return nvidia.NvidiaGpus(inventory, config.gpu_replicas, nvml)
