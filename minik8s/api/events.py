"""Models: events.py."""

from minik8s.api.base import Int32, MicroTime, Model, Time, sent
from minik8s.api.core.event import EventSource
from minik8s.api.core.reference import ObjectReference
from minik8s.api.meta import ObjectMeta


class EventSeries(Model):
    """Event Series."""

    count: Int32
    last_observed_time: MicroTime


class Event(Model):
    """Event."""

    api_version: str = sent("events.k8s.io/v1")
    kind: str = sent("Event")
    metadata: ObjectMeta = sent(ObjectMeta)
    event_time: MicroTime
    action: str | None = None
    deprecated_count: Int32 | None = None
    deprecated_first_timestamp: Time | None = None
    deprecated_last_timestamp: Time | None = None
    deprecated_source: EventSource | None = None
    note: str | None = None
    reason: str | None = None
    regarding: ObjectReference | None = None
    related: ObjectReference | None = None
    reporting_controller: str | None = None
    reporting_instance: str | None = None
    series: EventSeries | None = None
    type: str | None = None
