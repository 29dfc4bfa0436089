"""The contract of a store (apiserver/storage/base.py), held against every backend.

One etcd serves all tests of a run, so each test works under a prefix of its own and compares revisions relatively.
"""

from __future__ import annotations

import asyncio
import uuid

import pytest
from store_backends import Collector, until

from minik8s.apiserver.storage.base import CompactedError, FutureRevisionError, LeaseNotFound, Store, ValueTooLarge


@pytest.fixture
def prefix() -> str:
    return f"/registry/{uuid.uuid4().hex[:8]}/"


async def test_get_of_an_absent_key_is_none(store: Store, prefix: str) -> None:
    assert await store.get(prefix + "a") is None


async def test_create_then_get(store: Store, prefix: str) -> None:
    made = await store.txn(prefix + "a", b"1", expected=0)
    assert made.succeeded and made.kv is not None
    kv = await store.get(prefix + "a")
    assert kv is not None
    assert (kv.key, kv.value) == (prefix + "a", b"1")
    assert kv.mod_revision == kv.create_revision == made.revision == made.kv.mod_revision


async def test_create_fails_where_something_is(store: Store, prefix: str) -> None:
    first = await store.txn(prefix + "a", b"1", expected=0)
    again = await store.txn(prefix + "a", b"2", expected=0)
    assert not again.succeeded and again.kv is not None
    assert (again.kv.value, again.kv.mod_revision) == (b"1", first.revision)


async def test_update_compares_the_mod_revision(store: Store, prefix: str) -> None:
    first = await store.txn(prefix + "a", b"1", expected=0)
    second = await store.txn(prefix + "a", b"2", expected=first.revision)
    stale = await store.txn(prefix + "a", b"3", expected=first.revision)
    assert second.succeeded and second.revision > first.revision
    assert not stale.succeeded and stale.kv is not None and stale.kv.value == b"2"
    kv = await store.get(prefix + "a")
    assert kv is not None and kv.create_revision == first.revision and kv.mod_revision == second.revision


async def test_update_of_an_absent_key_fails(store: Store, prefix: str) -> None:
    result = await store.txn(prefix + "a", b"1", expected=77)
    assert not result.succeeded and result.kv is None


async def test_unconditional_put(store: Store, prefix: str) -> None:
    for value in (b"1", b"2"):
        assert (await store.txn(prefix + "a", value)).succeeded
    kv = await store.get(prefix + "a")
    assert kv is not None and kv.value == b"2"


async def test_delete_compares_and_returns_what_was_removed(store: Store, prefix: str) -> None:
    first = await store.txn(prefix + "a", b"1", expected=0)
    second = await store.txn(prefix + "a", b"2", expected=first.revision)
    stale = await store.txn(prefix + "a", None, expected=first.revision)
    assert not stale.succeeded
    gone = await store.txn(prefix + "a", None, expected=second.revision)
    assert gone.succeeded and gone.kv is not None and gone.kv.value == b"2" and gone.revision > second.revision
    assert await store.get(prefix + "a") is None


async def test_delete_of_an_absent_key_takes_no_revision(store: Store, prefix: str) -> None:
    before = await store.current_revision()
    for expected in (None, 5):
        result = await store.txn(prefix + "a", None, expected=expected)
        assert not result.succeeded and result.kv is None
    assert await store.current_revision() == before


async def test_a_key_made_again_is_new(store: Store, prefix: str) -> None:
    first = await store.txn(prefix + "a", b"1")
    await store.txn(prefix + "a", None)
    again = await store.txn(prefix + "a", b"2", expected=0)
    assert again.kv is not None and again.kv.create_revision == again.revision > first.revision


async def test_each_write_takes_the_next_revision(store: Store, prefix: str) -> None:
    start = await store.current_revision()
    results = await asyncio.gather(*(store.txn(f"{prefix}{n}", b"x", expected=0) for n in range(40)))
    assert sorted(result.revision for result in results) == list(range(start + 1, start + 41))
    assert await store.current_revision() == start + 40


async def test_of_racing_writers_one_wins(store: Store, prefix: str) -> None:
    first = await store.txn(prefix + "a", b"0")
    results = await asyncio.gather(*(store.txn(prefix + "a", b"%d" % n, first.revision) for n in range(10)))
    winners = [result for result in results if result.succeeded]
    assert len(winners) == 1
    for result in results:
        assert result.kv is not None and result.kv.mod_revision == winners[0].revision


