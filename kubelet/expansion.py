"""`$(VAR)` references in env values, commands, arguments and subPathExpr.

Mirrors upstream third_party/forked/golang/expansion/expand.go. `$$` is an escaped `$`; a reference to a name that
nobody defines is left as it was written; anything else after a `$` is ordinary text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_TOKEN = re.compile(r"\$(?:\$|\(([^)]*)\))")


def expand(text: str, lookup: Callable[[str], str | None]) -> str:
    """Replace every `$(NAME)` that `lookup` knows, and every `$$` by `$`."""

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if name is None:
            return "$"
        value = lookup(name)
        return match.group(0) if value is None else value

    return _TOKEN.sub(replace, text)


def expand_from(text: str, *scopes: Mapping[str, str]) -> str:
    """`expand` over mappings; the first that has the name wins."""

    def lookup(name: str) -> str | None:
        for scope in scopes:
            if name in scope:
                return scope[name]
        return None

    return expand(text, lookup)


def expand_all(items: list[str], env: Mapping[str, str]) -> list[str]:
    return [expand_from(item, env) for item in items]


class UnresolvedReference(ValueError):
    """A subPathExpr names a variable that the container does not have."""


def expand_strict(text: str, env: Mapping[str, str]) -> str:
    """As `expand_from`, but a missing variable is an error: a path must never contain a literal `$(X)`."""
    missing: list[str] = []

    def lookup(name: str) -> str | None:
        if name not in env:
            missing.append(name)
        return env.get(name)

    result = expand(text, lookup)
    if missing:
        raise UnresolvedReference(f"missing value for {', '.join(repr(name) for name in missing)}")
    return result
