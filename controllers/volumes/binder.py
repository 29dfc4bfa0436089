"""Binds claims to volumes and keeps the phases of both: the persistentvolume-binder.

Mirrors upstream's pkg/controller/volume/persistentvolume/pv_controller.go ("space shuttle style" there: every case is
written down). A binding is two writes, claimRef on the volume and volumeName on the claim, and either may be missing
when we look: the pair is worked towards from whichever side is seen.

Keys are `claim/<namespace>/<name>` and `volume/<name>`. One worker: a volume that was just given to one claim must not
be given to the next; what the cache does not show yet, compare-and-swap refuses.

Left out: recycling (deprecated; such volumes end Failed), in-tree plugins' own provisioning, CSI migration.
"""

from __future__ import annotations

from typing import Any

from minik8s.api import core
from minik8s.api.meta import format_time
from minik8s.api.status import NotFound
from minik8s.api.storage import StorageClass
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.client.log import get_logger
from minik8s.controllers.context import Context
from minik8s.controllers.volumes import binding, matching
from minik8s.controllers.volumes.names import (
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    LOCAL_PATH,
    NO_PROVISIONER,
    PROVISIONED_BY,
    SELECTED_NODE,
)

log = get_logger(__name__)

#: how often claims that wait are looked at again (upstream: pvclaimbinder-sync-period)
RESYNC = 15.0
_RECLAIMERS = {"Delete": ("Delete", "deleter"), "Recycle": ("Recycle", "recycler")}

Claim = core.PersistentVolumeClaim
Volume = core.PersistentVolume


