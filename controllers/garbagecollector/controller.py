"""The loop: take a uid that deserves a look, read it live, look its owners up, act.

Mirrors upstream's pkg/controller/garbagecollector/garbagecollector.go (attemptToDelete and attemptToOrphan workers).

Invariants
    - Nothing is deleted before a live read of the object itself and of each of its owners (or a remembered absence).
    - A delete carries the uid and the resourceVersion on which it was decided: an object that was adopted, or got
      another reference meanwhile, stays.
    - "No such resource" is not "no such owner": a reference to an unknown kind keeps its object.
"""

import asyncio
from collections import OrderedDict
from typing import Any

from minik8s.api.status import ApiError, Conflict, NotFound
from minik8s.client.controller import Controller
from minik8s.client.log import get_logger
from minik8s.client.resources import Resource
from minik8s.controllers.context import Context
from minik8s.controllers.garbagecollector.decide import Delete, OwnerState, StrikeOwners, decide
from minik8s.controllers.garbagecollector.graph import FOREGROUND, ORPHAN, Graph, Node, Reference, node_of
from minik8s.controllers.garbagecollector.monitors import Monitors

log = get_logger(__name__)
MAX_ABSENT = 2000
UNKNOWN_KIND_RETRY = 30.0

Coordinates = tuple[str, str, str, str, str]


class UnknownKind(Exception):
    """A reference names a kind that discovery does not list (yet)."""


