"""JSON merge patch, RFC 7386.

Mirrors: MergePatch of github.com/evanphx/json-patch as upstream uses it. An object in the patch is merged, null
removes, anything else (lists too) replaces.
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.patch.plain import JsonObject, copy_json


def apply(original: JsonObject, patch: JsonObject) -> JsonObject:
    """The original with the patch merged in."""
    merged: JsonObject = _merge(copy_json(original), copy_json(patch))
    return merged


def _merge(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    if not isinstance(target, dict):
        target = {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = _merge(target.get(name), value)
    return target