class VolumeBinder(Controller):
    name = "persistentvolume-binder"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client)
        self.recorder = context.recorder("persistentvolume-controller")
        self.claims: Informer[Claim] = self.use(context.informer(Claim))
        self.volumes: Informer[Volume] = self.use(context.informer(Volume))
        self.classes: Informer[StorageClass] = self.use(context.informer(StorageClass))
        self.claims.add_handler(self._on_claim)
        self.volumes.add_handler(self._on_volume)
        self.classes.add_handler(lambda event, old, new: self._wake_waiting())

    # -- who is looked at

    def _on_claim(self, event: str, old: Claim | None, new: Claim | None) -> None:
        claim = new or old
        assert claim is not None
        self.queue.add(_key(claim))
        if event == "DELETED" and claim.spec.volume_name:
            self.queue.add(f"volume/{claim.spec.volume_name}")
            self.queue.add("bound-to/" + str(claim.metadata.uid))  # bound from the volume's side only

    def _on_volume(self, event: str, old: Volume | None, new: Volume | None) -> None:
        volume = new or old
        assert volume is not None
        self.queue.add(f"volume/{volume.metadata.name}")
        ref = volume.spec.claim_ref
        if ref is not None:
            self.queue.add(f"claim/{ref.namespace}/{ref.name}")
        elif event != "DELETED":
            self._wake_waiting()

    def _wake_waiting(self) -> None:
        """A volume or class came: claims that are pending may be helped."""
        for claim in self.claims.list() if self.claims.synced else ():
            if BIND_COMPLETED not in claim.metadata.annotations:
                self.queue.add(_key(claim))

    async def reconcile(self, key: str) -> float | None:
        sort, _, name = key.partition("/")
        if sort == "claim":
            claim = self.claims.get(name)
            return await self._sync_claim(claim) if claim is not None else None
        if sort == "bound-to":
            for volume in self.volumes.list():
                if volume.spec.claim_ref and volume.spec.claim_ref.uid == name:
                    self.queue.add(f"volume/{volume.metadata.name}")
            return None
        found = self.volumes.get(name)
        if found is not None:
            await self._sync_volume(found)
        return None

    # -- claims

    async def _sync_claim(self, claim: Claim) -> float | None:
        if BIND_COMPLETED in claim.metadata.annotations:
            await self._check_bound(claim)
            return None
        if claim.spec.volume_name:
            await self._bind_named(claim, claim.spec.volume_name)
        else:
            await self._bind_any(claim)
        return RESYNC

    async def _bind_any(self, claim: Claim) -> None:
        """A claim that takes any volume that suits."""
        delayed = self._waits_for_consumer(claim)
        volume = matching.find_volume(claim, self.volumes.list(), delayed)
        if volume is not None:
            await self._bind(volume, claim)
            return
        if matching.names_no_class(claim) and (default := matching.default_class(self.classes.list())):
            changed = claim.model_copy(deep=True)
            changed.spec.storage_class_name = default.metadata.name
            await self.client.update(changed)  # what follows, follows from its new version
            return
        if delayed and SELECTED_NODE not in claim.metadata.annotations:
            text = "waiting for first consumer to be created before binding"
            self.recorder.event(claim, "Normal", "WaitForFirstConsumer", text)
        elif matching.class_of_claim(claim):
            claim = await self._ask_provisioner(claim)
        else:
            text = "no persistent volumes available for this claim and no storage class is set"
            self.recorder.event(claim, "Normal", "FailedBinding", text)
        await self._status(claim, "Pending")

    def _waits_for_consumer(self, claim: Claim) -> bool:
        found = self.classes.get(matching.class_of_claim(claim))
        return found is not None and found.volume_binding_mode == "WaitForFirstConsumer"

    async def _ask_provisioner(self, claim: Claim) -> Claim:
        """Mark the claim for the provisioner of its class, which watches for that."""
        name = matching.class_of_claim(claim)
        found = self.classes.get(name)
        if found is None:
            text = f'storageclass.storage.k8s.io "{name}" not found'
            self.recorder.event(claim, "Warning", "ProvisioningFailed", text)
            return claim
        if found.provisioner == NO_PROVISIONER:
            return claim
        marked = binding.claim_to_provision(claim, found.provisioner)
        if found.provisioner != LOCAL_PATH:
            text = (
                f"Waiting for a volume to be created either by the external provisioner '{found.provisioner}' or "
                "manually by the system administrator. If volume creation is delayed, please verify that the "
                "provisioner is running and correctly registered."
            )
            self.recorder.event(claim, "Normal", "ExternalProvisioning", text)
        return claim if marked is None else await self.client.update(marked)

    async def _bind_named(self, claim: Claim, name: str) -> None:
        """A claim whose author named the volume."""
        volume = self.volumes.get(name)
        if volume is None:
            await self._status(claim, "Pending")
        elif volume.spec.claim_ref is None:
            why = matching.mismatch(volume, claim)
            if not why:
                await self._bind(volume, claim)
                return
            text = f'Cannot bind to requested volume "{name}": {why}'
            self.recorder.event(claim, "Warning", "VolumeMismatch", text)
            await self._status(claim, "Pending")
        elif matching.is_meant_for(volume, claim):
            await self._bind(volume, claim)
        else:
            ref = volume.spec.claim_ref
            text = f'volume "{name}" already bound to a different claim.'
            if BOUND_BY_CONTROLLER in claim.metadata.annotations:
                log.info("claim names a volume of another", claim=_key(claim), other=f"{ref.namespace}/{ref.name}")
            self.recorder.event(claim, "Warning", "FailedBinding", text)
            await self._status(claim, "Pending")

    async def _check_bound(self, claim: Claim) -> None:
        """A claim that was bound: is its volume still there, and still its own?"""
        name = claim.spec.volume_name
        if not name:
            await self._lose(claim, "ClaimLost", "Bound claim has lost reference to PersistentVolume.")
            return
        volume = self.volumes.get(name)
        if volume is None:
            volume = await self._live_volume(name)  # a claim is lost for good: be sure
        if volume is None:
            await self._lose(claim, "ClaimLost", "Bound claim has lost its PersistentVolume.")
        elif volume.spec.claim_ref is None or matching.is_meant_for(volume, claim):
            await self._bind(volume, claim)
        else:
            text = "Two claims are bound to the same volume, this one is bound incorrectly"
            await self._lose(claim, "ClaimMisbound", text)

    async def _live_volume(self, name: str) -> Volume | None:
        try:
            return await self.client.get(Volume, name)
        except NotFound:
            return None

    async def _lose(self, claim: Claim, reason: str, text: str) -> None:
        if claim.status.phase != "Lost":
            lost = "" if reason == "ClaimMisbound" else " Data on the volume is lost!"
            self.recorder.event(claim, "Warning", reason, text + lost)
        await self._status(claim, "Lost")

    # -- volumes

    async def _sync_volume(self, volume: Volume) -> None:
        ref = volume.spec.claim_ref
        if ref is None or not ref.uid:
            await self._phase(volume, "Available")
            return
        claim = await self._claim_of(ref)
        if claim is None:
            await self._release(volume)
        elif not claim.spec.volume_name:
            why = "" if matching.mode(volume.spec) == matching.mode(claim.spec) else "incompatible volumeMode"
            if why:
                text = f'Cannot bind PersistentVolume to requested PersistentVolumeClaim "{claim.metadata.name}" due to'
                self.recorder.event(volume, "Warning", "VolumeMismatch", f"{text} {why}.")
            else:
                self.queue.add(_key(claim))  # half a binding: the claim's turn
        elif claim.spec.volume_name == volume.metadata.name:
            await self._phase(volume, "Bound")
        elif PROVISIONED_BY in volume.metadata.annotations and _policy(volume) == "Delete":
            await self._release(volume)  # made for a claim that took another: not to be kept
        else:
            changed = binding.volume_freed(volume)
            if changed is not None:
                await self._phase(await self.client.update(changed), "Available")

    async def _claim_of(self, ref: core.ObjectReference) -> Claim | None:
        """The claim of a volume. A live read confirms that it is gone: what was released is deleted."""
        claim = self.claims.get(f"{ref.namespace}/{ref.name}")
        if claim is None or claim.metadata.uid != ref.uid:
            try:
                claim = await self.client.get(Claim, ref.name or "", ref.namespace or "")
            except NotFound:
                return None
        return claim if claim.metadata.uid == ref.uid else None

    async def _release(self, volume: Volume) -> None:
        if volume.status.phase not in ("Released", "Failed"):
            volume = await self._phase(volume, "Released")
        if volume.metadata.deletion_timestamp is not None or _policy(volume) == "Retain":
            return
        made_by = volume.metadata.annotations.get(PROVISIONED_BY)
        if made_by == LOCAL_PATH:
            meta = volume.metadata
            await self.client.delete(Volume, meta.name, uid=meta.uid, resource_version=meta.resource_version)
        elif not made_by:
            await self._fail(volume)

    async def _fail(self, volume: Volume) -> None:
        """Nobody here can delete what a hand-made volume stands for."""
        verb, plugin = _RECLAIMERS[_policy(volume)]
        text = f'error getting {plugin} volume plugin for volume "{volume.metadata.name}": no volume plugin matched'
        if volume.status.phase != "Failed":
            self.recorder.event(volume, "Warning", f"VolumeFailed{verb}", text)
        await self._phase(volume, "Failed", text)

    # -- writes

    async def _bind(self, volume: Volume, claim: Claim) -> None:
        """Make the pair complete, in upstream's order."""
        changed = binding.volume_for(volume, claim)
        volume = await self.client.update(changed) if changed is not None else volume
        volume = await self._phase(volume, "Bound")
        bound = binding.claim_for(claim, volume)
        claim = await self.client.update(bound) if bound is not None else claim
        await self._status(claim, "Bound", volume)

    async def _phase(self, volume: Volume, phase: str, message: str = "") -> Volume:
        changed = binding.volume_phase(volume, phase, format_time(self.clock.now()), message)
        return volume if changed is None else await self.client.update_status(changed)

    async def _status(self, claim: Claim, phase: str, volume: Volume | None = None) -> None:
        changed = binding.claim_status(claim, phase, volume)
        if changed is not None:
            await self.client.update_status(changed)


def _key(claim: Any) -> str:
    return f"claim/{claim.metadata.namespace}/{claim.metadata.name}"


def _policy(volume: Volume) -> str:
    return volume.spec.persistent_volume_reclaim_policy or "Retain"
