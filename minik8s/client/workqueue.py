"""The work queue: which keys need a look, each once, never two workers on one key.

Mirrors client-go util/workqueue (queue.go, delaying_queue.go, default_rate_limiters.go). All methods but `get` are
synchronous, since handlers may not block.

Invariants
    - A key is in `_ready` only if it is dirty and not being processed.
    - Adding a key that is dirty does nothing: many changes, one look.
    - Adding a key that is being processed marks it dirty; `done` puts it back in line. So no change is lost, and no
      key is ever with two workers.
    - A key waits in `_delayed` at most once, for the earliest time that was asked for.
    - After `shut_down` nothing is added; `get` raises QueueShutDown once what is ready was handed out.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

from minik8s.clock import Clock, SystemClock, Timer

K = TypeVar("K", bound=Hashable)

BASE_DELAY = 0.005
MAX_DELAY = 1000.0


class QueueShutDown(Exception):
    """The queue was shut down and is empty."""


class WorkQueue(Generic[K]):
    """A queue of keys with per-key exponential backoff (5 ms … 1000 s) and delayed adds."""

    def __init__(
        self, clock: Clock | None = None, *, base_delay: float = BASE_DELAY, max_delay: float = MAX_DELAY
    ) -> None:
        self._clock = clock or SystemClock()
        self._base_delay = base_delay
        self._max_delay = max_delay
        self._ready: deque[K] = deque()
        self._dirty: set[K] = set()
        self._processing: set[K] = set()
        self._failures: dict[K, int] = {}
        self._delayed: dict[K, tuple[float, Timer]] = {}
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._shut_down = False

    def __len__(self) -> int:
        """Keys that a worker could take now."""
        return len(self._ready)

    def add(self, key: K) -> None:
        """Ask for a look at `key`."""
        if self._shut_down or key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._processing:
            self._ready.append(key)
            self._wake_one()

    async def get(self) -> K:
        """The next key; it stays with the caller until `done(key)`."""
        while not self._ready:
            if self._shut_down:
                raise QueueShutDown
            await self._wait()
        key = self._ready.popleft()
        self._dirty.discard(key)
        self._processing.add(key)
        return key

    def done(self, key: K) -> None:
        """The caller of `get` is finished with `key`, well or badly."""
        self._processing.discard(key)
        if key in self._dirty:
            self._ready.append(key)
            self._wake_one()

    def add_after(self, key: K, seconds: float) -> None:
        """Add `key` once `seconds` have passed; an earlier time that is already set wins."""
        if self._shut_down:
            return
        if seconds <= 0:
            self.add(key)
            return
        due = self._clock.monotonic() + seconds
        waiting = self._delayed.get(key)
        if waiting is not None:
            if waiting[0] <= due:
                return
            waiting[1].cancel()
        self._delayed[key] = (due, self._clock.call_later(seconds, self._add_due, key))

    def add_rate_limited(self, key: K) -> None:
        """Add `key` after its backoff: 5 ms, doubled with each failure since the last `forget`."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        # 2**64 × 5 ms is far past any cap; the bound keeps the power small for a key that fails for weeks
        self.add_after(key, min(self._max_delay, self._base_delay * 2.0 ** min(failures, 64)))

    def forget(self, key: K) -> None:
        """`key` went well: its next failure starts again at the shortest delay."""
        self._failures.pop(key, None)

    def num_requeues(self, key: K) -> int:
        """Failures since the last `forget`."""
        return self._failures.get(key, 0)

    @property
    def idle(self) -> bool:
        """Nothing ready and nothing in work (delayed keys may still come)."""
        return not self._ready and not self._processing

    def shut_down(self) -> None:
        """Take nothing more; workers see QueueShutDown when the ready keys are gone."""
        self._shut_down = True
        for _, timer in self._delayed.values():
            timer.cancel()
        self._delayed.clear()
        while self._waiters:
            self._wake_one()

    def _add_due(self, key: K) -> None:
        self._delayed.pop(key, None)
        self.add(key)

    async def _wait(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and self._ready:
                self._wake_one()  # the wake-up was ours: hand it on
            raise
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _wake_one(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
