"""Which volume suits a claim. Pure.

Mirrors FindMatchingVolume and CheckVolumeSatisfyClaim of upstream's pkg/controller/volume/persistentvolume (1.33:
component-helpers/storage/volume). A volume that was bound to the claim beforehand (claimRef) wins; otherwise the
smallest that is large enough.
"""

from __future__ import annotations

from collections.abc import Iterable

from minik8s.api import core
from minik8s.api.meta import parse_time
from minik8s.api.quantity import parse_bytes
from minik8s.api.storage import StorageClass
from minik8s.controllers.selecting import matcher_of
from minik8s.controllers.volumes.names import BETA_CLASS, DEFAULT_CLASS


def class_of_claim(claim: core.PersistentVolumeClaim) -> str:
    return claim.metadata.annotations.get(BETA_CLASS) or claim.spec.storage_class_name or ""


def class_of_volume(volume: core.PersistentVolume) -> str:
    return volume.metadata.annotations.get(BETA_CLASS) or volume.spec.storage_class_name or ""


def names_no_class(claim: core.PersistentVolumeClaim) -> bool:
    """Neither a class nor "" was asked for: the default class, once there is one, is meant."""
    return claim.spec.storage_class_name is None and BETA_CLASS not in claim.metadata.annotations


def requested(claim: core.PersistentVolumeClaim) -> int:
    """Bytes that the claim asks for."""
    requests = claim.spec.resources.requests if claim.spec.resources else {}
    return parse_bytes(requests.get("storage", "0"))


def capacity(volume: core.PersistentVolume) -> int:
    return parse_bytes(volume.spec.capacity.get("storage", "0"))


def mode(spec: core.PersistentVolumeSpec | core.PersistentVolumeClaimSpec) -> str:
    return spec.volume_mode or "Filesystem"


def is_meant_for(volume: core.PersistentVolume, claim: core.PersistentVolumeClaim) -> bool:
    """The volume's claimRef is this claim: by name, and by uid when it has one."""
    ref, meta = volume.spec.claim_ref, claim.metadata
    if ref is None or (ref.namespace, ref.name) != (meta.namespace, meta.name):
        return False
    return not ref.uid or ref.uid == meta.uid


def mismatch(volume: core.PersistentVolume, claim: core.PersistentVolumeClaim) -> str:
    """Why a volume that a claim names cannot be its own; "" when it can."""
    if capacity(volume) < requested(claim):
        return "requested PV is too small"
    if class_of_volume(volume) != class_of_claim(claim):
        return "storageClassName does not match"
    if mode(volume.spec) != mode(claim.spec):
        return "incompatible volumeMode"
    if not set(claim.spec.access_modes) <= set(volume.spec.access_modes):
        return "incompatible accessMode"
    return ""


def find_volume(
    claim: core.PersistentVolumeClaim, volumes: Iterable[core.PersistentVolume], delayed: bool = False
) -> core.PersistentVolume | None:
    """The volume to bind the claim to. `delayed`: only one that was set aside for it; the scheduler chooses."""
    wants_labels = matcher_of(claim.spec.selector) if claim.spec.selector else None
    best: core.PersistentVolume | None = None
    for volume in volumes:
        if mode(volume.spec) != mode(claim.spec):
            continue
        if volume.spec.claim_ref is not None:
            if is_meant_for(volume, claim) and capacity(volume) >= requested(claim):
                return volume
            continue
        if delayed or volume.metadata.deletion_timestamp or volume.status.phase != "Available":
            continue
        if wants_labels is not None and not wants_labels(volume.metadata.labels):
            continue
        if mismatch(volume, claim) == "" and (best is None or _rank(volume) < _rank(best)):
            best = volume
    return best


def _rank(volume: core.PersistentVolume) -> tuple[int, int, str]:
    """Smallest first; among equals the one with fewest access modes, so that none is wasted."""
    return capacity(volume), len(volume.spec.access_modes), volume.metadata.name


def default_class(classes: Iterable[StorageClass]) -> StorageClass | None:
    """The newest of those marked default; then by name, as the admission plugin does."""
    marked = [one for one in classes if any(one.metadata.annotations.get(key) == "true" for key in DEFAULT_CLASS)]
    return min(
        marked,
        key=lambda one: (-parse_time(one.metadata.creation_timestamp or "1970-01-01T00:00:00Z"), one.metadata.name),
        default=None,
    )
