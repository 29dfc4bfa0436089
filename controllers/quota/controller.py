"""The loop of ResourceQuotas: count, compare, write.

Mirrors upstream's pkg/controller/resourcequota/resource_quota_controller.go. Pods, services and claims are counted from
caches, and their changes wake the quotas of their namespace; other resources are counted by asking the server, every
POLL seconds while a quota names them (upstream runs a metadata cache per resource).
"""

from typing import Any

from minik8s.api import core
from minik8s.api.quantity import Quantity
from minik8s.api.status import NotFound
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer, split_key
from minik8s.client.resources import Resource
from minik8s.controllers.context import Context
from minik8s.controllers.quota.usage import Usage, add, claim_usage, pod_usage, quota_matches, service_usage

POLL = 5.0
#: quota names without a prefix that count objects of the core group
PLAIN_COUNTS = ("configmaps", "secrets", "replicationcontrollers", "resourcequotas")


def counted_resource(name: str) -> str | None:
    """`count/deployments.apps` → deployments.apps; None for what is not counted by asking."""
    if name in PLAIN_COUNTS:
        return name
    resource = name.removeprefix("count/")
    return resource if resource != name and resource not in ("pods", "services", "persistentvolumeclaims") else None


def compute_used(hard: dict[str, str], usage: Usage) -> dict[str, str]:
    """What the quota names, with nought for what nothing uses."""
    return {name: str(usage.get(name, Quantity.of(0))) for name in hard}


class ResourceQuotaController(Controller):
    name = "resourcequota"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=context.options.concurrent(self.name, 5))
        self.resync = context.options.resource_quota_sync_period
        self.quotas: Informer[core.ResourceQuota] = self.use(context.informer(core.ResourceQuota))
        self.pods: Informer[core.Pod] = self.use(context.informer(core.Pod))
        self.services: Informer[core.Service] = self.use(context.informer(core.Service))
        self.claims: Informer[core.PersistentVolumeClaim] = self.use(context.informer(core.PersistentVolumeClaim))
        self._resources: dict[str, Resource] = {}
        self.quotas.add_handler(lambda event, old, new: self.enqueue(new or old))
        self.pods.add_handler(self._on_pod)
        self.services.add_handler(self._on_change)
        self.claims.add_handler(self._on_change)

    def _on_pod(self, event: str, old: core.Pod | None, new: core.Pod | None) -> None:
        if old is None or new is None or old.status.phase != new.status.phase or old.spec != new.spec:
            self._on_change(event, old, new)

    def _on_change(self, event: str, old: Any, new: Any) -> None:
        for quota in self.quotas.list((new or old).metadata.namespace):
            self.enqueue(quota)

    async def reconcile(self, key: str) -> float | None:
        quota = self.quotas.get(key)
        if quota is None or quota.metadata.deletion_timestamp is not None:
            return None
        asked = [name for name in quota.spec.hard if counted_resource(name)]
        usage = self._cached_usage(quota)
        for name in asked:
            usage[name] = Quantity.of(await self._count(counted_resource(name) or "", split_key(key)[0]))
        used = compute_used(quota.spec.hard, usage)
        if used != quota.status.used or quota.spec.hard != quota.status.hard:
            status = core.ResourceQuotaStatus(hard=dict(quota.spec.hard), used=used)
            await self.client.update_status(quota.model_copy(update={"status": status}))
        return POLL if asked else self.resync

    def _cached_usage(self, quota: core.ResourceQuota) -> Usage:
        usage: Usage = {}
        namespace, form = quota.metadata.namespace, quota.to_dict()
        scoped = bool(quota.spec.scopes or quota.spec.scope_selector)
        for pod in self.pods.list(namespace):
            data = pod.to_dict()
            if quota_matches(form, data):
                add(usage, pod_usage(data))
        if not scoped:  # scopes are about pods: a scoped quota counts nothing else
            for service in self.services.list(namespace):
                add(usage, service_usage(service.to_dict()))
            for claim in self.claims.list(namespace):
                add(usage, claim_usage(claim.to_dict()))
        return usage

    async def _count(self, name: str, namespace: str) -> int:
        """How many objects there are; a resource that nobody knows has none."""
        if name not in self._resources:
            self._resources = {item.group_resource: item for item in await self.client.discover()}
        resource = self._resources.get(name)
        if resource is None or not resource.namespaced:
            return 0
        try:
            page = await self.client.list(resource, namespace, limit=1)
        except NotFound:
            self._resources.pop(name, None)
            return 0
        return len(page.items) + (page.remaining_item_count or 0)
