"""PersistentVolumeClaims: from a claim to a place on this node.

Mirrors the part of upstream pkg/kubelet/volumemanager/populator that looks up claim and volume, and pkg/volume/local,
pkg/volume/hostpath. Binding is the controllers' business; here a claim is bound or the pod waits.

Leaves out: network storage and CSI, volumeMode Block.
"""

from __future__ import annotations

from pathlib import Path

from minik8s.api import core
from minik8s.api.status import NotFound
from minik8s.client.rest import Client
from minik8s.kubelet.volumes.local import prepare_host_path
from minik8s.kubelet.volumes.payload import VolumeError


def claim_name(pod: core.Pod, volume: core.Volume) -> str | None:
    if volume.persistent_volume_claim:
        return volume.persistent_volume_claim.claim_name
    return f"{pod.metadata.name}-{volume.name}" if volume.ephemeral else None


async def resolve_claim(client: Client, pod: core.Pod, name: str) -> Path:
    namespace = pod.metadata.namespace
    try:
        claim = await client.get(core.PersistentVolumeClaim, name, namespace)
        if claim.status.phase != "Bound" or not claim.spec.volume_name:
            raise VolumeError(f"PVC {namespace}/{name} is not bound")
        volume = await client.get(core.PersistentVolume, claim.spec.volume_name)
    except NotFound as exc:
        raise VolumeError(f"error processing PVC {namespace}/{name}: {exc}") from exc
    ref = volume.spec.claim_ref
    if ref is None or ref.uid != claim.metadata.uid:
        raise VolumeError(f"PV {volume.metadata.name} is bound to another claim")
    if volume.spec.volume_mode == "Block":
        raise VolumeError("volumeMode Block is not supported on this node")
    if volume.spec.host_path:
        return prepare_host_path(volume.spec.host_path)
    if volume.spec.local:
        return _existing(Path(volume.spec.local.path))
    raise VolumeError(f"no volume plugin on this node for PV {volume.metadata.name}")


def _existing(path: Path) -> Path:
    if not path.exists():
        raise VolumeError(f'path "{path}" does not exist')
    return path
