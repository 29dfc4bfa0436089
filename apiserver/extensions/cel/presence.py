"""Whether a schema has rules in CEL at all: the library is only loaded for those that have."""

from __future__ import annotations

from typing import Any

RULES = "x-kubernetes-validations"


def has_rules(schema: Any) -> bool:
    """Any x-kubernetes-validations at or below this schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get(RULES), list) and schema[RULES]:
            return True
        return any(has_rules(child) for key, child in schema.items() if key not in ("default", "enum", "example"))
    return isinstance(schema, list) and any(has_rules(child) for child in schema)