async def test_list_is_in_key_order_and_keeps_to_its_prefix(store: Store, prefix: str) -> None:
    for name in ("b/2", "a/1", "b/1", "c"):
        await store.txn(prefix + name, name.encode())
    page = await store.list(prefix)
    assert [kv.key.removeprefix(prefix) for kv in page.kvs] == ["a/1", "b/1", "b/2", "c"]
    assert page.count == 4 and not page.more and page.revision == await store.current_revision()
    assert [kv.value for kv in (await store.list(prefix + "b/")).kvs] == [b"b/1", b"b/2"]


async def test_list_pages_at_one_revision(store: Store, prefix: str) -> None:
    for n in range(5):
        await store.txn(f"{prefix}{n}", b"old")
    page = await store.list(prefix, limit=2)
    assert page.more and page.count == 5 and len(page.kvs) == 2
    await store.txn(prefix + "3", b"new")
    await store.txn(prefix + "4", None)
    await store.txn(prefix + "9", b"new")
    rest = await store.list(prefix, start=page.kvs[-1].key + "\0", revision=page.revision)
    assert [(kv.key[-1], kv.value) for kv in rest.kvs] == [("2", b"old"), ("3", b"old"), ("4", b"old")]
    assert not rest.more and rest.revision == page.revision


async def test_list_of_more_than_a_page_of_the_backend(store: Store, prefix: str) -> None:
    await asyncio.gather(*(store.txn(f"{prefix}{n:04}", b"%d" % n) for n in range(1203)))
    page = await store.list(prefix)
    assert [kv.value for kv in page.kvs] == [b"%d" % n for n in range(1203)]
    assert page.count == 1203 and not page.more
    part = await store.list(prefix, limit=700)
    assert len(part.kvs) == 700 and part.more and part.count == 1203


async def test_get_at_an_old_revision(store: Store, prefix: str) -> None:
    first = await store.txn(prefix + "a", b"1")
    await store.txn(prefix + "a", b"2")
    last = await store.txn(prefix + "a", None)
    old = await store.get(prefix + "a", revision=first.revision)
    assert old is not None and old.value == b"1"
    assert await store.get(prefix + "a", revision=first.revision - 1) is None
    assert await store.get(prefix + "a", revision=last.revision) is None


async def test_a_future_revision_is_refused(store: Store, prefix: str) -> None:
    with pytest.raises(FutureRevisionError):
        await store.list(prefix, revision=await store.current_revision() + 5)


async def test_compaction_forgets_what_is_older_and_nothing_else(store: Store, prefix: str) -> None:
    first = await store.txn(prefix + "a", b"1")
    await store.txn(prefix + "gone", b"x")
    await store.txn(prefix + "gone", None)
    second = await store.txn(prefix + "a", b"2")
    await store.txn(prefix + "a", b"3")
    await store.compact(second.revision)
    await store.compact(second.revision)
    with pytest.raises(CompactedError):
        await store.get(prefix + "a", revision=first.revision)
    with pytest.raises(CompactedError):
        await store.list(prefix, revision=first.revision)
    at_mark = await store.get(prefix + "a", revision=second.revision)
    assert at_mark is not None and at_mark.value == b"2"
    assert [kv.value for kv in (await store.list(prefix)).kvs] == [b"3"]


async def test_watch_tells_puts_and_deletes_in_order(store: Store, prefix: str) -> None:
    sink = Collector()
    watch = await store.watch(prefix, 0, sink)
    made = await store.txn(prefix + "a", b"1")
    await store.txn(prefix[:-1] + "-other", b"not ours")
    await store.txn(prefix + "a", b"2")
    gone = await store.txn(prefix + "a", None)
    await until(lambda: len(sink.events) == 3)
    assert sink.summary == [("PUT", prefix + "a", b"1"), ("PUT", prefix + "a", b"2"), ("DELETE", prefix + "a", None)]
    assert [event.revision for event in sink.events] == [made.revision, gone.revision - 1, gone.revision]
    watch.cancel()
    watch.cancel()


