"""What wakes the pods' workers: changes of pod objects, runtime events, probe results, changed config maps.

Mirrors syncLoop of upstream pkg/kubelet/kubelet.go and pkg/kubelet/pleg. Upstream's PLEG lists all containers every
second; here the runtime's own event stream says which pod to look at, and a full listing runs at the start, whenever
the stream says that it may have missed something (RESYNC), and once a minute.

Invariants:
- a pod is taken for deleted only on the informer's DELETED, or when the runtime has it and a *synced* informer has not;
- each pod uid has at most one worker, and nobody but the worker touches the pod's containers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from minik8s.api import core
from minik8s.client.log import get_logger
from minik8s.kubelet.context import NodeContext
from minik8s.kubelet.observed import key_of
from minik8s.kubelet.pod_worker import PodWorker
from minik8s.kubelet.runtimes.base import (
    LABEL_GRACE,
    LABEL_POD_NAME,
    LABEL_POD_NAMESPACE,
    ContainerState,
    ContainerStatus,
    EventType,
    RuntimeUnavailable,
    SandboxStatus,
)
from minik8s.kubelet.shared import OnPod, PodCache
from minik8s.kubelet.static.manifests import is_mirror
from minik8s.kubelet.status import Verdict, is_terminal

log = get_logger(__name__)


class SyncLoop:
    def __init__(self, ctx: NodeContext, pods: PodCache) -> None:
        self._ctx = ctx
        self._pods = pods
        self.workers: dict[str, PodWorker] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._static: set[str] = set()
        #: what the API shows of static pods is not run: it is told to whoever keeps them
        self.on_mirror: OnPod = lambda event, old, new: None

    def start_listening(self) -> None:
        """Take pods from the informer; only after `rebuild`, so that no device is given out twice."""
        self._pods.add_handler(self._on_pod)

    async def rebuild(self) -> None:
        """Learn from what is on the runtime who holds which devices. The ledger has no other memory."""
        runtime = self._ctx.runtime
        self._ctx.devices.adopt(await runtime.list_sandboxes(), await runtime.list_containers())

    async def reconcile(self) -> None:
        """The pods are known: what has ended, or is gone with nothing left running, holds no device any more."""
        alive = {pod.metadata.uid for pod in self._pods.list() if not is_terminal(pod.status)}
        containers = await self._ctx.runtime.list_containers()
        running = {c.pod_uid for c in containers if c.state == ContainerState.RUNNING}
        self._ctx.devices.keep_only(alive | running)

    async def run(self) -> None:
        """Runtime events until cancelled; the workers end with it."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow_runtime())
                group.create_task(self._relist_regularly())
        finally:
            for task in self._tasks:
                task.cancel()

    def wake(self, uid: str) -> None:
        if worker := self.workers.get(uid):
            worker.wake()

    def reference_changed(self, uid: str) -> None:
        if worker := self.workers.get(uid):
            worker.reference_changed()

    def evict(self, uid: str, verdict: Verdict, grace: float) -> bool:
        worker = self.workers.get(uid)
        return worker is not None and worker.evict(verdict, grace)

    def active_pods(self) -> list[core.Pod]:
        return [worker.state.pod for worker in self.workers.values() if worker.is_active]

    def leaving_pods(self) -> list[core.Pod]:
        """Those among the active that are being stopped."""
        return [worker.state.pod for worker in self.workers.values() if worker.is_active and worker.is_leaving]

    def leaving_uids(self) -> set[str]:
        return {uid for uid, worker in self.workers.items() if worker.is_leaving}

    def status_of(self, uid: str) -> core.PodStatus | None:
        return self._ctx.statuses.get(uid)

    # static pods ----------------------------------------------------------------------------------------------------
    def run_static(self, pod: core.Pod) -> None:
        """A pod of the node's own, that the API does not know (but for its mirror)."""
        self._static.add(pod.metadata.uid)
        self._start(PodWorker(self._ctx, pod, self._done))

    def stop_static(self, uid: str) -> None:
        if (worker := self.workers.get(uid)) and not worker.state.removed:
            worker.vanish()

    def static_uids(self) -> set[str]:
        return set(self._static)

    def uids_of(self, namespace: str, name: str) -> set[str]:
        """The pods of that name that are here, ended or not."""
        metas = ((uid, worker.state.pod.metadata) for uid, worker in self.workers.items())
        return {uid for uid, meta in metas if (meta.namespace, meta.name) == (namespace, name)}

    # pods from the API ----------------------------------------------------------------------------------------------
    def _on_pod(self, event: str, old: core.Pod | None, new: core.Pod | None) -> None:
        pod = new or old
        if pod is not None and is_mirror(pod):
            self.on_mirror(event, old, new)
        elif event == "DELETED":
            if old is not None and (worker := self.workers.get(old.metadata.uid)):
                worker.vanish()
        elif new is not None and new.spec.node_name == self._ctx.config.node_name:
            self._ctx.statuses.observe(new)
            self._dispatch(new)

    def _dispatch(self, pod: core.Pod) -> None:
        uid = pod.metadata.uid
        if worker := self.workers.get(uid):
            worker.update(pod)
        else:
            log.debug("pod added", pod=key_of(pod))
            self._start(PodWorker(self._ctx, pod, self._done))

    def _start(self, worker: PodWorker) -> None:
        uid = worker.state.uid
        self.workers[uid] = worker
        task = asyncio.create_task(worker.run(), name=f"pod {key_of(worker.state.pod)}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _done(self, uid: str) -> None:
        self.workers.pop(uid, None)
        self._static.discard(uid)

    # the runtime ----------------------------------------------------------------------------------------------------
    async def _follow_runtime(self) -> None:
        async for event in self._ctx.runtime.events():
            if event.type == EventType.RESYNC:
                await self._relist(wake_all=True)
            elif worker := self.workers.get(event.pod_uid):
                worker.runtime_event(event)

    async def _relist_regularly(self) -> None:
        while True:
            await self._ctx.clock.sleep(self._ctx.config.resync_seconds)
            await self._relist(wake_all=False)

    async def _relist(self, wake_all: bool) -> None:
        try:
            sandboxes = await self._ctx.runtime.list_sandboxes()
            containers = await self._ctx.runtime.list_containers()
        except RuntimeUnavailable as exc:
            log.warning("runtime does not answer", error=str(exc))
            return
        if wake_all:
            for worker in self.workers.values():
                worker.wake()
        if self._pods.synced:
            self._stop_unknown([*sandboxes, *containers])
            await self._clean_up()

    def _stop_unknown(self, found: Iterable[SandboxStatus | ContainerStatus]) -> None:
        """What runs here of pods that the API does not know (any more): stop and remove it."""
        known = {pod.metadata.uid for pod in self._pods.list()} | set(self.workers)
        unknown: dict[str, SandboxStatus | ContainerStatus] = {}
        for thing in found:
            if thing.pod_uid and thing.pod_uid not in known:
                unknown.setdefault(thing.pod_uid, thing)
        for uid, thing in unknown.items():
            pod = _from_labels(uid, thing)
            log.info("stopping a pod that the API does not know", pod=key_of(pod), uid=uid)
            worker = PodWorker(self._ctx, pod, self._done)
            worker.state.admitted = True
            worker.vanish()
            self._start(worker)

    async def _clean_up(self) -> None:
        """Directories of pods that nobody knows: left by a kubelet that died at the wrong moment."""
        for uid in self._ctx.volumes.leftovers():
            if uid not in self.workers:
                log.info("removing the directory of a pod that is gone", uid=uid)
                await self._ctx.volumes.tear_down(uid)

    def running_count(self) -> tuple[int, int]:
        """(pods, containers) that run, for figures."""
        workers = list(self.workers.values())
        containers = sum(c.state == ContainerState.RUNNING for w in workers for c in w.state.observed.containers)
        return sum(not is_terminal(w.state.pod.status) for w in workers), containers


def _from_labels(uid: str, thing: SandboxStatus | ContainerStatus) -> core.Pod:
    """As much of a pod as is needed to stop it."""
    grace = int(thing.labels.get(LABEL_GRACE, "30"))
    pod = core.Pod(spec=core.PodSpec(termination_grace_period_seconds=grace))
    pod.metadata.uid = uid
    pod.metadata.name = thing.labels.get(LABEL_POD_NAME, "unknown")
    pod.metadata.namespace = thing.labels.get(LABEL_POD_NAMESPACE, "")
    return pod
