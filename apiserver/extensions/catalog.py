"""All custom resources that are served now, and who is told when that changes.

Mirrors customResourceStorage (customresource_handler.go) and the discovery and OpenAPI controllers of
apiextensions-apiserver. A change of a definition replaces its kinds, closes the watches that were opened under
the old ones, and makes discovery and OpenAPI be built anew when they are next asked for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from minik8s.api.scheme import SCHEME
from minik8s.apiserver.extensions.conversion import ConversionFailed, Converter, WebhookConverter
from minik8s.apiserver.extensions.publishing import published
from minik8s.apiserver.extensions.serving.definition import ServedDefinition, identity
from minik8s.apiserver.extensions.serving.kind import CustomKind
from minik8s.apiserver.extensions.serving.resource import make_resource

if TYPE_CHECKING:
    from minik8s.apiserver.registry.registry import ServerRegistry
    from minik8s.apiserver.webhooks.client import WebhookClient

Json = dict[str, Any]
#: The name under which the registry knows our kinds.
SOURCE = "customresourcedefinitions"
WEBHOOK_SECONDS = 30.0


class Catalog:
    """Looked up by every request that no built-in kind serves."""

    def __init__(self, registry: ServerRegistry) -> None:
        self._registry = registry
        self._definitions: dict[str, ServedDefinition] = {}
        self._webhooks: WebhookClient | None = None

    def kinds(self) -> list[CustomKind]:
        """In discovery's order: groups by name, their versions by priority."""
        found = [kind for definition in self._definitions.values() for kind in definition.served]
        return sorted(found, key=lambda kind: (kind.group, version_priority(kind.version), kind.plural))

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
        for kind in new.versions.values():
            self._registry.resources.put(make_resource(kind, self._registry.caches))
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
            self._registry.resources.forget(kind)
        if close_watches:
            self._registry.caches.drop(old.prefix)

    def _changed(self) -> None:
        kinds = self.kinds()
        self._registry.kinds.replace(SOURCE, kinds, {kind: published(kind) for kind in kinds})

    def _converter(self, spec: Json) -> Converter:
        conversion = spec.get("conversion") or {}
        if conversion.get("strategy") == "Webhook":
            return WebhookConverter(conversion.get("webhook") or {}, self._call)
        return Converter()

    async def _call(self, client: Json, review: Json) -> Any:
        from minik8s.apiserver.webhooks.client import CallError, WebhookClient

        if self._webhooks is None:
            self._webhooks = WebhookClient(self._registry)
        try:
            answer = await self._webhooks.call(client, orjson.dumps(review), WEBHOOK_SECONDS)
            return orjson.loads(answer)
        except (CallError, orjson.JSONDecodeError) as error:
            raise ConversionFailed(str(error)) from None


_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")


def version_priority(version: str) -> tuple[int, int, int, str]:
    """Sorts v2, v1, v2beta1, v1beta2, v1alpha1, then other names by alphabet (apimachinery/pkg/version)."""
    found = _VERSION.fullmatch(version)
    if found is None:
        return (3, 0, 0, version)
    stage = {None: 0, "beta": 1, "alpha": 2}[found[2]]
    return (stage, -int(found[1]), -int(found[3] or 0), version)
