"""The loop that evicts: every ten seconds, limits first, then the node's own shortages, one pod at a time.

Mirrors synchronize of upstream pkg/kubelet/eviction/eviction_manager.go. An evicted pod ends Failed, reason Evicted;
its worker stops it. Before pods go for want of disk, images and dead containers do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from minik8s.api import core
from minik8s.client.log import get_logger
from minik8s.kubelet import events
from minik8s.kubelet.context import NodeContext
from minik8s.kubelet.eviction.limits import compute_breach, is_limited
from minik8s.kubelet.eviction.ranking import PodUsage, compute_victims, is_critical, render_message
from minik8s.kubelet.eviction.thresholds import SIGNALS, Amount, Threshold, amounts, crossed
from minik8s.kubelet.eviction.usage import measure_disk, measure_memory
from minik8s.kubelet.machine import Machine, read_usage
from minik8s.kubelet.observed import key_of
from minik8s.kubelet.pod_files import log_directory
from minik8s.kubelet.runtimes.base import RuntimeFault
from minik8s.kubelet.status import Verdict

log = get_logger(__name__)

PERIOD = 10.0
#: after an eviction the node is given this long to show it
SETTLE = 30.0

#: uid, verdict, grace → the pod's worker takes it from there; False: there is none
Evict = Callable[[str, Verdict, float], bool]


class EvictionManager:
    def __init__(
        self,
        ctx: NodeContext,
        machine: Machine,
        thresholds: tuple[Threshold, ...],
        evict: Evict,
        reclaim_disk: Callable[[], Awaitable[int]],
    ) -> None:
        self._ctx = ctx
        self._machine = machine
        self._thresholds = thresholds
        self._evict = evict
        self._reclaim_disk = reclaim_disk
        self._settled_at = 0.0

    async def run(self) -> None:
        while True:
            await self._ctx.clock.sleep(PERIOD)
            try:
                await self.synchronize()
            except (RuntimeFault, OSError) as exc:
                log.warning("usage not measured", error=str(exc))

    def observe(self) -> dict[str, Amount]:
        """What there is on this node now."""
        usage = read_usage(self._ctx.config.root_dir, int(self._ctx.clock.now() / 5))
        return amounts(usage, self._machine)

    async def synchronize(self) -> None:
        if await self._enforce_limits():
            return
        now, seen = self._ctx.clock.now(), self.observe()
        bad = crossed(self._thresholds, seen)
        if not bad or now < self._settled_at:
            return
        threshold = bad[0]
        resource = SIGNALS[threshold.signal][1]
        log.warning("the node is low", signal=threshold.signal, available=seen[threshold.signal].available)
        self._record_low(resource)
        of_disk = resource in ("ephemeral-storage", "inodes")
        if of_disk and await self._reclaim_disk() and not crossed((threshold,), self.observe()):
            return
        await self._evict_one(threshold, seen[threshold.signal])

    async def _enforce_limits(self) -> bool:
        pods = [pod for pod in self._ctx.active_pods() if is_limited(pod) and not is_critical(pod)]
        evicted = False
        for pod in pods:
            breach = compute_breach(pod, await self._measure(pod))
            if breach:
                evicted = self._send_away(pod, breach) or evicted
        return evicted

    async def _evict_one(self, threshold: Threshold, amount: Amount) -> None:
        resource = SIGNALS[threshold.signal][1]
        pods = self._ctx.active_pods()
        if resource in ("ephemeral-storage", "inodes"):
            usage = {pod.metadata.uid: await self._measure(pod) for pod in pods}
        else:
            usage = await measure_memory(self._ctx.runtime, await self._ctx.runtime.list_containers())
        for pod in compute_victims(resource, pods, usage):
            message = render_message(threshold, amount, pod, usage.get(pod.metadata.uid, PodUsage()))
            if self._send_away(pod, message, disruption=True):
                self._settled_at = self._ctx.clock.now() + SETTLE
                return

    async def _measure(self, pod: core.Pod) -> PodUsage:
        uid = pod.metadata.uid
        containers = await self._ctx.runtime.list_containers(uid)
        layers = await self._ctx.runtime.disk_usage(uid)
        directory, logs = self._ctx.volumes.pod_dir(uid), log_directory(self._ctx, pod)
        return await asyncio.to_thread(measure_disk, pod, directory, logs, layers, containers)

    def _send_away(self, pod: core.Pod, message: str, disruption: bool = False) -> bool:
        verdict = Verdict("Evicted", message, disruption)
        if not self._evict(pod.metadata.uid, verdict, 0.0):
            return False
        log.info("pod evicted", pod=key_of(pod), message=message)
        self._ctx.recorder.event(pod, events.WARNING, "Evicted", message)
        return True

    def _record_low(self, resource: str) -> None:
        node = self._ctx.node()
        reference = {"kind": "Node", "name": node.metadata.name, "uid": node.metadata.uid, "apiVersion": "v1"}
        text = f"Attempting to reclaim {resource}"
        self._ctx.recorder.event(reference, events.WARNING, "EvictionThresholdMet", text)
