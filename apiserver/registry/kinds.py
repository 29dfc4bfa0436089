"""Which kinds are served now: the scheme's, and those that come and go (custom resources).

Discovery, OpenAPI and the dispatcher ask here. Mirrors the part of upstream's aggregated REST mapper and of
apiextensions' customresource_discovery_controller that says "these resources exist".

Invariant: `version` grows with every change, so that documents made for an older one are made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minik8s.api.scheme import SCHEME, Kind, Scheme


class ServedKinds:
    """The scheme plus dynamic kinds. A dynamic kind never hides a built-in one."""

    def __init__(self, scheme: Scheme = SCHEME) -> None:
        self._scheme = scheme
        self._dynamic = Scheme()
        self._sources: dict[str, tuple[Kind, ...]] = {}
        self.schemas: dict[Kind, Mapping[str, Any]] = {}
        "OpenAPI v3 schemas of dynamic kinds that have one."
        self.version = 0

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        return self._scheme.by_resource(group, version, plural) or self._dynamic.by_resource(group, version, plural)

    def find_kind(self, group: str, version: str, kind: str) -> Kind | None:
        return self._scheme.by_kind(group, version, kind) or self._dynamic.by_kind(group, version, kind)

    def all(self) -> list[Kind]:
        """In discovery's order: the scheme's first."""
        return [*self._scheme, *self._dynamic]

    def replace(
        self, source: str, kinds: Iterable[Kind], schemas: Mapping[Kind, Mapping[str, Any]] | None = None
    ) -> None:
        """All the kinds that ``source`` (one definition, say) has now; none to forget it."""
        before = self._sources.pop(source, ())
        for kind in before:
            self.schemas.pop(kind, None)
        found = tuple(kinds)
        if found:
            self._sources[source] = found
        self.schemas.update(schemas or {})
        self._dynamic = Scheme(kind for kinds in self._sources.values() for kind in kinds)
        self.version += 1
