"""Dotted paths, `.spec.replicas`: what scale and selectable fields point with."""

from __future__ import annotations

from typing import Any


def get(obj: Any, path: str) -> Any:
    """The value there; None where there is none."""
    for step in path.lstrip(".").split("."):
        if not isinstance(obj, dict):
            return None
        obj = obj.get(step)
    return obj


def put(obj: dict[str, Any], path: str, value: Any) -> None:
    """Set the value, making the objects on the way."""
    *steps, last = path.lstrip(".").split(".")
    for step in steps:
        child = obj.get(step)
        if not isinstance(child, dict):
            child = obj[step] = {}
        obj = child
    obj[last] = value


def as_text(value: Any) -> str:
    """A scalar as a field selector compares it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
