"""List, then watch, for ever: the reflector.

Mirrors client-go tools/cache/reflector.go. Three nested loops, each owning one kind of trouble:

    run        anything: back off (0.1 s … 30 s, with jitter), then start over with a list
    list       410 on a page or on the version asked for: list afresh from the newest
    watch      a stream that ends or breaks: watch again from the last version seen; 410: leave, and so list again

The sink (an informer) sees `replace(items, version)` only after a list that was read to its end, and `apply(type, raw,
obj)` per event. Nothing else is ever told: a server that is away changes nothing in the sink, so absence is never taken
for deletion.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from minik8s.api.status import ApiError, Forbidden, NotFound, from_status
from minik8s.client.log import get_logger
from minik8s.client.resources import Resource, Target, resolve
from minik8s.client.rest import Client

log = get_logger(__name__)

MIN_WATCH_SECONDS = 300
PAGE_SIZE = 500
# client-go starts at 0.8 s; ours start together with the server, which is there within half a second
BACKOFF_MIN, BACKOFF_MAX, BACKOFF_RESET = 0.1, 30.0, 120.0
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


@dataclass(slots=True)
class RawEvent:
    """One watch event: the parsed object, and its bytes as they came."""

    type: str
    obj: dict[str, Any]
    raw: bytes


class Sink(Protocol):
    """What a reflector fills."""

    def replace(self, items: list[dict[str, Any]], resource_version: str) -> None:
        """The complete state at a version."""

    def apply(self, event: RawEvent) -> None:
        """One change: ADDED, MODIFIED or DELETED."""


def parse_event(line: bytes) -> RawEvent:
    """A line of a watch. The object's bytes are cut out of the line where it has the usual shape."""
    event = orjson.loads(line)
    kind, obj = event["type"], event["object"]
    prefix = b'{"type":"%s","object":' % kind.encode()
    if line.startswith(prefix) and line.endswith(b"}"):
        return RawEvent(kind, obj, line[len(prefix) : -1])
    return RawEvent(kind, obj, orjson.dumps(obj))


async def watch(
    client: Client,
    target: Target,
    namespace: str = "",
    *,
    resource_version: str = "",
    label_selector: str = "",
    field_selector: str = "",
    timeout_seconds: int = 0,
    send_initial_events: bool = False,
) -> AsyncGenerator[RawEvent, None]:
    """One watch, until the server ends it. Raises ApiError for an ERROR event (410: Gone)."""
    query: dict[str, Any] = {
        "watch": "true", "allowWatchBookmarks": "true", "resourceVersion": resource_version,
        "labelSelector": label_selector, "fieldSelector": field_selector, "timeoutSeconds": timeout_seconds or "",
    }  # fmt: skip
    if send_initial_events:
        query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
    async with aclosing(client.stream("GET", resolve(target).path(namespace), query)) as lines:
        async for line in lines:
            if not line.strip():
                continue
            event = parse_event(line)
            if event.type == "ERROR":
                raise from_status(event.obj)
            yield event


def is_gone(error: BaseException) -> bool:
    """Is the version asked for no longer (or not yet) there: 410, or a 504 `Too large resource version`?"""
    if not isinstance(error, ApiError):
        return False
    return error.code == 410 or (error.code == 504 and "resource version" in error.message.lower())


