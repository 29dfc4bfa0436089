"""Quantities as Go's decoder leaves them: canonical text ("1000m" → "1", "0.5" → "500m", 1 → "1").

Mirrors `apimachinery/pkg/api/resource.Quantity.UnmarshalJSON` and `SetDefaults_ResourceList` (round up to milli).
Clusters use few distinct quantities, so that a small cache makes this one dict look-up per value.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from minik8s.api.quantity import Quantity
from minik8s.api.status import BadRequest

_PATTERN_TEXT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """The canonical form; raises BadRequest for what is no quantity, as upstream's decoder does."""
    if text.isdigit() and (text == "0" or text[0] != "0") and not text.endswith("000"):
        return text
    try:
        return str(Quantity.parse(text))
    except ValueError as error:
        raise BadRequest(_PATTERN_TEXT) from error


@lru_cache(maxsize=4096)
def canonical_milli(text: str) -> str:
    """Canonical and rounded up to thousandths: the values of resource lists."""
    short = canonical(text)
    if short[-1] not in "nu":
        return short
    return canonical(f"{Quantity.parse(short).milli_value()}m")


def canonicalise(resources: dict[str, Any] | None) -> None:
    """Rewrite a resource list (name → quantity) in place."""
    if resources:
        for name, value in resources.items():
            resources[name] = canonical_milli(value if type(value) is str else _number(value))


def canonicalise_field(holder: dict[str, Any], key: str) -> None:
    """Rewrite one quantity, when it is there."""
    value = holder.get(key)
    if value is not None:
        holder[key] = canonical(value if type(value) is str else _number(value))


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRequest(_PATTERN_TEXT)
    return repr(value)
