"""Pods on nodes with NoExecute taints: those that do not tolerate them go, at once or when their time is up.

Mirrors upstream's pkg/controller/tainteviction (1.20: nodelifecycle/scheduler/taint_manager.go).

Level-triggered: for a pod, the taints of its node and its tolerations give how long it may stay; the moment from which
that counts is remembered while it is under threat, and forgotten when the threat is over.
"""

from collections.abc import Sequence

from minik8s.api import core
from minik8s.api.meta import format_time
from minik8s.api.status import Conflict, NotFound
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.conditions import with_condition
from minik8s.controllers.context import Context
from minik8s.controllers.nodelifecycle.monitor import node_name_index
from minik8s.controllers.pods import is_finished, is_terminating

FOREVER = float("inf")


def tolerates(toleration: core.Toleration, taint: core.Taint) -> bool:
    """An empty key with Exists tolerates everything; an empty effect tolerates all effects."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if (toleration.operator or "Equal") == "Exists":
        return True
    return bool(toleration.key) and (toleration.value or "") == (taint.value or "")


def compute_stay(tolerations: Sequence[core.Toleration], taints: Sequence[core.Taint]) -> float:
    """Seconds that a pod may stay on a node with these NoExecute taints; infinite if it tolerates them for good."""
    stay = FOREVER
    for taint in taints:
        fitting = [toleration for toleration in tolerations if tolerates(toleration, taint)]
        if not fitting:
            return 0.0
        limits = [t.toleration_seconds for t in fitting if t.toleration_seconds is not None]
        if limits:
            stay = min(stay, max(0.0, float(min(limits))))
    return stay


class TaintEvictionController(Controller):
    """Keys are pods."""

    name = "taint-eviction-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=8)
        self.recorder = context.recorder("taint-eviction-controller")
        self.nodes: Informer[core.Node] = self.use(context.informer(core.Node))
        self.pods: Informer[core.Pod] = self.use(context.informer(core.Pod, {"node": node_name_index}))
        self._since: dict[str, float] = {}
        self.nodes.add_handler(self._on_node)
        self.pods.add_handler(self._on_pod)

    def _on_node(self, event: str, old: core.Node | None, new: core.Node | None) -> None:
        if new is not None and (old is None or old.spec.taints != new.spec.taints):
            for key in self.pods.index_keys("node", new.metadata.name):
                self.enqueue(key)

    def _on_pod(self, event: str, old: core.Pod | None, new: core.Pod | None) -> None:
        if new is None and old is not None:
            self._since.pop(old.metadata.uid, None)
        elif new is not None and new.spec.node_name:
            moved = old is None or old.spec.node_name != new.spec.node_name
            if moved or (old is not None and old.spec.tolerations != new.spec.tolerations):
                self.enqueue(new)

    async def reconcile(self, key: str) -> float | None:
        pod = self.pods.get(key)
        if pod is None or not pod.spec.node_name or is_terminating(pod) or is_finished(pod):
            return None
        node = self.nodes.get(pod.spec.node_name)
        taints = [taint for taint in node.spec.taints if taint.effect == "NoExecute"] if node is not None else []
        stay = compute_stay(pod.spec.tolerations, taints)
        uid, now = pod.metadata.uid, self.clock.monotonic()
        if stay == FOREVER:
            if self._since.pop(uid, None) is not None:
                self._tell(pod, f"Cancelling deletion of Pod {key}")
            return None
        left = self._since.setdefault(uid, now) + stay - now
        if left > 0:
            return left
        await self._evict(pod)
        return None

    def _tell(self, pod: core.Pod, message: str) -> None:
        self.recorder.event(pod, "Normal", "TaintManagerEviction", message)

    async def _evict(self, pod: core.Pod) -> None:
        meta = pod.metadata
        self._tell(pod, f"Marking for deletion Pod {meta.namespace}/{meta.name}")
        condition = core.PodCondition(
            type="DisruptionTarget",
            status="True",
            reason="DeletionByTaintManager",
            message="Taint manager: deleting due to NoExecute taint",
            last_transition_time=format_time(self.clock.now()),
        )
        status = pod.status.model_copy(update={"conditions": with_condition(pod.status.conditions, condition)})
        try:
            await self.client.update_status(pod.model_copy(update={"status": status}))
        except Conflict:
            pass  # saying why is a courtesy, the deletion is the matter
        except NotFound:
            return
        try:
            await self.client.delete(core.Pod, meta.name, meta.namespace, uid=meta.uid)
        except (NotFound, Conflict):
            return
