"""events.k8s.io/v1: Event in its newer form; stored as core/v1's.

Mirrors upstream's staging/src/k8s.io/api/events/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Int32, MicroTime, Model, Time, sent
from minik8s.api.core.event import EventSource
from minik8s.api.core.reference import ObjectReference
from minik8s.api.meta import ObjectMeta


class EventSeries(Model):
    """Repetitions of an event."""

    count: Int32  #: How many so far.
    last_observed_time: MicroTime  #: When the last was seen.


class Event(Model):
    """A report that something happened to an object."""

    api_version: str = sent("events.k8s.io/v1")
    kind: str = sent("Event")
    metadata: ObjectMeta = sent(ObjectMeta)
    event_time: MicroTime  #: When it was first seen.
    series: EventSeries | None = None  #: Its repetitions.
    reporting_controller: str | None = None  #: Who reports.
    reporting_instance: str | None = None  #: Which instance of it.
    action: str | None = None  #: What was done about the object.
    reason: str | None = None  #: Why, in one CamelCase word.
    regarding: ObjectReference | None = None  #: The object it is about.
    related: ObjectReference | None = None  #: A second object that plays a part.
    note: str | None = None  #: What happened, for people.
    type: str | None = None  #: Normal or Warning.
    deprecated_source: EventSource | None = None  #: core/v1's source.
    deprecated_first_timestamp: Time | None = None  #: core/v1's firstTimestamp.
    deprecated_last_timestamp: Time | None = None  #: core/v1's lastTimestamp.
    deprecated_count: Int32 | None = None  #: core/v1's count.
