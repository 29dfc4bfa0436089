"""One watch from its request to its end: initial state, missed events, then live.

Mirrors: cacher.Watch and cache_watcher.go's processInterval, with the bookmark timing of cacher's
watcherBookmarkTimeBuckets, and the initial-events-end bookmark (KEP-3157).

Until a watch has caught up it is nobody's member: it reads the state and the window of changes at its client's pace
(drain between pieces), and joins the fan-out in the very step in which nothing is missing any more.
"""

from __future__ import annotations

import asyncio
from operator import attrgetter
from typing import TYPE_CHECKING

from minik8s.apiserver.cache.fanout import Group, Member
from minik8s.apiserver.cache.interface import EventSink, ResourceExpired, WatchQuery
from minik8s.apiserver.cache.pages import parse_version
from minik8s.apiserver.cache.views import render_bookmark

if TYPE_CHECKING:
    from minik8s.apiserver.cache.resource import Cache

PIECE = 100
HIGH_WATER = 256 << 10
INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}


class RunningWatch:
    """A Watch (see interface.py)."""

    def __init__(self, cache: Cache, query: WatchQuery, sink: EventSink) -> None:
        self._cache = cache
        self._query = query
        self._sink = sink
        self._selection = cache.selection(query.namespace, query.label_selector, query.field_selector)
        self._group: Group | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._member = Member(sink, 0, query.max_buffered, self.finish)
        self.reason = ""

    # --- the way in ---

    async def start(self) -> None:
        """Returns when live, or when it ended on the way (too slow to catch up, store lost)."""
        generation = self._cache.generation
        version = parse_version(self._query.resource_version)
        initial = self._query.send_initial_events
        if initial or version == 0:
            await self._wait_for(self._query.resource_version, version)
            since = self._cache.revision
            if initial is not False:
                await self._send_state(since)
        else:
            since = version
            if since < self._cache.state.floor:
                raise ResourceExpired(f"too old resource version: {since} ({self._cache.state.floor})")
        await self._catch_up(since, generation)

    async def _wait_for(self, text: str, version: int) -> None:
        if not text:
            await self._cache.catch_up()
        elif version:
            await self._cache.wait_for(version)

    async def _send_state(self, revision: int) -> None:
        selection, view = self._selection, self._query.view
        # In the order of their revisions, so that a watch resumed from any of them sees what this one sees next.
        candidates = sorted(self._cache.state.find(selection), key=attrgetter("revision"))
        for at in range(0, len(candidates), PIECE):
            piece = candidates[at : at + PIECE]
            if selection.filters:
                piece = [entry for entry in piece if selection.matches(entry)]
            await self._send([view.render("ADDED", entry.data) for entry in piece])
        if self._query.send_initial_events and self._query.allow_bookmarks:
            data = render_bookmark(self._cache.info, revision, INITIAL_EVENTS_END)
            self._sink.push(view.render("BOOKMARK", data))

    async def _send(self, frames: list[bytes]) -> None:
        if frames:
            self._sink.push(b"".join(frames))
        if self._sink.buffered() > HIGH_WATER:
            await self._sink.drain()
        else:
            await asyncio.sleep(0)

    async def _catch_up(self, since: int, generation: int) -> None:
        """Send what happened after `since` until there is no more, then join. No await between the last look and the
        joining: nothing can be missed or told twice."""
        view = self._query.view
        while True:
            if self._cache.generation != generation:
                return self.finish("store")
            if since < self._cache.state.floor:
                return self.finish("expired")
            changes = self._cache.state.changes_after(since)
            if not changes:
                return self._join(since)
            piece = changes[:PIECE]
            if len(changes) > PIECE and changes[PIECE].revision == piece[-1].revision:
                piece = changes  # deletes of one lease share a revision: do not cut between them
            events = [change.transition(self._selection) for change in piece]
            await self._send([view.render(*event) for event in events if event is not None])
            since = piece[-1].revision

    def _join(self, since: int) -> None:
        self._member.since = max(since, self._cache.state.changed_revision)
        self._group = self._cache.fanout.join(self._selection, self._query.view, self._member)
        self._cache.watches[self] = None
        if self._query.timeout > 0:
            left = max(self._query.timeout - (self._loop.time() - self._started), 0)
            self._timer = self._loop.call_later(left, self._time_out)
        if self._query.allow_bookmarks:
            self._cache.bookmarks_wanted()

    # --- while live ---

    @property
    def wants_bookmarks(self) -> bool:
        return self._query.allow_bookmarks

    def bookmark(self, revision: int) -> None:
        """Tell how far this watch is: the caller knows that nothing up to `revision` is still on its way."""
        if revision >= self._member.since:  # not for one that starts in the future
            data = render_bookmark(self._cache.info, revision)
            self._member.push(self._query.view.render("BOOKMARK", data))

    def _time_out(self) -> None:
        if self.wants_bookmarks and self._cache.fanout.idle:
            self.bookmark(self._cache.revision)
        self.finish("timeout")

    # --- the end ---

    def stop(self) -> None:
        self._end("stopped", close_sink=False)

    def finish(self, reason: str) -> None:
        self._end(reason, close_sink=True)

    def _end(self, reason: str, close_sink: bool) -> None:
        if self._closed.done():
            return
        self.reason = reason
        self._closed.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
        if self._group is not None:
            self._cache.fanout.leave(self._group, self._member)
        self._cache.watches.pop(self, None)
        if close_sink:
            self._sink.close()

    async def wait_closed(self) -> None:
        await asyncio.shield(self._closed)
