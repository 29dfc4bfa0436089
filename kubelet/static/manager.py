"""Starts and stops static pods as their manifests come, change and go; keeps their mirrors.

Mirrors upstream's file source and the mirror part of pkg/kubelet/kubelet.go (syncPod, deleteOrphanedMirrorPods).

Invariant: once the kubelet has started, static pods run whatever the API server says or cannot say; only the mirrors
need it, and wait for it. (The start itself does need it here: an upstream kubelet can bring up its own control plane.)
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Protocol

from minik8s.api import core
from minik8s.api.status import AlreadyExists, ApiError, Conflict, NotFound
from minik8s.client.log import get_logger
from minik8s.kubelet.context import NodeContext
from minik8s.kubelet.observed import key_of
from minik8s.kubelet.static.manifests import MIRROR, fingerprint, read_directory, render_mirror

log = get_logger(__name__)

#: how often the directory and the mirrors are looked at; upstream looks every 20 s, and listens to inotify
PERIOD = 1.0


class Loop(Protocol):
    """The part of the sync loop that runs pods."""

    def run_static(self, pod: core.Pod) -> None: ...

    def stop_static(self, uid: str) -> None: ...

    def uids_of(self, namespace: str, name: str) -> set[str]: ...

    def static_uids(self) -> set[str]: ...


class StaticPods:
    def __init__(self, ctx: NodeContext, directory: Path, loop: Loop) -> None:
        self._ctx = ctx
        self._directory = directory
        self._loop = loop
        self._seen: tuple[tuple[str, int, int], ...] | None = None
        self._wanted: dict[str, core.Pod] = {}
        #: namespace/name → the mirror as the informer shows it
        self._mirrors: dict[str, core.Pod] = {}

    def on_mirror(self, event: str, old: core.Pod | None, new: core.Pod | None) -> None:
        """A mirror pod of this node changed; called by the sync loop, which runs no mirrors."""
        pod = new or old
        assert pod is not None
        uid = pod.metadata.annotations[MIRROR]
        if event == "DELETED":
            self._mirrors.pop(key_of(pod), None)
            self._ctx.statuses.set_mirror(uid, None)
        else:
            self._mirrors[key_of(pod)] = pod
            self._ctx.statuses.set_mirror(uid, pod)

    async def run(self) -> None:
        while True:
            self.look()
            try:
                await self._keep_mirrors()
            except (ApiError, OSError) as exc:
                log.debug("mirrors not kept", error=str(exc))
            await self._ctx.clock.sleep(PERIOD)

    def look(self) -> None:
        """Read the directory if it changed; start and stop accordingly."""
        try:
            seen = fingerprint(self._directory)
        except OSError:
            return  # a file vanished while we looked: the next look sees how
        if seen != self._seen:
            self._wanted, self._seen = read_directory(self._directory, self._ctx.config.node_name), seen
        for uid in self._loop.static_uids() - self._wanted.keys():
            self._loop.stop_static(uid)
        for uid, pod in self._wanted.items():
            running = self._loop.uids_of(pod.metadata.namespace, pod.metadata.name)
            if not running:  # an older version of it ends first
                log.info("static pod", pod=key_of(pod), uid=uid)
                self._loop.run_static(pod)

    async def _keep_mirrors(self) -> None:
        wanted = {key_of(pod): pod for pod in self._wanted.values()}
        for key, mirror in list(self._mirrors.items()):
            static = wanted.get(key)
            stale = static is None or mirror.metadata.annotations[MIRROR] != static.metadata.uid
            ended = not self._loop.uids_of(mirror.metadata.namespace, mirror.metadata.name)
            if mirror.metadata.deletion_timestamp or (stale and (static is not None or ended)):
                await self._delete(mirror)
        for key, pod in wanted.items():
            if key not in self._mirrors:
                await self._create(pod)

    async def _create(self, pod: core.Pod) -> None:
        try:
            made = await self._ctx.client.create(render_mirror(pod, self._ctx.node()))
        except AlreadyExists:
            return
        self.on_mirror("ADDED", None, made)

    async def _delete(self, mirror: core.Pod) -> None:
        meta = mirror.metadata
        with contextlib.suppress(NotFound, Conflict):
            await self._ctx.client.delete(core.Pod, meta.name, meta.namespace, uid=meta.uid, grace_period_seconds=0)
        self.on_mirror("DELETED", mirror, None)
