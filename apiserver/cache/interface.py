"""The watch cache as the rest of the API server sees it: types, errors, and the two protocols.

Mirrors: staging/src/k8s.io/apiserver/pkg/storage (Interface, selection predicates) and storage/cacher, seen from the
registry. One `CacheSet` per process owns the store's single watch; one `ResourceCache` per group-resource keeps, per
key, an `Entry`: the revision, the canonical JSON bytes that any client gets, labels, and the few selectable fields.
No object tree is kept.

How a request uses it:

    caches = CacheSet(store); await caches.start()
    info = ResourceInfo("/registry/pods/", "v1", "Pod", namespaced=True, fields=strategy.selectable_fields)
    pods = caches.resource(info)

    entry = await pods.get(pods.key("default", "web-1"))         # Entry | None; answer entry.data
    page = await pods.list(ListQuery(namespace="default", limit=500))
    head + b"".join(page.segments()) + b"]}"                     # or one segment at a time, sleep(0) between
    entry = await pods.create(key, obj)                          # obj: dict; KeyExists
    entry = await pods.update(key, obj, expected=entry.revision) # RevisionMismatch (retry, or 409)
    gone  = await pods.delete(key, expected=entry.revision)      # Entry: the last state, with the deletion's version
    watch = await pods.watch(WatchQuery(resource_version="123", view=JSON_CHUNKED), sink)
    await watch.wait_closed()                                    # and watch.stop() when the client goes away

The errors here carry what the registry needs to answer as upstream does; the class docstrings name the answer.
`StoreUnavailable` (storage.base) may come out of every call: answer 503 ServiceUnavailable, or 500 as upstream.

Objects are encoded once, with `kind`, `apiVersion`, `metadata` first and `metadata.resourceVersion` spliced in as the
first field of metadata when the write's revision is known (see encoding.py). The obj passed to create/update is not
kept and not changed; a resourceVersion inside it is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from minik8s.api.selectors import FieldSelector, LabelSelector

SEGMENT_BYTES = 96 << 10
"""Pieces under 128 KB come from memory that the allocator keeps; larger ones are mapped and cleared anew each time,
which costs three times as much as the copying."""

EventType = str  # "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR"


class Entry:
    """One object as cached. Immutable by agreement; `data` is shared by store, history, answers and frames."""

    __slots__ = ("data", "fields", "key", "labels", "revision")

    def __init__(
        self, key: str, revision: int, data: bytes, labels: Mapping[str, str], fields: Mapping[str, str]
    ) -> None:
        self.key = key
        self.revision = revision
        self.data = data
        self.labels = labels
        self.fields = fields

    def decode(self) -> dict[str, Any]:
        """A fresh object tree (12 µs for a pod of 3 KB). The caller owns it."""
        obj: dict[str, Any] = orjson.loads(self.data)
        return obj

    @property
    def name(self) -> str:
        return self.key.rsplit("/", 1)[1]

    def __repr__(self) -> str:
        return f"Entry({self.key!r} at {self.revision})"


# --- errors ---------------------------------------------------------------------------------------------------------


class CacheError(Exception):
    """Base of the errors below."""


class KeyExists(CacheError):
    """create: the key is taken. Answer 409 AlreadyExists (`pods "x" already exists`)."""


class KeyMissing(CacheError):
    """update/delete: nothing at that key (any more). Answer 404 NotFound."""


class RevisionMismatch(CacheError):
    """update/delete: the object changed since `expected`. `current` is its present state.

    Answer 409 Conflict (`the object has been modified; please apply your changes to the latest version and try
    again`), or, where the client asked for no version, read again and retry.
    """

    def __init__(self, current: Entry) -> None:
        super().__init__(f"{current.key} is at {current.revision}")
        self.current = current


class ResourceExpired(CacheError):
    """The revision is not kept any more. Answer 410 with reason Expired and this message.

    `continue_token`, when set, belongs into the Status' metadata.continue: with it the client may go on with an
    inconsistent list (upstream's behaviour for an expired page). For a watch, upstream answers 200 and one ERROR
    event with the Status in it.
    """

    def __init__(self, message: str, continue_token: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.continue_token = continue_token


class ResourceVersionTooLarge(CacheError):
    """A revision from the future was asked for and did not come in time.

    Answer 504 Timeout, message `Too large resource version: X, current: Y`, details.causes
    [{reason: ResourceVersionTooLarge, message: "Too large resource version"}], details.retryAfterSeconds 1.
    """

    def __init__(self, asked: int, current: int) -> None:
        super().__init__(f"Too large resource version: {asked}, current: {current}")
        self.asked = asked
        self.current = current


class BadRequestError(CacheError):
    """A token or version that cannot be read. Answer 400 BadRequest with str(error)."""


# --- lists ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class ListQuery:
    """A LIST as the client asked for it (the registry has checked the combinations, as ValidateListOptions does).

    namespace "" is all namespaces (or a cluster-scoped resource). Selectors that select everything are None.
    resource_version "" is a consistent read; "0" whatever is here; else together with resource_version_match.
    """

    namespace: str = ""
    label_selector: LabelSelector | None = None
    field_selector: FieldSelector | None = None
    limit: int = 0
    continue_token: str = ""
    resource_version: str = ""
    resource_version_match: str = ""  # "" | "Exact" | "NotOlderThan"


@dataclass(slots=True)
class ListPage:
    """What a LIST answers: entries in key order, and what belongs into the list's metadata."""

    entries: list[Entry]
    resource_version: int
    continue_token: str = ""
    remaining_item_count: int | None = None  # None: unknown (selectors), leave it out

    def segments(self, objects: int = 1000) -> Iterator[bytes]:
        """The items as JSON, commas included: `[` + all pieces + `]` is the array. A piece has about SEGMENT_BYTES
        and at most `objects` items.

        Pieces are made when asked for, so a long list never exists twice; sleep(0) after each when answering.
        """
        piece: list[bytes] = []
        held = count = 0
        for entry in self.entries:
            piece.append(entry.data)
            held += len(entry.data)
            count += 1
            if held >= SEGMENT_BYTES or count >= objects:
                yield b",".join(piece)
                piece, held, count = [b""], 0, 0  # the next piece begins with a comma
        if count:
            yield b",".join(piece)


# --- watches --------------------------------------------------------------------------------------------------------


class View(Protocol):
    """How events look on the wire for one kind of reader (full JSON, PartialObjectMetadata, a Table, …).

    A view is rendered once per event, whoever watches: watchers whose `key` is equal share the bytes. `views.py`
    has JSON_LINES and JSON_CHUNKED (the same, as one HTTP/1.1 chunk ready for the raw transport); `chunked(view)`
    wraps any view so.
    """

    key: Hashable

    def render(self, type: EventType, data: bytes) -> bytes:
        """One event. `data` is the object's JSON, already carrying the event's resourceVersion; BOOKMARK and ERROR
        events come through here too (data: a bare object with its annotations; a Status)."""


class EventSink(Protocol):
    """Where a watch's bytes go: the connection. All sync calls come from the event loop's thread."""

    def push(self, chunk: bytes) -> None:
        """Write now, never block, never raise. `chunk` holds one or more whole events and may be shared."""

    def buffered(self) -> int:
        """Bytes pushed that have not left yet (transport.get_write_buffer_size())."""

    async def drain(self) -> None:
        """Wait until the buffer is low again; used between pieces of the initial state only. Returns when closed."""

    def close(self) -> None:
        """The watch is over: end the response. Called once, unless `Watch.stop` was called before."""


@dataclass(slots=True)
class WatchQuery:
    """A WATCH as the client asked for it. See ListQuery for namespace and selectors.

    resource_version "" or "0": first synthetic ADDED events for what exists (unless send_initial_events is False),
    "" as a consistent read; N: everything after N. send_initial_events True: the state not older than
    resource_version as ADDED events, then a bookmark annotated `k8s.io/initial-events-end: "true"` (if
    allow_bookmarks). timeout: seconds until the server ends it (0: never); a last bookmark is sent before.
    """

    view: View
    namespace: str = ""
    label_selector: LabelSelector | None = None
    field_selector: FieldSelector | None = None
    resource_version: str = ""
    send_initial_events: bool | None = None
    allow_bookmarks: bool = False
    timeout: float = 0
    max_buffered: int = 8 << 20
    "A watcher with more than this many bytes unsent is closed; it resumes by revision, the others never wait."


class Watch(Protocol):
    """A running watch. `reason` says in a word why it ended: timeout, slow, expired, store, error, stopped."""

    reason: str

    def stop(self) -> None:
        """The client went away: forget it. The sink is not called any more. Idempotent."""

    async def wait_closed(self) -> None:
        """Until the watch ended: timeout, too slow, store lost, `stop`."""


# --- the caches -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class ResourceInfo:
    """What a cache must know of its resource."""

    prefix: str
    "Storage prefix, with the slash at its end: /registry/pods/"
    api_version: str
    "of the stored form, for bookmarks: v1, apps/v1"
    kind: str
    namespaced: bool
    fields: Callable[[dict[str, Any]], Mapping[str, str]] = field(default=lambda obj: {})
    "strategy.selectable_fields. metadata.name and metadata.namespace may be left out: the cache derives them"
    ttl: int = 0
    "Seconds until objects of this resource are deleted by themselves (events: 3600); 0: never"


class ResourceCache(Protocol):
    """One group-resource's cache, and its write path. Loads itself on first use."""

    info: ResourceInfo

    @property
    def revision(self) -> int:
        """The revision that this cache is known to be complete up to."""

    def key(self, namespace: str, name: str) -> str:
        """The storage key; namespace is ignored for cluster-scoped resources."""

    async def get(self, key: str, min_revision: int | None = None) -> Entry | None:
        """The object; None if there is none. min_revision None: sees every write acknowledged before the call;
        0: whatever is here; N: not older than N (ResourceVersionTooLarge if that does not come)."""

    async def list(self, query: ListQuery) -> ListPage:
        """Raises ResourceExpired, ResourceVersionTooLarge, BadRequestError."""

    async def watch(self, query: WatchQuery, sink: EventSink) -> Watch:
        """Send the initial state or the missed events, then go on with live ones; returns when live. When the client
        goes away before that, cancel the call.

        Raises ResourceExpired/BadRequestError/ResourceVersionTooLarge before anything was pushed.
        """

    async def count(self) -> int:
        """How many objects there are."""

    async def create(self, key: str, obj: dict[str, Any], ttl: int | None = None) -> Entry:
        """Store a new object. Raises KeyExists. ttl overrides the resource's."""

    async def update(self, key: str, obj: dict[str, Any], expected: int, ttl: int | None = None) -> Entry:
        """Replace the object if it still is at `expected`. Raises RevisionMismatch, KeyMissing. An object that
        says what is stored already is not written again, and keeps its resourceVersion (as upstream)."""

    async def delete(self, key: str, expected: int) -> Entry:
        """Remove it if it still is at `expected`; returns the last state carrying the deletion's resourceVersion.
        Raises RevisionMismatch, KeyMissing."""


class Caches(Protocol):
    """All caches of the process (`CacheSet` in feed.py)."""

    async def start(self) -> None:
        """Begin to watch the store, and the periodic compaction."""

    async def close(self) -> None:
        """End all watches (their sinks are closed), stop. The store itself stays open."""

    def resource(self, info: ResourceInfo) -> ResourceCache:
        """The cache for info.prefix, made on first use; for an existing one (a CRD that changed), `fields` and `kind`
        are replaced."""

    def drop(self, prefix: str) -> None:
        """Forget a resource (its CRD was deleted): its watches are closed."""
