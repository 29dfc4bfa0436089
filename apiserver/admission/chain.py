"""The chain: upstream's default plugins in upstream's order, each asked only for what it handles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minik8s.apiserver.admission.base import AdmissionPlugin, Attributes

if TYPE_CHECKING:
    from minik8s.apiserver.registry.interface import Registry


class AdmissionChain:
    """`mutate` runs every plugin's mutate in order, `validate` every plugin's validate."""

    def __init__(self, plugins: Sequence[AdmissionPlugin]) -> None:
        self.plugins = tuple(plugins)
        self._routes: dict[tuple[str, str, str], tuple[AdmissionPlugin, ...]] = {}

    async def mutate(self, attrs: Attributes) -> None:
        for plugin in self._interested(attrs):
            await plugin.mutate(attrs)
        if attrs.reinvoke:  # a webhook changed the object: those before it get one more chance to agree
            attrs.reinvoking = True
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


def default_plugins(registry: Registry, dynamic: Sequence[AdmissionPlugin] = ()) -> list[AdmissionPlugin]:
    """The plugins that are on by default, in upstream's order: ours, then ``dynamic`` (webhooks, policies), then quota,
    when everything else has agreed."""
    from minik8s.apiserver.admission.classes import DefaultIngressClass, DefaultStorageClass, RuntimeClass
    from minik8s.apiserver.admission.limits import LimitRanger
    from minik8s.apiserver.admission.namespaces import NamespaceLifecycle
    from minik8s.apiserver.admission.nodes import TaintNodesByCondition
    from minik8s.apiserver.admission.priority import Priority
    from minik8s.apiserver.admission.quota import ResourceQuota
    from minik8s.apiserver.admission.service_accounts import ServiceAccount
    from minik8s.apiserver.admission.tolerations import DefaultTolerationSeconds
    from minik8s.apiserver.admission.volumes import StorageObjectInUseProtection

    order: list[type[AdmissionPlugin]] = [
        NamespaceLifecycle, LimitRanger, ServiceAccount, TaintNodesByCondition, Priority, DefaultTolerationSeconds,
        StorageObjectInUseProtection, RuntimeClass, DefaultStorageClass, DefaultIngressClass, ResourceQuota,
    ]  # fmt: skip
    own = [plugin(registry) for plugin in order]
    return [*own[:-1], *dynamic, own[-1]]


def default_chain(registry: Registry, dynamic: Sequence[AdmissionPlugin] = ()) -> AdmissionChain:
    """All plugins that are on by default."""
    return AdmissionChain(default_plugins(registry, dynamic))
