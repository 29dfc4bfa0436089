"""The cache's state and fan-out against simple models of what they should be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minik8s.api.selectors import FieldSelector, LabelSelector
from minik8s.apiserver.cache import state as state_module
from minik8s.apiserver.cache.fanout import Fanout, Member
from minik8s.apiserver.cache.interface import Entry
from minik8s.apiserver.cache.selection import Selection
from minik8s.apiserver.cache.state import CacheState, Change

PREFIX = "/registry/pods/"
SELECTIONS = [
    Selection(
        PREFIX,
        True,
        namespace,
        LabelSelector.parse(labels) if labels else None,
        FieldSelector.parse(fields) if fields else None,
    )
    for namespace, labels, fields in [
        ("", "", ""),
        ("a", "", ""),
        ("", "app=x", ""),
        ("a", "app in (x,y)", ""),
        ("", "app", "spec.nodeName=n1"),
        ("", "!app", ""),
        ("b", "", "spec.nodeName="),
        ("a", "", "metadata.name=1"),
        ("", "", "metadata.name=1"),
        ("", "", "metadata.namespace=b,spec.nodeName!=n1"),
    ]
]

writes = st.lists(
    st.tuples(
        st.sampled_from(["a/1", "a/2", "b/1", "ab/1"]),
        st.sampled_from(["", "x", "y"]),
        st.sampled_from(["", "n1", "n2"]),
        st.booleans(),
    ),
    max_size=25,
)


def make(key: str, revision: int, app: str, node: str) -> Entry:
    data = b'{"metadata":{"resourceVersion":"%d"}}' % revision
    return Entry(PREFIX + key, revision, data, {"app": app} if app else {}, {"spec.nodeName": node} if node else {})


def play(state: CacheState, history: Any) -> tuple[dict[int, dict[str, Entry]], list[Change]]:
    truth, present, changes = {1: {}}, {}, []
    for revision, (key, app, node, deleted) in enumerate(history, 2):
        entry = None if deleted else make(key, revision, app, node)
        if entry is None:
            present.pop(PREFIX + key, None)
        else:
            present[PREFIX + key] = entry
        if (change := state.apply(PREFIX + key, entry, revision)) is not None:
            changes.append(change)
        truth[revision] = dict(present)
    return truth, changes


def expected(entries: dict[str, Entry], selection: Selection) -> list[Entry]:
    return [
        entries[key] for key in sorted(entries) if key.startswith(selection.prefix) and selection.matches(entries[key])
    ]


@given(writes, writes)
def test_lists_now_and_then_are_what_was_true(before: Any, after: Any) -> None:
    state = CacheState(1)
    for selection in SELECTIONS:  # so that the indexes exist from the start and must follow
        state.find(selection)
    truth, _ = play(state, before + after)
    for revision, entries in truth.items():
        for selection in SELECTIONS:
            found = [entry for entry in state.find(selection, "", revision) if selection.matches(entry)]
            assert found == expected(entries, selection)
            start = PREFIX + "a/2"
            rest = [entry for entry in state.find(selection, start, revision) if selection.matches(entry)]
            assert rest == [entry for entry in expected(entries, selection) if entry.key >= start]
    last = truth[max(truth)]
    for selection in (SELECTIONS[0], SELECTIONS[1]):
        page, left = state.page(selection, "", 2)
        assert page == expected(last, selection)[:2] and left == max(0, len(expected(last, selection)) - 2)


@given(writes)
def test_an_index_built_late_is_right(history: Any) -> None:
    state = CacheState(1)
    truth, _ = play(state, history)
    for selection in SELECTIONS:
        found = [entry for entry in state.find(selection) if selection.matches(entry)]
        assert found == expected(truth[max(truth)], selection)


def test_the_window_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_module, "MAX_CHANGES", 20)
    state = CacheState(1)
    play(state, [("a/1", "x", "", False)] * 50)
    assert len(state.history) <= 20 and state.floor == state.history[0].revision - 1
    assert state._old_bytes == sum(len(change.before.data) for change in state.history if change.before)


def test_indexes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_module, "MAX_INDEXES", 3)
    state = CacheState(1, [make("a/1", 1, "x", "n1")])
    for number in range(6):
        state.find(Selection(PREFIX, True, "", LabelSelector.parse(f"l{number}=x"), None))
    assert list(state._indexes) == [("label", "l3"), ("label", "l4"), ("label", "l5")]


class Text:
    """A view that can be read back."""

    key = "text"

    def render(self, type: str, data: bytes) -> bytes:
        return b"%b %b\n" % (type.encode(), data)


class ListSink:
    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    def push(self, chunk: bytes) -> None:
        self.chunks.append(chunk)

    def buffered(self) -> int:
        return 0

    async def drain(self) -> None: ...

    def close(self) -> None: ...


@given(writes, st.integers(0, 25))
def test_what_a_watcher_is_told_makes_its_list(history: Any, since: int) -> None:
    """Whoever applies the events to the list he began with has the list of now; and nothing is told that he did not
    ask for. Members that joined at different revisions get what came after."""
    state, fanout = CacheState(1), Fanout(PREFIX, True)
    members = []
    for selection in SELECTIONS:
        sink = ListSink()
        member = Member(sink, since, 1 << 20, lambda reason: None)
        fanout.join(selection, Text(), member)
        members.append((selection, sink))
    truth, changes = play(state, history)
    fanout._waiting = list(changes)
    for _ in fanout._run_steps():
        pass
    for selection, sink in members:
        told = [line.split(b" ", 1) for line in b"".join(sink.chunks).splitlines()]
        direct = []
        for change in changes:
            event = change.transition(selection) if change.key.startswith(selection.prefix) else None
            if event is not None and change.revision > since:
                direct.append([event[0].encode(), event[1]])
        assert told == direct
        known = {
            e.key: e.data for e in expected(truth.get(since, truth[1] if since < 2 else truth[max(truth)]), selection)
        }
        for change in changes:
            event = change.transition(selection) if change.key.startswith(selection.prefix) else None
            if event is None or change.revision <= since:
                continue
            assert (event[0] == "ADDED") == (change.key not in known)
            if event[0] == "DELETED":
                assert b'"%d"' % change.revision in event[1]
                del known[change.key]
            else:
                known[change.key] = event[1]
        assert known == {e.key: e.data for e in expected(truth[max(truth)], selection)}


def test_groups_come_and_go() -> None:
    fanout = Fanout(PREFIX, True)
    member = Member(ListSink(), 0, 1 << 20, lambda reason: None)
    groups = [fanout.join(selection, Text(), member) for selection in SELECTIONS]
    other = Member(ListSink(), 0, 1 << 20, lambda reason: None)
    assert fanout.join(SELECTIONS[0], Text(), other) is groups[0] and len(fanout) == len(SELECTIONS) + 1
    fanout.leave(groups[0], other)
    for group in groups:
        fanout.leave(group, member)
        fanout.leave(group, member)
    assert len(fanout) == 0 and not fanout._shelves and not fanout._bound_fields


def test_a_view_that_fails_ends_its_own_watchers_only() -> None:
    class Broken:
        key = "broken"

        def render(self, type: str, data: bytes) -> bytes:
            raise ValueError("no")

    fanout, ended = Fanout(PREFIX, True), list[str]()
    good = ListSink()
    fanout.join(SELECTIONS[0], Broken(), Member(ListSink(), 0, 1 << 20, ended.append))
    fanout.join(SELECTIONS[0], Text(), Member(good, 0, 1 << 20, ended.append))
    _, fanout._waiting = play(CacheState(1), [("a/1", "x", "", False)])
    for _ in fanout._run_steps():
        pass
    assert ended == ["error"] and len(good.chunks) == 1
