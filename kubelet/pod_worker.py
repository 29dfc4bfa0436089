"""One task per pod: it alone acts on the pod, one sync at a time.

Mirrors upstream pkg/kubelet/pod_workers.go. The pod's life here is a state machine that only goes forward:

    SYNCING ──▶ TERMINATING ──▶ TERMINATED ──▶ REMOVED
    keep it     stop what       volumes and    records gone;
    as the      runs            devices are    the object may
    spec says                   given back     go

SYNCING ends when the pod is being deleted, has vanished from the API, has ended by itself, or is refused or evicted.
TERMINATED waits, for a pod that ended by itself, until somebody deletes it: its logs can be read until then.

A wake says only "look again": it carries no state, so that any number of them may be merged.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from enum import Enum

from minik8s.api import core
from minik8s.client.log import get_logger
from minik8s.kubelet.backoff import Backoff
from minik8s.kubelet.conditions import OWNED
from minik8s.kubelet.context import NodeContext, PodState
from minik8s.kubelet.observed import key_of
from minik8s.kubelet.pod_sync import SyncResult, sync_pod
from minik8s.kubelet.pod_termination import release_pod, remove_pod, stop_pod
from minik8s.kubelet.runtimes.base import ContainerState, EventType, RuntimeEvent, SandboxState
from minik8s.kubelet.status import Verdict, is_terminal

log = get_logger(__name__)


class Phase(Enum):
    SYNCING = "syncing"
    TERMINATING = "terminating"
    TERMINATED = "terminated"
    REMOVED = "removed"


#: upstream's operation types, of metrics
WORK = {"syncing": "sync", "terminating": "terminating", "terminated": "terminated"}


class PodWorker:
    def __init__(self, ctx: NodeContext, pod: core.Pod, on_done: Callable[[str], None]) -> None:
        self._ctx = ctx
        self._on_done = on_done
        self._wake = asyncio.Event()
        self._retry = Backoff(initial=1.0, maximum=30.0)
        self.state = PodState(pod)
        self.phase = Phase.SYNCING
        ctx.metrics.pod_seen(pod)
        self._decide()
        self._wake.set()

    # what others may call: each only notes something and wakes the task ---------------------------------------------
    def update(self, pod: core.Pod) -> None:
        """A newer version of the object."""
        before = self.state.pod
        self.state.pod = pod
        self._decide()
        if _matters(before, pod):
            self.state.not_before.clear()  # the new version may mend what failed
            self.state.changed.set()
            self.wake()

    def vanish(self) -> None:
        """The object is gone from the API."""
        self.state.removed = True
        self.state.changed.set()
        self._decide()
        self.wake()

    def evict(self, verdict: Verdict, grace: float) -> bool:
        """The node cannot keep the pod. False: it is going anyway."""
        if not self.is_active or self.is_leaving:
            return False
        self.state.verdict, self.state.eviction_grace = verdict, grace
        self.state.stopping.set()
        self.state.changed.set()
        self.wake()
        return True

    def wake(self) -> None:
        self._wake.set()

    def reference_changed(self) -> None:
        """A config map or secret of the pod changed: what failed for want of it may be tried now."""
        self.state.not_before.clear()
        self.wake()

    def runtime_event(self, event: RuntimeEvent) -> None:
        """Wake, unless the event only tells what the last look showed already."""
        if not self._is_known(event):
            self.wake()

    @property
    def is_active(self) -> bool:
        """It counts against the node's resources."""
        return self.state.admitted and not self.state.ended and self.phase in (Phase.SYNCING, Phase.TERMINATING)

    @property
    def is_leaving(self) -> bool:
        """It is being stopped, or will be: its place will be free."""
        return self.phase is not Phase.SYNCING or self.state.stopping.is_set()

    # the task -------------------------------------------------------------------------------------------------------
    async def run(self) -> None:
        wake_at = 0.0
        while self.phase is not Phase.REMOVED:
            await self._sleep(wake_at)
            self._wake.clear()
            try:
                phase, begun = self.phase.value, time.monotonic()
                wake_at = await self._step()
                self._ctx.metrics.pod_worker.observe(time.monotonic() - begun, WORK[phase])
                self._retry.forget("")
            except Exception as exc:  # the worker's: a pod's trouble must end neither it nor the node
                now = self._ctx.clock.now()
                self._retry.failed("", now)
                wake_at = now + self._retry.remaining("", now)
                text = "; ".join(str(e) for e in exc.exceptions) if isinstance(exc, ExceptionGroup) else str(exc)
                log.warning("sync failed", pod=key_of(self.state.pod), phase=self.phase.value, error=text or repr(exc))
                if not isinstance(exc, OSError) and log.is_enabled("debug"):
                    log.exception("sync failed")
        self._ctx.metrics.pod_gone(self.state.uid)
        self._on_done(self.state.uid)

    async def _sleep(self, wake_at: float) -> None:
        """Until something wakes the pod, or `wake_at`, or the next regular look."""
        if self._wake.is_set():
            return
        clock = self._ctx.clock
        regular = self._ctx.config.resync_seconds * (1 + random.random() / 2)
        seconds = max(0.0, min(wake_at - clock.now(), regular)) if wake_at else regular
        timer = clock.call_later(seconds, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()

    async def _step(self) -> float:
        """Go as far as possible now; when to look again (0: whenever)."""
        ctx, state = self._ctx, self.state
        if self.phase is Phase.SYNCING:
            result = await sync_pod(ctx, state) if not state.stopping.is_set() else SyncResult()
            if not result.finished and not state.stopping.is_set():
                return result.wake_at
            self._go(Phase.TERMINATING)
        if self.phase is Phase.TERMINATING:
            await stop_pod(ctx, state)
            await release_pod(ctx, state)
            self._go(Phase.TERMINATED)
        if state.removed or state.pod.metadata.deletion_timestamp:
            await remove_pod(ctx, state)
            if state.removed:
                ctx.statuses.forget(state.uid)
            else:
                ctx.statuses.finish(state.pod)
            self._go(Phase.REMOVED)
        return 0.0

    def _decide(self) -> None:
        """Does the pod have to stop?"""
        pod = self.state.pod
        if self.state.removed or pod.metadata.deletion_timestamp or is_terminal(pod.status):
            self.state.stopping.set()

    def _go(self, phase: Phase) -> None:
        log.debug("pod", pod=key_of(self.state.pod), phase=phase.value)
        self.phase = phase
        self.state.stopping.set()

    def _is_known(self, event: RuntimeEvent) -> bool:
        if event.type == EventType.RESYNC or event.type == EventType.OOM:
            return False
        observed = self.state.observed
        if event.container_name:
            container = next((c for c in observed.containers if c.id == event.container_id), None)
            return {
                EventType.CONTAINER_STARTED: container is not None and container.state != ContainerState.CREATED,
                EventType.CONTAINER_DIED: container is not None and container.state == ContainerState.EXITED,
                EventType.CONTAINER_REMOVED: container is None,
            }[event.type]
        sandbox = next((s for s in observed.sandboxes if s.id == event.sandbox_id), None)
        return {
            EventType.CONTAINER_STARTED: sandbox is not None,
            EventType.CONTAINER_DIED: sandbox is not None and sandbox.state != SandboxState.READY,
            EventType.CONTAINER_REMOVED: sandbox is None,
        }[event.type]


def _matters(old: core.Pod, new: core.Pod) -> bool:
    """Whether a new version says what the kubelet did not write itself; else each status would cause a sync."""

    def said(pod: core.Pod) -> tuple[object, ...]:
        meta = pod.metadata
        others = [condition for condition in pod.status.conditions if condition.type not in OWNED]
        return (
            pod.spec,
            meta.labels,
            meta.annotations,
            meta.deletion_timestamp,
            meta.deletion_grace_period_seconds,
            others,
            is_terminal(pod.status),
        )

    return said(old) != said(new)
