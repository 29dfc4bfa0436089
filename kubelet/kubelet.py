"""One node, put together: every part made, connected, and run in one task group.

Mirrors NewMainKubelet and Run of upstream pkg/kubelet/kubelet.go. Order matters at the start: the runtime answers, the
ledger is rebuilt from what runs, the node is registered, and only then pods are taken from the API.
"""

from __future__ import annotations

import asyncio

from minik8s.api import core
from minik8s.client.events import EventRecorder
from minik8s.client.informer import Informer
from minik8s.client.log import get_logger
from minik8s.client.rest import Client
from minik8s.clock import Clock
from minik8s.kubelet import events
from minik8s.kubelet.config import KubeletConfig
from minik8s.kubelet.context import NodeContext
from minik8s.kubelet.devices.node import NodeDevices
from minik8s.kubelet.eviction.garbage import ImageCollector
from minik8s.kubelet.eviction.manager import EvictionManager
from minik8s.kubelet.images import ImageManager
from minik8s.kubelet.machine import Usage, read_usage
from minik8s.kubelet.node import USAGE_SECONDS, NodeReporter
from minik8s.kubelet.objects import ObjectCache
from minik8s.kubelet.probers import Outcome, ProbeResult
from minik8s.kubelet.probes import ProbeManager
from minik8s.kubelet.record import container_recorder
from minik8s.kubelet.runtimes.base import Runtime
from minik8s.kubelet.shared import PodCache
from minik8s.kubelet.static.manager import StaticPods
from minik8s.kubelet.stats.kubelet_metrics import KubeletMetrics, measure
from minik8s.kubelet.status_manager import StatusManager
from minik8s.kubelet.sync_loop import SyncLoop
from minik8s.kubelet.volumes.local_path import LocalPathJanitor
from minik8s.kubelet.volumes.manager import VolumeManager

log = get_logger(__name__)


class Kubelet:
    """`run` until cancelled. Containers go on running when it ends."""

    def __init__(
        self,
        config: KubeletConfig,
        client: Client,
        runtime: Runtime,
        clock: Clock,
        pods: PodCache | None = None,
        services: Informer[core.Service] | None = None,
        nodes: Informer[core.Node] | None = None,
    ) -> None:
        """`pods`, `services`, `nodes`: informers that several simulated nodes share; the caller runs those."""
        self.metrics = KubeletMetrics()
        self.devices = NodeDevices(config, client, clock, self.metrics.registrations.add)
        self.config = config = self.devices.with_labels(config)
        self.client = client
        self.runtime = runtime = measure(runtime, self.metrics)
        self.clock = clock
        self.started = asyncio.Event()
        self._own_informers: list[Informer[core.Pod] | Informer[core.Service]] = []
        # "is None": a cache that is still empty is false
        mine = f"spec.nodeName={config.node_name}"
        self.pods: PodCache = self._own(core.Pod, mine) if pods is None else pods
        self.services = self._own(core.Service, "") if services is None else services
        self.recorder = EventRecorder(client, "kubelet", host=config.node_name)
        self.reporter = NodeReporter(config, client, clock, runtime, self.devices.manager, self.recorder, nodes)
        machine = self.reporter.machine
        self.collector = ImageCollector(runtime, clock, config.root_dir, machine, self._usage)
        self.ctx = self._context()
        self.loop = SyncLoop(self.ctx, self.pods)
        self.static: StaticPods | None = None
        if config.manifest_path is not None:
            self.static = StaticPods(self.ctx, config.manifest_path, self.loop)
            self.loop.on_mirror = self.static.on_mirror
        self.eviction = EvictionManager(
            self.ctx, machine, config.eviction, self.loop.evict, lambda: self.collector.collect(everything=True)
        )

    def _own(self, kind: type, field_selector: str) -> Informer:  # type: ignore[type-arg]
        informer: Informer = Informer(self.client, kind, field_selector=field_selector)  # type: ignore[type-arg]
        self._own_informers.append(informer)
        return informer

    def _context(self) -> NodeContext:
        objects = ObjectCache(self.client, lambda uid: self.loop.reference_changed(uid))
        return NodeContext(
            config=self.config,
            clock=self.clock,
            client=self.client,
            runtime=self.runtime,
            capabilities=frozenset(),
            recorder=self.recorder,
            statuses=StatusManager(self.client, self.clock, self.config.status_workers),
            probes=ProbeManager(self.runtime, self.clock, lambda uid: self.loop.wake(uid), self._record_probe),
            volumes=VolumeManager(self.config.root_dir, self.client, objects, self.clock),
            objects=objects,
            images=ImageManager(self.runtime, self.clock, self.collector.note_pull),
            devices=self.devices.manager,
            services=self.services,
            node=self.reporter.node,
            active_pods=lambda: self.loop.active_pods(),
            leaving_pods=lambda: self.loop.leaving_pods(),
            leaving_uids=lambda: self.loop.leaving_uids(),
            start_slots=asyncio.Semaphore(self.config.parallel_starts),
            host_ips=self.reporter.addresses,
            node_memory=self.reporter.machine.memory,
            metrics=self.metrics,
        )

    def _usage(self) -> Usage:
        return read_usage(self.config.root_dir, int(self.clock.now() / USAGE_SECONDS))

    def _record_probe(self, pod: core.Pod, container: core.Container, kind: str, result: ProbeResult) -> None:
        record = container_recorder(self.recorder, pod, container.name)
        name = kind.capitalize()
        if result.outcome is Outcome.WARNING:
            record(events.WARNING, events.PROBE_WARNING, f"{name} probe warning: {result.message}")
        elif result.outcome is Outcome.ERROR:
            record(events.WARNING, events.UNHEALTHY, f"{name} probe errored: {result.message}")
        else:
            record(events.WARNING, events.UNHEALTHY, f"{name} probe failed: {result.message}")

    @property
    def ready(self) -> bool:
        """Pods are taken and run."""
        return self.started.is_set()

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                await self._start(group)
                group.create_task(self.ctx.statuses.run())
                group.create_task(self.reporter.run())
                if self.static is not None:
                    group.create_task(self.static.run())
                group.create_task(self.loop.run())
                if not self.config.simulated:
                    group.create_task(self.eviction.run())
                    group.create_task(self.collector.run())
                    group.create_task(LocalPathJanitor(self.client, self.config.node_name, self.config.root_dir).run())
                group.create_task(self.devices.run(self.recorder, self.loop))
                self.started.set()
        finally:
            self.ctx.probes.close()
            await self.ctx.objects.close()

    async def _start(self, group: asyncio.TaskGroup) -> None:
        await self.runtime.start()
        self.ctx.capabilities = await self.runtime.capabilities()
        await self.loop.rebuild()
        await self.client.wait_for_server()
        for informer in self._own_informers:
            group.create_task(informer.run())
        await self.reporter.register()
        await self.devices.reconcile(self.reporter.node())
        await self.pods.wait_synced()
        await self.loop.reconcile()
        self.loop.start_listening()
        log.info("kubelet ready", node=self.config.node_name, runtime=self.runtime.name, pods=len(self.loop.workers))
