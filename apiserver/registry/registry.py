"""The registry: every served resource, and the server's own reads and writes of them.

Implements :class:`minik8s.apiserver.registry.interface.Registry`. Requests go through ``write`` and ``delete`` with
the user's Context; what is here is what admission plug-ins, token checks and bootstrap use, without admission.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minik8s.api.selectors import FieldSelector, LabelSelector
from minik8s.api.status import NotFound
from minik8s.apiserver.admission import AdmissionChain
from minik8s.apiserver.auth.user import LOOPBACK
from minik8s.apiserver.cache.interface import Caches, ListQuery
from minik8s.apiserver.registry import delete as deletion
from minik8s.apiserver.registry import write
from minik8s.apiserver.registry.claims import StoreClaims
from minik8s.apiserver.registry.interface import Context
from minik8s.apiserver.registry.kinds import ServedKinds
from minik8s.apiserver.registry.resources import Resources
from minik8s.apiserver.registry.strategy import Claims, ServiceRanges
from minik8s.apiserver.storage.base import Store
from minik8s.apiserver.webhooks.client import WebhookClient

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind

JsonObject = dict[str, Any]


class ServerRegistry:
    """One per server. ``admission`` is set once the chain is built, since plug-ins need the registry."""

    def __init__(self, store: Store, caches: Caches, service_ranges: ServiceRanges, event_ttl: int = 3600) -> None:
        self.store = store
        self.caches = caches
        self.kinds = ServedKinds()
        self.resources = Resources(caches, event_ttl)
        self.claims: Claims = StoreClaims(store)
        self.service_ranges = service_ranges
        self.admission = AdmissionChain([])
        self.webhook_client = WebhookClient(self)  # admission and conversion

    def context(self, kind: Kind, namespace: str = "", name: str = "", subresource: str = "") -> Context:
        """A write of the server's own."""
        namespace = namespace if kind.namespaced else ""
        return Context(kind, self, LOOPBACK, namespace, name, subresource, field_manager="kube-apiserver")

    async def get(self, kind: Kind, namespace: str, name: str) -> JsonObject | None:
        resource = self.resources.of(kind)
        entry = await resource.cache.get(resource.key(namespace, name))
        return resource.decode(entry) if entry is not None else None

    async def list(
        self, kind: Kind, namespace: str = "", label_selector: str = "", field_selector: str = ""
    ) -> list[JsonObject]:
        resource = self.resources.of(kind)
        if not await resource.cache.count():
            return []  # most clusters have no LimitRange, ResourceQuota, …: admission asks for them at every write
        query = ListQuery(
            namespace=namespace,
            label_selector=LabelSelector.parse(label_selector) if label_selector else None,
            field_selector=FieldSelector.parse(field_selector) if field_selector else None,
        )
        return [resource.decode(entry) for entry in (await resource.cache.list(query)).entries]

    async def create(self, kind: Kind, obj: JsonObject) -> JsonObject:
        ctx = self.context(kind, obj["metadata"].get("namespace", ""), obj["metadata"].get("name", ""))
        await write.create(self, ctx, obj, admit=False)
        return await self.get(kind, ctx.namespace, ctx.name) or obj

    async def update(self, kind: Kind, obj: JsonObject, subresource: str = "") -> JsonObject:
        meta = obj["metadata"]
        ctx = self.context(kind, meta.get("namespace", ""), meta["name"], subresource)
        await write.update(self, ctx, lambda old: obj, expected_version=meta.get("resourceVersion", ""), admit=False)
        return await self.get(kind, ctx.namespace, ctx.name) or obj

    async def mutate(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        change: Callable[[JsonObject], JsonObject | None],
        subresource: str = "",
    ) -> JsonObject:
        resource = self.resources.of(kind)
        ctx = self.context(kind, namespace, name, subresource)
        entry = await resource.cache.get(resource.key(namespace, name))
        if entry is not None and change(resource.decode(entry)) is None:
            return resource.decode(entry)

        def transform(old: JsonObject) -> JsonObject:
            copied = resource.decode_copy(old)
            return change(copied) or copied

        await write.update(self, ctx, transform, admit=False)
        return await self.get(kind, namespace, name) or {}

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str = "") -> None:
        ctx = self.context(kind, namespace, name)
        if uid:
            ctx.options["preconditions"] = {"uid": uid}
        try:
            await deletion.delete(self, ctx, admit=False)
        except NotFound:
            return