class GarbageCollector(Controller):
    """Keys are uids."""

    name = "garbagecollector"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=context.options.concurrent(self.name, 20))
        self.recorder = context.recorder("garbage-collector-controller")
        self._others = context.all_informers
        self.graph = Graph()
        self.monitors = Monitors(context.client, self._on_change)
        self._absent: OrderedDict[Coordinates, None] = OrderedDict()

    async def run(self) -> None:
        # dozens of watches are opened here: let the other controllers' caches, which users wait for, go first
        for informer in self._others():
            await informer.wait_answered()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.monitors.run(), name="gc-monitors")
            tasks.create_task(super().run(), name="gc-workers")

    def _on_change(self, event: str, old: Node | None, new: Node | None) -> None:
        if new is not None:
            self._report_far_owners(new)
            look = self.graph.put(new)
        else:
            assert old is not None
            look = self.graph.remove(old.uid)
            if look:
                self._remember_absent(_coordinates(old))
        for uid in look:
            self.enqueue(uid)

    def _report_far_owners(self, node: Node) -> None:
        """A namespaced owner in another namespace is no owner: the object will be deleted, so say why."""
        for ref in node.owners:
            owner = self.graph.get(ref.uid)
            if owner is not None and owner.namespace not in ("", node.namespace):
                far = f"[{ref.api_version}/{ref.kind}, namespace: {node.namespace}, name: {ref.name}, uid: {ref.uid}]"
                text = f'ownerRef {far} does not exist in namespace "{node.namespace}"'
                self.recorder.event(_object_reference(node), "Warning", "OwnerRefInvalidNamespace", text)

    # -- the loop ----------------------------------------------------------------------------------------------------

    async def reconcile(self, key: str) -> float | None:
        await self.monitors.ready.wait()
        node = self.graph.get(key)
        if node is None or not (node.owners or node.waits_for_dependents or node.waits_for_orphaning):
            return None
        if node.waits_for_orphaning:
            await self._orphan_dependents(node)
            return None
        if node.waits_for_dependents:
            await self._release_when_empty(node)
            return None
        if node.deleting or self.graph.owners_are_fine(node):
            return None
        try:
            await self._judge(node)
        except UnknownKind as error:
            log.debug("owner of an unknown kind", key=f"{node.namespace}/{node.name}", error=str(error))
            return UNKNOWN_KIND_RETRY
        return None

    async def _judge(self, node: Node) -> None:
        """Are its owners there? If none is, it goes."""
        live = await self._live(node)
        if live is None:
            return
        latest = node_of(live)
        owners = [(ref, await self._look_up(ref, latest)) for ref in latest.owners]
        decision = decide(latest, owners, self.graph.dependents_of(node.uid))
        if isinstance(decision, StrikeOwners):
            await self._strike(latest, live, decision.uids)
        elif isinstance(decision, Delete):
            if decision.unblock:
                live = await self._unblock(latest, live)
            await self._delete(latest, live, decision.propagation)

    async def _release_when_empty(self, node: Node) -> None:
        """Deleted in the foreground: take the finalizer off once nobody is left to wait for."""
        blocking = self.graph.blocking_dependents_of(node.uid)
        if not blocking:
            await self._remove_finalizer(node, FOREGROUND)
        for dependent in blocking:
            if not dependent.waits_for_dependents:
                self.enqueue(dependent.uid)

    async def _orphan_dependents(self, node: Node) -> None:
        """Strike the owner from all its dependents, then let it go."""
        for dependent in self.graph.dependents_of(node.uid):
            live = await self._live(dependent)
            if live is not None:
                await self._strike(node_of(live), live, frozenset({node.uid}))
        await self._remove_finalizer(node, ORPHAN)

    # -- looking up --------------------------------------------------------------------------------------------------

    def _resource(self, api_version: str, kind: str) -> Resource:
        resource = self.monitors.resource_for(api_version, kind)
        if resource is None:
            raise UnknownKind(f"{api_version} {kind}")
        return resource

    async def _live(self, node: Node) -> dict[str, Any] | None:
        """The object as the server has it; None if that very object is gone (its cache will say so too)."""
        try:
            obj = await self.client.get(self._resource(node.api_version, node.kind), node.name, node.namespace)
        except NotFound:
            return None
        return obj if obj["metadata"].get("uid") == node.uid else None

    async def _look_up(self, ref: Reference, dependent: Node) -> OwnerState:
        near = (ref.api_version, ref.kind, ref.name, ref.uid, dependent.namespace)
        if near in self._absent or (*near[:4], "") in self._absent:
            return OwnerState.DANGLING
        resource = self._resource(ref.api_version, ref.kind)
        if resource.namespaced and not dependent.namespace:
            raise UnknownKind(f"cluster-scoped {dependent.kind} {dependent.name} names a namespaced owner {ref.kind}")
        namespace = dependent.namespace if resource.namespaced else ""
        try:
            owner = await self.client.get(resource, ref.name, namespace)
        except NotFound as error:
            if error.details.get("name") != ref.name:
                raise  # the path was not found, which says nothing about the owner
            owner = None
        if owner is None or owner["metadata"].get("uid") != ref.uid:
            self._remember_absent((*near[:4], namespace))
            return OwnerState.DANGLING
        return OwnerState.WAITING if node_of(owner).waits_for_dependents else OwnerState.SOLID

    def _remember_absent(self, coordinates: Coordinates) -> None:
        """A uid never comes back, so an absence may be remembered for ever; the oldest are forgotten for room."""
        self._absent[coordinates] = None
        if len(self._absent) > MAX_ABSENT:
            self._absent.popitem(last=False)

    # -- writes ------------------------------------------------------------------------------------------------------

    async def _delete(self, node: Node, live: dict[str, Any], propagation: str) -> None:
        resource, version = self._resource(node.api_version, node.kind), live["metadata"].get("resourceVersion")
        try:
            await self.client.delete(
                resource, node.name, node.namespace, uid=node.uid, resource_version=version,
                propagation_policy=propagation,
            )  # fmt: skip
        except NotFound:
            return

    async def _strike(self, node: Node, live: dict[str, Any], uids: frozenset[str]) -> None:
        refs = live["metadata"].get("ownerReferences") or []
        kept = [ref for ref in refs if ref["uid"] not in uids]
        if len(kept) != len(refs):
            await self._patch(node, live, {"ownerReferences": kept})

    async def _unblock(self, node: Node, live: dict[str, Any]) -> dict[str, Any]:
        refs = [{**ref, "blockOwnerDeletion": False} for ref in live["metadata"].get("ownerReferences") or []]
        return await self._patch(node, live, {"ownerReferences": refs}) or live

    async def _remove_finalizer(self, node: Node, finalizer: str) -> None:
        live = await self._live(node)
        if live is None:
            return
        finalizers = live["metadata"].get("finalizers") or []
        if finalizer in finalizers:
            await self._patch(node, live, {"finalizers": [name for name in finalizers if name != finalizer]})

    async def _patch(self, node: Node, live: dict[str, Any], meta: dict[str, Any]) -> dict[str, Any] | None:
        """A merge patch on exactly the version that was read."""
        body = {"metadata": {"uid": node.uid, "resourceVersion": live["metadata"].get("resourceVersion"), **meta}}
        try:
            return await self.client.patch(self._resource(node.api_version, node.kind), node.name, node.namespace, body)
        except NotFound:
            return None
        except Conflict:
            raise
        except ApiError as error:
            log.warning("patch refused", key=f"{node.namespace}/{node.name}", kind=node.kind, error=error.message)
            raise


def _coordinates(node: Node) -> Coordinates:
    return (node.api_version, node.kind, node.name, node.uid, node.namespace)


def _object_reference(node: Node) -> Any:
    from minik8s.api import core

    return core.ObjectReference(
        api_version=node.api_version, kind=node.kind, namespace=node.namespace, name=node.name, uid=node.uid
    )
