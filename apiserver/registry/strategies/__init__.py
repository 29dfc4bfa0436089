"""Strategies per kind: (group, Kind) → "module:Class", imported when the kind is first written or selected."""

STRATEGIES: dict[tuple[str, str], str] = {}
