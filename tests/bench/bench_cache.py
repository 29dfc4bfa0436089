"""What the watch cache costs per operation: `python tests/bench/bench_cache.py [pods]`.

Pods of 3.2 KB in 20 namespaces on 50 nodes, 100 apps, over the embedded store. All figures are without HTTP: CPU per
operation of this process, and resident memory.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "component" / "storage"))
from cache_tools import PODS
from store_backends import embedded, opened

from minik8s.api.selectors import FieldSelector, LabelSelector
from minik8s.apiserver.cache.encoding import stamp
from minik8s.apiserver.cache.feed import CacheSet
from minik8s.apiserver.cache.interface import ListQuery, WatchQuery
from minik8s.apiserver.cache.views import JSON_CHUNKED


def big_pod(number: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"pod-{number:05}",
            "namespace": f"ns-{number % 20}",
            "labels": {"app": f"app-{number % 100}", "tier": "web", "pod-template-hash": "5d4f8"},
            "annotations": {"note": "y" * 400},
        },
        "spec": {
            "nodeName": f"node-{number % 50}",
            "containers": [{"name": "c", "image": "i", "args": ["z" * 120] * 20}],
        },
        "status": {"phase": "Running"},
    }


class NullSink:
    pushed = 0

    def push(self, chunk: bytes) -> None:
        NullSink.pushed += 1

    def buffered(self) -> int:
        return 0

    async def drain(self) -> None: ...

    def close(self) -> None: ...


def resident() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 1e6


async def timed(label: str, times: int, work: Callable[[], Awaitable[object]]) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        await work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{label:>40}: {cpu / times * 1e6:10,.1f} µs CPU   {times / wall:10,.0f}/s")


async def run(folder: Path, count: int) -> None:
    before = resident()
    async with opened(embedded(folder, stamp=stamp)) as store:
        caches = CacheSet(store)
        await caches.start()
        pods = caches.resource(PODS)
        numbers = iter(range(count))

        async def create() -> None:
            for number in numbers:
                obj = big_pod(number)
                await pods.create(pods.key(obj["metadata"]["namespace"], obj["metadata"]["name"]), obj)

        async def create_all() -> None:
            await asyncio.gather(*(create() for _ in range(32)))

        wall, cpu = time.perf_counter(), time.process_time()
        await create_all()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"{'create, 32 writers':>40}: {cpu / count * 1e6:10,.1f} µs CPU   {count / wall:10,.0f}/s")
        size = len((await pods.list(ListQuery(limit=1))).entries[0].data)
        print(f"{'memory for ' + str(count) + ' pods of ' + str(size) + ' B':>40}: {resident() - before:10.1f} MB")
        await reads(pods, count)
        await fan_out(pods, count)
        print(f"{'memory at the end':>40}: {resident() - before:10.1f} MB")
        await caches.close()
    await restart(folder, count)


async def reads(pods: Any, count: int) -> None:
    key = pods.key("ns-7", "pod-00007")
    await timed("get", 20_000, lambda: pods.get(key))

    async def list_all(query: ListQuery) -> int:
        page = await pods.list(query)
        size = 0
        for segment in page.segments():
            size += len(segment)
            await asyncio.sleep(0)
        return size

    await timed("list all, in segments", 20, lambda: list_all(ListQuery()))
    await timed("list limit=500", 200, lambda: list_all(ListQuery(limit=500)))
    await timed("list one namespace (5 %)", 200, lambda: list_all(ListQuery(namespace="ns-3")))
    one_app = ListQuery(label_selector=LabelSelector.parse("app=app-7"))
    one_node = ListQuery(field_selector=FieldSelector.parse("spec.nodeName=node-7"))
    await timed("list by label (1 %), index being built", 1, lambda: list_all(one_app))
    await timed("list by label (1 %)", 500, lambda: list_all(one_app))
    await timed("list by spec.nodeName (2 %)", 500, lambda: list_all(one_node))
    scan = ListQuery(label_selector=LabelSelector.parse("app!=app-7,tier notin (db)"))
    await timed("list by label, no index helps", 5, lambda: list_all(scan))


async def fan_out(pods: Any, count: int) -> None:
    await pods.catch_up()
    query = WatchQuery(view=JSON_CHUNKED, resource_version=str(pods.revision))
    watches = [await pods.watch(query, NullSink()) for _ in range(300)]
    for number in range(50):
        selector = FieldSelector.parse(f"spec.nodeName=node-{number}")
        bound = WatchQuery(view=JSON_CHUNKED, resource_version=str(pods.revision), field_selector=selector)
        watches.append(await pods.watch(bound, NullSink()))
    key = pods.key("ns-7", "pod-00007")

    async def touch() -> None:
        entry = await pods.get(key)
        obj = entry.decode()
        obj["metadata"]["labels"]["touched"] = str(entry.revision)
        await pods.update(key, obj, entry.revision)
        while not pods.fanout.idle:  # noqa: ASYNC110
            await asyncio.sleep(0)

    pushed = NullSink.pushed
    await timed("update, told to 300 + 1 of 50 watchers", 300, touch)
    print(f"{'deliveries':>40}: {NullSink.pushed - pushed:10,}")
    for watch in watches:
        watch.stop()


async def restart(folder: Path, count: int) -> None:
    wall = time.perf_counter()
    async with opened(embedded(folder, stamp=stamp)) as store:
        opened_after = time.perf_counter() - wall
        caches = CacheSet(store)
        await caches.start()
        assert await caches.resource(PODS).count() == count
        loaded = time.perf_counter() - wall
        print(f"{'restart: store open, cache loaded':>40}: {opened_after:10.2f} s, {loaded:.2f} s")
        await caches.close()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        try:
            import uvloop

            uvloop.run(run(Path(folder), count))
        except ImportError:
            asyncio.run(run(Path(folder), count))


if __name__ == "__main__":
    main()
