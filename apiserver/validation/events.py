"""Events, in both their forms.

Mirrors `pkg/apis/core/validation/events.go`: events of old clients (no eventTime) are taken nearly as they are, new
ones must be complete and may change only their series.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.meta import IMMUTABLE, Errors, check_object_meta, check_object_meta_update

Json = dict[str, Any]

_FIXED = ("involvedObject", "reason", "message", "source", "eventTime", "action", "related",
          "reportingComponent", "reportingInstance", "type")  # fmt: skip


def _check_namespace(errors: Errors, event: Json, involved: Json) -> None:
    """An event lives beside its object; events of cluster-scoped objects live in default."""
    namespace = (event.get("metadata") or {}).get("namespace") or ""
    expected = involved.get("namespace") or "default"
    if not involved.get("namespace") and namespace in ("default", "kube-system"):
        return
    if namespace != expected:
        text = "does not match event.namespace"
        errors.append(FieldError.invalid("involvedObject.namespace", involved.get("namespace") or "", text))


def validate_core_event(event: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, event, True, names.dns1123_subdomain)
    _check_namespace(errors, event, event.get("involvedObject") or {})
    if event.get("eventTime"):
        _check_new(errors, event, "reportingComponent", "message")
    return errors


def validate_event(event: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, event, True, names.dns1123_subdomain)
    _check_namespace(errors, event, event.get("regarding") or {})
    if not event.get("eventTime"):
        errors.append(FieldError.required("eventTime", ""))
    _check_new(errors, event, "reportingController", "note")
    return errors


def _check_new(errors: Errors, event: Json, component: str, message: str) -> None:
    kind = event.get("type")
    if kind not in ("Normal", "Warning"):
        errors.append(FieldError.invalid("type", kind or "", "has invalid value: " + (kind or "")))
    if not event.get(component):
        errors.append(FieldError.required("reportingController", ""))
    elif names.qualified_name(event[component]):
        errors += [
            FieldError.invalid("reportingController", event[component], text)
            for text in names.qualified_name(event[component])
        ]
    if not event.get("reportingInstance"):
        errors.append(FieldError.required("reportingInstance", ""))
    for key in ("action", "reason"):
        if not event.get(key):
            errors.append(FieldError.required(key, ""))
    for key, limit in (("reportingInstance", 128), ("action", 128), ("reason", 128), (message, 1024)):
        if len(event.get(key) or "") > limit:
            errors.append(FieldError.invalid(key, "", f"can have at most {limit} characters"))


def validate_update(new: Json, old: Json) -> list[FieldError]:
    """Only the series (or count and last time, of old events) may change."""
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    if old.get("eventTime"):
        for key in _FIXED:
            if new.get(key) != old.get(key):
                errors.append(FieldError.invalid(key, new.get(key), IMMUTABLE))
    return errors


CORE_EVENT = Validator(validate_core_event, validate_update)
EVENT = Validator(validate_event, validate_update)
