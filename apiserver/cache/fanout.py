"""From a change to the connections of all who watch it.

Mirrors: storage/cacher/cacher.go (dispatchEvents, indexedWatchers) and cache_watcher.go. Upstream gives each watcher
a goroutine, a channel, and its own encoding (shared by a caching serializer); here watchers that want the same objects
in the same view form a group, an event is matched and rendered once per group, and every member gets the same bytes.

Groups are found by the one object, the namespace or the field value (spec.nodeName) they are bound to, so an event
costs in proportion to those who may want it.

The fan-out runs behind the write that caused it, in steps of a few milliseconds, so that requests get their turn; a
member that joins in between has seen everything up to its `since`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Iterator

from minik8s.apiserver.cache.interface import Entry, EventSink, View
from minik8s.apiserver.cache.selection import Selection
from minik8s.apiserver.cache.state import Change
from minik8s.client.log import get_logger

log = get_logger(__name__)
CHANGES_PER_STEP = 32
PUSHES_PER_STEP = 64
STEP_SECONDS = 0.003
Frames = list[tuple[int, bytes]]


class Member:
    """One live watcher: its sink, and the revision up to which it needs nothing more."""

    __slots__ = ("end", "max_buffered", "since", "sink")

    def __init__(self, sink: EventSink, since: int, max_buffered: int, end: Callable[[str], None]) -> None:
        self.sink = sink
        self.since = since
        self.max_buffered = max_buffered
        self.end = end

    def push(self, chunk: bytes) -> None:
        self.sink.push(chunk)
        if self.sink.buffered() > self.max_buffered:
            self.end("slow")

    def deliver(self, frames: Frames, chunk: bytes) -> None:
        """`chunk` is the frames joined; a newcomer may have seen some of them."""
        if self.since >= frames[0][0]:
            chunk = b"".join([frame for revision, frame in frames if revision > self.since])
            if not chunk:
                return
        self.push(chunk)


class Group:
    """Members with one selection and one view."""

    __slots__ = ("key", "members", "selection", "view")

    def __init__(self, key: Hashable, selection: Selection, view: View) -> None:
        self.key = key
        self.selection = selection
        self.view = view
        self.members: dict[Member, None] = {}

    def frame(self, change: Change) -> bytes | None:
        event = change.transition(self.selection)
        if event is None:
            return None
        if change.frames is None:
            change.frames = {}
        key = (self.view.key, event[0])
        frame = change.frames.get(key)
        if frame is None:
            frame = change.frames[key] = self.view.render(*event)
        return frame


class Fanout:
    """The groups of one resource, and what waits to be told to them."""

    def __init__(self, prefix: str, namespaced: bool) -> None:
        self._prefix_length = len(prefix)
        self._namespaced = namespaced
        self._groups: dict[Hashable, Group] = {}
        self._shelves: dict[Hashable, dict[Group, None]] = {}  # groups by what they are bound to
        self._bound_fields: dict[str, int] = {}  # fields that some group is bound by
        self._waiting: list[Change] = []
        self._steps: Iterator[None] | None = None

    @property
    def idle(self) -> bool:
        """Has everything been told?"""
        return not self._waiting and self._steps is None

    def __len__(self) -> int:
        return sum(len(group.members) for group in self._groups.values())

    # --- members ---

    def join(self, selection: Selection, view: View, member: Member) -> Group:
        key = (selection.key, view.key)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(key, selection, view)
            shelf = self._shelf_of(selection)
            self._shelves.setdefault(shelf, {})[group] = None
            if isinstance(shelf, tuple) and shelf[0] == "field":
                self._bound_fields[shelf[1]] = self._bound_fields.get(shelf[1], 0) + 1
        group.members[member] = None
        return group

    def leave(self, group: Group, member: Member) -> None:
        group.members.pop(member, None)
        if group.members or self._groups.pop(group.key, None) is None:
            return
        shelf = self._shelf_of(group.selection)
        self._shelves[shelf].pop(group)
        if not self._shelves[shelf]:
            del self._shelves[shelf]
        if isinstance(shelf, tuple) and shelf[0] == "field":
            self._bound_fields[shelf[1]] -= 1
            if not self._bound_fields[shelf[1]]:
                del self._bound_fields[shelf[1]]

    def _shelf_of(self, selection: Selection) -> Hashable:
        if single := selection.single_key(self._namespaced):
            return ("key", single)
        if field := selection.exact_field():
            return ("field", *field)
        return ("namespace", selection.namespace)

    # --- telling ---

    def tell(self, changes: Iterable[Change]) -> None:
        """Queue changes for all who want them."""
        if not self._groups:
            return
        self._waiting.extend(changes)
        if self._steps is None and self._waiting:
            self._steps = self._run_steps()
            asyncio.get_running_loop().call_soon(self._work)

    def _work(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + STEP_SECONDS
        assert self._steps is not None
        for _ in self._steps:
            if loop.time() > deadline:
                loop.call_soon(self._work)
                return
        self._steps = None

    def _run_steps(self) -> Iterator[None]:
        while self._waiting:
            changes, self._waiting = self._waiting[:CHANGES_PER_STEP], self._waiting[CHANGES_PER_STEP:]
            wanted: dict[Group, Frames] = {}
            for change in changes:
                for group in self._groups_for(change):
                    frame = _render(group, change)
                    if frame is not None:
                        wanted.setdefault(group, []).append((change.revision, frame))
                yield
            for change in changes:
                change.forget_frames()
            pushed = 0
            for group, frames in wanted.items():
                chunk = frames[0][1] if len(frames) == 1 else b"".join([frame for _, frame in frames])
                for member in list(group.members):
                    if member in group.members:  # it may have gone while we paused
                        member.deliver(frames, chunk)
                    pushed += 1
                    if pushed % PUSHES_PER_STEP == 0:
                        yield
            yield

    def _groups_for(self, change: Change) -> list[Group]:
        shelves = self._shelves
        namespace = ""
        if self._namespaced:
            namespace = change.key[self._prefix_length : change.key.rfind("/")]
        found = list(shelves.get(("namespace", ""), ()))
        if namespace:
            found.extend(shelves.get(("namespace", namespace), ()))
        found.extend(shelves.get(("key", change.key), ()))
        for field in self._bound_fields:
            for value in {_field(change.before, field), _field(change.after, field)}:
                for group in shelves.get(("field", field, value), ()):
                    if change.key.startswith(group.selection.prefix):
                        found.append(group)
        return found


def _render(group: Group, change: Change) -> bytes | None:
    try:
        return group.frame(change)
    except Exception as error:  # noqa: BLE001 - a view is somebody else's code: it must not stop the other watchers
        log.error("a watch's view failed", key=change.key, error=repr(error))
        for member in list(group.members):
            member.end("error")
        return None


def _field(entry: Entry | None, name: str) -> str | None:
    return None if entry is None else entry.fields.get(name, "")
