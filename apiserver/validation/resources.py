"""Resource names and quantities: requests ≤ limits, extended resources whole and equal.

Mirrors ValidateResourceRequirements and its neighbours in `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from minik8s.api.quantity import Quantity
from minik8s.api.status import FieldError
from minik8s.apiserver.validation import names
from minik8s.apiserver.validation.meta import NON_NEGATIVE, Errors, add_invalid

Json = dict[str, Any]

STANDARD_CONTAINER_RESOURCES = frozenset({"cpu", "memory", "ephemeral-storage"})
_INTEGER_RESOURCES = frozenset(
    {
        "pods", "persistentvolumeclaims", "services", "replicationcontrollers", "resourcequotas", "secrets",
        "configmaps", "services.nodeports", "services.loadbalancers",
    }
)  # fmt: skip
_STANDARD_RESOURCES = _INTEGER_RESOURCES | {
    "cpu", "memory", "ephemeral-storage", "storage", "requests.cpu", "requests.memory", "requests.storage",
    "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage",
}  # fmt: skip
NOT_INTEGER = "must be an integer"


@lru_cache(maxsize=4096)
def parse(text: str) -> Quantity:
    """Quantities repeat: parse each spelling once."""
    return Quantity.parse(text)


def is_hugepages(name: str) -> bool:
    return name.startswith("hugepages-")


def is_native(name: str) -> bool:
    """In the kubernetes.io/ namespace, by prefix or by having none."""
    return "/" not in name or "kubernetes.io/" in name


@lru_cache(maxsize=1024)
def is_extended(name: str) -> bool:
    """IsExtendedResourceName: foreign prefix, and still a name when "requests." stands before it (quota)."""
    return not is_native(name) and not name.startswith("requests.") and not names.qualified_name(f"requests.{name}")


@lru_cache(maxsize=1024)
def is_integer_resource(name: str) -> bool:
    return name in _INTEGER_RESOURCES or is_extended(name)


def allows_overcommit(name: str) -> bool:
    return is_native(name) and not is_hugepages(name)


def standard_name(name: str) -> tuple[str, ...]:
    """validateResourceName's complaint about a short name that nobody knows."""
    if name in _STANDARD_RESOURCES or name.startswith(("hugepages-", "requests.hugepages-")):
        return ()
    return ("must be a standard resource type or fully qualified",)


@lru_cache(maxsize=1024)
def container_resource_name(name: str) -> tuple[str, ...]:
    """Messages for a name under limits or requests."""
    errors = names.qualified_name(name)
    if errors:
        return errors
    if "/" not in name:
        if name not in STANDARD_CONTAINER_RESOURCES and not is_hugepages(name):
            return (*standard_name(name), "must be a standard resource for containers")
    elif not is_native(name) and not is_extended(name):
        return ("doesn't follow extended resource name standard",)
    return ()


@lru_cache(maxsize=4096)
def quantity_value(name: str, text: str) -> tuple[str, ...]:
    """Messages for a resource's quantity: not negative, whole where it counts things."""
    amount = parse(text)
    errors: tuple[str, ...] = ()
    if amount.milli_value() < 0:
        errors += (NON_NEGATIVE,)
    if is_integer_resource(name) and amount.milli_value() % 1000:
        errors += (NOT_INTEGER,)
    return errors


def check_resource_list(errors: Errors, resources: Json, path: str) -> None:
    """Names and values of one of a container's lists."""
    for name, text in resources.items():
        messages = container_resource_name(name)
        if messages:
            add_invalid(errors, f"{path}[{name}]", name, messages)
        messages = quantity_value(name, text)
        if messages:
            add_invalid(errors, f"{path}[{name}]", text, messages)


def check_requirements(errors: Errors, resources: Json | None, path: str) -> None:
    """ValidateResourceRequirements."""
    if not resources:
        return
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    check_resource_list(errors, limits, f"{path}.limits")
    check_resource_list(errors, requests, f"{path}.requests")
    for name, text in requests.items():
        limit = limits.get(name)
        if limit is not None:
            if text != limit:
                _compare(errors, name, text, limit, f"{path}.requests")
        elif not allows_overcommit(name):
            errors.append(FieldError.required(f"{path}.limits", "Limit must be set for non overcommitable resources"))
    both = limits.keys() | requests.keys()
    if any(is_hugepages(name) for name in both) and not both & {"cpu", "memory"}:
        errors.append(FieldError.forbidden(path, "HugePages require cpu or memory"))
    if resources.get("claims"):
        text = "must not be set: dynamic resource allocation is not served"
        errors.append(FieldError.forbidden(f"{path}.claims", text))


def _compare(errors: Errors, name: str, text: str, limit: str, path: str) -> None:
    request, bound = parse(text), parse(limit)
    if request != bound and not allows_overcommit(name):
        errors.append(FieldError.invalid(path, text, f"must be equal to {name} limit of {limit}"))
    elif request > bound:
        errors.append(FieldError.invalid(path, text, f"must be less than or equal to {name} limit of {limit}"))
