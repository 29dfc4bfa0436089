"""Reads and writes through the watch cache, over both stores."""

from __future__ import annotations

import asyncio
import base64
import copy
import uuid
from dataclasses import replace
from typing import Any

import orjson
import pytest
from cache_tools import EVENTS, NODES, PODS, pod
from store_backends import until

from minik8s.api.selectors import FieldSelector, LabelSelector
from minik8s.apiserver.cache.feed import CacheSet
from minik8s.apiserver.cache.interface import (
    BadRequestError,
    Entry,
    KeyExists,
    KeyMissing,
    ListPage,
    ListQuery,
    ResourceExpired,
    ResourceVersionTooLarge,
    RevisionMismatch,
)
from minik8s.apiserver.cache.resource import Cache


@pytest.fixture
def pods(caches: CacheSet) -> Cache:
    """A resource of its own for each test: one etcd serves them all."""
    return caches.resource(replace(PODS, prefix=f"/registry/pods{uuid.uuid4().hex[:6]}/"))


async def create(cache: Cache, name: str, namespace: str = "default", **options: Any) -> Entry:
    return await cache.create(cache.key(namespace, name), pod(name, namespace, **options))


def names(page: ListPage) -> list[str]:
    objects = orjson.loads(b"[" + b"".join(page.segments(2)) + b"]")
    assert [obj["metadata"]["resourceVersion"] for obj in objects] == [str(e.revision) for e in page.entries]
    return [obj["metadata"]["name"] for obj in objects]


async def test_create_then_get_answers_ready_bytes(pods: Cache) -> None:
    obj = pod("a", app="x")
    before = copy.deepcopy(obj)
    made = await pods.create(pods.key("default", "a"), obj)
    assert obj == before
    entry = await pods.get(pods.key("default", "a"))
    assert entry is not None and entry.data == made.data
    expected = copy.deepcopy(before)
    expected["metadata"]["resourceVersion"] = str(made.revision)
    assert orjson.loads(entry.data) == expected and entry.labels == {"app": "x"}


async def test_a_read_sees_every_acknowledged_write(pods: Cache) -> None:
    for number in range(30):
        await create(pods, f"p{number}")
        assert await pods.get(pods.key("default", f"p{number}")) is not None
        assert len((await pods.list(ListQuery())).entries) == number + 1


async def test_create_of_what_exists_fails(pods: Cache) -> None:
    await create(pods, "a")
    with pytest.raises(KeyExists):
        await create(pods, "a")


async def test_update_compares(pods: Cache) -> None:
    first = await create(pods, "a")
    second = await pods.update(first.key, pod("a", app="new"), first.revision)
    assert second.revision > first.revision and second.labels == {"app": "new"}
    with pytest.raises(RevisionMismatch) as error:
        await pods.update(first.key, pod("a", app="late"), first.revision)
    assert error.value.current.revision == second.revision
    assert error.value.current.decode()["metadata"]["labels"] == {"app": "new"}
    with pytest.raises(KeyMissing):
        await pods.update(pods.key("default", "none"), pod("none"), 5)


async def test_an_update_that_changes_nothing_is_not_written(pods: Cache) -> None:
    first = await create(pods, "a", app="x")
    await pods.get(first.key)
    same = await pods.update(first.key, first.decode(), first.revision)
    assert same.revision == first.revision
    turned = dict(reversed(first.decode().items()))
    assert (await pods.update(first.key, turned, first.revision)).revision == first.revision
    assert (await pods.update(first.key, pod("a", app="y"), first.revision)).revision > first.revision


async def test_delete_returns_the_last_state_with_a_new_version(pods: Cache) -> None:
    first = await create(pods, "a", app="x")
    with pytest.raises(RevisionMismatch):
        await pods.delete(first.key, first.revision - 1)
    gone = await pods.delete(first.key, first.revision)
    metadata = gone.decode()["metadata"]
    assert gone.revision > first.revision and metadata["resourceVersion"] == str(gone.revision)
    assert metadata["labels"] == {"app": "x"}
    assert await pods.get(first.key) is None
    with pytest.raises(KeyMissing):
        await pods.delete(first.key, first.revision)


