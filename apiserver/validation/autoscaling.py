"""HorizontalPodAutoscalers of both versions, and Scales (`pkg/apis/autoscaling/validation/validation.go`)."""

from __future__ import annotations

from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.meta import (
    Errors,
    add_invalid,
    check_enum,
    check_object_meta,
    check_object_meta_update,
)
from minik8s.apiserver.validation.resources import parse

Json = dict[str, Any]

_SOURCES = {
    "ContainerResource": "containerResource", "External": "external", "Object": "object", "Pods": "pods",
    "Resource": "resource",
}  # fmt: skip
_MAX_WINDOW, _MAX_PERIOD = 3600, 1800


def validate_scale(scale: Json) -> list[FieldError]:
    """ValidateScale, for the scale subresource."""
    errors: Errors = []
    check_object_meta(errors, scale, True, names.dns1123_subdomain)
    replicas = (scale.get("spec") or {}).get("replicas") or 0
    if replicas < 0:
        errors.append(FieldError.invalid("spec.replicas", replicas, "must be greater than or equal to 0"))
    return errors


def _check_bounds(errors: Errors, spec: Json) -> None:
    low, high = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    if low is not None and low < 1:
        errors.append(FieldError.invalid("spec.minReplicas", low, "must be greater than or equal to 1"))
    if high < 1:
        errors.append(FieldError.invalid("spec.maxReplicas", high, "must be greater than 0"))
    if low is not None and high < low:
        errors.append(FieldError.invalid("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`"))
    _check_reference(errors, spec.get("scaleTargetRef") or {}, "spec.scaleTargetRef")


def _check_reference(errors: Errors, reference: Json, path: str) -> None:
    for key in ("kind", "name"):
        value = reference.get(key)
        if not value:
            errors.append(FieldError.required(f"{path}.{key}", ""))
        else:
            add_invalid(errors, f"{path}.{key}", value, names.path_segment(value))


def _check_v1(errors: Errors, spec: Json) -> None:
    _check_bounds(errors, spec)
    target = spec.get("targetCPUUtilizationPercentage")
    if target is not None and target < 1:
        text = "must be greater than 0"
        errors.append(FieldError.invalid("spec.targetCPUUtilizationPercentage", target, text))


def _check_v2(errors: Errors, spec: Json) -> None:
    _check_bounds(errors, spec)
    for index, metric in enumerate(spec.get("metrics") or ()):
        _check_metric(errors, metric, f"spec.metrics[{index}]")
    for key in ("scaleUp", "scaleDown"):
        rules = (spec.get("behavior") or {}).get(key)
        if rules:
            _check_rules(errors, rules, f"spec.behavior.{key}")


def _check_metric(errors: Errors, metric: Json, path: str) -> None:
    kind = metric.get("type")
    if not kind:
        errors.append(FieldError.required(f"{path}.type", "must specify a metric source type"))
        return
    if kind not in _SOURCES:
        errors.append(FieldError.not_supported(f"{path}.type", kind, list(_SOURCES)))
        return
    key = _SOURCES[kind]
    source = metric.get(key)
    if source is None:
        text = "must populate information for the given metric source"
        errors.append(FieldError.required(f"{path}.{key}", text))
    for other in _SOURCES.values():
        if other != key and metric.get(other) is not None:
            errors.append(FieldError.forbidden(f"{path}.{other}", "must populate the given metric source only"))
    if source is not None:
        _check_source(errors, source, key, f"{path}.{key}")


