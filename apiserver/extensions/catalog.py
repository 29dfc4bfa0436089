"""All custom resources that are served now, and who is told when that changes.

Mirrors customResourceStorage (customresource_handler.go) and the discovery and OpenAPI controllers of
apiextensions-apiserver. A change of a definition replaces its kinds, closes the watches that were opened under
the old ones, and makes discovery and OpenAPI be built anew when they are next asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minik8s.api.scheme import SCHEME
from minik8s.apiserver.extensions.conversion import Caller, Converter, WebhookConverter
from minik8s.apiserver.extensions.serving.definition import ServedDefinition, identity
from minik8s.apiserver.extensions.serving.kind import CustomKind

if TYPE_CHECKING:
    from minik8s.apiserver.cache.interface import Caches
    from minik8s.apiserver.registry.resources import Resources

Json = dict[str, Any]


class Catalog:
    """Looked up by every request that no built-in kind serves."""

    def __init__(self, resources: Resources, caches: Caches, call_webhook: Caller) -> None:
        self._resources, self._caches, self._call = resources, caches, call_webhook
        self._definitions: dict[str, ServedDefinition] = {}
        self._kinds: dict[tuple[str, str, str], CustomKind] = {}
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def by_resource(self, group: str, version: str, plural: str) -> CustomKind | None:
        return self._kinds.get((group, version, plural))

    def kinds(self) -> list[CustomKind]:
        """In discovery's order: groups by name, their versions by priority."""
        return sorted(self._kinds.values(), key=lambda kind: (kind.group, version_priority(kind.version), kind.plural))

    def definition(self, name: str) -> ServedDefinition | None:
        return self._definitions.get(name)

    def put(self, definition: Json, since: int) -> None:
        """Serve a definition in its present form; `since`: what was written up to then may be of older forms."""
        name = definition["metadata"]["name"]
        old = self._definitions.get(name)
        if old is not None and old.identity == identity(definition):
            return
        spec = definition["spec"]
        if any(SCHEME.by_resource(spec["group"], v["name"], spec["names"]["plural"]) for v in spec["versions"]):
            return  # a built-in kind of that name goes first
        if old is not None and old.identity["spec"] == spec:
            since = old.since
        new = self._definitions[name] = ServedDefinition(definition, since, self._converter(spec))
        if old is not None:
            self._forget(old, close_watches=old.identity["spec"] != spec or old.uid != new.uid)
        for kind in new.served:
            self._kinds[kind.group, kind.version, kind.plural] = kind
        self._changed()

    def remove(self, name: str) -> None:
        """Serve it no longer."""
        old = self._definitions.pop(name, None)
        if old is not None:
            self._forget(old, close_watches=True)
            self._changed()

    def names(self) -> list[str]:
        return list(self._definitions)

    def _forget(self, old: ServedDefinition, close_watches: bool) -> None:
        for kind in old.versions.values():
            if self._kinds.get((kind.group, kind.version, kind.plural)) is kind:
                del self._kinds[kind.group, kind.version, kind.plural]
            self._resources.forget(kind)
        if close_watches:
            self._caches.drop(old.prefix)

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()

    def _converter(self, spec: Json) -> Converter:
        conversion = spec.get("conversion") or {}
        if conversion.get("strategy") == "Webhook":
            return WebhookConverter(conversion.get("webhook") or {}, self._call)
        return Converter()


_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")


def version_priority(version: str) -> tuple[int, int, int, str]:
    """Sorts v2, v1, v2beta1, v1beta2, v1alpha1, then other names by alphabet (apimachinery/pkg/version)."""
    found = _VERSION.fullmatch(version)
    if found is None:
        return (3, 0, 0, version)
    stage = {None: 0, "beta": 1, "alpha": 2}[found[2]]
    return (stage, -int(found[1]), -int(found[3] or 0), version)
