"""Namespaces, nodes, service accounts."""

from __future__ import annotations

from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.meta import Errors, add_invalid, check_object_meta, check_object_meta_update
from minik8s.apiserver.validation.resources import quantity_value
from minik8s.apiserver.validation.scheduling import check_taints

Json = dict[str, Any]

#: What may change in a node's spec; the rest is given once (podCIDRs and providerID have texts of their own).
_NODE_MUTABLE = frozenset({"taints", "unschedulable", "configSource", "podCIDR", "podCIDRs", "providerID"})


def validate_namespace(namespace: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, namespace, False, names.dns1123_label)
    _check_finalizers(errors, namespace)
    return errors


def _check_finalizers(errors: Errors, namespace: Json) -> None:
    for finalizer in (namespace.get("spec") or {}).get("finalizers") or ():
        messages = names.qualified_name(finalizer)
        add_invalid(errors, "spec.finalizers", finalizer, messages)
        if not messages and "/" not in finalizer and finalizer != "kubernetes":
            text = "name is neither a standard finalizer name nor is it fully qualified"
            errors.append(FieldError.invalid("spec.finalizers", finalizer, text))


def validate_namespace_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    _check_finalizers(errors, new)
    return errors


def validate_namespace_status(new: Json, old: Json) -> list[FieldError]:
    """Phase and deletion go together."""
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    phase = (new.get("status") or {}).get("phase")
    if new["metadata"].get("deletionTimestamp"):
        if phase != "Terminating":
            text = "may only be 'Terminating' if `deletionTimestamp` is not empty"
            errors.append(FieldError.invalid("status.Phase", phase, text))
    elif phase != "Active":
        errors.append(FieldError.invalid("status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty"))
    return errors


def _check_node(errors: Errors, node: Json) -> None:
    spec, status = node.get("spec") or {}, node.get("status") or {}
    if spec.get("taints"):
        check_taints(errors, spec["taints"], "metadata.taints")  # the path that upstream names
    for key in ("capacity", "allocatable"):
        for name, text in (status.get(key) or {}).items():
            add_invalid(errors, f"status.{key}[{name}]", text, quantity_value(name, text))
    for index, cidr in enumerate(spec.get("podCIDRs") or ()):
        add_invalid(errors, f"spec.podCIDRs[{index}]", cidr, names.cidr(cidr))


def validate_node(node: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, node, False, names.dns1123_subdomain)
    _check_node(errors, node)
    return errors


def validate_node_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    _check_node(errors, new)
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    seen: set[tuple[str, str]] = set()
    for index, address in enumerate((new.get("status") or {}).get("addresses") or ()):
        key = (address.get("type") or "", address.get("address") or "")
        if key in seen:
            errors.append(FieldError.duplicate(f"status.addresses[{index}]", address))
        seen.add(key)
    fixed = (spec.keys() | before.keys()) - _NODE_MUTABLE
    if any((spec.get(key) or None) != (before.get(key) or None) for key in fixed):
        text = "node updates may only change labels, taints, or capacity"
        errors.append(FieldError.forbidden("[]", text))
    if before.get("podCIDRs") and spec.get("podCIDRs") != before["podCIDRs"]:
        text = 'node updates may not change podCIDR except from "" to valid'
        errors.append(FieldError.forbidden("spec.podCIDRs", text))
    if before.get("providerID") and spec.get("providerID") != before["providerID"]:
        text = 'node updates may not change providerID except from "" to valid'
        errors.append(FieldError.forbidden("spec.providerID", text))
    return errors


def validate_service_account(account: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, account, True, names.dns1123_subdomain)
    return errors


NAMESPACE = Validator(validate_namespace, validate_namespace_update, validate_namespace_status)
NODE = Validator(validate_node, validate_node_update, validate_node_update)
SERVICE_ACCOUNT = Validator(validate_service_account)