def _check_source(errors: Errors, source: Json, key: str, path: str) -> None:
    target = source.get("target") or {}
    if key in ("resource", "containerResource"):
        if not source.get("name"):
            errors.append(FieldError.required(f"{path}.name", "must specify a resource name"))
        if key == "containerResource" and not source.get("container"):
            errors.append(FieldError.required(f"{path}.container", "must specify a container"))
    else:
        name = (source.get("metric") or {}).get("name")
        if not name:
            errors.append(FieldError.required(f"{path}.metric.name", "must specify a metric name"))
        else:
            add_invalid(errors, f"{path}.metric.name", name, names.path_segment(name))
    _check_target(errors, target, f"{path}.target")
    has = {name for name in ("value", "averageValue", "averageUtilization") if target.get(name) is not None}
    if key in ("resource", "containerResource"):
        if not has & {"averageUtilization", "averageValue"}:
            text = "must set either a target raw value or a target utilization"
            errors.append(FieldError.required(f"{path}.target.averageUtilization", text))
        elif {"averageUtilization", "averageValue"} <= has:
            text = "may not set both a target raw value and a target utilization"
            errors.append(FieldError.forbidden(f"{path}.target.averageValue", text))
    elif key == "pods":
        if "averageValue" not in has:
            text = "must specify a positive target averageValue"
            errors.append(FieldError.required(f"{path}.target.averageValue", text))
    elif not has & {"value", "averageValue"}:
        text = "must set either a target value for metric or a per-pod target"
        errors.append(FieldError.required(f"{path}.target.averageValue", text))


def _check_target(errors: Errors, target: Json, path: str) -> None:
    kind = target.get("type")
    if not kind:
        errors.append(FieldError.required(f"{path}.type", "must specify a metric target type"))
    elif kind not in ("Utilization", "Value", "AverageValue"):
        text = "must be either Utilization, Value, or AverageValue"
        errors.append(FieldError.invalid(f"{path}.type", kind, text))
    for key in ("value", "averageValue"):
        if target.get(key) is not None and parse(str(target[key])).milli_value() <= 0:
            errors.append(FieldError.invalid(f"{path}.{key}", target[key], "must be positive"))
    used = target.get("averageUtilization")
    if used is not None and used < 1:
        errors.append(FieldError.invalid(f"{path}.averageUtilization", used, "must be greater than 0"))


def _check_rules(errors: Errors, rules: Json, path: str) -> None:
    window = rules.get("stabilizationWindowSeconds")
    if window is not None:
        if window < 0:
            text = "must be greater than or equal to zero"
            errors.append(FieldError.invalid(f"{path}.stabilizationWindowSeconds", window, text))
        if window > _MAX_WINDOW:
            text = f"must be less than or equal to {_MAX_WINDOW}"
            errors.append(FieldError.invalid(f"{path}.stabilizationWindowSeconds", window, text))
    check_enum(errors, rules.get("selectPolicy"), ("Disabled", "Max", "Min"), f"{path}.selectPolicy", required=False)
    if not rules.get("policies"):
        errors.append(FieldError.required(f"{path}.policies", "must specify at least one Policy"))
    for index, policy in enumerate(rules.get("policies") or ()):
        here = f"{path}.policies[{index}]"
        if policy.get("type") not in ("Percent", "Pods"):
            errors.append(FieldError.not_supported(f"{here}.type", policy.get("type") or "", ["Percent", "Pods"]))
        for key in ("value", "periodSeconds"):
            if (policy.get(key) or 0) <= 0:
                errors.append(FieldError.invalid(f"{here}.{key}", policy.get(key) or 0, "must be greater than zero"))
        if (policy.get("periodSeconds") or 0) > _MAX_PERIOD:
            text = f"must be less than or equal to {_MAX_PERIOD}"
            errors.append(FieldError.invalid(f"{here}.periodSeconds", policy["periodSeconds"], text))


def validate_hpa_v1(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, True, names.dns1123_subdomain)
    _check_v1(errors, obj.get("spec") or {})
    return errors


def validate_hpa_v1_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    _check_v1(errors, new.get("spec") or {})
    return errors


def validate_hpa(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, True, names.dns1123_subdomain)
    _check_v2(errors, obj.get("spec") or {})
    return errors


def validate_hpa_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    _check_v2(errors, new.get("spec") or {})
    return errors


HPA_V1 = Validator(validate_hpa_v1, validate_hpa_v1_update)
HPA = Validator(validate_hpa, validate_hpa_update)