class Backoff:
    """Exponential with jitter; starts again after two quiet minutes."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._delay = BACKOFF_MIN
        self._last = float("-inf")

    def next(self, now: float) -> float:
        if now - self._last > BACKOFF_RESET:
            self._delay = BACKOFF_MIN
        self._last = now
        delay, self._delay = self._delay, min(self._delay * 2, BACKOFF_MAX)
        return delay * (1 + self._rng.random())


class Reflector:
    """Keeps a sink equal to what the server has of one resource."""

    def __init__(
        self,
        client: Client,
        target: Target,
        sink: Sink,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        on_refusal: Callable[[], None] = lambda: None,
    ) -> None:
        self.resource: Resource = resolve(target)
        self.resource_version = ""
        self.served = True  #: False while the server says that it has no such resource
        self._allowed = True
        self._on_refusal = on_refusal
        self._client = client
        self._sink = sink
        self._namespace = namespace
        self._selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
        self._rng = random.Random()
        self._backoff = Backoff(self._rng)

    async def run(self) -> None:
        """List and watch until cancelled."""
        while True:
            try:
                await self.list_and_watch()
            except NotFound:
                self._not_served()
            except Forbidden as error:
                self._not_allowed(error)
            except (ApiError, OSError, EOFError, orjson.JSONDecodeError) as error:
                self._report(error)
            await self._client.clock.sleep(self._backoff.next(self._client.clock.monotonic()))

    async def list_and_watch(self) -> None:
        """One list, then watches, until a watch must be given up for a new list."""
        await self._list()
        while True:
            try:
                await self._watch_once()
            except ApiError as error:
                if is_gone(error):
                    log.debug("watch expired, listing again", resource=self.resource.group_resource)
                    return
                if error.code not in (429, 500, 502, 503, 504):
                    raise
                self._report(error)
                await self._client.clock.sleep(self._backoff.next(self._client.clock.monotonic()))
            except (OSError, EOFError) as error:
                # the stream broke: what the sink holds is still the truth as of resource_version
                self._report(error)
                await self._client.clock.sleep(self._backoff.next(self._client.clock.monotonic()))

    async def _list(self) -> None:
        # "0" lets the server answer from its cache; after a 410 only the newest will do
        version = "" if self.resource_version else "0"
        try:
            items, self.resource_version = await self._list_pages(version)
        except ApiError as error:
            if not is_gone(error):
                raise
            items, self.resource_version = await self._list_pages("")
        self.served = self._allowed = True
        self._sink.replace(items, self.resource_version)

    async def _list_pages(self, version: str) -> tuple[list[dict[str, Any]], str]:
        items: list[dict[str, Any]] = []
        query: dict[str, Any] = {**self._selectors, "resourceVersion": version, "limit": PAGE_SIZE}
        path = self.resource.path(self._namespace)
        while True:
            document = (await self._client.request("GET", path, query)).json()
            items += document.get("items") or []
            meta = document.get("metadata") or {}
            if not meta.get("continue"):
                return items, str(meta.get("resourceVersion") or "")
            query = {**self._selectors, "limit": PAGE_SIZE, "continue": meta["continue"]}

    async def _watch_once(self) -> None:
        events = watch(
            self._client,
            self.resource,
            self._namespace,
            resource_version=self.resource_version,
            label_selector=self._selectors["labelSelector"],
            field_selector=self._selectors["fieldSelector"],
            timeout_seconds=int(MIN_WATCH_SECONDS * (1 + self._rng.random())),
        )
        started, seen = self._client.clock.monotonic(), 0
        async with aclosing(events) as stream:
            async for event in stream:
                seen += 1
                if event.type != "BOOKMARK":
                    self._sink.apply(event)
                self.resource_version = event.obj["metadata"]["resourceVersion"]
        if not seen and self._client.clock.monotonic() - started < 1:
            raise EOFError("the watch ended at once without an event")

    def _not_served(self) -> None:
        """A list is never "not found" but where the kind itself is: an older or newer server, or one not yet set up."""
        if self.served:
            log.warning(
                "resource is not served by this server; asking again now and then",
                resource=self.resource.group_resource,
                version=self.resource.group_version,
            )
        self.served = False
        self._on_refusal()

    def _not_allowed(self, error: Forbidden) -> None:
        """Said once: an administrator may grant it meanwhile."""
        if self._allowed:
            self._report(error)
        self._allowed = False
        self._on_refusal()

    def _report(self, error: BaseException) -> None:
        log.warning(
            "watch interrupted", resource=self.resource.group_resource, error=f"{type(error).__name__}: {error}"
        )