async def test_racing_updates_lose_nothing(pods: Cache) -> None:
    key = (await create(pods, "counter")).key

    async def add_one() -> None:
        while True:
            entry = await pods.get(key)
            assert entry is not None
            obj = entry.decode()
            obj["spec"]["n"] = obj["spec"].get("n", 0) + 1
            try:
                await pods.update(key, obj, entry.revision)
                return
            except RevisionMismatch:
                continue

    await asyncio.gather(*(add_one() for _ in range(15)))
    entry = await pods.get(key)
    assert entry is not None and entry.decode()["spec"]["n"] == 15


async def test_list_by_namespace(pods: Cache) -> None:
    for namespace, name in (("b", "1"), ("a", "2"), ("a", "1"), ("a-b", "1"), ("ab", "1")):
        await create(pods, name, namespace)
    assert [entry.key.removeprefix(pods.info.prefix) for entry in (await pods.list(ListQuery())).entries] == [
        *("a-b/1", "a/1", "a/2", "ab/1", "b/1"),
    ]
    page = await pods.list(ListQuery(namespace="a"))
    assert names(page) == ["1", "2"] and page.remaining_item_count is None and not page.continue_token


async def test_cluster_scoped_resources(caches: CacheSet) -> None:
    nodes = caches.resource(replace(NODES, prefix=f"/registry/minions{uuid.uuid4().hex[:6]}/"))
    for name in ("n1", "n2"):
        obj = {"kind": "Node", "apiVersion": "v1", "metadata": {"name": name}}
        await nodes.create(nodes.key("", name), obj)
    assert names(await nodes.list(ListQuery())) == ["n1", "n2"]
    assert names(await nodes.list(ListQuery(field_selector=FieldSelector.parse("metadata.name=n2")))) == ["n2"]
    assert names(await nodes.list(ListQuery(field_selector=FieldSelector.parse("metadata.name!=n2")))) == ["n1"]


@pytest.mark.parametrize(
    ("labels", "fields", "expected"),
    [
        ("app=x", "", ["p0", "p3"]),
        ("app in (x,y)", "", ["p0", "p1", "p3"]),
        ("app", "", ["p0", "p1", "p3"]),
        ("!app", "", ["p2", "p4"]),
        ("app!=x", "", ["p1", "p2", "p4"]),
        ("app=x,tier=db", "", ["p3"]),
        ("", "spec.nodeName=n1", ["p0", "p2"]),
        ("", "spec.nodeName=", ["p3", "p4"]),
        ("", "spec.nodeName!=n1", ["p1", "p3", "p4"]),
        ("app=x", "spec.nodeName=n1", ["p0"]),
        ("", "metadata.name=p1", ["p1"]),
        ("app=nobody", "", []),
    ],
)
async def test_selectors(pods: Cache, labels: str, fields: str, expected: list[str]) -> None:
    await create(pods, "p0", app="x", node="n1")
    await create(pods, "p1", app="y", node="n2")
    await create(pods, "p2", node="n1")
    await create(pods, "p3", app="x", tier="db")
    await create(pods, "p4")
    await create(pods, "zz", "other", app="other", node="n9")
    query = ListQuery(
        namespace="default",
        label_selector=LabelSelector.parse(labels) if labels else None,
        field_selector=FieldSelector.parse(fields) if fields else None,
    )
    assert names(await pods.list(query)) == expected
    # Again after changes, when the index exists already: everything moves away and back.
    for entry in (await pods.list(ListQuery(namespace="default"))).entries:
        moved = await pods.update(entry.key, pod(entry.name, app="moved", node="moved"), entry.revision)
        await pods.update(entry.key, entry.decode(), moved.revision)
    assert names(await pods.list(query)) == expected


async def test_pages_are_one_consistent_list(pods: Cache) -> None:
    for number in range(7):
        await create(pods, f"p{number}")
    query = ListQuery(namespace="default", limit=3)
    first = await pods.list(query)
    assert names(first) == ["p0", "p1", "p2"] and first.remaining_item_count == 4
    token = orjson.loads(base64.urlsafe_b64decode(first.continue_token + "=="))
    assert token == {"v": "meta.k8s.io/v1", "rv": first.resource_version, "start": "p2\0"}
    for name in ("p4", "p5"):
        entry = await pods.get(pods.key("default", name))
        assert entry is not None
        await pods.delete(entry.key, entry.revision)
    await create(pods, "p33")
    second = await pods.list(replace(query, continue_token=first.continue_token))
    assert names(second) == ["p3", "p4", "p5"] and second.resource_version == first.resource_version
    last = await pods.list(replace(query, continue_token=second.continue_token))
    assert names(last) == ["p6"] and not last.continue_token and last.remaining_item_count is None


