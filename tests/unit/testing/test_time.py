"""Virtual time."""

from __future__ import annotations

import asyncio

import pytest

from minik8s.clock import wait_for
from minik8s.testing.time import VirtualClock, parse_duration, settle


async def test_timers_fire_in_order_at_their_own_time() -> None:
    clock = VirtualClock()
    seen: list[tuple[float, str]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        seen.append((clock.monotonic(), name))
        await clock.sleep(seconds)
        seen.append((clock.monotonic(), name))

    tasks = [asyncio.ensure_future(sleeper("slow", 40)), asyncio.ensure_future(sleeper("fast", 30))]
    await clock.advance("1m")
    assert seen == [(30, "fast"), (40, "slow"), (60, "fast")]
    assert clock.monotonic() == 60
    await clock.advance("20s")
    assert seen[-1] == (80, "slow")
    await asyncio.gather(*tasks)


async def test_a_cancelled_sleep_leaves_nothing_behind() -> None:
    clock = VirtualClock()
    task = asyncio.ensure_future(clock.sleep(10))
    await settle()
    assert clock.pending == 1
    task.cancel()
    await settle()
    assert clock.pending == 0


async def test_advance_until() -> None:
    clock = VirtualClock()
    done: list[int] = []
    clock.call_later(70, done.append, 1)
    await clock.advance_until(lambda: bool(done))
    assert clock.monotonic() == 70
    with pytest.raises(AssertionError, match="not met within 1m"):
        await clock.advance_until(lambda: False, "1m")


async def test_wait_for() -> None:
    clock = VirtualClock()
    waiting = asyncio.ensure_future(wait_for(clock, clock.sleep(100), 5))
    await clock.advance(5)
    with pytest.raises(TimeoutError, match="no result within 5 s"):
        await waiting
    assert clock.pending == 0
    assert await wait_for(clock, asyncio.sleep(0, "value"), 5) == "value"


async def test_a_loop_that_spins_is_found() -> None:
    async def spin() -> None:
        while True:  # noqa: ASYNC110 - the very thing to be found
            await asyncio.sleep(0)

    task = asyncio.ensure_future(spin())
    with pytest.raises(AssertionError, match="never came to rest"):
        await settle(limit=1000)
    task.cancel()


@pytest.mark.parametrize(("text", "seconds"), [("1h", 3600), ("1h30m", 5400), ("500ms", 0.5), ("1d", 86400), (7, 7)])
def test_durations(text: str | float, seconds: float) -> None:
    assert parse_duration(text) == seconds
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration("soon")
