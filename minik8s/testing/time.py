"""Virtual time: a clock that moves only when the test says so.

`await clock.advance("1h")` fires every timer that falls due, in order, and lets the event loop run dry after each, so
that what one timer sets off (another timer included) happens at its own virtual second. Mirrors
k8s.io/utils/clock/testing and kopf's virtual time. Only tasks on the event loop take part: threads and sockets do not.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import re
from collections.abc import Callable
from typing import Any

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
START = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def parse_duration(text: str | float) -> float:
    """`"1h30m"`, `"500ms"` or a number of seconds."""
    if isinstance(text, int | float):
        return float(text)
    parts = re.findall(r"([\d.]+)(ms|s|m|h|d)", text)
    if not parts or "".join(a + b for a, b in parts) != text.replace(" ", ""):
        raise ValueError(f"not a duration: {text!r}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


async def settle(limit: int = 100_000) -> None:
    """Run the event loop until nothing is ready any more."""
    loop = asyncio.get_running_loop()
    ready = getattr(loop, "_ready", None)
    if ready is None:  # uvloop does not show its queue
        for _ in range(200):
            await asyncio.sleep(0)
        return
    for _ in range(limit):
        await asyncio.sleep(0)
        if not ready:
            return
    raise AssertionError("the event loop never came to rest: something spins without waiting")


class VirtualTimer:
    """A call that the clock will make."""

    __slots__ = ("args", "callback", "cancelled", "due")

    def __init__(self, due: float, callback: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.due, self.callback, self.args, self.cancelled = due, callback, args, False

    def cancel(self) -> None:
        self.cancelled = True


class VirtualClock:
    """A `minik8s.clock.Clock` for tests."""

    def __init__(self, start: float = START) -> None:
        self._start = start
        self._elapsed = 0.0
        self._order = itertools.count()
        self._timers: list[tuple[float, int, VirtualTimer]] = []

    def now(self) -> float:
        return self._start + self._elapsed

    def monotonic(self) -> float:
        return self._elapsed

    def call_later(self, seconds: float, callback: Callable[..., Any], *args: Any) -> VirtualTimer:
        timer = VirtualTimer(self._elapsed + max(0.0, seconds), callback, args)
        heapq.heappush(self._timers, (timer.due, next(self._order), timer))
        return timer

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, _resolve, waiter)
        try:
            await waiter
        finally:
            timer.cancel()

    async def advance(self, duration: str | float) -> None:
        """Let time pass: every timer due within it fires, in order."""
        until = self._elapsed + parse_duration(duration)
        await settle()
        while self._timers and self._timers[0][0] <= until:
            due, _, timer = heapq.heappop(self._timers)
            if timer.cancelled:
                continue
            self._elapsed = max(self._elapsed, due)
            timer.callback(*timer.args)
            await settle()
        self._elapsed = until
        await settle()

    async def advance_until(self, condition: Callable[[], bool], limit: str | float = "1h") -> None:
        """Let time pass, timer by timer, until `condition` holds; AssertionError after `limit`."""
        until = self._elapsed + parse_duration(limit)
        await settle()
        while not condition():
            self._drop_cancelled()
            if not self._timers or self._timers[0][0] > until:
                raise AssertionError(f"condition not met within {limit} of virtual time")
            await self.advance(max(0.0, self._timers[0][0] - self._elapsed))

    @property
    def pending(self) -> int:
        """Timers that have not fired."""
        self._drop_cancelled()
        return sum(not timer.cancelled for _, _, timer in self._timers)

    def _drop_cancelled(self) -> None:
        while self._timers and self._timers[0][2].cancelled:
            heapq.heappop(self._timers)


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
