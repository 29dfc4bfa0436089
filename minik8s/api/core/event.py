"""Models: core/event.py."""

from minik8s.api.base import Int32, MicroTime, Model, Time, sent
from minik8s.api.core.reference import ObjectReference
from minik8s.api.meta import ObjectMeta


class EventSource(Model):
    """Event Source."""

    component: str | None = None
    host: str | None = None


class EventSeries(Model):
    """Event Series."""

    count: Int32 | None = None
    last_observed_time: MicroTime | None = None


class Event(Model):
    """Event."""

    api_version: str = sent("v1")
    kind: str = sent("Event")
    metadata: ObjectMeta = sent(ObjectMeta)
    involved_object: ObjectReference
    action: str | None = None
    count: Int32 | None = None
    event_time: MicroTime | None = None
    first_timestamp: Time | None = None
    last_timestamp: Time | None = None
    message: str | None = None
    reason: str | None = None
    related: ObjectReference | None = None
    reporting_component: str | None = None
    reporting_instance: str | None = None
    series: EventSeries | None = None
    source: EventSource | None = None
    type: str | None = None
