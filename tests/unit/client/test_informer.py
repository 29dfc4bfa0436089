"""Informers: the cache is right, handlers see each change once, and absence is never taken for deletion."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.api.scheme import SCHEME
from minik8s.api.status import InternalError, NotFound
from minik8s.client.informer import Informer, InformerFactory, key_of, split_key
from minik8s.testing.fakeapi import FakeAPI, FakeClient
from minik8s.testing.time import VirtualClock

pytest_plugins = ["minik8s.testing.plugin"]

Spawn = Callable[[Any], "asyncio.Task[Any]"]


def pod(name: str, node: str = "", **meta: Any) -> core.Pod:
    made = core.Pod(metadata=ObjectMeta(name=name, namespace="default", **meta))
    made.spec.node_name = node or None
    return made


class Watched:
    """A running informer and what its handler saw."""

    def __init__(self, client: FakeClient, spawn: Spawn, **options: Any) -> None:
        self.seen: list[tuple[str, str]] = []
        self.informer: Informer[core.Pod] = Informer(client, core.Pod, **options)
        self.informer.add_handler(lambda event, old, new: self.seen.append((event, (new or old).metadata.name)))
        self.task = spawn(self.informer.run())

    def take(self) -> list[tuple[str, str]]:
        taken, self.seen = self.seen, []
        return taken


@pytest.fixture
async def watched(api: FakeAPI, client: FakeClient, clock: VirtualClock, spawn: Spawn) -> Watched:
    api.add(pod("a", node="n1"))
    made = Watched(client, spawn, indexes={"node": lambda p: [p.spec.node_name or ""]})
    await clock.advance(0)
    assert made.informer.synced and made.take() == [("ADDED", "a")]
    return made


async def test_changes_arrive_in_order(watched: Watched, api: FakeAPI, clock: VirtualClock) -> None:
    api.add(pod("b"))
    api.add(pod("b", labels={"x": "y"}))
    api.remove(core.Pod, "b", "default")
    await clock.advance(0)
    assert watched.take() == [("ADDED", "b"), ("MODIFIED", "b"), ("DELETED", "b")]
    assert watched.informer.keys() == ["default/a"]


async def test_indexes_follow(watched: Watched, api: FakeAPI, clock: VirtualClock) -> None:
    assert watched.informer.index_keys("node", "n1") == {"default/a"}
    api.add(pod("a", node="n2"))
    await clock.advance(0)
    assert watched.informer.by_index("node", "n1") == []
    assert [p.metadata.name for p in watched.informer.by_index("node", "n2")] == ["a"]
    assert watched.informer.index_values("node") == ["n2"]


async def test_a_cut_watch_resumes_without_a_list(watched: Watched, api: FakeAPI, clock: VirtualClock) -> None:
    lists = api.count("GET", "pods")
    api.cut_watches()
    api.add(pod("b"))
    await clock.advance("1m")
    assert watched.take() == [("ADDED", "b")]
    assert api.count("GET", "pods") == lists


async def test_after_410_only_the_difference_is_told(watched: Watched, api: FakeAPI, clock: VirtualClock) -> None:
    api.add(pod("kept"))
    await clock.advance(0)
    watched.take()
    api.faults.down = True
    api.cut_watches()
    await clock.advance("10s")
    api.remove(core.Pod, "a", "default")
    api.add(pod("new"))
    api.store.compact()
    api.faults.down = False
    await clock.advance("2m")
    assert sorted(watched.take()) == [("ADDED", "new"), ("DELETED", "a")]


async def test_a_server_that_is_away_deletes_nothing(watched: Watched, api: FakeAPI, clock: VirtualClock) -> None:
    api.faults.down = True
    api.expire_watches()
    await clock.advance("1h")
    assert watched.take() == []
    assert watched.informer.get("default/a") is not None


async def test_an_error_in_the_list_deletes_nothing(watched: Watched, api: FakeAPI, clock: VirtualClock) -> None:
    for number in range(700):  # two pages
        api.add(pod(f"p{number:03d}"))
    await clock.advance(0)
    watched.take()
    api.faults.fail("GET", "pods", InternalError.of("boom"), times=3)
    api.expire_watches()
    await clock.advance("5m")
    assert watched.take() == []
    assert len(watched.informer) == 701


async def test_what_is_not_served_is_waited_for(
    api: FakeAPI, client: FakeClient, clock: VirtualClock, spawn: Spawn
) -> None:
    api.add(pod("a"))
    gone = NotFound("the server could not find the requested resource")
    api.faults.fail("GET", "pods", gone, times=6)
    needed, optional = Watched(client, spawn), Watched(client, spawn, optional=True)
    await clock.advance(0)
    assert not needed.informer.served and not needed.informer.synced
    await needed.informer.wait_answered()
    assert optional.informer.synced and optional.seen == []
    await clock.advance("5m")
    for one in (needed, optional):
        assert one.informer.served and one.informer.synced and one.take() == [("ADDED", "a")]


async def test_another_object_of_the_same_name_is_deleted_and_added(
    watched: Watched, api: FakeAPI, clock: VirtualClock
) -> None:
    api.faults.down = True
    api.expire_watches()
    api.remove(core.Pod, "a", "default")
    api.add(pod("a", uid="another"))
    api.faults.down = False
    await clock.advance("2m")
    assert watched.take() == [("DELETED", "a"), ("ADDED", "a")]


async def test_a_late_handler_is_told_of_everything(watched: Watched) -> None:
    late: list[str] = []
    watched.informer.add_handler(lambda event, old, new: late.append(event))
    assert late == ["ADDED"]


async def test_the_deleted_state_is_the_last_one(
    watched: Watched, api: FakeAPI, client: FakeClient, clock: VirtualClock
) -> None:
    last: list[core.Pod] = []
    watched.informer.add_handler(lambda event, old, new: last.append(old) if new is None else None)
    await client.delete(core.Pod, "a", "default")
    await client.delete(core.Pod, "a", "default", grace_period_seconds=0)
    await clock.advance(0)
    assert last[0].metadata.deletion_timestamp


async def test_selectors_turn_leaving_into_deletion(
    api: FakeAPI, client: FakeClient, clock: VirtualClock, spawn: Spawn
) -> None:
    api.add(pod("a", labels={"app": "web"}))
    watched = Watched(client, spawn, label_selector="app=web")
    await clock.advance(0)
    api.add(pod("a", labels={"app": "db"}))
    await clock.advance(0)
    assert watched.take() == [("ADDED", "a"), ("DELETED", "a")]


async def test_decoding_is_bounded(api: FakeAPI, client: FakeClient, clock: VirtualClock, spawn: Spawn) -> None:
    informer: Informer[core.Pod] = Informer(client, core.Pod)
    informer._store._decoded_max = 2
    for number in range(5):
        api.add(pod(f"p{number}"))
    spawn(informer.run())
    await clock.advance(0)
    assert len(informer._store._decoded) == 0  # nobody looked
    assert len(informer.list()) == 5
    assert len(informer._store._decoded) == 2


async def test_dicts_and_projections(api: FakeAPI, client: FakeClient, clock: VirtualClock, spawn: Spawn) -> None:
    api.add(pod("a", node="n1"))
    kind = SCHEME.by_kind("", "v1", "Pod")
    raw: Informer[dict[str, Any]] = Informer(client, kind)
    nodes: Informer[str] = Informer(client, core.Pod, project=lambda obj: obj["spec"].get("nodeName", ""))
    spawn(raw.run())
    spawn(nodes.run())
    await clock.advance(0)
    found = raw.get("default/a")
    assert found is not None and found["kind"] == "Pod" and found["spec"]["nodeName"] == "n1"
    assert nodes.list() == ["n1"]


async def test_the_factory_shares(client: FakeClient) -> None:
    factory = InformerFactory(client)
    one = factory.informer(core.Pod)
    assert factory.informer(core.Pod, indexes={"all": lambda p: ["x"]}) is one
    assert factory.informer(core.Pod, label_selector="a=b") is not one
    assert factory.informer(SCHEME.by_kind("", "v1", "Pod")) is not one  # dicts, not models


def test_keys() -> None:
    assert key_of(pod("a")) == "default/a"
    assert key_of({"metadata": {"name": "n1"}}) == "n1"
    assert split_key("default/a") == ("default", "a")
    assert split_key("n1") == ("", "n1")
