"""The chain: upstream's default plugins in upstream's order, each asked only for what it handles."""

from __future__ import annotations

from collections.abc import Sequence

from minik8s.apiserver.admission.base import AdmissionPlugin, Attributes
from minik8s.apiserver.registry.interface import Registry


class AdmissionChain:
    """`mutate` runs every plugin's mutate in order, `validate` every plugin's validate."""

    def __init__(self, registry: Registry, plugins: Sequence[AdmissionPlugin] | None = None) -> None:
        self.plugins = tuple(default_plugins(registry) if plugins is None else plugins)
        self._routes: dict[tuple[str, str, str], tuple[AdmissionPlugin, ...]] = {}

    async def mutate(self, attrs: Attributes) -> None:
        for plugin in self._interested(attrs):
            await plugin.mutate(attrs)

    async def validate(self, attrs: Attributes) -> None:
        for plugin in self._interested(attrs):
            await plugin.validate(attrs)

    def _interested(self, attrs: Attributes) -> tuple[AdmissionPlugin, ...]:
        route = (attrs.resource, attrs.subresource, attrs.operation)
        plugins = self._routes.get(route)
        if plugins is None:
            plugins = self._routes[route] = tuple(p for p in self.plugins if _handles(p, *route))
        return plugins


def _handles(plugin: AdmissionPlugin, resource: str, subresource: str, operation: str) -> bool:
    if operation not in plugin.operations:
        return False
    if plugin.resources is not None and resource not in plugin.resources:
        return False
    return not subresource or subresource in plugin.subresources or "*" in plugin.subresources


def default_plugins(registry: Registry) -> list[AdmissionPlugin]:
    """The plugins that are on by default, in upstream's order."""
    return []
