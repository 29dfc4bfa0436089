"""The loop: pop a pod, schedule it, assume it is there, bind in a task of its own, and go on with the next.

Mirrors pkg/scheduler/scheduler.go and schedule_one.go. One pod is decided at a time, on a snapshot that holds all
earlier decisions; bindings overlap. A pod that found no node may get one by preemption, and waits in the queue either
way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

from minik8s.client.events import EventRecorder
from minik8s.client.log import get_logger
from minik8s.client.rest import Client
from minik8s.scheduler.binder import Binder, BindingFailed
from minik8s.scheduler.cache import Cache
from minik8s.scheduler.framework import Decision
from minik8s.scheduler.metrics import Metrics
from minik8s.scheduler.model import DEFAULT_SCHEDULER, SchedPod
from minik8s.scheduler.plugins import default_algorithm
from minik8s.scheduler.preemption import Plan, plan_preemption
from minik8s.scheduler.queue import QueuedPod, SchedulingQueue

log = get_logger(__name__)

BINDINGS_AT_ONCE = 64


class Scheduler:
    """Everything wired together. `run` works until cancelled."""

    def __init__(self, client: Client, name: str = DEFAULT_SCHEDULER, seed: int | None = None) -> None:
        self.clock = client.clock
        self.queue = SchedulingQueue(self.clock)
        self.cache = Cache(client, self.queue, name)
        self.algorithm = default_algorithm(self.cache.listers, seed)
        self.recorder = EventRecorder(client, name)
        self.binder = Binder(client, self.recorder, self.cache.snapshot, self.cache.listers)
        self.metrics = Metrics(name)
        self._slots = asyncio.Semaphore(BINDINGS_AT_ONCE)
        self._tasks: set[asyncio.Future[None]] = set()

    @property
    def ready(self) -> bool:
        return self.cache.synced

    async def run_informers(self) -> None:
        """Keep the cache, for ever."""
        async with asyncio.TaskGroup() as tasks:
            for informer in self.cache.informers:
                tasks.create_task(informer.run(), name=f"informer-{informer.resource.plural}")

    async def run(self) -> None:
        """Schedule, for ever; the informers must be running."""
        for informer in self.cache.informers:
            await informer.wait_synced()
        log.info("scheduling", nodes=len(self.cache.snapshot), pods=len(self.cache.snapshot.pods))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.queue.flush_leftovers(), name="flush")
                tasks.create_task(self._loop(), name="schedule")
        finally:
            for task in self._tasks:
                task.cancel()
            await self.recorder.close()

    async def _loop(self) -> None:
        while True:
            await self._slots.acquire()  # so that no more is decided than can be carried out
            entry = await self.queue.pop()
            try:
                self._schedule_one(entry)
            except Exception as error:
                log.exception("scheduling failed", pod=entry.pod.key)
                self.queue.failed(entry)
                self._spawn(self.binder.report_error(entry.pod, str(error)))
            await asyncio.sleep(0)  # the informers and the bindings want to move on, too

    def _schedule_one(self, entry: QueuedPod) -> None:
        pod, started = entry.pod, self.clock.monotonic()
        if self.cache.is_assumed(pod.key) or pod.key in self.cache.snapshot.pods:
            self.queue.done(entry)
            self._slots.release()
            return
        decision = self.algorithm.schedule(pod, self.cache.snapshot, self._nominated(pod))
        self.metrics.attempt(bool(decision.node), self.clock.monotonic() - started)
        if decision.node:
            self.cache.assume(pod, decision.node)
            if pod.claims:
                self._slots.release()  # its volumes may take minutes: the others must not wait for them
            self._spawn(self._bind(entry, decision.node), holds_slot=not pod.claims)
        else:
            self._spawn(self._no_node(entry, decision))

    def _nominated(self, pod: SchedPod) -> list[SchedPod]:
        return [other for other in self.queue.nominated.values() if other.priority >= pod.priority]

    async def _bind(self, entry: QueuedPod, node: str) -> None:
        pod = entry.pod
        try:
            await self.binder.bind(pod, node)
        except BindingFailed as error:
            log.warning("binding failed", pod=pod.key, node=node, error=str(error))
            self.cache.forget(pod.key)
            if error.final:
                self.queue.delete(pod.key)
                return
            entry.pod = self.cache.pods.get(pod.key) or pod  # what changed while it was assumed
            self.queue.failed(entry)
            await self.binder.report_error(pod, f"binding rejected: {error}")
        else:
            log.debug("pod bound", pod=pod.key, node=node)
            self.queue.done(entry)

    def _no_node(self, entry: QueuedPod, decision: Decision) -> asyncio.Future[None]:
        """Decide at once, on the same snapshot, what follows; only the writing waits."""
        pod, snapshot = entry.pod, self.cache.snapshot
        plan = plan_preemption(pod, snapshot, self.algorithm, decision, list(self.cache.listers.budgets.values()))
        decision.preemption = plan.message
        message = decision.message()
        log.debug("no node", pod=pod.key, message=message)
        nominated = None if plan.keeps_nomination else plan.node
        if nominated is not None:
            self.queue.nominate(replace(pod, nominated_node=nominated))
        # without nodes no plugin has refused the pod: whatever comes may help
        self.queue.unschedulable(entry, decision.plugins or frozenset({"none"}))
        return asyncio.ensure_future(self._tell(pod, message, nominated, plan))

    async def _tell(self, pod: SchedPod, message: str, nominated: str | None, plan: Plan) -> None:
        if plan.node:
            self.metrics.preemption(len(plan.victims))
            await self.binder.evict(plan.victims, pod, plan.node)
            for other in list(self.queue.nominated.values()):
                if other.nominated_node == plan.node and other.priority < pod.priority:
                    self.queue.nominate(replace(other, nominated_node=""))
                    await self.binder.clear_nomination(other)
        await self.binder.report_unschedulable(pod, message, nominated)

    def _spawn(self, work: Awaitable[None], holds_slot: bool = True) -> None:
        """Run in the background; the slot is free again when it is done."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._finished(done, holds_slot))

    def _finished(self, task: asyncio.Future[None], holds_slot: bool) -> None:
        self._tasks.discard(task)
        if holds_slot:
            self._slots.release()
        if not task.cancelled() and task.exception() is not None:
            log.error("background work failed", error=repr(task.exception()))
