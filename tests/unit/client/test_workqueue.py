"""The work queue's invariants, in virtual time."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minik8s.client.workqueue import QueueShutDown, WorkQueue
from minik8s.testing.time import VirtualClock, settle


async def test_many_adds_are_one_look() -> None:
    queue: WorkQueue[str] = WorkQueue(VirtualClock())
    for _ in range(3):
        queue.add("a")
    assert await queue.get() == "a"
    assert len(queue) == 0


async def test_a_change_during_the_work_is_another_look_after_it() -> None:
    queue: WorkQueue[str] = WorkQueue(VirtualClock())
    queue.add("a")
    key = await queue.get()
    queue.add("a")
    assert len(queue) == 0  # nobody else gets it meanwhile
    queue.done(key)
    assert await queue.get() == "a"


async def test_get_waits_and_is_woken_once_per_key() -> None:
    queue: WorkQueue[str] = WorkQueue(VirtualClock())
    getters = [asyncio.ensure_future(queue.get()) for _ in range(2)]
    await settle()
    queue.add("a")
    await settle()
    assert [getter.done() for getter in getters] == [True, False]
    getters[1].cancel()


async def test_a_cancelled_getter_loses_no_wake_up() -> None:
    queue: WorkQueue[str] = WorkQueue(VirtualClock())
    first, second = (asyncio.ensure_future(queue.get()) for _ in range(2))
    await settle()
    queue.add("a")
    first.cancel()
    await settle()
    assert second.done() and second.result() == "a"


async def test_backoff_doubles_and_forget_starts_over() -> None:
    clock = VirtualClock()
    queue: WorkQueue[str] = WorkQueue(clock)
    delays = []
    for _ in range(4):
        start = clock.monotonic()
        queue.add_rate_limited("a")
        await clock.advance_until(lambda: len(queue) == 1)
        delays.append(round(clock.monotonic() - start, 3))
        queue.done(await queue.get())
    assert delays == [0.005, 0.01, 0.02, 0.04]
    assert queue.num_requeues("a") == 4
    queue.forget("a")
    assert queue.num_requeues("a") == 0


async def test_backoff_is_capped() -> None:
    clock = VirtualClock()
    queue: WorkQueue[str] = WorkQueue(clock)
    queue._failures["a"] = 10_000
    queue.add_rate_limited("a")
    await clock.advance(999)
    assert len(queue) == 0
    await clock.advance(1)
    assert len(queue) == 1


async def test_the_earlier_of_two_delays_wins() -> None:
    clock = VirtualClock()
    queue: WorkQueue[str] = WorkQueue(clock)
    queue.add_after("a", 10)
    queue.add_after("a", 5)
    queue.add_after("a", 20)
    await clock.advance(5)
    assert len(queue) == 1
    queue.done(await queue.get())
    await clock.advance(60)
    assert len(queue) == 0


async def test_shut_down_ends_the_waiters_and_drops_the_delayed() -> None:
    clock = VirtualClock()
    queue: WorkQueue[str] = WorkQueue(clock)
    getter = asyncio.ensure_future(queue.get())
    queue.add_after("a", 5)
    await settle()
    queue.shut_down()
    with pytest.raises(QueueShutDown):
        await getter
    queue.add("b")
    await clock.advance(10)
    assert len(queue) == 0


@given(st.lists(st.tuples(st.sampled_from(["add", "get", "done"]), st.sampled_from("abc")), max_size=60))
def test_no_key_is_with_two_workers_and_none_is_lost(steps: list[tuple[str, str]]) -> None:
    async def run() -> None:
        queue: WorkQueue[str] = WorkQueue(VirtualClock())
        working: set[str] = set()
        wanted: set[str] = set()
        for action, key in steps:
            if action == "add":
                queue.add(key)
                wanted.add(key)
            elif action == "get" and len(queue):
                taken = await queue.get()
                assert taken not in working
                working.add(taken)
                wanted.discard(taken)
            elif action == "done" and key in working:
                working.discard(key)
                queue.done(key)
        for key in list(working):
            queue.done(key)
        left = {await queue.get() for _ in range(len(queue))}
        assert left == wanted

    asyncio.run(run())
