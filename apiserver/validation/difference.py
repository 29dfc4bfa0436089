"""A short account of what differs between two JSON values, for "may not change" errors.

Upstream prints go-cmp's diff of Go structs; ours names the paths, which is what a reader needs of it.
"""

from __future__ import annotations

from typing import Any

import orjson

_MISSING = object()


def difference(new: Any, old: Any, path: str = "", limit: int = 10) -> str:
    """One line per changed leaf (`  containers[0].name: "a" -> "b"`), "" when equal; absent equals null and empty."""
    lines: list[str] = []
    _collect(lines, new, old, path)
    shown = lines[:limit]
    if len(lines) > limit:
        shown.append(f"  … and {len(lines) - limit} more")
    return "\n".join(shown)


def _empty(value: Any) -> bool:
    return value is _MISSING or value is None or value is False or value in ("", 0) or value == [] or value == {}


def _collect(lines: list[str], new: Any, old: Any, path: str) -> None:
    if new == old or (_empty(new) and _empty(old)):
        return
    if isinstance(new, dict) and isinstance(old, dict):
        for key in sorted(new.keys() | old.keys()):
            _collect(lines, new.get(key, _MISSING), old.get(key, _MISSING), f"{path}.{key}" if path else key)
    elif isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        for index, (left, right) in enumerate(zip(new, old, strict=True)):
            _collect(lines, left, right, f"{path}[{index}]")
    else:
        lines.append(f"  {path}: {_text(old)} -> {_text(new)}")


def _text(value: Any) -> str:
    return "unset" if value is _MISSING or value is None else orjson.dumps(value).decode()
