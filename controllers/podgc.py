"""Clears away pods that nobody else will: too many ended ones, those on nodes that are gone, those never scheduled.

Mirrors upstream's pkg/controller/podgc/gc_controller.go.

Invariant: a node counts as gone only after it was missing for QUARANTINE seconds and a live read confirmed it.
"""

from collections.abc import Iterable, Sequence

from minik8s.api import core
from minik8s.api.meta import format_time
from minik8s.api.status import Conflict, NotFound
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.conditions import with_condition
from minik8s.controllers.context import Context
from minik8s.controllers.pods import is_finished, is_terminating

PERIOD = 20.0
QUARANTINE = 40.0
ONLY_KEY = "cluster"


def compute_terminated_surplus(pods: Iterable[core.Pod], threshold: int) -> list[core.Pod]:
    """The oldest ended pods beyond the threshold; none if it is 0 or less."""
    if threshold <= 0:
        return []
    ended = [pod for pod in pods if is_finished(pod)]
    ended.sort(key=lambda pod: (pod.metadata.creation_timestamp or "", pod.metadata.name))
    return ended[: max(0, len(ended) - threshold)]


def compute_unscheduled_terminating(pods: Iterable[core.Pod]) -> list[core.Pod]:
    """Being deleted, and on no node: no kubelet will ever confirm."""
    return [pod for pod in pods if is_terminating(pod) and not pod.spec.node_name]


def compute_missing_nodes(pods: Sequence[core.Pod], nodes: Iterable[str]) -> set[str]:
    """Nodes that pods name and that are not there."""
    known = set(nodes)
    return {pod.spec.node_name for pod in pods if pod.spec.node_name and pod.spec.node_name not in known}


class PodGarbageCollector(Controller):
    """One key; a look at all pods every PERIOD seconds."""

    name = "podgc"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client)
        self.threshold = context.options.terminated_pod_gc_threshold
        self.pods: Informer[core.Pod] = self.use(context.informer(core.Pod))
        self.nodes: Informer[core.Node] = self.use(context.informer(core.Node))
        self._missing_since: dict[str, float] = {}
        self.enqueue(ONLY_KEY)

    async def reconcile(self, key: str) -> float | None:
        pods = self.pods.list()
        for pod in compute_terminated_surplus(pods, self.threshold):
            await self._delete(pod)
        gone = await self._gone_nodes(pods)
        for pod in pods:
            if pod.spec.node_name in gone:
                await self._fail(pod)
                await self._delete(pod)
        for pod in compute_unscheduled_terminating(pods):
            await self._delete(pod)
        return PERIOD

    async def _gone_nodes(self, pods: list[core.Pod]) -> set[str]:
        now = self.clock.monotonic()
        missing = compute_missing_nodes(pods, self.nodes.keys())
        self._missing_since = {name: self._missing_since.get(name, now) for name in missing}
        ripe = [name for name, since in self._missing_since.items() if now - since >= QUARANTINE]
        return {name for name in ripe if not await self._exists(name)}

    async def _exists(self, name: str) -> bool:
        try:
            await self.client.get(core.Node, name)
        except NotFound:
            return False
        return True

    async def _fail(self, pod: core.Pod) -> None:
        """Say why before it goes, so that a Job or an owner that looks later can tell."""
        if is_finished(pod):
            return
        condition = core.PodCondition(
            type="DisruptionTarget",
            status="True",
            reason="DeletionByPodGC",
            message="PodGC: node no longer exists",
            last_transition_time=format_time(self.clock.now()),
        )
        status = pod.status.model_copy(
            update={"phase": "Failed", "conditions": with_condition(pod.status.conditions, condition)}
        )
        try:
            await self.client.update_status(pod.model_copy(update={"status": status}))
        except (NotFound, Conflict):
            return  # it moved on; the next look sees how

    async def _delete(self, pod: core.Pod) -> None:
        meta = pod.metadata
        try:
            await self.client.delete(core.Pod, meta.name, meta.namespace, uid=meta.uid, grace_period_seconds=0)
        except (NotFound, Conflict):
            return
