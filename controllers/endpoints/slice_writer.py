"""Applying a SlicePlan, and remembering what the cache does not show yet.

Mirrors finalize in upstream's staging/src/k8s.io/endpointslice/reconciler.go, and its tracker: since slices have
generated names, a second reconcile on a stale cache would create them all again.
"""

from minik8s.api import discovery
from minik8s.api.status import NotFound
from minik8s.client.expectations import Expectations
from minik8s.client.rest import Client
from minik8s.controllers.endpoints.slices import SlicePlan


class SliceWriter:
    """Writes for one controller; keys are those of its queue."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._expectations = Expectations(client.clock)

    def observe(self, key: str, event: str, current: discovery.EndpointSlice) -> None:
        """A handler saw a slice come or go."""
        if event == "ADDED":
            self._expectations.creation_observed(key)
        elif event == "DELETED":
            self._expectations.deletion_observed(key, current.metadata.uid)

    def may_act(self, key: str) -> bool:
        """Has the cache seen all that was written for this key?"""
        if not self._expectations.satisfied(key):
            return False
        self._expectations.delete(key)  # met, or too old to wait for: the next ones count from their own time
        return True

    def forget(self, key: str) -> None:
        self._expectations.delete(key)

    async def apply(self, key: str, plan: SlicePlan) -> None:
        """Creates first, deletes last: an endpoint that moves between slices is never missing."""
        for current in plan.create:
            await self._create(key, current)
        for current in plan.update:
            await self._client.update(current)
        for current in plan.delete:
            await self._delete(key, current)

    async def _create(self, key: str, current: discovery.EndpointSlice) -> None:
        created = False
        self._expectations.raise_expectations(key, creations=1)
        try:
            await self._client.create(current)
            created = True
        finally:
            if not created:
                self._expectations.creation_observed(key)

    async def _delete(self, key: str, current: discovery.EndpointSlice) -> None:
        meta, deleted = current.metadata, False
        self._expectations.raise_expectations(key, deletions=[meta.uid])
        try:
            await self._client.delete(discovery.EndpointSlice, meta.name, meta.namespace, uid=meta.uid)
            deleted = True
        except NotFound:
            pass
        finally:
            if not deleted:
                self._expectations.deletion_observed(key, meta.uid)
