"""The two ends of a binding, as objects: what a bound, unbound, pending claim or volume looks like. Pure.

Mirrors GetBindVolumeToClaim and its siblings in upstream's pkg/controller/volume/persistentvolume/pv_controller.go.
Every function gives a changed copy, or None where nothing is to change.
"""

from __future__ import annotations

from minik8s.api import core
from minik8s.controllers.volumes.names import (
    BETA_STORAGE_PROVISIONER,
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    STORAGE_PROVISIONER,
)


def volume_for(volume: core.PersistentVolume, claim: core.PersistentVolumeClaim) -> core.PersistentVolume | None:
    """The volume, with the claim as its claimRef."""
    ref = volume.spec.claim_ref
    if ref is not None and ref.uid == claim.metadata.uid:
        return None
    changed = volume.model_copy(deep=True)
    if ref is None:
        changed.metadata.annotations[BOUND_BY_CONTROLLER] = "yes"
    changed.spec.claim_ref = reference(claim)
    return changed


def reference(claim: core.PersistentVolumeClaim) -> core.ObjectReference:
    meta = claim.metadata
    return core.ObjectReference(
        kind="PersistentVolumeClaim",
        api_version="v1",
        namespace=meta.namespace,
        name=meta.name,
        uid=meta.uid,
        resource_version=meta.resource_version,
    )


def volume_freed(volume: core.PersistentVolume) -> core.PersistentVolume | None:
    """The volume given back: what a user put into claimRef stays, what the controller put there goes."""
    if volume.spec.claim_ref is None:
        return None
    changed = volume.model_copy(deep=True)
    if BOUND_BY_CONTROLLER in changed.metadata.annotations:
        changed.spec.claim_ref = None
        del changed.metadata.annotations[BOUND_BY_CONTROLLER]
    else:
        assert changed.spec.claim_ref is not None
        changed.spec.claim_ref = changed.spec.claim_ref.model_copy(update={"uid": None, "resource_version": None})
    return changed


def volume_phase(
    volume: core.PersistentVolume, phase: str, now: str, message: str = ""
) -> core.PersistentVolume | None:
    if volume.status.phase == phase and (volume.status.message or "") == message:
        return None
    moved = now if volume.status.phase != phase else volume.status.last_phase_transition_time
    status = core.PersistentVolumeStatus(phase=phase, message=message or None, last_phase_transition_time=moved)
    return volume.model_copy(update={"status": status})


def claim_for(claim: core.PersistentVolumeClaim, volume: core.PersistentVolume) -> core.PersistentVolumeClaim | None:
    """The claim, with the volume as its volumeName."""
    annotations = claim.metadata.annotations
    if claim.spec.volume_name == volume.metadata.name and BIND_COMPLETED in annotations:
        return None
    changed = claim.model_copy(deep=True)
    if changed.spec.volume_name != volume.metadata.name:
        changed.spec.volume_name = volume.metadata.name
        changed.metadata.annotations[BOUND_BY_CONTROLLER] = "yes"
    changed.metadata.annotations[BIND_COMPLETED] = "yes"
    return changed


def claim_status(
    claim: core.PersistentVolumeClaim, phase: str, volume: core.PersistentVolume | None = None
) -> core.PersistentVolumeClaim | None:
    """The claim in a phase; what a bound one has is what its volume has, unless a resize is under way."""
    before = claim.status
    status = before.model_copy(update={"phase": phase})
    if volume is None:
        status = status.model_copy(update={"access_modes": [], "capacity": {}})
    else:
        # a claim that was bound before keeps its own idea of the size: growing is another controller's business
        size = before.capacity if before.phase == phase and before.capacity else dict(volume.spec.capacity)
        status = status.model_copy(update={"access_modes": list(volume.spec.access_modes), "capacity": size})
    return None if status == before else claim.model_copy(update={"status": status})


def claim_to_provision(claim: core.PersistentVolumeClaim, provisioner: str) -> core.PersistentVolumeClaim | None:
    """The claim, marked for the provisioner that its class names."""
    if claim.metadata.annotations.get(STORAGE_PROVISIONER) == provisioner:
        return None
    changed = claim.model_copy(deep=True)
    changed.metadata.annotations[STORAGE_PROVISIONER] = provisioner
    changed.metadata.annotations[BETA_STORAGE_PROVISIONER] = provisioner
    return changed
