"""Sets up, refreshes and takes away the volumes of the node's pods.

Mirrors upstream pkg/kubelet/volumemanager. There, reconcilers compare desired and actual mounts for all pods; here each
pod's own task asks for its volumes at each sync, which costs a comparison when nothing changed, and needs no second
bookkeeping: the directories on disk are the actual state.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path

from minik8s.api import core
from minik8s.api.status import ApiError
from minik8s.client.rest import Client
from minik8s.clock import Clock
from minik8s.kubelet.downward import PodFacts
from minik8s.kubelet.objects import Key, ObjectCache, ObjectsUnavailable
from minik8s.kubelet.volumes import atomic_writer, payload
from minik8s.kubelet.volumes.claims import claim_name, find_volume, prepare_place
from minik8s.kubelet.volumes.local import make_empty_dir, mount_memory, prepare_host_path, unmount_below
from minik8s.kubelet.volumes.nfs import mount_nfs
from minik8s.kubelet.volumes.ownership import apply_fs_group
from minik8s.kubelet.volumes.payload import VolumeError, VolumeSources
from minik8s.kubelet.volumes.tokens import TokenManager


class MountFailure(Exception):
    def __init__(self, volume: str, cause: str) -> None:
        super().__init__(f'MountVolume.SetUp failed for volume "{volume}" : {cause}')
        self.volume, self.cause = volume, cause


def volume_references(pod: core.Pod) -> set[Key]:
    """The config maps and secrets that the pod's volumes show."""
    namespace = pod.metadata.namespace
    maps = payload.referenced_config_maps(pod.spec.volumes)
    secrets = payload.referenced_secrets(pod.spec.volumes)
    return {(core.ConfigMap, namespace, name) for name in maps} | {(core.Secret, namespace, name) for name in secrets}


class VolumeManager:
    def __init__(self, root: Path, client: Client, objects: ObjectCache, clock: Clock) -> None:
        self._pods = root / "pods"
        self._client = client
        self._objects = objects
        self._tokens = TokenManager(client, clock)

    def pod_dir(self, uid: str) -> Path:
        return self._pods / uid

    async def set_up(self, pod: core.Pod, facts: PodFacts) -> dict[str, Path]:
        """Volume name → its place on this node; payloads are brought up to date. Raises MountFailure."""
        places: dict[str, Path] = {}
        for volume in pod.spec.volumes:
            try:
                places[volume.name] = await self._set_up(pod, volume, facts)
            except (VolumeError, ObjectsUnavailable, atomic_writer.InvalidPath, OSError, ApiError) as exc:
                raise MountFailure(volume.name, str(exc)) from exc
        return places

    async def tear_down(self, uid: str) -> None:
        """Forget and delete all that the pod had here; safe to repeat."""
        self._tokens.forget(uid)
        directory = self.pod_dir(uid)
        if directory.exists():
            await asyncio.to_thread(_remove, directory)

    def leftovers(self) -> list[str]:
        """Uids of pods that have a directory here."""
        return [path.name for path in self._pods.iterdir()] if self._pods.is_dir() else []

    async def _set_up(self, pod: core.Pod, volume: core.Volume, facts: PodFacts) -> Path:
        if volume.host_path:
            return prepare_host_path(volume.host_path)
        claim = claim_name(pod, volume)
        if claim is not None:
            return await self._persistent(pod, volume, claim)
        if volume.nfs:
            return await asyncio.to_thread(mount_nfs, self._place(pod, "nfs", volume.name), volume.nfs, [])
        if volume.empty_dir:
            path = self._place(pod, "empty-dir", volume.name)
            if not path.is_dir():
                make_empty_dir(path, volume.empty_dir)
                await self._own(pod, path, read_only=False)
            return path
        if payload.is_payload_volume(volume):
            return await self._write(pod, volume, facts)
        raise VolumeError(f'no volume plugin on this node for volume "{volume.name}"')

    async def _persistent(self, pod: core.Pod, volume: core.Volume, claim: str) -> Path:
        found = await find_volume(self._client, pod, volume, claim)
        if found.spec.nfs:
            place = self._place(pod, "nfs", found.metadata.name)
            return await asyncio.to_thread(mount_nfs, place, found.spec.nfs, found.spec.mount_options)
        path = prepare_place(found)
        if found.spec.local and found.spec.volume_mode != "Block":
            await self._own(pod, path, read_only=False)  # a hostPath is the host's: upstream leaves it alone, too
        return path

    def _place(self, pod: core.Pod, plugin: str, name: str) -> Path:
        return self.pod_dir(pod.metadata.uid) / "volumes" / f"kubernetes.io~{plugin}" / name

    async def _write(self, pod: core.Pod, volume: core.Volume, facts: PodFacts) -> Path:
        files = payload.compute_payload(volume, await self._sources(pod, volume, facts))
        path = self._place(pod, _plugin(volume), volume.name)
        if not path.is_dir():
            path.mkdir(parents=True)
            if not volume.config_map:
                mount_memory(path)  # secrets and tokens never touch a disk
            path.chmod(0o777)  # as upstream: read-only for the container anyway
        if atomic_writer.write(path, files):
            await self._own(pod, path, read_only=True)
        return path

    async def _sources(self, pod: core.Pod, volume: core.Volume, facts: PodFacts) -> VolumeSources:
        namespace, volumes = pod.metadata.namespace, [volume]
        maps = {n: await self._objects.get(core.ConfigMap, namespace, n)
                for n in payload.referenced_config_maps(volumes)}  # fmt: skip
        secrets = {n: await self._objects.get(core.Secret, namespace, n)
                   for n in payload.referenced_secrets(volumes)}  # fmt: skip
        tokens = {key: await self._tokens.get(pod, *key) for key in payload.referenced_tokens(volumes)}
        return VolumeSources(facts, maps, secrets, tokens)

    async def _own(self, pod: core.Pod, path: Path, read_only: bool) -> None:
        context = pod.spec.security_context
        if context is None or context.fs_group is None:
            return
        once = context.fs_group_change_policy == "OnRootMismatch"
        await asyncio.to_thread(apply_fs_group, path, context.fs_group, read_only, once)


def _plugin(volume: core.Volume) -> str:
    if volume.config_map:
        return "configmap"
    if volume.secret:
        return "secret"
    return "downward-api" if volume.downward_api else "projected"


def _remove(directory: Path) -> None:
    unmount_below(directory)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(directory)
