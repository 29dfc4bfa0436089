"""core/v1: Event: reports about objects.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Int32, MicroTime, Model, Time, sent
from minik8s.api.core.reference import ObjectReference
from minik8s.api.meta import ObjectMeta


class EventSource(Model):
    """Who reports an event."""

    component: str | None = None  #: The component.
    host: str | None = None  #: The node it runs on.


class EventSeries(Model):
    """Repetitions of an event."""

    count: Int32 | None = None  #: How many so far.
    last_observed_time: MicroTime | None = None  #: When the last was seen.


class Event(Model):
    """A report that something happened to an object."""

    api_version: str = sent("v1")
    kind: str = sent("Event")
    metadata: ObjectMeta = sent(ObjectMeta)
    involved_object: ObjectReference  #: The object it is about.
    reason: str | None = None  #: Why, in one CamelCase word.
    message: str | None = None  #: What happened, for people.
    source: EventSource | None = None  #: Who reports.
    first_timestamp: Time | None = None  #: When it was first seen.
    last_timestamp: Time | None = None  #: When it was last seen.
    count: Int32 | None = None  #: How often it was seen.
    type: str | None = None  #: Normal or Warning.
    event_time: MicroTime | None = None  #: When it was first seen, to the microsecond.
    series: EventSeries | None = None  #: Its repetitions.
    action: str | None = None  #: What was done about the object.
    related: ObjectReference | None = None  #: A second object that plays a part.
    reporting_component: str | None = None  #: Who reports, by controller name.
    reporting_instance: str | None = None  #: Which instance of it.
