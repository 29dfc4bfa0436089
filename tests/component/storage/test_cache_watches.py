"""Watches through the cache, over both stores."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from typing import Any

import orjson
import pytest
from cache_tools import PODS, Sink, pod
from store_backends import until

from minik8s.api.selectors import FieldSelector, LabelSelector
from minik8s.apiserver.cache.feed import CacheSet
from minik8s.apiserver.cache.interface import BadRequestError, Entry, ResourceExpired, WatchQuery
from minik8s.apiserver.cache.resource import Cache
from minik8s.apiserver.cache.views import JSON_CHUNKED, JSON_LINES


@pytest.fixture
def pods(caches: CacheSet) -> Cache:
    return caches.resource(replace(PODS, prefix=f"/registry/pods{uuid.uuid4().hex[:6]}/"))


async def create(cache: Cache, name: str, namespace: str = "default", **options: Any) -> Entry:
    return await cache.create(cache.key(namespace, name), pod(name, namespace, **options))


def query(**options: Any) -> WatchQuery:
    labels, fields = options.pop("labels", ""), options.pop("fields", "")
    return WatchQuery(
        view=options.pop("view", JSON_LINES),
        label_selector=LabelSelector.parse(labels) if labels else None,
        field_selector=FieldSelector.parse(fields) if fields else None,
        **options,
    )


async def version(cache: Cache) -> str:
    await cache.catch_up()
    return str(cache.revision)


async def test_live_events_in_order(pods: Cache) -> None:
    sink = Sink()
    watch = await pods.watch(query(resource_version=await version(pods)), sink)
    first = await create(pods, "a")
    second = await pods.update(first.key, pod("a", app="x"), first.revision)
    gone = await pods.delete(first.key, second.revision)
    events = await sink.wait_for(3)
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert [orjson.dumps(event["object"]) for event in events] == [first.data, second.data, gone.data]
    watch.stop()
    await create(pods, "b")
    assert len(sink.events) == 3 and not sink.closed


async def test_the_state_comes_first_without_a_version(pods: Cache) -> None:
    await create(pods, "a")
    await create(pods, "b")
    for text in ("", "0"):
        sink = Sink()
        watch = await pods.watch(query(resource_version=text), sink)
        late = await create(pods, "c")
        await sink.wait_for(3)
        assert sink.summary == [("ADDED", "a"), ("ADDED", "b"), ("ADDED", "c")]
        await pods.delete(late.key, late.revision)
        watch.stop()


async def test_from_a_version_what_was_missed_comes_first(pods: Cache) -> None:
    first = await create(pods, "a")
    second = await pods.update(first.key, pod("a", app="x"), first.revision)
    await pods.delete(first.key, second.revision)
    await create(pods, "b")
    sink = Sink()
    await pods.catch_up()
    watch = await pods.watch(query(resource_version=str(first.revision)), sink)
    await create(pods, "c")
    await sink.wait_for(4)
    assert sink.summary == [("MODIFIED", "a"), ("DELETED", "a"), ("ADDED", "b"), ("ADDED", "c")]
    watch.stop()


async def test_a_version_too_old_is_gone(caches: CacheSet, pods: Cache) -> None:
    first = await create(pods, "a")
    last = await create(pods, "b")
    await pods.catch_up()
    caches._trim(last.revision)
    with pytest.raises(ResourceExpired, match=f"too old resource version: {first.revision} \\({last.revision}\\)"):
        await pods.watch(query(resource_version=str(first.revision)), Sink())
    (await pods.watch(query(resource_version=str(last.revision)), Sink())).stop()


async def test_a_bad_version_is_refused(pods: Cache) -> None:
    with pytest.raises(BadRequestError):
        await pods.watch(query(resource_version="abc"), Sink())


async def test_send_initial_events_ends_with_the_marked_bookmark(pods: Cache) -> None:
    await create(pods, "a")
    await create(pods, "b")
    sink = Sink()
    watch = await pods.watch(query(send_initial_events=True, allow_bookmarks=True), sink)
    events = await sink.wait_for(3)
    assert [event["type"] for event in events] == ["ADDED", "ADDED", "BOOKMARK"]
    bookmark = events[2]["object"]
    assert bookmark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert (bookmark["kind"], bookmark["apiVersion"]) == ("Pod", "v1")
    resumed = Sink()
    other = await pods.watch(query(resource_version=bookmark["metadata"]["resourceVersion"]), resumed)
    await create(pods, "c")
    await resumed.wait_for(1)
    assert resumed.summary == [("ADDED", "c")]
    watch.stop()
    other.stop()


async def test_without_initial_events_it_starts_now(pods: Cache) -> None:
    await create(pods, "a")
    sink = Sink()
    watch = await pods.watch(query(send_initial_events=False, allow_bookmarks=True), sink)
    await create(pods, "b")
    await sink.wait_for(1)
    assert sink.summary == [("ADDED", "b")]
    watch.stop()


async def test_an_object_enters_and_leaves_a_selector(pods: Cache) -> None:
    by_label, by_node = Sink(), Sink()
    start = await version(pods)
    watches = [
        await pods.watch(query(resource_version=start, labels="app=x"), by_label),
        await pods.watch(query(resource_version=start, fields="spec.nodeName=n1"), by_node),
    ]
    entry = await create(pods, "a")
    entry = await pods.update(entry.key, pod("a", app="x", node="n1"), entry.revision)
    entry = await pods.update(entry.key, pod("a", app="x", node="n1", more="y"), entry.revision)
    left = await pods.update(entry.key, pod("a", app="z", node="n2"), entry.revision)
    await pods.delete(entry.key, left.revision)
    for sink in (by_label, by_node):
        events = await sink.wait_for(3)
        assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
        told = events[2]["object"]["metadata"]
        assert told["resourceVersion"] == str(left.revision) and told["labels"] == {"app": "x", "more": "y"}
    for watch in watches:
        watch.stop()


async def test_watches_of_a_namespace_and_of_one_object(pods: Cache) -> None:
    start = await version(pods)
    namespace, single, single_anywhere, everything = Sink(), Sink(), Sink(), Sink()
    watches = [
        await pods.watch(query(resource_version=start, namespace="a"), namespace),
        await pods.watch(query(resource_version=start, namespace="a", fields="metadata.name=two"), single),
        await pods.watch(query(resource_version=start, fields="metadata.name=two"), single_anywhere),
        await pods.watch(query(resource_version=start), everything),
    ]
    for space, name in (("a", "one"), ("ab", "one"), ("b", "two"), ("a", "two")):
        await create(pods, name, space)
    await everything.wait_for(4)
    await single.wait_for(1)
    assert namespace.summary == [("ADDED", "one"), ("ADDED", "two")]
    assert single.summary == [("ADDED", "two")]
    assert [event["object"]["metadata"]["namespace"] for event in single_anywhere.events] == ["b", "a"]
    for watch in watches:
        watch.stop()
    assert len(pods.fanout) == 0 and not pods.fanout._groups and not pods.fanout._shelves


async def test_all_watchers_get_the_same_bytes_object(pods: Cache) -> None:
    start = await version(pods)
    sinks = [Sink() for _ in range(5)]
    watches = [await pods.watch(query(resource_version=start, labels="app=x"), sink) for sink in sinks]
    await create(pods, "a", app="x")
    await sinks[-1].wait_for(1)
    assert all(sink.chunks[0] is sinks[0].chunks[0] for sink in sinks)
    for watch in watches:
        watch.stop()


async def test_a_view_is_rendered_once(pods: Cache) -> None:
    class Names:
        key = "names"
        calls = 0

        def render(self, type: str, data: bytes) -> bytes:
            self.calls += 1
            return f"{type} {orjson.loads(data)['metadata']['name']}\n".encode()

    view = Names()
    start = await version(pods)
    sinks = [Sink() for _ in range(4)]
    selectors = ["", "", "app=x", "app"]
    watches = [
        await pods.watch(query(resource_version=start, view=view, labels=labels), sink)
        for sink, labels in zip(sinks, selectors, strict=True)
    ]
    await create(pods, "a", app="x")
    await until(lambda: all(sink.chunks for sink in sinks))
    assert [sink.chunks for sink in sinks] == [[b"ADDED a\n"]] * 4 and view.calls == 1
    for watch in watches:
        watch.stop()


async def test_chunked_frames_are_whole_http_chunks(pods: Cache) -> None:
    await create(pods, "a")
    sink = Sink()
    watch = await pods.watch(query(view=JSON_CHUNKED), sink)
    size, _, rest = b"".join(sink.chunks).partition(b"\r\n")
    assert rest[int(size, 16) :] == b"\r\n"
    assert orjson.loads(rest[: int(size, 16)])["type"] == "ADDED"
    watch.stop()


async def test_a_slow_watcher_is_closed_and_the_others_go_on(pods: Cache) -> None:
    start = await version(pods)
    slow, fast = Sink(stuck=True), Sink()
    slow_watch = await pods.watch(query(resource_version=start, max_buffered=2000), slow)
    fast_watch = await pods.watch(query(resource_version=start), fast)
    for number in range(40):
        await create(pods, f"p{number}")
    await fast.wait_for(40)
    await asyncio.wait_for(slow_watch.wait_closed(), 5)
    assert slow.closed and slow_watch.reason == "slow" and 2000 < slow.buffered() < 3000
    assert len(fast.events) == 40 and not fast.closed
    fast_watch.stop()


async def test_a_slow_start_misses_nothing(pods: Cache) -> None:
    for number in range(20):
        await create(pods, f"p{number:02}", pad="x" * 60)
    sink = Sink(stuck=True)
    starting = asyncio.ensure_future(pods.watch(query(), sink))
    for _ in range(5):
        await asyncio.sleep(0)
    changed = await pods.get(pods.key("default", "p00"))
    assert changed is not None
    await pods.update(changed.key, pod("p00", app="new"), changed.revision)
    await create(pods, "p99")
    sink.unstick()
    watch = await starting
    await create(pods, "p999")
    events = await sink.wait_for(23)
    known = {event["object"]["metadata"]["name"]: event["object"] for event in events}
    assert len(known) == 22 and known["p00"]["metadata"]["labels"] == {"app": "new"}
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events[20:]]
    assert versions == sorted(versions)
    watch.stop()


async def test_a_watch_ends_in_time_with_a_bookmark(pods: Cache) -> None:
    sink = Sink()
    start = await version(pods)
    watch = await pods.watch(query(resource_version=start, allow_bookmarks=True, timeout=0.2), sink)
    made = await create(pods, "a")
    await asyncio.wait_for(watch.wait_closed(), 5)
    assert sink.closed and watch.reason == "timeout" and len(pods.watches) == 0
    assert [event["type"] for event in sink.events] == ["ADDED", "BOOKMARK"]
    assert int(sink.events[1]["object"]["metadata"]["resourceVersion"]) >= made.revision


async def test_bookmarks_follow_other_resources(pods: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minik8s.apiserver.cache.resource.BOOKMARK_SECONDS", 0.1)
    sink, plain = Sink(), Sink()
    start = await version(pods)
    watch = await pods.watch(query(resource_version=start, allow_bookmarks=True), sink)
    other = await pods.watch(query(resource_version=start), plain)
    elsewhere = await pods._store.txn("/registry/unrelated/x", b"{}")
    told = [int(event["object"]["metadata"]["resourceVersion"]) for event in await sink.wait_for(1)]
    while told[-1] < elsewhere.revision:
        told = [int(event["object"]["metadata"]["resourceVersion"]) for event in await sink.wait_for(len(told) + 1)]
    assert {event["type"] for event in sink.events} == {"BOOKMARK"} and plain.events == []
    watch.stop()
    other.stop()


async def test_closing_the_caches_ends_the_watches(caches: CacheSet, pods: Cache) -> None:
    sink = Sink()
    watch = await pods.watch(query(), sink)
    await caches.close()
    await asyncio.wait_for(watch.wait_closed(), 5)
    assert sink.closed and watch.reason == "store"


async def test_a_dropped_resource_ends_its_watches(caches: CacheSet, pods: Cache) -> None:
    sink = Sink()
    await pods.watch(query(), sink)
    caches.drop(pods.info.prefix)
    assert sink.closed


async def test_when_the_store_lost_track_watches_end_and_reads_come_back(caches: CacheSet, pods: Cache) -> None:
    made = await create(pods, "a")
    sink = Sink()
    watch = await pods.watch(query(), sink)
    subscription = caches._subscription
    assert subscription is not None
    subscription.cancel()
    from minik8s.apiserver.storage.base import CompactedError

    caches.on_lost(CompactedError(5))
    await asyncio.wait_for(watch.wait_closed(), 5)
    assert sink.closed
    await until(lambda: caches._subscription is not None)
    again = await pods.get(made.key)
    assert again is not None and again.data == made.data
    await create(pods, "b")
    assert await pods.count() == 2
