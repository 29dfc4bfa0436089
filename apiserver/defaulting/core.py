"""Defaults of core/v1's smaller kinds."""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.defaulting.quantities import canonicalise

Json = dict[str, Any]

NAME_LABEL = "kubernetes.io/metadata.name"


def default_namespace(namespace: Json) -> None:
    """Every namespace carries its name as a label, so that selectors can name it."""
    meta = namespace.setdefault("metadata", {})
    if meta.get("name"):
        labels = meta.get("labels")
        if labels is None:
            labels = meta["labels"] = {}
        labels[NAME_LABEL] = meta["name"]
    status = namespace.get("status")
    if status is None:
        status = namespace["status"] = {}
    if not status.get("phase"):
        status["phase"] = "Active"


def default_node(node: Json) -> None:
    """Allocatable is capacity where nothing else is said; podCIDR is the first of podCIDRs."""
    spec = node.get("spec") or {}
    cidr, cidrs = spec.get("podCIDR"), spec.get("podCIDRs") or []
    if cidr and cidrs[:1] != [cidr]:
        spec["podCIDRs"] = [cidr]
    elif cidrs and not cidr:
        spec["podCIDR"] = cidrs[0]
    status = node.get("status")
    if not status:
        return
    canonicalise(status.get("capacity"))
    if status.get("capacity") and status.get("allocatable") is None:
        status["allocatable"] = dict(status["capacity"])
    else:
        canonicalise(status.get("allocatable"))


def default_secret(secret: Json) -> None:
    if not secret.get("type"):
        secret["type"] = "Opaque"


def default_limit_range(limit_range: Json) -> None:
    for item in (limit_range.get("spec") or {}).get("limits") or ():
        for key in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
            canonicalise(item.get(key))
        if item.get("type") == "Container":
            default = {**(item.get("max") or {}), **(item.get("default") or {})}
            item["default"] = default
            item["defaultRequest"] = {**(item.get("min") or {}), **default, **(item.get("defaultRequest") or {})}


def default_resource_quota(quota: Json) -> None:
    canonicalise((quota.get("spec") or {}).get("hard"))
    status = quota.get("status") or {}
    canonicalise(status.get("hard"))
    canonicalise(status.get("used"))


def default_event(event: Json) -> None:
    """Fields without omitempty, which readers expect to find."""
    event.setdefault("source", {})
    event.setdefault("reportingComponent", "")
    event.setdefault("reportingInstance", "")
