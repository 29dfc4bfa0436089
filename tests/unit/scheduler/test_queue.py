"""The scheduling queue in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from minik8s.scheduler import events
from minik8s.scheduler.events import ClusterEvent, could_help
from minik8s.scheduler.queue import SchedulingQueue
from minik8s.testing.time import VirtualClock
from tests.unit.scheduler.clusters import make_node, make_pod

FIT = frozenset({"NodeResourcesFit"})


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def queue(clock: VirtualClock) -> SchedulingQueue:
    return SchedulingQueue(clock)


async def test_priority_first_then_time(queue: SchedulingQueue, clock: VirtualClock) -> None:
    for name, priority in (("old", 0), ("young", 0), ("high", 10)):
        queue.add(make_pod(name, priority=priority))
        await clock.advance(1)
    assert [(await queue.pop()).pod.name for _ in range(3)] == ["high", "old", "young"]


async def test_pop_waits(queue: SchedulingQueue, clock: VirtualClock) -> None:
    popped = asyncio.ensure_future(queue.pop())
    await clock.advance(1)
    assert not popped.done()
    queue.add(make_pod("p"))
    assert (await popped).pod.name == "p"


async def test_backoff_doubles_up_to_ten_seconds(queue: SchedulingQueue, clock: VirtualClock) -> None:
    queue.add(make_pod("p"))
    waits = []
    for _ in range(6):
        entry = await queue.pop()
        queue.failed(entry)
        start = clock.monotonic()
        popped = asyncio.ensure_future(queue.pop())
        await clock.advance_until(popped.done)
        waits.append(clock.monotonic() - start)
        queue.failed(popped.result())
        popped.result().attempts -= 1  # the pop of this measurement does not count
        queue.delete("default/p")
        queue.add(make_pod("p"))
        queue._active["default/p"][1].attempts = entry.attempts
    assert waits == [1, 2, 4, 8, 10, 10]


async def test_an_event_that_helps_moves_one_that_does_not_leaves(queue: SchedulingQueue, clock: VirtualClock) -> None:
    queue.add(make_pod("p", cpu="2"))
    queue.unschedulable(await queue.pop(), FIT)
    await clock.advance("20s")
    queue.cluster_changed(ClusterEvent(events.NODE_LABELS, make_node("a")))
    queue.cluster_changed(ClusterEvent(events.NODE_ADDED, make_node("a", cpu=1000)))
    assert queue.counts()["unschedulable"] == 1
    queue.cluster_changed(ClusterEvent(events.NODE_ADDED, make_node("b", cpu=3000)))
    assert queue.counts() == {"active": 1, "backoff": 0, "unschedulable": 0, "gated": 0}


async def test_a_moved_pod_still_serves_its_backoff(queue: SchedulingQueue, clock: VirtualClock) -> None:
    queue.add(make_pod("p"))
    queue.unschedulable(await queue.pop(), FIT)
    queue.cluster_changed(ClusterEvent(events.NODE_ADDED, make_node("a")))
    assert queue.counts()["backoff"] == 1
    await clock.advance("1s")
    assert queue.counts()["active"] == 1


async def test_nothing_waits_longer_than_five_minutes(queue: SchedulingQueue, clock: VirtualClock) -> None:
    flush = asyncio.ensure_future(queue.flush_leftovers())
    queue.add(make_pod("p"))
    queue.unschedulable(await queue.pop(), FIT)
    await clock.advance("4m59s")
    assert queue.counts()["unschedulable"] == 1
    await clock.advance("31s")
    assert queue.counts()["active"] == 1
    flush.cancel()


async def test_a_deleted_pod_does_not_come_back(queue: SchedulingQueue, clock: VirtualClock) -> None:
    queue.add(make_pod("p"))
    entry = await queue.pop()
    queue.delete("default/p")
    queue.unschedulable(entry, FIT)
    queue.failed(entry)
    await clock.advance("1h")
    assert set(queue.counts().values()) == {0}


async def test_an_update_of_what_matters_is_another_chance(queue: SchedulingQueue, clock: VirtualClock) -> None:
    queue.add(make_pod("p"))
    queue.unschedulable(await queue.pop(), FIT)
    queue.update(make_pod("p", status={"phase": "Pending"}))
    assert queue.counts()["unschedulable"] == 1
    queue.update(make_pod("p", labels={"new": "label"}))
    assert queue.counts()["backoff"] == 1


def test_hints() -> None:
    gpu = make_pod("p", requests={"nvidia.com/gpu": "1"})
    freed = ClusterEvent(events.POD_GONE, pod=make_pod("q", requests={"memory": "1Gi"}, cpu=""))
    assert not could_help(freed, gpu, FIT)
    assert could_help(ClusterEvent(events.POD_GONE, pod=gpu), gpu, FIT)
    port = make_pod("p", ports=[{"hostPort": 80}])
    assert could_help(ClusterEvent(events.POD_GONE, pod=port), port, ["NodePorts"])
    assert not could_help(ClusterEvent(events.POD_GONE, pod=gpu), port, ["NodePorts"])
    assert could_help(freed, gpu, ["SomethingNew"])
