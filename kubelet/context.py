"""What all pods of one node share, handed to each pod's worker: one object instead of globals."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from minik8s.api import core
from minik8s.client.events import EventRecorder
from minik8s.client.informer import Informer
from minik8s.client.rest import Client
from minik8s.clock import Clock
from minik8s.kubelet.config import KubeletConfig
from minik8s.kubelet.container_status import Waiting
from minik8s.kubelet.devices.manager import DeviceManager
from minik8s.kubelet.images import ImageManager
from minik8s.kubelet.objects import ObjectCache
from minik8s.kubelet.observed import Observed
from minik8s.kubelet.probes import ProbeManager
from minik8s.kubelet.runtimes.base import Runtime
from minik8s.kubelet.stats.kubelet_metrics import KubeletMetrics
from minik8s.kubelet.status import Verdict
from minik8s.kubelet.status_manager import StatusManager
from minik8s.kubelet.volumes.manager import VolumeManager

T = TypeVar("T")


@dataclass
class NodeContext:
    config: KubeletConfig
    clock: Clock
    client: Client
    runtime: Runtime
    capabilities: frozenset[str]
    recorder: EventRecorder
    statuses: StatusManager
    probes: ProbeManager
    volumes: VolumeManager
    objects: ObjectCache
    images: ImageManager
    devices: DeviceManager
    services: Informer[core.Service]
    #: this node's own object, as last seen or sent
    node: Callable[[], core.Node]
    #: the pods that were admitted and have not ended
    active_pods: Callable[[], list[core.Pod]]
    leaving_pods: Callable[[], list[core.Pod]]
    #: uids of all pods that are being stopped, admitted by this kubelet or not
    leaving_uids: Callable[[], set[str]]
    start_slots: asyncio.Semaphore
    host_ips: tuple[str, ...] = ()
    node_memory: int = 0
    metrics: KubeletMetrics = field(default_factory=KubeletMetrics)


@dataclass
class PodState:
    """What one pod's worker remembers between syncs. All of it can be found again after a restart."""

    pod: core.Pod
    observed: Observed = field(default_factory=Observed)
    admitted: bool = False
    #: found running when the kubelet started
    adopted: bool = False
    #: the object is gone from the API
    removed: bool = False
    start_time: float = 0.0
    verdict: Verdict | None = None
    waiting: dict[str, Waiting] = field(default_factory=dict)
    not_before: dict[str, float] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    #: container id → termination message
    messages: dict[str, str] = field(default_factory=dict)
    #: container id → cpu and memory that were changed since it was made
    resources: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    #: why a resize is not done
    resize_pending: core.PodCondition | None = None
    ended: bool = False
    #: an eviction's grace period, in place of the spec's
    eviction_grace: float | None = None
    #: set when the pod is to be stopped: waits of a sync give up
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    #: set whenever the API object changed
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def uid(self) -> str:
        return self.pod.metadata.uid


class Interrupted(Exception):
    """The pod is to be stopped: what was waited for does not matter any more."""


async def unless_stopping(state: PodState, work: asyncio.Future[T]) -> T:
    """Wait for `work`, but no longer than the pod is wanted."""
    stop = asyncio.ensure_future(state.stopping.wait())
    both: set[asyncio.Future[Any]] = {work, stop}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise Interrupted
        return work.result()
    finally:
        stop.cancel()
        if not work.done():
            work.cancel()
