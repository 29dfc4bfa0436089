"""Events: one stored object, seen as core/v1 and as events.k8s.io/v1.

Mirrors the conversions of `pkg/apis/events/v1/conversion.go`. The stored form is core/v1's: both spellings carry the
same facts, core's `source`, `count` and timestamps being events.k8s.io's `deprecated*` fields.
"""

from __future__ import annotations

from minik8s.apiserver.registry.strategy import JsonObject, Strategy

#: core/v1 name → events.k8s.io/v1 name, where they differ.
_NAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
_BACK = {there: here for here, there in _NAMES.items()}

_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")


def event_fields(obj: JsonObject) -> dict[str, str]:
    """Both views' selectable fields of an event in either form: one cache serves both, so each must find its own."""
    involved = obj.get("involvedObject") or obj.get("regarding") or {}
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    reporter = obj.get("reportingComponent") or obj.get("reportingController") or ""
    fields = {
        "reason": obj.get("reason") or "",
        "type": obj.get("type") or "",
        "source": source.get("component") or reporter,
        "reportingComponent": reporter,
        "reportingController": reporter,
    }
    for key in _INVOLVED:
        fields[f"involvedObject.{key}"] = fields[f"regarding.{key}"] = involved.get(key) or ""
    return fields


class CoreEventStrategy(Strategy):
    allow_create_on_update = True
    field_labels = frozenset(
        {f"involvedObject.{key}" for key in _INVOLVED} | {"reason", "reportingComponent", "source", "type"}
    )

    def selectable_fields(self, obj: JsonObject) -> dict[str, str]:
        return super().selectable_fields(obj) | event_fields(obj)


class EventStrategy(Strategy):
    """The events.k8s.io/v1 view."""

    allow_create_on_update = True
    converts = True
    field_labels = frozenset(
        {f"regarding.{key}" for key in _INVOLVED}
        | {f"involvedObject.{key}" for key in _INVOLVED}
        | {"reason", "reportingController", "type"}
    )

    def to_storage(self, obj: JsonObject) -> JsonObject:
        stored = {_BACK.get(key, key): value for key, value in obj.items()}
        stored["apiVersion"] = "v1"
        stored.setdefault("source", {})
        return stored

    def from_storage(self, obj: JsonObject) -> JsonObject:
        served = {_NAMES.get(key, key): value for key, value in obj.items()}
        served["apiVersion"] = "events.k8s.io/v1"
        return served

    def selectable_fields(self, obj: JsonObject) -> dict[str, str]:
        return super().selectable_fields(obj) | event_fields(obj)
