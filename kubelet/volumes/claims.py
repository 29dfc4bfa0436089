"""PersistentVolumeClaims: from a claim to a place on this node.

Mirrors the part of upstream pkg/kubelet/volumemanager/populator that looks up claim and volume, and pkg/volume/local,
pkg/volume/hostpath. Binding is the controllers' business; here a claim is bound or the pod waits.

Leaves out: CSI drivers, in-tree cloud disks. A volume of mode Block is a device node of this machine (hostPath or
local), given to containers by `volumeDevices`.
"""

from __future__ import annotations

import stat
from pathlib import Path

from minik8s.api import core
from minik8s.api.status import NotFound
from minik8s.client.rest import Client
from minik8s.kubelet.volumes.local import prepare_host_path
from minik8s.kubelet.volumes.local_path import is_ours, make_directory
from minik8s.kubelet.volumes.payload import VolumeError


def claim_name(pod: core.Pod, volume: core.Volume) -> str | None:
    if volume.persistent_volume_claim:
        return volume.persistent_volume_claim.claim_name
    return f"{pod.metadata.name}-{volume.name}" if volume.ephemeral else None


async def find_volume(client: Client, pod: core.Pod, volume: core.Volume, name: str) -> core.PersistentVolume:
    """The volume that the pod's claim `name` is bound to. Raises VolumeError while there is none."""
    namespace = pod.metadata.namespace
    try:
        claim = await client.get(core.PersistentVolumeClaim, name, namespace)
        if volume.ephemeral and not _belongs_to(claim, pod):
            raise VolumeError(f"PVC {namespace}/{name} was not created for pod {namespace}/{pod.metadata.name}")
        if claim.metadata.deletion_timestamp is not None:
            raise VolumeError("PVC is being deleted")
        if claim.status.phase != "Bound" or not claim.spec.volume_name:
            raise VolumeError(f"PVC {namespace}/{name} is not bound")
        found = await client.get(core.PersistentVolume, claim.spec.volume_name)
    except NotFound as exc:
        raise VolumeError(f"error processing PVC {namespace}/{name}: {exc}") from exc
    ref = found.spec.claim_ref
    if ref is None or ref.uid != claim.metadata.uid:
        raise VolumeError(f"PV {found.metadata.name} is bound to another claim")
    return found


def _belongs_to(claim: core.PersistentVolumeClaim, pod: core.Pod) -> bool:
    return any(ref.controller and ref.uid == pod.metadata.uid for ref in claim.metadata.owner_references)


def prepare_place(volume: core.PersistentVolume) -> Path:
    """Where a hostPath or local volume is on this node."""
    spec = volume.spec
    if is_ours(volume):
        return make_directory(volume)
    if spec.host_path:
        place = prepare_host_path(spec.host_path)
    elif spec.local:
        place = Path(spec.local.path)
        if not place.exists():
            raise VolumeError(f'path "{place}" does not exist')
    else:
        raise VolumeError(f"no volume plugin on this node for PV {volume.metadata.name}")
    if spec.volume_mode == "Block" and not stat.S_ISBLK(place.stat().st_mode):
        raise VolumeError(f'"{place}" is not a block device')
    return place
