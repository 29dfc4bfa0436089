"""One look at everything: the runtime's figures, /proc, the disk.

Mirrors pkg/kubelet/stats/provider.go over the CRI. A look is kept for a second, so that pages asked for together agree
and cost one look. Whoever wants the cores in use now gets a second look when there was none before.

Leaves out: what a container wrote to its own layer (rootfs), which no runtime here tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from minik8s.api import core
from minik8s.clock import Clock
from minik8s.kubelet.runtimes.base import (
    ContainerState,
    ContainerStats,
    ContainerStatus,
    Runtime,
    RuntimeFault,
    SandboxStatus,
)
from minik8s.kubelet.stats.machine import measure_folder, read_network, read_node
from minik8s.kubelet.stats.model import ContainerUsage, Network, NodeUsage, PodUsage, Snapshot
from minik8s.kubelet.stats.rates import Rates

KEEP_SECONDS = 1.0
SECOND_LOOK_SECONDS = 0.5
NODE = "/"


class Collector:
    """`collect()` for a Snapshot."""

    def __init__(
        self, node_name: str, runtime: Runtime, pods: Callable[[], list[core.Pod]], root: Path, clock: Clock
    ) -> None:
        self._node_name, self._runtime, self._pods, self._root, self._clock = node_name, runtime, pods, root, clock
        self._rates = Rates()
        self._lock = asyncio.Lock()
        self._last: tuple[float, bool, Snapshot] | None = None  # when, with rates and volumes, what

    async def collect(self, *, full: bool = False) -> Snapshot:
        """`full`: with the cores in use, and what volumes and logs take."""
        async with self._lock:
            now = self._clock.monotonic()
            if self._last and now - self._last[0] < KEEP_SECONDS and (self._last[1] or not full):
                return self._last[2]
            snapshot = await self._look(full)
            if full and None in (snapshot.node.nano_cores, *(p.nano_cores for p in snapshot.pods)):
                await self._clock.sleep(SECOND_LOOK_SECONDS)
                snapshot = await self._look(full)
            self._last = (self._clock.monotonic(), full, snapshot)
            return snapshot

    async def _look(self, full: bool) -> Snapshot:
        node = read_node(self._root, self._clock.now())
        node = replace(node, nano_cores=self._rates.nano_cores(NODE, node.time, node.cpu_ns))
        try:
            stats = {item.id: item for item in await self._runtime.stats()}
            statuses = await self._runtime.list_containers()
            sandboxes = await self._runtime.list_sandboxes()
            if full:
                node = await self._with_images(node)
        except RuntimeFault as exc:
            return Snapshot(self._node_name, node, failed=str(exc))
        pods = compute_pods(self._pods(), stats, statuses, sandboxes, self._rates)
        self._rates.keep_only({NODE, *(c.status.id for pod in pods for c in pod.containers)})
        if full:
            pods = await asyncio.to_thread(lambda: [self._with_disk(pod) for pod in pods])
        return Snapshot(self._node_name, node, tuple(_with_network(pod) for pod in pods))

    async def _with_images(self, node: NodeUsage) -> NodeUsage:
        return replace(node, image_bytes=sum(image.size for image in await self._runtime.list_images()))

    def _with_disk(self, usage: PodUsage) -> PodUsage:
        folder = self._root / "pods" / (usage.pod.metadata.uid or "") / "volumes"
        volumes = {}
        for volume in usage.pod.spec.volumes:
            places = list(folder.glob(f"*/{volume.name}"))
            if places and volume.host_path is None and volume.persistent_volume_claim is None:
                volumes[volume.name] = measure_folder(places[0])
        containers = tuple(replace(c, log_bytes=_log_bytes(c.status.log_path)) for c in usage.containers)
        return replace(usage, volumes=volumes, containers=containers)


def compute_pods(
    pods: list[core.Pod],
    stats: dict[str, ContainerStats],
    statuses: list[ContainerStatus],
    sandboxes: list[SandboxStatus],
    rates: Rates,
) -> list[PodUsage]:
    """Pods that run, with their containers' figures. Pure but for the rates' memory."""
    running: dict[str, list[ContainerStatus]] = {}
    for status in statuses:
        if status.state is ContainerState.RUNNING and status.id in stats:
            running.setdefault(status.pod_uid, []).append(status)
    network: dict[str, list[ContainerStats]] = {}
    for sandbox in sandboxes:
        if sandbox.id in stats:
            network.setdefault(sandbox.pod_uid, []).append(stats[sandbox.id])
    found = []
    for pod in pods:
        uid = pod.metadata.uid or ""
        containers = tuple(_usage(status, stats[status.id], rates) for status in running.get(uid, []))
        if containers:
            counted = [*network.get(uid, []), *(c.stats for c in containers)]
            found.append(PodUsage(pod, containers, _sum_network(counted)))
    return found


def _usage(status: ContainerStatus, stats: ContainerStats, rates: Rates) -> ContainerUsage:
    return ContainerUsage(status, stats, rates.nano_cores(status.id, stats.timestamp, stats.cpu_usage_ns))


def _sum_network(stats: list[ContainerStats]) -> Network:
    return Network(rx_bytes=sum(s.rx_bytes for s in stats), tx_bytes=sum(s.tx_bytes for s in stats))


def _with_network(usage: PodUsage) -> PodUsage:
    """A runtime that counts no bytes: the kernel does, for each process's network."""
    pid = next((c.status.pid for c in usage.containers if c.status.pid), 0)
    known = usage.network is not None and (usage.network.rx_bytes or usage.network.tx_bytes)
    if known or not pid or usage.pod.spec.host_network:
        return usage
    found = [n for n in read_network(Path(f"/proc/{pid}/net/dev")) if n.name != "lo"]
    return replace(usage, network=found[0]) if found else usage


def _log_bytes(path: str) -> int:
    try:
        return Path(path).stat().st_size if path else 0
    except OSError:
        return 0
