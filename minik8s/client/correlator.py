"""Which events are worth a write: the pure part of the event recorder.

Mirrors client-go tools/record/events_cache.go, in its order:

    spam filter   per source and object: a burst of 25, then one in five minutes; more are dropped
    aggregator    ten events within ten minutes that differ only in their message become one, `(combined from similar
                  events): …`, of the latest message
    logger        an event that was written before is patched: its count and last time, instead of created again
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

MAX_KEYS = 4096
BURST, REFILL_PER_SECOND = 25, 1 / 300
SIMILAR_MAX, SIMILAR_SECONDS = 10, 600.0
COMBINED = "(combined from similar events): "

Event = dict[str, Any]
V = TypeVar("V")


class Lru(OrderedDict[Any, V], Generic[V]):
    """The last MAX_KEYS entries."""

    def remember(self, key: Any, value: V) -> V:
        self[key] = value
        self.move_to_end(key)
        if len(self) > MAX_KEYS:
            self.popitem(last=False)
        return value


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


@dataclass(slots=True)
class _Similar:
    last: float
    messages: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Written:
    """What the server has of an event."""

    name: str
    count: int
    first: str


@dataclass(slots=True)
class Plan:
    """What to write: a new event, or a patch of an earlier one of this name."""

    event: Event
    key: tuple[Any, ...]
    patch_name: str = ""
    patch: dict[str, Any] = field(default_factory=dict)


class Correlator:
    """Turns an event as it was emitted into a plan, or None to drop it."""

    def __init__(self) -> None:
        self._buckets: Lru[_Bucket] = Lru()
        self._similar: Lru[_Similar] = Lru()
        self._written: Lru[_Written] = Lru()

    def plan(self, event: Event, now: float) -> Plan | None:
        if not self._allowed(event, now):
            return None
        event, key = self._aggregate(event, now)
        written = self._written.get(key)
        if written is None:
            return Plan(event, key)
        patch = {"count": written.count + 1, "lastTimestamp": event["lastTimestamp"], "message": event["message"]}
        event = {**event, "metadata": {**event["metadata"], "name": written.name}}
        return Plan({**event, "count": written.count + 1, "firstTimestamp": written.first}, key, written.name, patch)

    def written(self, plan: Plan, stored: Event) -> None:
        """The plan was carried out; `stored` is the server's answer."""
        entry = _Written(stored["metadata"]["name"], int(stored.get("count") or 1), stored.get("firstTimestamp") or "")
        self._written.remember(plan.key, entry)

    def forget(self, plan: Plan) -> None:
        """The earlier event is gone (events expire): the next one is a new one."""
        self._written.pop(plan.key, None)

    def _allowed(self, event: Event, now: float) -> bool:
        key = (_source(event), _object(event))
        bucket = self._buckets.get(key) or _Bucket(BURST, now)
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.at) * REFILL_PER_SECOND)
        bucket.at = now
        self._buckets.remember(key, bucket)
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def _aggregate(self, event: Event, now: float) -> tuple[Event, tuple[Any, ...]]:
        group = (_source(event), _object(event), event["type"], event["reason"])
        own = (*group, event["involvedObject"].get("fieldPath", ""), event["message"])
        similar = self._similar.get(group)
        if similar is None or now - similar.last > SIMILAR_SECONDS:
            similar = _Similar(now)
        similar.last = now
        similar.messages.add(event["message"])
        self._similar.remember(group, similar)
        if len(similar.messages) < SIMILAR_MAX:
            return event, own
        similar.messages.pop()
        return {**event, "message": COMBINED + event["message"]}, group


def _source(event: Event) -> tuple[str, str]:
    return event["source"].get("component", ""), event["source"].get("host", "")


def _object(event: Event) -> tuple[str, ...]:
    ref = event["involvedObject"]
    return tuple(ref.get(part, "") for part in ("kind", "namespace", "name", "uid", "apiVersion"))
