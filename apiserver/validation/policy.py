"""PodDisruptionBudgets, PriorityClasses, RuntimeClasses and Leases."""

from __future__ import annotations

from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.meta import (
    Errors,
    add_invalid,
    check_enum,
    check_immutable,
    check_label_selector,
    check_non_negative,
    check_object_meta,
    check_object_meta_update,
)
from minik8s.apiserver.validation.resources import check_resource_list
from minik8s.apiserver.validation.scheduling import check_tolerations
from minik8s.apiserver.validation.workloads import check_at_most_all, check_count_or_percent

Json = dict[str, Any]

_HIGHEST_USER_PRIORITY = 1_000_000_000
_SYSTEM_CLASSES = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}


def _check_budget(errors: Errors, spec: Json) -> None:
    given = [key for key in ("minAvailable", "maxUnavailable") if spec.get(key) is not None]
    if len(given) == 2:
        text = "minAvailable and maxUnavailable cannot be both set"
        errors.append(FieldError.invalid("spec", spec, text))
    for key in given:
        check_count_or_percent(errors, spec[key], f"spec.{key}")
        check_at_most_all(errors, spec[key], f"spec.{key}")
    check_label_selector(errors, spec.get("selector"), "spec.selector")
    policies = ("AlwaysAllow", "IfHealthyBudget")
    where = "spec.unhealthyPodEvictionPolicy"
    check_enum(errors, spec.get("unhealthyPodEvictionPolicy"), policies, where, required=False)


def validate_budget(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, True, names.dns1123_subdomain)
    _check_budget(errors, obj.get("spec") or {})
    return errors


def validate_budget_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    _check_budget(errors, new.get("spec") or {})
    return errors


def validate_budget_status(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    for key in ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"):
        check_non_negative(errors, (new.get("status") or {}).get(key), f"status.{key}")
    return errors


def validate_priority_class(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, False, names.dns1123_subdomain)
    name, value = (obj.get("metadata") or {}).get("name") or "", obj.get("value") or 0
    if name.startswith("system-"):
        if _SYSTEM_CLASSES.get(name) != value:
            text = "priority class names with 'system-' prefix are reserved for system use only. error: "
            known = (
                f"{name} is not a known system priority class"
                if name not in _SYSTEM_CLASSES
                else (f"value of {name} PriorityClass must be {_SYSTEM_CLASSES[name]}")
            )
            errors.append(FieldError.forbidden("metadata.name", text + known))
    elif value > _HIGHEST_USER_PRIORITY:
        text = f"maximum allowed value of a user defined priority is {_HIGHEST_USER_PRIORITY}"
        errors.append(FieldError.forbidden("value", text))
    check_enum(
        errors, obj.get("preemptionPolicy"), ("PreemptLowerPriority", "Never"), "preemptionPolicy", required=False
    )
    return errors


def validate_priority_class_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    if (new.get("value") or 0) != (old.get("value") or 0):
        errors.append(FieldError.forbidden("value", "may not be changed in an update."))
    check_immutable(errors, new.get("preemptionPolicy"), old.get("preemptionPolicy"), "preemptionPolicy")
    return errors


def validate_runtime_class(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, False, names.dns1123_subdomain)
    handler = obj.get("handler") or ""
    add_invalid(errors, "handler", handler, names.dns1123_label(handler))
    overhead = (obj.get("overhead") or {}).get("podFixed")
    if overhead:
        check_resource_list(errors, overhead, "overhead.podFixed")
    scheduling = obj.get("scheduling") or {}
    if scheduling.get("tolerations"):
        check_tolerations(errors, scheduling["tolerations"], "scheduling.tolerations")
    return errors


def validate_runtime_class_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    check_immutable(errors, new.get("handler"), old.get("handler"), "handler")
    return errors


def _check_lease(errors: Errors, spec: Json) -> None:
    duration = spec.get("leaseDurationSeconds")
    if duration is not None and duration <= 0:
        errors.append(FieldError.invalid("spec.leaseDurationSeconds", duration, "must be greater than 0"))
    check_non_negative(errors, spec.get("leaseTransitions"), "spec.leaseTransitions")


def validate_lease(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, True, names.dns1123_subdomain)
    _check_lease(errors, obj.get("spec") or {})
    return errors


def validate_lease_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    _check_lease(errors, new.get("spec") or {})
    return errors


POD_DISRUPTION_BUDGET = Validator(validate_budget, validate_budget_update, validate_budget_status)
PRIORITY_CLASS = Validator(validate_priority_class, validate_priority_class_update)
RUNTIME_CLASS = Validator(validate_runtime_class, validate_runtime_class_update)
LEASE = Validator(validate_lease, validate_lease_update)
