"""Whatever writers do at once, a watcher that began anywhere ends with the list of now; also across a restart."""

from __future__ import annotations

import asyncio
import random
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from cache_tools import PODS, Sink, pod
from store_backends import embedded, opened, until

from minik8s.api.selectors import FieldSelector, LabelSelector
from minik8s.apiserver.cache.encoding import stamp
from minik8s.apiserver.cache.feed import CacheSet
from minik8s.apiserver.cache.interface import CacheError, ListQuery, WatchQuery
from minik8s.apiserver.cache.resource import Cache
from minik8s.apiserver.cache.views import JSON_LINES

SELECTORS: list[dict[str, Any]] = [
    {},
    {"namespace": "a"},
    {"label_selector": LabelSelector.parse("app=x")},
    {"namespace": "b", "label_selector": LabelSelector.parse("app in (x,y)")},
    {"field_selector": FieldSelector.parse("spec.nodeName=n1")},
    {"field_selector": FieldSelector.parse("metadata.name=p1")},
]


async def write_at_random(cache: Cache, rng: random.Random, count: int) -> None:
    for _ in range(count):
        namespace, name = rng.choice("ab"), f"p{rng.randrange(6)}"
        obj = pod(name, namespace, node=rng.choice(["", "n1", "n2"]), app=rng.choice("xyz"))
        key = cache.key(namespace, name)
        entry = await cache.get(key)
        try:
            if entry is None:
                await cache.create(key, obj)
            elif rng.random() < 0.3:
                await cache.delete(key, entry.revision)
            else:
                await cache.update(key, obj, entry.revision)
        except CacheError:
            continue  # somebody was faster


def follow(sink: Sink) -> dict[tuple[str, str], str]:
    """The versions that the told events add up to; fails where an event cannot be."""
    known: dict[tuple[str, str], str] = {}
    for event in sink.events:
        metadata = event["object"]["metadata"]
        key = (metadata["namespace"], metadata["name"])
        assert (event["type"] == "ADDED") == (key not in known), event
        if event["type"] == "DELETED":
            del known[key]
        else:
            assert int(metadata["resourceVersion"]) > int(known.get(key, "0"))
            known[key] = metadata["resourceVersion"]
    return known


async def listed(cache: Cache, selector: dict[str, Any]) -> dict[tuple[str, str], str]:
    page = await cache.list(ListQuery(**selector))
    objects = [entry.decode()["metadata"] for entry in page.entries]
    return {(metadata["namespace"], metadata["name"]): metadata["resourceVersion"] for metadata in objects}


async def test_every_watcher_ends_with_the_list_of_now(caches: CacheSet) -> None:
    cache = caches.resource(replace(PODS, prefix=f"/registry/pods{uuid.uuid4().hex[:6]}/"))
    rng = random.Random(3)
    writers = [asyncio.ensure_future(write_at_random(cache, random.Random(n), 60)) for n in range(6)]
    sinks = []
    for round in range(5):
        await asyncio.sleep(0.01)
        for selector in SELECTORS:
            sink = Sink()
            version = rng.choice(["", "0"])
            sinks.append((selector, sink))
            await cache.watch(WatchQuery(view=JSON_LINES, resource_version=version, **selector), sink)
        await write_at_random(cache, rng, 10 * round)
    await asyncio.gather(*writers)
    await cache.catch_up()
    await until(lambda: cache.fanout.idle)
    for selector, sink in sinks:
        assert follow(sink) == await listed(cache, selector), selector


async def test_a_watch_goes_on_across_a_restart(tmp_path: Path) -> None:
    """The embedded store remembers its history: no client has to list again."""
    sink = Sink()
    async with opened(embedded(tmp_path, stamp=stamp)) as store:
        caches = CacheSet(store)
        await caches.start()
        cache = caches.resource(PODS)
        await cache.watch(WatchQuery(view=JSON_LINES), sink)
        await write_at_random(cache, random.Random(1), 40)
        await until(lambda: cache.fanout.idle)
        seen = cache.revision
        await caches.close()
        caches = CacheSet(store)
        await caches.start()
        await write_at_random(caches.resource(PODS), random.Random(2), 40)
        await caches.close()
    async with opened(embedded(tmp_path, stamp=stamp)) as store:
        caches = CacheSet(store)
        await caches.start()
        cache = caches.resource(PODS)
        resumed = Sink()
        resumed.chunks = list(sink.chunks)
        await cache.watch(WatchQuery(view=JSON_LINES, resource_version=str(seen)), resumed)
        await write_at_random(cache, random.Random(3), 20)
        await until(lambda: cache.fanout.idle)
        assert follow(resumed) == await listed(cache, {})
        await caches.close()
