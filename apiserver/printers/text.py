"""Small texts that many printers share: ages, labels, selectors, container lists."""

from __future__ import annotations

from typing import Any

from minik8s.api.times import parse_time

Json = dict[str, Any]

NONE, UNKNOWN, UNSET = "<none>", "<unknown>", "<unset>"


def human_duration(seconds: float) -> str:
    """`5s`, `3m20s`, `2d4h`, `1y30d`: two units at most, coarser with age (duration.HumanDuration)."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    if whole < 120:
        return f"{whole}s"
    minutes, hours = whole // 60, whole // 3600
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if hours < 192:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    if days < 2920:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


def since(stamp: str | None, now: float) -> str:
    """How long ago; `<unknown>` for no time."""
    return human_duration(now - parse_time(stamp)) if stamp else UNKNOWN


def age(obj: Json, now: float) -> str:
    return since((obj.get("metadata") or {}).get("creationTimestamp"), now)


def name(obj: Json) -> str:
    return (obj.get("metadata") or {}).get("name") or ""


def labels(given: dict[str, str] | None) -> str:
    """`a=1,b=2` in order, `<none>` for none."""
    return ",".join(f"{key}={given[key]}" for key in sorted(given)) if given else NONE


def selector(given: Json | None) -> str:
    """metav1.FormatLabelSelector."""
    from minik8s.api.selectors import LabelSelector

    if not given:
        return NONE
    return str(LabelSelector.from_model(given)) or NONE


def containers(template: Json | None) -> list[str]:
    """Names and images of a template's containers, as two cells."""
    found = ((template or {}).get("spec") or {}).get("containers") or ()
    return [
        ",".join(container.get("name") or "" for container in found),
        ",".join(container.get("image") or "" for container in found),
    ]


def some(values: list[str], empty: str, limit: int = 3) -> str:
    """The first few, and how many more."""
    shown = ",".join(values[:limit])
    if len(values) > limit:
        return f"{shown} + {len(values) - limit} more..."
    return shown or empty
