"""Puts webhooks and policies into the chain of admission.

Upstream's order: mutating webhooks, policies, validating webhooks; then quota (admission/chain.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minik8s.api.scheme import SCHEME
from minik8s.apiserver.admission.base import AdmissionPlugin
from minik8s.apiserver.cache.interface import Entry, ListQuery
from minik8s.apiserver.policies.conditions import MatchConditions
from minik8s.apiserver.policies.plugin import ValidatingPolicies
from minik8s.apiserver.webhooks.configuration import Configurations, Entries
from minik8s.apiserver.webhooks.metrics import WebhookMetrics
from minik8s.apiserver.webhooks.mutating import MutatingWebhooks
from minik8s.apiserver.webhooks.plugin import Services
from minik8s.apiserver.webhooks.validating import ValidatingWebhooks
from minik8s.apiserver.webhooks.versions import Versions

if TYPE_CHECKING:
    from minik8s.apiserver.registry.registry import ServerRegistry

GROUP = "admissionregistration.k8s.io"


def entries_of(registry: ServerRegistry, plural: str) -> Entries:
    """All objects of one of the group's resources, as the watch cache has them; cheap where there are none."""
    kind = SCHEME.by_resource(GROUP, "v1", plural)
    assert kind is not None
    cache = registry.resources.of(kind).cache
    query = ListQuery(resource_version="0")

    async def entries() -> Sequence[Entry]:
        return (await cache.list(query)).entries if await cache.count() else ()

    return entries


def dynamic_plugins(registry: ServerRegistry, metrics: WebhookMetrics) -> list[AdmissionPlugin]:
    """The plugins whose rules are objects of the API."""
    versions, conditions = Versions(registry), MatchConditions()
    services = Services(registry.webhook_client, versions, conditions, metrics)
    mutating = Configurations(entries_of(registry, "mutatingwebhookconfigurations"))
    validating = Configurations(entries_of(registry, "validatingwebhookconfigurations"))
    policies = entries_of(registry, "validatingadmissionpolicies")
    bindings = entries_of(registry, "validatingadmissionpolicybindings")
    return [
        MutatingWebhooks(registry, mutating, services),
        ValidatingPolicies(registry, policies, bindings, versions),
        ValidatingWebhooks(registry, validating, services),
    ]
