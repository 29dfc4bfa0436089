"""Time as a parameter.

Everything that waits or stamps takes a `Clock`, so that a test can put `minik8s.testing.time.VirtualClock` in its place
and `advance("1h")`. Mirrors k8s.io/utils/clock. Timeouts of real sockets stay on the event loop's own time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Timer(Protocol):
    """What `Clock.call_later` gives back: a call that can still be called off."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """A source of time. `now` is wall time (epoch seconds), `monotonic` never goes back."""

    def now(self) -> float: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...

    def call_later(self, seconds: float, callback: Callable[..., Any], *args: Any) -> Timer:
        """Run a synchronous callback after `seconds`."""
        ...


class SystemClock:
    """The real time of this machine and of the running event loop."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[..., Any], *args: Any) -> Timer:
        return asyncio.get_running_loop().call_later(max(0.0, seconds), callback, *args)


async def wait_for(clock: Clock, awaitable: Awaitable[T], seconds: float) -> T:
    """`asyncio.wait_for` on an injected clock: raises TimeoutError, and cancels what it waited for."""
    task = asyncio.ensure_future(awaitable)
    expired = False

    def expire() -> None:
        nonlocal expired
        expired = not task.done()
        task.cancel()

    timer = clock.call_later(seconds, expire)
    try:
        return await task
    except asyncio.CancelledError:
        if expired:
            raise TimeoutError(f"no result within {seconds:g} s") from None
        task.cancel()
        raise
    finally:
        timer.cancel()