async def test_watch_from_a_revision_tells_the_past_first(store: Store, prefix: str) -> None:
    await store.txn(prefix + "a", b"1")
    second = await store.txn(prefix + "b", b"2")
    await store.txn(prefix + "c", b"3")
    sink = Collector()
    watch = await store.watch(prefix, second.revision, sink)
    await store.txn(prefix + "d", b"4")
    await until(lambda: len(sink.events) == 3)
    assert [event.kv.value for event in sink.events if event.kv] == [b"2", b"3", b"4"]
    watch.cancel()


async def test_watch_from_the_future_starts_there(store: Store, prefix: str) -> None:
    sink = Collector()
    watch = await store.watch(prefix, await store.current_revision() + 3, sink)
    for value in (b"1", b"2", b"3", b"4"):
        await store.txn(prefix + "a", value)
    await until(lambda: len(sink.events) == 2)
    assert [event.kv.value for event in sink.events if event.kv] == [b"3", b"4"]
    watch.cancel()


async def test_watch_from_a_compacted_revision_is_refused(store: Store, prefix: str) -> None:
    first = await store.txn(prefix + "a", b"1")
    await store.txn(prefix + "a", b"2")
    last = await store.txn(prefix + "a", b"3")
    await store.compact(last.revision)
    sink = Collector()
    with pytest.raises(CompactedError):
        await store.watch(prefix, first.revision, sink)
    assert sink.events == []


async def test_a_cancelled_watch_is_silent(store: Store, prefix: str) -> None:
    sink, other = Collector(), Collector()
    watch = await store.watch(prefix, 0, sink)
    witness = await store.watch(prefix, 0, other)
    watch.cancel()
    await store.txn(prefix + "a", b"1")
    await until(lambda: len(other.events) == 1)
    assert sink.events == []
    witness.cancel()


async def test_a_revoked_lease_takes_its_keys(store: Store, prefix: str) -> None:
    lease = await store.grant_lease(60)
    await store.txn(prefix + "a", b"1", lease=lease)
    await store.txn(prefix + "b", b"2", lease=lease)
    await store.txn(prefix + "b", b"3")  # written without: freed from the lease
    sink = Collector()
    watch = await store.watch(prefix, 0, sink)
    await store.revoke_lease(lease)
    await until(lambda: len(sink.events) == 1)
    assert [kv.key for kv in (await store.list(prefix)).kvs] == [prefix + "b"]
    assert sink.summary == [("DELETE", prefix + "a", None)]
    with pytest.raises(LeaseNotFound):
        await store.revoke_lease(lease)
    with pytest.raises(LeaseNotFound):
        await store.txn(prefix + "c", b"1", lease=lease)
    watch.cancel()


async def test_a_lease_expires(store: Store, prefix: str) -> None:
    lease = await store.grant_lease(1)
    await store.txn(prefix + "a", b"1", lease=lease)
    sink = Collector()
    watch = await store.watch(prefix, 0, sink)
    await until(lambda: [event.type for event in sink.events] == ["DELETE"])
    assert await store.get(prefix + "a") is None
    watch.cancel()


async def test_values_are_bytes_of_any_kind(store: Store, prefix: str) -> None:
    for value in (b"", bytes(range(256)), b"x" * 1_400_000):
        await store.txn(prefix + "a", value)
        kv = await store.get(prefix + "a")
        assert kv is not None and kv.value == value


async def test_values_too_large_are_refused(store: Store, prefix: str) -> None:
    before = await store.current_revision()
    with pytest.raises(ValueTooLarge, match="request is too large"):
        await store.txn(prefix + "a", b"x" * 1_500_001)
    assert await store.current_revision() == before


async def test_many_large_values_at_once(store: Store, prefix: str) -> None:
    await asyncio.gather(*(store.txn(f"{prefix}{n}", b"%d" % n + b"x" * 900_000) for n in range(12)))
    assert [kv.value[:2].strip(b"x") for kv in (await store.list(prefix)).kvs] == sorted(b"%d" % n for n in range(12))


async def test_a_cancelled_writer_harms_nobody(store: Store, prefix: str) -> None:
    writers = [asyncio.ensure_future(store.txn(f"{prefix}{n}", b"x")) for n in range(20)]
    await asyncio.sleep(0)
    for writer in writers[::2]:
        writer.cancel()
    done = await asyncio.gather(*writers, return_exceptions=True)
    assert all(not isinstance(result, BaseException) for result in done[1::2])
    assert (await store.txn(prefix + "after", b"x", expected=0)).succeeded


async def test_healthy(store: Store) -> None:
    assert await store.healthy()
