"""Decisions become API calls: bindings, the PodScheduled condition, events, evictions for preemption.

Mirrors the binding cycle and handleSchedulingFailure of pkg/scheduler/schedule_one.go, and prepareCandidate of
preemption.

A binding whose answer was lost may have happened. So before an assumption is given up the API is asked, for as long
as it takes: forgetting a pod that is bound would book its place twice.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.meta import format_time
from minik8s.api.quantity import parse_bytes
from minik8s.api.status import ApiError, NotFound
from minik8s.client.events import EventRecorder
from minik8s.client.log import get_logger
from minik8s.client.rest import Client
from minik8s.scheduler.kinds import CLAIMS, PODS, VOLUMES
from minik8s.scheduler.listers import Listers
from minik8s.scheduler.model import SchedPod
from minik8s.scheduler.plugins.volumes import NO_PROVISIONER, is_bound, reachable, suits
from minik8s.scheduler.snapshot import Snapshot

log = get_logger(__name__)

ASK_AGAIN = 1.0
VOLUME_WAIT, VOLUME_POLL = 600.0, 0.25
SELECTED_NODE = "volume.kubernetes.io/selected-node"


class BindingFailed(Exception):
    """The pod is not on the node, for certain. `final`: trying again makes no sense."""

    def __init__(self, message: str, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


class Binder:
    """Writes what the scheduler decided."""

    def __init__(self, client: Client, recorder: EventRecorder, snapshot: Snapshot, listers: Listers) -> None:
        self._client = client
        self._recorder = recorder
        self._snapshot = snapshot
        self._listers = listers

    async def bind(self, pod: SchedPod, node: str) -> None:
        """Bind, volumes first. Raises BindingFailed when it is sure that the pod is not bound."""
        if pod.claims:
            await self._bind_volumes(pod, node)
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod.name, "namespace": pod.namespace, "uid": pod.uid},
            "target": {"kind": "Node", "name": node},
        }
        try:
            await self._client.create_subresource(PODS, pod.name, pod.namespace, "binding", body)
        except ApiError as error:
            if error.code < 500 and error.code != 409:
                raise BindingFailed(error.message, final=error.code == 404) from error
            await self._ask(pod, node, error.message)
        except OSError as error:
            await self._ask(pod, node, str(error))
        self._recorder.event(reference(pod), "Normal", "Scheduled", f"Successfully assigned {pod.key} to {node}")

    async def _ask(self, pod: SchedPod, node: str, why: str) -> None:
        """Is the pod bound after all? Returns if it is where we wanted it."""
        while True:
            try:
                found = await self._client.get(PODS, pod.name, pod.namespace)
            except NotFound as error:
                raise BindingFailed(why, final=True) from error
            except (ApiError, OSError) as error:
                log.warning("cannot tell whether a pod is bound", pod=pod.key, node=node, error=str(error))
                await self._client.clock.sleep(ASK_AGAIN)
                continue
            same, where = found["metadata"]["uid"] == pod.uid, found["spec"].get("nodeName")
            if same and where == node:
                return
            final = not same or bool(where)
            raise BindingFailed(why, final=final)

    # -- a pod that found no node

    async def report_unschedulable(self, pod: SchedPod, message: str, nominated: str | None) -> None:
        """Event and condition; `nominated` None leaves the nomination as it is."""
        await self._report(pod, "Unschedulable", message, nominated)

    async def report_error(self, pod: SchedPod, message: str) -> None:
        """Likewise, for what went wrong on our side."""
        await self._report(pod, "SchedulerError", message, None)

    async def _report(self, pod: SchedPod, reason: str, message: str, nominated: str | None) -> None:
        self._recorder.event(reference(pod), "Warning", "FailedScheduling", message)
        patch = render_status_patch(pod, reason, message, nominated, format_time(self._client.clock.now()))
        if not patch:
            return
        try:
            await self._client.patch(PODS, pod.name, pod.namespace, patch, "strategic", "status")
        except (ApiError, OSError) as error:
            log.debug("pod status not patched", pod=pod.key, error=str(error))

    # -- preemption

    async def evict(self, victims: list[SchedPod], preemptor: SchedPod, node: str) -> None:
        """Ask the victims to go, gracefully."""
        for victim in victims:
            try:
                await self._mark(victim, preemptor)
                await self._client.delete(PODS, victim.name, victim.namespace, uid=victim.uid)
            except NotFound:
                continue
            text = f"Preempted by pod {preemptor.uid} on node {node}"
            self._recorder.event(reference(victim), "Normal", "Preempted", text)

    async def _mark(self, victim: SchedPod, preemptor: SchedPod) -> None:
        condition = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "PreemptionByScheduler",
            "message": f"{preemptor.scheduler}: preempting to accommodate a higher priority pod",
            "lastTransitionTime": format_time(self._client.clock.now()),
        }
        body = {"metadata": {"uid": victim.uid}, "status": {"conditions": [condition]}}
        await self._client.patch(PODS, victim.name, victim.namespace, body, "strategic", "status")

    async def clear_nomination(self, pod: SchedPod) -> None:
        """A pod of higher priority takes the place that this one had in prospect."""
        body = {"metadata": {"uid": pod.uid}, "status": {"nominatedNodeName": None}}
        try:
            await self._client.patch(PODS, pod.name, pod.namespace, body, "strategic", "status")
        except (ApiError, OSError) as error:
            log.debug("nomination not cleared", pod=pod.key, error=str(error))

    # -- volumes

    async def _bind_volumes(self, pod: SchedPod, node: str) -> None:
        """Set waiting claims on their way, and wait until they are bound."""
        try:
            for name in pod.claims:
                await self._start_binding(f"{pod.namespace}/{name}", node)
        except (ApiError, OSError) as error:
            raise BindingFailed(f"binding volumes: {error}") from error
        deadline = self._client.clock.monotonic() + VOLUME_WAIT
        while not all(self._bound(f"{pod.namespace}/{name}") for name in pod.claims):
            if self._client.clock.monotonic() > deadline:
                raise BindingFailed("binding volumes: timed out waiting for the condition")
            await self._client.clock.sleep(VOLUME_POLL)

    def _bound(self, key: str) -> bool:
        claim = self._listers.claims.get(key)
        return claim is not None and is_bound(claim)

    async def _start_binding(self, key: str, node: str) -> None:
        claim = self._listers.claims[key]
        if is_bound(claim):
            return
        meta = claim["metadata"]
        storage_class = self._listers.classes.get(claim["spec"].get("storageClassName") or "", {})
        if await self._claim_volume(claim, node):
            return
        if storage_class.get("provisioner") == NO_PROVISIONER:
            raise BindingFailed("binding volumes: no persistent volume suits any more")
        body = {"metadata": {"uid": meta["uid"], "annotations": {SELECTED_NODE: node}}}
        await self._client.patch(CLAIMS, meta["name"], meta["namespace"], body)

    async def _claim_volume(self, claim: Any, node: str) -> bool:
        """Reserve the smallest volume that suits, if any does; the volume controller completes the binding."""
        meta = claim["metadata"]
        fitting = [
            volume for volume in self._listers.volumes.values() if suits(volume, claim) and self._reaches(volume, node)
        ]
        if not fitting:
            return False
        best = min(fitting, key=lambda volume: parse_bytes((volume["spec"].get("capacity") or {}).get("storage", "0")))
        ref = {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": meta["name"], "namespace": meta["namespace"],
            "uid": meta["uid"], "resourceVersion": meta["resourceVersion"],
        }  # fmt: skip
        body = {"metadata": {"resourceVersion": best["metadata"]["resourceVersion"]}, "spec": {"claimRef": ref}}
        await self._client.patch(VOLUMES, best["metadata"]["name"], "", body)
        return True

    def _reaches(self, volume: Any, node: str) -> bool:
        position = self._snapshot.position.get(node)
        return position is not None and bool(reachable(volume, self._snapshot)[position])


def reference(pod: SchedPod) -> dict[str, str]:
    """The pod as an ObjectReference."""
    return {
        "kind": "Pod", "apiVersion": "v1", "namespace": pod.namespace, "name": pod.name, "uid": pod.uid,
        "resourceVersion": pod.resource_version,
    }  # fmt: skip


def render_status_patch(pod: SchedPod, reason: str, message: str, nominated: str | None, now: str) -> dict[str, Any]:
    """The strategic merge patch of a pod's status; empty when there is nothing new to say."""
    status: dict[str, Any] = {}
    was, old_reason, old_message, since = pod.condition
    if (was, old_reason, old_message) != ("False", reason, message):
        condition = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
        status["conditions"] = [{**condition, "lastTransitionTime": since if was == "False" and since else now}]
    if nominated is not None and nominated != pod.nominated_node:
        status["nominatedNodeName"] = nominated or None
    return {"metadata": {"uid": pod.uid}, "status": status} if status else {}