async def test_pages_with_a_selector_have_no_remaining_count(pods: Cache) -> None:
    for number in range(6):
        await create(pods, f"p{number}", parity=str(number % 2))
    query = ListQuery(label_selector=LabelSelector.parse("parity=1"), limit=2)
    first = await pods.list(query)
    assert names(first) == ["p1", "p3"] and first.remaining_item_count is None
    last = await pods.list(replace(query, continue_token=first.continue_token))
    assert names(last) == ["p5"] and not last.continue_token


async def test_versions_of_a_list(pods: Cache) -> None:
    first = await create(pods, "a")
    second = await create(pods, "b")
    at_first = await pods.list(ListQuery(resource_version=str(first.revision), resource_version_match="Exact"))
    assert names(at_first) == ["a"] and at_first.resource_version == first.revision
    legacy = await pods.list(ListQuery(resource_version=str(first.revision), limit=10))
    assert names(legacy) == ["a"]
    not_older = await pods.list(ListQuery(resource_version=str(second.revision), resource_version_match="NotOlderThan"))
    assert names(not_older) == ["a", "b"] and not_older.resource_version >= second.revision
    assert (await pods.list(ListQuery(resource_version="0"))).resource_version > 0


async def test_a_version_from_the_future(pods: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minik8s.apiserver.cache.resource.FUTURE_WAIT_SECONDS", 0.05)
    entry = await create(pods, "a")
    with pytest.raises(ResourceVersionTooLarge):
        await pods.get(entry.key, min_revision=entry.revision + 1000)
    with pytest.raises(ResourceVersionTooLarge):
        await pods.list(ListQuery(resource_version=str(entry.revision + 1000), resource_version_match="Exact"))


async def test_expired_pages_offer_an_inconsistent_rest(caches: CacheSet, pods: Cache) -> None:
    for number in range(4):
        await create(pods, f"p{number}")
    first = await pods.list(ListQuery(namespace="default", limit=2))
    late = await create(pods, "p25")
    await pods.list(ListQuery())
    caches._trim(late.revision)
    with pytest.raises(ResourceExpired) as expired:
        await pods.list(ListQuery(namespace="default", limit=2, continue_token=first.continue_token))
    assert "inconsistent list" in expired.value.message
    rest = await pods.list(ListQuery(namespace="default", limit=5, continue_token=expired.value.continue_token))
    assert names(rest) == ["p2", "p25", "p3"] and rest.resource_version >= late.revision
    with pytest.raises(ResourceExpired) as old:
        await pods.list(ListQuery(resource_version=str(first.resource_version), resource_version_match="Exact"))
    assert old.value.message == "The resourceVersion for the provided list is too old."
    assert not old.value.continue_token


@pytest.mark.parametrize(
    "token",
    ["!", "e30", *(
        base64.urlsafe_b64encode(orjson.dumps(parsed)).decode().rstrip("=")
        for parsed in (
            {"v": "v2", "rv": 1, "start": "a"},
            {"v": "meta.k8s.io/v1", "rv": 0, "start": "a"},
            {"v": "meta.k8s.io/v1", "rv": 5, "start": ""},
            {"v": "meta.k8s.io/v1", "rv": 5, "start": "../secrets/a"},
        )
    )],
)  # fmt: skip
async def test_bad_tokens_are_refused(pods: Cache, token: str) -> None:
    with pytest.raises(BadRequestError):
        await pods.list(ListQuery(namespace="default", continue_token=token))


async def test_a_bad_version_is_refused(pods: Cache) -> None:
    with pytest.raises(BadRequestError, match="invalid resource version"):
        await pods.list(ListQuery(resource_version="abc"))


async def test_objects_expire(caches: CacheSet) -> None:
    events = caches.resource(replace(EVENTS, prefix=f"/registry/events{uuid.uuid4().hex[:6]}/"))
    made = await events.create(events.key("default", "e"), pod("e"))
    await until(lambda: made.key not in events.state.entries)
    assert await events.count() == 0


async def test_a_second_cache_set_sees_the_writes_of_the_first(caches: CacheSet, pods: Cache) -> None:
    """Two API servers on one store."""
    other = CacheSet(caches.store)
    await other.start()
    theirs = other.resource(pods.info)
    for number in range(10):
        made = await create(pods, f"p{number}", app="x")
        entry = await theirs.get(made.key)
        assert entry is not None and entry.data == made.data and entry.labels == {"app": "x"}
    await other.close()
