"""The versions in which a resource is served, and an object in another one of them.

Mirrors runtime.EquivalentResourceRegistry and admission.VersionedAttributes: ``matchPolicy: Equivalent`` lets a hook
that was registered for one version see writes made through another, in its own version's form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from minik8s.api.status import InternalError

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind
    from minik8s.apiserver.registry.registry import ServerRegistry

JsonObject = dict[str, Any]


class Versions:
    """Over the kinds that the registry serves."""

    def __init__(self, registry: ServerRegistry) -> None:
        self._registry = registry

    @property
    def version(self) -> int:
        """Grows when kinds come or go."""
        return self._registry.kinds.version

    def equivalents(self, kind: Kind) -> list[Kind]:
        """Every served kind that shows the same stored objects, this one included."""
        if not kind.storage_prefix:
            return [kind]
        return [other for other in self._registry.kinds.all() if other.storage_prefix == kind.storage_prefix]

    async def convert(self, obj: JsonObject, source: Kind, wanted: Kind) -> JsonObject:
        """A copy of ``obj`` in the form of ``wanted``."""
        source_resource, target = self._registry.resources.of(source), self._registry.resources.of(wanted)
        stored = await source_resource.keep(source_resource.decode_copy(obj))
        if not wanted.model_path:
            from minik8s.apiserver.extensions.serving.resource import CustomResource

            assert isinstance(target, CustomResource)
            stored = (await target.convert([stored]))[0]  # perhaps by a conversion webhook
        converted = target.read(stored)
        if converted.get("apiVersion") != wanted.group_version:
            raise InternalError.of(f"unable to convert to {wanted.group_version}, Kind={wanted.kind}")
        return converted

    def decode(self, obj: JsonObject, kind: Kind) -> JsonObject:
        """A patched object as if it had been sent: types checked, unknown fields dropped, defaults filled in."""
        resource = self._registry.resources.of(kind)
        decoded = resource.decode_body(orjson.dumps(obj), "Ignore", [])
        resource.strategy.default(decoded)
        return decoded
