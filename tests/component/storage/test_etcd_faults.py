"""The etcd store when its etcd dies, comes back, or forgot too much."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cache_tools import PODS, Sink, pod
from store_backends import ETCD, Collector, EtcdServer, etcd, opened

from minik8s.apiserver.cache.encoding import stamp
from minik8s.apiserver.cache.feed import CacheSet
from minik8s.apiserver.cache.interface import ListQuery, WatchQuery
from minik8s.apiserver.cache.views import JSON_LINES
from minik8s.apiserver.storage.base import CompactedError, StoreUnavailable
from minik8s.apiserver.storage.etcd import EtcdConfig, range_end

pytestmark = pytest.mark.etcd


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EtcdServer]:
    if ETCD is None:
        pytest.skip("no etcd binary on this machine")
    with EtcdServer(tmp_path / "own-etcd").running() as server:
        yield server


async def test_requests_fail_while_it_is_down_and_watches_resume(server: EtcdServer) -> None:
    async with opened(etcd(server, timeout=2)) as store:
        sink = Collector()
        watch = await store.watch("/a/", 0, sink)
        first = await store.txn("/a/1", b"1")
        server.kill()
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await store.txn("/a/2", b"2")
        with pytest.raises(StoreUnavailable):
            await store.get("/a/1")
        assert not await store.healthy()
        assert time.monotonic() - began < 7
        await asyncio.to_thread(server.start)
        async with asyncio.timeout(15):
            while not await store.healthy():
                await asyncio.sleep(0.05)
            second = await store.txn("/a/2", b"2", expected=0)
            while len(sink.events) < 2:
                await asyncio.sleep(0.01)
        assert [event.revision for event in sink.events] == [first.revision, second.revision]
        assert sink.lost is None
        watch.cancel()


async def test_the_caches_outlive_a_restart_of_etcd(server: EtcdServer) -> None:
    async with opened(etcd(server, stamp=stamp, timeout=2)) as store:
        caches = CacheSet(store)
        await caches.start()
        pods = caches.resource(PODS)
        key = pods.key("default", "a")
        await pods.create(key, pod("a"))
        sink = Sink()
        watch = await pods.watch(WatchQuery(view=JSON_LINES), sink)
        server.kill()
        with pytest.raises(StoreUnavailable):
            await pods.get(key)
        with pytest.raises(StoreUnavailable):
            await pods.create(pods.key("default", "b"), pod("b"))
        assert len((await pods.list(ListQuery(resource_version="0"))).entries) == 1
        await asyncio.to_thread(server.start)
        async with asyncio.timeout(15):
            while not await store.healthy():
                await asyncio.sleep(0.05)
        await pods.create(pods.key("default", "c"), pod("c"))
        await sink.wait_for(2)
        assert sink.summary == [("ADDED", "a"), ("ADDED", "c")] and not sink.closed
        watch.stop()
        await caches.close()


async def test_a_gap_that_was_compacted_is_told(server: EtcdServer) -> None:
    async with opened(etcd(server, timeout=2)) as store:
        sink = Collector()
        watch = await store.watch("/a/", 0, sink)
        await store.txn("/a/1", b"1")
        async with asyncio.timeout(5):
            while not sink.events:
                await asyncio.sleep(0.01)
        watch._task.cancel()  # type: ignore[attr-defined]
        for number in range(5):
            last = await store.txn("/a/1", b"%d" % number)
        await store.compact(last.revision)
        watch._task = asyncio.ensure_future(watch._run())  # type: ignore[attr-defined]
        async with asyncio.timeout(10):
            while sink.lost is None:
                await asyncio.sleep(0.01)
        assert isinstance(sink.lost, CompactedError) and len(sink.events) == 1


async def test_no_etcd_at_all() -> None:
    from minik8s.apiserver.storage.etcd import EtcdStore

    with pytest.raises(StoreUnavailable, match="does not answer"):
        await EtcdStore(EtcdConfig(["http://127.0.0.1:1"]), timeout=0.5).start()


def test_configuration() -> None:
    one = EtcdConfig(["http://127.0.0.1:2379/"])
    assert one.target() == "127.0.0.1:2379" and not one.secure
    several = EtcdConfig(["https://10.0.0.1:2379", "https://10.0.0.2:2379"])
    assert several.target() == "ipv4:10.0.0.1:2379,10.0.0.2:2379" and several.secure
    assert EtcdConfig(["a:1"], ca_file="ca.crt").secure


def test_range_end() -> None:
    assert range_end("/registry/pods/") == b"/registry/pods0"
    assert range_end("") == b"\0"
