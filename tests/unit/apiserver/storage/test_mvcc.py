"""The embedded store's memory, against a model that keeps every state."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minik8s.apiserver.storage.base import CompactedError, FutureRevisionError, KeyValue
from minik8s.apiserver.storage.mvcc import Mvcc, Record, rebuild


def write(state: Mvcc, key: str, value: bytes | None) -> Record | None:
    prev = state.current.get(key)
    if value is None and prev is None:
        return None
    revision = state.revision + 1
    created = prev.create_revision if prev else revision
    record = Record(key, revision, KeyValue(key, value, created, revision) if value is not None else None, prev)
    state.apply(record)
    return record


writes = st.lists(
    st.tuples(st.sampled_from(["/a/1", "/a/2", "/ab/1", "/b/1"]), st.one_of(st.none(), st.binary(max_size=3))),
    max_size=20,
)


def play(history: Any) -> tuple[Mvcc, dict[int, dict[str, bytes]], list[Record]]:
    """The state, what was true at every revision, and the records."""
    state, truth, records = Mvcc(), {1: {}}, []
    for key, value in history:
        record = write(state, key, value)
        if record is not None:
            records.append(record)
            truth[state.revision] = {kv.key: kv.value for kv in state.current.values()}
    return state, truth, records


def seen(state: Mvcc, prefix: str, revision: int) -> dict[str, bytes]:
    return {kv.key: kv.value for kv in state.list(prefix, revision=revision).kvs}


@given(writes)
def test_every_kept_revision_can_be_read(history: Any) -> None:
    state, truth, _ = play(history)
    for revision, expected in truth.items():
        assert seen(state, "", revision) == expected
        assert seen(state, "/a/", revision) == {key: v for key, v in expected.items() if key.startswith("/a/")}
        for key in ("/a/1", "/b/1"):
            kv = state.get(key, revision)
            assert (kv.value if kv else None) == expected.get(key)


@given(writes, st.integers(0, 25))
def test_compaction_keeps_the_rest(history: Any, at: int) -> None:
    state, truth, records = play(history)
    at = min(at, state.revision)
    dead = state.compact(at)
    assert dead == sorted(set(dead))
    for revision, expected in truth.items():
        if revision >= at:
            assert seen(state, "", revision) == expected
        else:
            with pytest.raises(CompactedError):
                state.list("", revision=revision)
    assert [r.revision for r in state.events_from("", at + 1)] == [r.revision for r in records if r.revision > at]
    assert state.history_bytes == sum(len(r.prev.value) for r in records if r.revision > at and r.prev)


@given(writes, st.integers(0, 25), st.integers(0, 100))
def test_a_log_without_the_dead_rows_rebuilds_the_same(history: Any, at: int, cut: int) -> None:
    """Whatever part of the dead rows (in ascending order) was deleted before the process died."""
    state, truth, records = play(history)
    at = min(at, state.revision)
    dead = state.compact(at)
    gone = set(dead[: len(dead) * cut // 100])
    rows = [
        (r.revision, r.key, r.kv.value if r.kv else None, r.kv.create_revision if r.kv else 0, 0)
        for r in records
        if r.revision not in gone
    ]
    again, leftovers = rebuild(rows, at)
    assert again.revision == max(state.revision, at, 1)
    assert set(leftovers) <= set(dead) and set(dead) - gone <= set(leftovers)
    for revision, expected in truth.items():
        if revision >= max(at, 1):
            assert seen(again, "", revision) == expected
    for key, kv in again.current.items():
        assert kv.create_revision == state.current[key].create_revision


def test_pages_and_counts() -> None:
    state, _, _ = play([(f"/a/{n}", b"x") for n in range(5)])
    page = state.list("/a/", limit=2, start="/a/1")
    assert [kv.key for kv in page.kvs] == ["/a/1", "/a/2"] and page.more and page.count == 4


def test_the_future_cannot_be_read() -> None:
    with pytest.raises(FutureRevisionError):
        Mvcc().list("", revision=9)
    with pytest.raises(FutureRevisionError):
        Mvcc().compact(9)


def test_events_from_a_compacted_revision() -> None:
    state, _, _ = play([("/a/1", b"1"), ("/a/1", b"2")])
    state.compact(3)
    with pytest.raises(CompactedError):
        state.events_from("", 3)
    assert state.events_from("", 4) == []
