"""LimitRanges and ResourceQuotas."""

from __future__ import annotations

from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.meta import (
    Errors,
    add_invalid,
    check_enum,
    check_immutable,
    check_object_meta,
    check_object_meta_update,
)
from minik8s.apiserver.validation.resources import allows_overcommit, parse, quantity_value, standard_name

Json = dict[str, Any]

_LIMIT_TYPES = ("Container", "PersistentVolumeClaim", "Pod")
_SCOPES = (
    "BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating",
)  # fmt: skip
_STANDARD_QUOTA = frozenset(
    {
        "configmaps", "cpu", "ephemeral-storage", "limits.cpu", "limits.ephemeral-storage", "limits.memory", "memory",
        "persistentvolumeclaims", "pods", "replicationcontrollers", "requests.cpu", "requests.ephemeral-storage",
        "requests.memory", "requests.storage", "resourcequotas", "secrets", "services", "services.loadbalancers",
        "services.nodeports",
    }
)  # fmt: skip


def validate_limit_range(limit_range: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, limit_range, True, names.dns1123_subdomain)
    seen: set[str] = set()
    for index, item in enumerate((limit_range.get("spec") or {}).get("limits") or ()):
        path, kind = f"spec.limits[{index}]", item.get("type") or ""
        if not kind:
            errors.append(FieldError.required(f"{path}.type", ""))
        elif kind not in _LIMIT_TYPES and "/" not in kind:
            text = "must be a standard limit type or fully qualified"
            errors.append(FieldError.invalid(f"{path}.type", kind, text))
        if kind in seen:
            errors.append(FieldError.duplicate(f"{path}.type", kind))
        seen.add(kind)
        _check_item(errors, item, kind, path)
    return errors


def _check_item(errors: Errors, item: Json, kind: str, path: str) -> None:
    if kind == "Pod":
        for key in ("default", "defaultRequest"):
            if item.get(key):
                text = "may not be specified when `type` is 'Pod'"
                errors.append(FieldError.forbidden(f"{path}.{key}", text))
    if (
        kind == "PersistentVolumeClaim"
        and not (item.get("min") or {}).get("storage")
        and not (item.get("max") or {}).get("storage")
    ):
        text = "either minimum or maximum storage value is required, but neither was provided"
        errors.append(FieldError.required(f"{path}.limits", text))
    lists = {key: item.get(key) or {} for key in ("min", "defaultRequest", "default", "max", "maxLimitRequestRatio")}
    for name in sorted(set().union(*lists.values())):
        _check_order(errors, name, {key: values.get(name) for key, values in lists.items()}, path)


def _check_order(errors: Errors, name: str, given: dict[str, str | None], path: str) -> None:
    """min ≤ defaultRequest ≤ default ≤ max, pair by pair as upstream says it."""
    pairs = (
        ("min", "max", "min", "min value {a} is greater than max value {b}"),
        ("min", "defaultRequest", "defaultRequest", "min value {a} is greater than default request value {b}"),
        ("defaultRequest", "max", "defaultRequest", "default request value {a} is greater than max value {b}"),
        (
            "defaultRequest",
            "default",
            "defaultRequest",
            "default request value {a} is greater than default limit value {b}",
        ),
        ("min", "default", "default", "min value {a} is greater than default value {b}"),
        ("default", "max", "default", "default value {a} is greater than max value {b}"),
    )
    for low, high, where, text in pairs:
        a, b = given[low], given[high]
        if a is not None and b is not None and parse(a) > parse(b):
            errors.append(FieldError.invalid(f"{path}.{where}[{name}]", given[where], text.format(a=a, b=b)))
    ratio = given["maxLimitRequestRatio"]
    if ratio is not None and parse(ratio).milli_value() < 1000:
        text = f"ratio {ratio} is less than 1"
        errors.append(FieldError.invalid(f"{path}.maxLimitRequestRatio[{name}]", ratio, text))
    limit, request = given["default"], given["defaultRequest"]
    if not allows_overcommit(name) and limit is not None and request is not None and limit != request:
        text = f"default value {limit} must equal to defaultRequest value {request} in {name}"
        errors.append(FieldError.invalid(f"{path}.default[{name}]", limit, text))


def _quota_resource(name: str) -> tuple[str, ...]:
    messages = names.qualified_name(name)
    if messages:
        return messages
    if "/" not in name and name not in _STANDARD_QUOTA and not name.startswith(("hugepages-", "requests.hugepages-")):
        return (*standard_name(name), "must be a standard resource for quota")
    return ()


def _check_quota(errors: Errors, quota: Json) -> None:
    spec = quota.get("spec") or {}
    for name, text in (spec.get("hard") or {}).items():
        path = f"spec.hard[{name}]"
        add_invalid(errors, path, name, _quota_resource(name))
        add_invalid(errors, path, text, quantity_value(name, text))
    scopes = spec.get("scopes") or []
    for scope in scopes:
        if scope not in _SCOPES:
            errors.append(FieldError.invalid("spec.scopes", scopes, "unsupported scope"))
    for pair in (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")):
        if set(pair) <= set(scopes):
            errors.append(FieldError.invalid("spec.scopes", scopes, "conflicting scopes"))
    path = "spec.scopeSelector.matchExpressions"
    for index, selector in enumerate((spec.get("scopeSelector") or {}).get("matchExpressions") or ()):
        check_enum(errors, selector.get("scopeName"), _SCOPES, f"{path}[{index}].scopeName")
        _check_operator(errors, selector, f"{path}[{index}]")


def _check_operator(errors: Errors, selector: Json, path: str) -> None:
    operator, values = selector.get("operator"), selector.get("values")
    if operator in ("In", "NotIn"):
        if not values:
            text = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            errors.append(FieldError.required(f"{path}.values", text))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            errors.append(FieldError.invalid(f"{path}.values", values, text))
    else:
        errors.append(FieldError.invalid(f"{path}.operator", operator or "", "not a valid selector operator"))


def validate_quota(quota: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, quota, True, names.dns1123_subdomain)
    _check_quota(errors, quota)
    return errors


def validate_quota_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    _check_quota(errors, new)
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    check_immutable(errors, sorted(spec.get("scopes") or []), sorted(before.get("scopes") or []), "spec.scopes")
    check_immutable(errors, spec.get("scopeSelector"), before.get("scopeSelector"), "spec.scopeSelector")
    return errors


def validate_limit_range_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    return errors + validate_limit_range(new)


LIMIT_RANGE = Validator(validate_limit_range, validate_limit_range_update)
RESOURCE_QUOTA = Validator(validate_quota, validate_quota_update)
