"""Leader election: one at a time, taken over when silent, given up when it cannot be kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from minik8s.api.coordination import Lease
from minik8s.api.status import InternalError
from minik8s.client.leaderelection import LeaderElector, LeadershipLost
from minik8s.testing.fakeapi import FakeAPI, FakeClient
from minik8s.testing.time import VirtualClock

pytest_plugins = ["minik8s.testing.plugin"]


class Candidate:
    """An elector whose work notes that it runs."""

    def __init__(self, client: FakeClient, name: str) -> None:
        self.elector = LeaderElector(client, "kube-scheduler", name)
        self.working = False
        self.task = asyncio.ensure_future(self.elector.run(self.work))

    async def work(self) -> None:
        self.working = True
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.working = False

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def lease(api: FakeAPI) -> Any:
    return api.get(Lease, "kube-scheduler", "kube-system").spec


async def test_only_one_leads_and_the_other_follows_a_release(api: FakeAPI, clock: VirtualClock) -> None:
    first = Candidate(FakeClient(api), "first")
    await clock.advance("1s")
    second = Candidate(FakeClient(api), "second")
    await clock.advance("5m")
    assert (first.working, second.working) == (True, False)
    assert lease(api).holder_identity == "first" and lease(api).lease_transitions == 0
    await first.stop()
    assert lease(api).holder_identity in (None, "")
    await clock.advance("10s")
    assert second.working and lease(api).lease_transitions == 1
    await second.stop()


async def test_a_silent_leader_is_replaced_after_the_lease_duration(api: FakeAPI, clock: VirtualClock) -> None:
    first = Candidate(FakeClient(api), "first")
    await clock.advance("1s")
    second = Candidate(FakeClient(api), "second")
    await clock.advance("10s")
    dead = FakeClient(FakeAPI(clock))
    dead.api.faults.down = True
    first.elector.client = dead  # the network between the first and the server is cut
    await clock.advance("9s")
    assert first.working and not second.working
    await clock.advance("12s")
    assert not first.working  # gave up before the other could start
    with pytest.raises(LeadershipLost):
        await first.task
    await clock.advance("10s")
    assert second.working
    await second.stop()


async def test_a_short_trouble_is_survived(api: FakeAPI, clock: VirtualClock) -> None:
    first = Candidate(FakeClient(api), "first")
    await clock.advance("1s")
    api.faults.fail("", "leases", InternalError.of("boom"), times=3)
    await clock.advance("1m")
    assert first.working
    await first.stop()


async def test_the_end_of_the_work_is_the_end(api: FakeAPI, clock: VirtualClock) -> None:
    elector = LeaderElector(FakeClient(api), "l", "me")

    async def fails() -> None:
        raise ValueError("broken")

    task = asyncio.ensure_future(elector.run(fails))
    await clock.advance("1s")
    with pytest.raises(ValueError, match="broken"):
        await task


def test_settings_that_could_let_two_lead_are_refused(api: FakeAPI) -> None:
    with pytest.raises(ValueError, match="lease_duration > renew_deadline"):
        LeaderElector(FakeClient(api), "l", "me", lease_duration=10, renew_deadline=10)
