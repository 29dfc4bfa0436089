"""Which pod is next. Mirrors pkg/scheduler/backend/queue (scheduling_queue.go).

    active          ready: by priority, then by time
    backing off     tried and failed, and moved by an event or an error: back after 1, 2, 4, 8, 10, 10 … seconds
    unschedulable   no node would have it: waits for an event that could help, five minutes at most
    gated           has scheduling gates: waits until they are gone

Invariants
    - A pod is in one of them, or with the one who popped it, or unknown here.
    - Nothing waits for ever in `unschedulable`: events move, the flush moves what is left over.
    - A pod that an event moved never skips the rest of its backoff.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from dataclasses import dataclass, field

from minik8s.clock import Clock, Timer
from minik8s.scheduler.events import ClusterEvent, could_help
from minik8s.scheduler.model import SchedPod

INITIAL_BACKOFF, MAX_BACKOFF = 1.0, 10.0
MAX_UNSCHEDULABLE = 300.0
FLUSH_PERIOD = 30.0


@dataclass(slots=True)
class QueuedPod:
    """A pod on its way to a node."""

    pod: SchedPod
    since: float  # when it came, or came back, to the queue
    attempts: int = 0
    failed_at: float = 0.0
    plugins: frozenset[str] = frozenset()

    @property
    def backoff(self) -> float:
        return min(MAX_BACKOFF, INITIAL_BACKOFF * 2.0 ** max(0, min(self.attempts, 16) - 1))


@dataclass(slots=True)
class _Waiting:
    """Who backs off, and the timer that ends it."""

    timers: dict[str, Timer] = field(default_factory=dict)
    pods: dict[str, QueuedPod] = field(default_factory=dict)


class SchedulingQueue:
    """The queue. All but `pop` is synchronous: handlers of informers call it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._order = itertools.count()
        self._heap: list[tuple[int, float, int, str]] = []
        self._active: dict[str, tuple[int, QueuedPod]] = {}  # the number tells live entries of the heap from stale ones
        self._backoff = _Waiting()
        self._unschedulable: dict[str, QueuedPod] = {}
        self._gated: dict[str, QueuedPod] = {}
        self._popped: dict[str, QueuedPod] = {}
        self._arrived = asyncio.Event()
        self.nominated: dict[str, SchedPod] = {}

    def counts(self) -> dict[str, int]:
        """How many wait where, as upstream's scheduler_pending_pods names it."""
        return {
            "active": len(self._active),
            "backoff": len(self._backoff.pods),
            "unschedulable": len(self._unschedulable),
            "gated": len(self._gated),
        }

    # -- from the informers

    def add(self, pod: SchedPod) -> None:
        """A pod without a node has come."""
        if self._find(pod.key) is not None or pod.key in self._popped:
            self.update(pod)
            return
        self._nominate(pod)
        self._enter(QueuedPod(pod, self._clock.monotonic()))

    def update(self, pod: SchedPod) -> None:
        """A pod without a node has changed."""
        self._nominate(pod)
        if pod.key in self._popped:
            self._popped[pod.key].pod = pod
            return
        entry = self._find(pod.key)
        if entry is None:
            self._enter(QueuedPod(pod, self._clock.monotonic()))
            return
        changed = entry.pod.concerns_scheduling != pod.concerns_scheduling
        place_changed = entry.pod.priority != pod.priority
        entry.pod = pod
        if pod.key in self._gated and not pod.gates:
            del self._gated[pod.key]
            self._activate(entry)
        elif pod.key in self._unschedulable and changed:
            del self._unschedulable[pod.key]
            self._move(entry)
        elif pod.key in self._active and place_changed:
            self._activate(entry)

    def delete(self, key: str) -> None:
        """A pod is gone, or has a node."""
        self.nominated.pop(key, None)
        self._active.pop(key, None)
        self._unschedulable.pop(key, None)
        self._gated.pop(key, None)
        self._popped.pop(key, None)
        self._leave_backoff(key)

    def cluster_changed(self, event: ClusterEvent) -> None:
        """Move every pod that the event could help."""
        for key, entry in list(self._unschedulable.items()):
            if could_help(event, entry.pod, entry.plugins):
                del self._unschedulable[key]
                self._move(entry)

    # -- for the loop

    async def pop(self) -> QueuedPod:
        """The next pod; it is the caller's until `done`, `unschedulable` or `failed`."""
        while True:
            while self._heap:
                _, _, number, key = heapq.heappop(self._heap)
                live = self._active.get(key)
                if live is not None and live[0] == number:
                    del self._active[key]
                    live[1].attempts += 1
                    self._popped[key] = live[1]
                    return live[1]
            self._arrived.clear()
            await self._arrived.wait()

    def done(self, entry: QueuedPod) -> None:
        """It has a node."""
        self._popped.pop(entry.pod.key, None)
        self.nominated.pop(entry.pod.key, None)

    def unschedulable(self, entry: QueuedPod, plugins: frozenset[str]) -> None:
        """No node would have it, and these plugins said so."""
        if self._popped.pop(entry.pod.key, None) is None:
            return  # deleted meanwhile
        entry.failed_at, entry.plugins = self._clock.monotonic(), plugins
        self._unschedulable[entry.pod.key] = entry

    def failed(self, entry: QueuedPod) -> None:
        """Something went wrong that may not the next time: again after the backoff."""
        if self._popped.pop(entry.pod.key, None) is None:
            return
        entry.failed_at = self._clock.monotonic()
        self._move(entry)

    def nominate(self, pod: SchedPod) -> None:
        """`pod` has a place in prospect on its nominated node (or, without one, no more)."""
        self._nominate(pod)

    async def flush_leftovers(self) -> None:
        """For ever: what has waited five minutes is tried again, whatever happened."""
        while True:
            await self._clock.sleep(FLUSH_PERIOD)
            now = self._clock.monotonic()
            for key, entry in list(self._unschedulable.items()):
                if now - entry.failed_at > MAX_UNSCHEDULABLE:
                    del self._unschedulable[key]
                    self._move(entry)

    # -- inside

    def _enter(self, entry: QueuedPod) -> None:
        if entry.pod.gates:
            self._gated[entry.pod.key] = entry
        else:
            self._activate(entry)

    def _activate(self, entry: QueuedPod) -> None:
        number = next(self._order)
        self._active[entry.pod.key] = (number, entry)
        heapq.heappush(self._heap, (-entry.pod.priority, entry.since, number, entry.pod.key))
        self._arrived.set()

    def _move(self, entry: QueuedPod) -> None:
        """Towards active, by way of what is left of the backoff."""
        left = entry.failed_at + entry.backoff - self._clock.monotonic()
        if left <= 0:
            self._activate(entry)
            return
        key = entry.pod.key
        self._backoff.pods[key] = entry
        self._backoff.timers[key] = self._clock.call_later(left, self._backoff_over, key)

    def _backoff_over(self, key: str) -> None:
        self._backoff.timers.pop(key, None)
        entry = self._backoff.pods.pop(key, None)
        if entry is not None:
            self._enter(entry)

    def _leave_backoff(self, key: str) -> None:
        self._backoff.pods.pop(key, None)
        timer = self._backoff.timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    def _find(self, key: str) -> QueuedPod | None:
        if key in self._active:
            return self._active[key][1]
        return self._backoff.pods.get(key) or self._unschedulable.get(key) or self._gated.get(key)

    def _nominate(self, pod: SchedPod) -> None:
        if pod.nominated_node:
            self.nominated[pod.key] = pod
        else:
            self.nominated.pop(pod.key, None)
