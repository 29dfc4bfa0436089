"""Writes pod statuses to the API server, and deletes pod objects that have ended.

Mirrors upstream pkg/kubelet/status/status_manager.go. The latest status of a pod wins; several pods are written at a
time, one pod never twice at once. A write is a patch against what the server is known to have, bound to the pod's uid.

Invariant: a pod's object is deleted (grace 0, uid as precondition) only after `finish`, which its worker calls when its
containers are gone and its volumes unmounted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from minik8s.api import core
from minik8s.api.status import ApiError, Conflict, NotFound
from minik8s.client.log import get_logger
from minik8s.client.rest import Client
from minik8s.client.workqueue import WorkQueue
from minik8s.clock import Clock
from minik8s.kubelet.observed import key_of
from minik8s.kubelet.status import compute_status_patch

log = get_logger(__name__)


@dataclass
class _Entry:
    pod: core.Pod
    #: what the server is known to have
    written: core.PodStatus
    wanted: core.PodStatus | None = None
    finishing: bool = False
    #: of a static pod: what the API has of it; None while it has nothing
    mirror: core.Pod | None = None
    static: bool = False

    @property
    def target(self) -> core.Pod | None:
        """The object that bears the status."""
        return self.mirror if self.static else self.pod


class StatusManager:
    def __init__(self, client: Client, clock: Clock, workers: int = 8) -> None:
        self._client = client
        self._queue: WorkQueue[str] = WorkQueue(clock)
        self._workers = workers
        self._entries: dict[str, _Entry] = {}
        #: static pod's uid → its mirror
        self._mirrors: dict[str, core.Pod] = {}
        #: called when a pod's object is gone
        self.on_gone: Callable[[str], None] = lambda _uid: None

    def observe(self, pod: core.Pod) -> None:
        """The informer has a newer version of the pod."""
        uid = pod.metadata.uid
        entry = self._entries.get(uid)
        if entry is None:
            self._entries[uid] = _Entry(pod, pod.status)
            return
        entry.pod, entry.written = pod, pod.status
        if entry.wanted is not None and compute_status_patch(uid, entry.written, entry.wanted):
            self._queue.add(uid)

    def get(self, uid: str) -> core.PodStatus | None:
        """The last status that was set here."""
        entry = self._entries.get(uid)
        return entry.wanted if entry else None

    def set(self, pod: core.Pod, status: core.PodStatus) -> None:
        uid = pod.metadata.uid
        entry = self._entries.get(uid) or self._enter(pod)
        entry.wanted = status
        if compute_status_patch(uid, entry.written, status):
            self._queue.add(uid)

    def _enter(self, pod: core.Pod) -> _Entry:
        uid = pod.metadata.uid
        entry = self._entries[uid] = _Entry(pod, pod.status, static=_is_static(pod))
        if mirror := self._mirrors.get(uid):
            entry.mirror, entry.written = mirror, mirror.status
        return entry

    def set_mirror(self, uid: str, mirror: core.Pod | None) -> None:
        """The API has this of a static pod, or nothing (any more)."""
        if mirror is None:
            self._mirrors.pop(uid, None)
        else:
            self._mirrors[uid] = mirror
        entry = self._entries.get(uid)
        if entry is not None:
            entry.mirror = mirror
            entry.written = mirror.status if mirror else core.PodStatus()
            self._queue.add(uid)

    def finish(self, pod: core.Pod) -> None:
        """Nothing of the pod is left on this node: its object may go."""
        entry = self._entries.setdefault(pod.metadata.uid, _Entry(pod, pod.status))
        entry.finishing = True
        self._queue.add(pod.metadata.uid)

    def forget(self, uid: str) -> None:
        self._entries.pop(uid, None)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            uid = await self._queue.get()
            try:
                await self._write(uid)
            except Exception as exc:  # noqa: BLE001  # the worker's: an outage must not end it
                log.warning("status not written, trying again", uid=uid, error=str(exc) or repr(exc))
                self._queue.add_rate_limited(uid)
            else:
                self._queue.forget(uid)
            finally:
                self._queue.done(uid)

    async def _write(self, uid: str) -> None:
        entry = self._entries.get(uid)
        if entry is None:
            return
        try:
            await self._patch(entry)
            if entry.finishing:
                await self._delete(entry.pod)
                self._gone(uid)
        except NotFound:
            self._vanished(uid, entry)
        except Conflict as exc:
            if not _other_uid(exc):
                raise
            self._vanished(uid, entry)

    def _vanished(self, uid: str, entry: _Entry) -> None:
        if entry.static:
            entry.mirror = None  # the pod stays; its mirror will come back
        else:
            self._gone(uid)

    async def _patch(self, entry: _Entry) -> None:
        target = entry.target
        if entry.wanted is None or target is None:
            return
        meta = target.metadata
        body = compute_status_patch(meta.uid, entry.written, entry.wanted)
        if body is None:
            return
        answer = await self._client.patch(
            core.Pod, meta.name, meta.namespace, body, type="strategic", subresource="status"
        )
        entry.written = answer.status

    async def _delete(self, pod: core.Pod) -> None:
        try:
            await self._client.delete(
                core.Pod, pod.metadata.name, pod.metadata.namespace, uid=pod.metadata.uid, grace_period_seconds=0
            )
        except NotFound:
            return
        except ApiError:
            raise
        log.info("pod deleted", pod=key_of(pod))

    def _gone(self, uid: str) -> None:
        self.forget(uid)
        self.on_gone(uid)


def _is_static(pod: core.Pod) -> bool:
    return pod.metadata.annotations.get("kubernetes.io/config.source", "api") != "api"


def _other_uid(exc: Conflict) -> bool:
    """The name belongs to a later pod now."""
    return "uid" in str(exc).lower()
