"""Directories of this node as PersistentVolumes: the node's half of the local-path provisioner.

The controller manager makes the volume object (controllers/volumes/provisioner.py): a hostPath below the directory that
this node announces in its annotation, with a label that names the node and a finalizer. Here the directory is made when
a pod first mounts it, and removed when the volume is being deleted; only then the finalizer goes, and with it the
object.

Invariant: data is removed only for a volume that is being deleted, whose policy is Delete, that nobody is bound to any
more (its protection is off), and that lies directly below our own directory. A volume that is absent is no reason.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from minik8s.api import core
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.client.log import get_logger
from minik8s.client.rest import Client

log = get_logger(__name__)

PROVISIONED_BY, LOCAL_PATH = "pv.kubernetes.io/provisioned-by", "minik8s.io/local-path"
#: on the Node: where its kubelet keeps such volumes
ROOT_ANNOTATION = "minik8s.io/local-path-root"
NODE_LABEL = "minik8s.io/local-path-node"
FINALIZER = "minik8s.io/local-path"
PROTECTION = "kubernetes.io/pv-protection"


def local_path_root(root_dir: Path) -> Path:
    return root_dir / "local-path"


def is_ours(volume: core.PersistentVolume) -> bool:
    return volume.metadata.annotations.get(PROVISIONED_BY) == LOCAL_PATH and volume.spec.host_path is not None


def make_directory(volume: core.PersistentVolume) -> Path:
    """World-writable, as the provisioner of k3s does: whoever the pod runs as may use it."""
    assert volume.spec.host_path is not None
    path = Path(volume.spec.host_path.path)
    if not path.is_dir():
        path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        path.mkdir()
        path.chmod(0o777)
    return path


def directory_to_remove(volume: core.PersistentVolume, root: Path) -> Path | None:
    """What goes with the volume; None: nothing (its policy says so, or it is not below our root)."""
    path = Path(volume.spec.host_path.path) if volume.spec.host_path else None
    if path is None or path.parent != root or volume.spec.persistent_volume_reclaim_policy != "Delete":
        return None
    return path


class LocalPathJanitor(Controller):
    """Removes the directories of this node's volumes that are being deleted."""

    name = "local-path"

    def __init__(self, client: Client, node: str, root_dir: Path) -> None:
        super().__init__(client)
        self._root = local_path_root(root_dir)
        self.volumes: Informer[core.PersistentVolume] = self.use(
            Informer(client, core.PersistentVolume, label_selector=f"{NODE_LABEL}={node}")
        )
        self.volumes.add_handler(lambda event, old, new: self.enqueue(new) if new is not None else None)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.volumes.run())
            tasks.create_task(super().run())

    async def reconcile(self, key: str) -> float | None:
        volume = self.volumes.get(key)
        if volume is None or volume.metadata.deletion_timestamp is None:
            return None
        held = volume.metadata.finalizers
        if FINALIZER not in held or PROTECTION in held:
            return None
        path = directory_to_remove(volume, self._root)
        if path is not None and path.exists():
            await asyncio.to_thread(shutil.rmtree, path)
            log.info("volume removed", volume=key)
        changed = volume.model_copy(deep=True)
        changed.metadata.finalizers = [one for one in held if one != FINALIZER]
        await self.client.update(changed)
        return None
