"""Claims of our own class grow on demand: a directory has no size, so growing is to say so, on both sides.

Mirrors upstream's pkg/controller/volume/expand, for the one driver that we have: volume first, then claim, so that a
claim never promises what its volume does not have. Claims of other provisioners are left to their own resizers.
"""

from __future__ import annotations

from minik8s.api import core
from minik8s.api.quantity import parse_bytes
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.context import Context
from minik8s.controllers.volumes.matching import capacity, requested
from minik8s.controllers.volumes.names import LOCAL_PATH, PROVISIONED_BY


class VolumeExpander(Controller):
    name = "persistentvolume-expander"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client)
        self.recorder = context.recorder("volume_expand")
        self.claims: Informer[core.PersistentVolumeClaim] = self.use(context.informer(core.PersistentVolumeClaim))
        self.volumes: Informer[core.PersistentVolume] = self.use(context.informer(core.PersistentVolume))
        self.claims.add_handler(lambda event, old, new: self.enqueue(new) if new is not None else None)

    async def reconcile(self, key: str) -> float | None:
        claim = self.claims.get(key)
        if claim is None or claim.status.phase != "Bound" or not claim.spec.volume_name:
            return None
        wanted, has = requested(claim), parse_bytes(claim.status.capacity.get("storage", "0"))
        volume = self.volumes.get(claim.spec.volume_name)
        if wanted <= has or volume is None:
            return None
        if volume.metadata.annotations.get(PROVISIONED_BY) != LOCAL_PATH:
            return None
        await self._grow(claim, volume, wanted)
        return None

    async def _grow(self, claim: core.PersistentVolumeClaim, volume: core.PersistentVolume, wanted: int) -> None:
        assert claim.spec.resources is not None
        size = claim.spec.resources.requests["storage"]
        if capacity(volume) < wanted:
            changed = volume.model_copy(deep=True)
            changed.spec.capacity = {**changed.spec.capacity, "storage": size}
            await self.client.update(changed)
        grown = claim.model_copy(deep=True)
        grown.status.capacity = {**grown.status.capacity, "storage": size}
        await self.client.update_status(grown)
        self.recorder.event(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded")
