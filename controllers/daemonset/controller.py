"""The loop of DaemonSets.

Mirrors upstream's pkg/controller/daemon/daemon_controller.go and update.go.
"""

from minik8s.api import apps, core
from minik8s.client.controller import Controller
from minik8s.client.expectations import Expectations
from minik8s.client.informer import Informer
from minik8s.controllers.batches import all_at_once, slow_start
from minik8s.controllers.context import Context
from minik8s.controllers.daemonset.placement import node_of, pin_to_node, tolerations_of
from minik8s.controllers.daemonset.plan import (
    DaemonPlan,
    by_node,
    compute_manage,
    compute_rolling,
    compute_status,
)
from minik8s.controllers.history import HASH_LABEL, History
from minik8s.controllers.owners import RefManager, controller_index, controller_of
from minik8s.controllers.pod_control import PodControl, compute_pod, is_namespace_terminating
from minik8s.controllers.pods import next_availability
from minik8s.controllers.selecting import matcher_of

DEFAULT_HISTORY = 10
BURST = 250


def compute_daemon_pod(daemon: apps.DaemonSet, node_name: str, label: str) -> core.Pod:
    """The daemon's pod for one node."""
    pod = compute_pod(daemon.spec.template, daemon)
    pod.metadata.labels[HASH_LABEL] = label
    pod.spec.tolerations = tolerations_of(pod.spec)
    pin_to_node(pod.spec, node_name)
    return pod


class DaemonSetController(Controller):
    name = "daemonset"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=context.options.concurrent(self.name, 2))
        self.recorder = context.recorder("daemonset-controller")
        self.pod_control = PodControl(context.client, self.recorder)
        self.history = History(context.client)
        self.expectations = Expectations(self.clock)
        index = {"controller": controller_index}
        self.daemons: Informer[apps.DaemonSet] = self.use(context.informer(apps.DaemonSet))
        self.nodes: Informer[core.Node] = self.use(context.informer(core.Node))
        self.pods: Informer[core.Pod] = self.use(context.informer(core.Pod, index))
        self.revisions: Informer[apps.ControllerRevision] = self.use(context.informer(apps.ControllerRevision, index))
        self.daemons.add_handler(lambda event, old, new: self.enqueue(new or old))
        self.nodes.add_handler(self._on_node)
        self.pods.add_handler(self._on_pod)

    def _on_node(self, event: str, old: core.Node | None, new: core.Node | None) -> None:
        if old is not None and new is not None:
            same = old.metadata.labels == new.metadata.labels and old.spec.taints == new.spec.taints
            if same:
                return
        for daemon in self.daemons.list():
            self.enqueue(daemon)

    def _on_pod(self, event: str, old: core.Pod | None, new: core.Pod | None) -> None:
        pod = new or old
        assert pod is not None
        ref = controller_of(pod.metadata)
        if ref is not None and ref.kind == "DaemonSet":
            key = f"{pod.metadata.namespace}/{ref.name}"
            if event == "ADDED" and pod.metadata.deletion_timestamp is None:
                self.expectations.creation_observed(key)
            elif event == "DELETED" or pod.metadata.deletion_timestamp is not None:
                self.expectations.deletion_observed(key, pod.metadata.uid)
            self.enqueue(key)
        elif ref is None and pod.metadata.labels:
            for daemon in self.daemons.list(pod.metadata.namespace):
                if matcher_of(daemon.spec.selector)(pod.metadata.labels):
                    self.enqueue(daemon)

    async def reconcile(self, key: str) -> float | None:
        cached = self.daemons.get(key)
        if cached is None:
            self.expectations.delete(key)
            return None
        if cached.metadata.deletion_timestamp is not None:
            return None
        daemon = cached.model_copy(deep=True)
        may_act = self.expectations.satisfied(key)
        update, revisions = await self.history.sync(daemon, await self._claim_revisions(daemon))
        label = update.metadata.labels.get(HASH_LABEL, "")
        pods, nodes, now = await self._claim(daemon), self.nodes.list(), self.clock.now()
        placed = by_node(pods)
        if may_act:
            plan = compute_manage(daemon, nodes, placed, label, now)
            if not (plan.create or plan.delete):
                plan = compute_rolling(daemon, nodes, placed, label, now)
            await self._apply(key, daemon, plan, label)
        status = compute_status(daemon, nodes, placed, label, now)
        if status != daemon.status:
            await self.client.update_status(daemon.model_copy(update={"status": status}))
        live = {one.metadata.name for one in revisions if self._is_used(one, pods)} | {update.metadata.name}
        limit = daemon.spec.revision_history_limit
        await self.history.truncate(revisions, live, DEFAULT_HISTORY if limit is None else limit)
        return next_availability(pods, daemon.spec.min_ready_seconds, now)

    @staticmethod
    def _is_used(revision: apps.ControllerRevision, pods: list[core.Pod]) -> bool:
        label = revision.metadata.labels.get(HASH_LABEL)
        return any(pod.metadata.labels.get(HASH_LABEL) == label for pod in pods)

    async def _claim(self, daemon: apps.DaemonSet) -> list[core.Pod]:
        candidates = [
            *self.pods.by_index("controller", daemon.metadata.uid),
            *self.pods.by_index("controller", f"orphans/{daemon.metadata.namespace}"),
        ]
        return await RefManager(self.client, daemon, matcher_of(daemon.spec.selector)).claim(candidates)

    async def _claim_revisions(self, daemon: apps.DaemonSet) -> list[apps.ControllerRevision]:
        candidates = [
            *self.revisions.by_index("controller", daemon.metadata.uid),
            *self.revisions.by_index("controller", f"orphans/{daemon.metadata.namespace}"),
        ]
        return await RefManager(self.client, daemon, matcher_of(daemon.spec.selector)).claim(candidates)

    async def _apply(self, key: str, daemon: apps.DaemonSet, plan: DaemonPlan, label: str) -> None:
        for pod in plan.failed:
            name = f"{pod.metadata.namespace}/{pod.metadata.name}"
            text = f"Found failed daemon pod {name} on node {node_of(pod)}, will try to kill it"
            self.recorder.event(daemon, "Warning", "FailedDaemonPod", text)
        creates, deletes = plan.create[:BURST], plan.delete[:BURST]
        self.expectations.delete(key)  # all were met, or we would not be here
        self.expectations.raise_expectations(key, len(creates), [pod.metadata.uid for pod in deletes])
        error = await all_at_once([self._delete(key, daemon, pod) for pod in deletes])
        names = iter(creates)
        created, create_error = await slow_start(
            len(creates), lambda: self.pod_control.create(compute_daemon_pod(daemon, next(names), label), daemon)
        )
        self.expectations.creation_observed(key, len(creates) - created)
        failure = error or create_error
        if failure is not None and not is_namespace_terminating(failure):
            raise failure

    async def _delete(self, key: str, daemon: apps.DaemonSet, pod: core.Pod) -> None:
        deleted = False
        try:
            deleted = await self.pod_control.delete(pod, daemon)
        finally:
            if not deleted:
                self.expectations.deletion_observed(key, pod.metadata.uid)
