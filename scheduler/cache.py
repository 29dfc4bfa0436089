"""From the API to the snapshot and the queue: informers' handlers, and the pods that are assumed to be where we put
them.

Mirrors pkg/scheduler/eventhandlers.go and backend/cache (AssumePod, ForgetPod). Informers keep what scheduling needs
of an object, nothing else.

Invariants
    - A pod with a node is in the snapshot, one without (and ours to schedule) in the queue; an assumed one in the
      snapshot.
    - What the API says wins over what was assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minik8s.client.informer import Informer, key_of
from minik8s.client.log import get_logger
from minik8s.client.rest import Client
from minik8s.scheduler import events, kinds
from minik8s.scheduler.events import ClusterEvent, node_events
from minik8s.scheduler.listers import Listers, Object, Objects
from minik8s.scheduler.model import DEFAULT_SCHEDULER, SchedNode, SchedPod, node_of, pod_of
from minik8s.scheduler.queue import SchedulingQueue
from minik8s.scheduler.snapshot import Snapshot

log = get_logger(__name__)

UNFINISHED = "status.phase!=Succeeded,status.phase!=Failed"


class Cache:
    """Keeps snapshot, listers and queue in step with the API."""

    def __init__(self, client: Client, queue: SchedulingQueue, name: str = DEFAULT_SCHEDULER) -> None:
        self.snapshot = Snapshot()
        self.listers = Listers()
        self.queue = queue
        self._name = name
        self._assumed: dict[str, SchedPod] = {}
        self.pods: Informer[SchedPod] = Informer(client, kinds.PODS, field_selector=UNFINISHED, project=pod_of)
        self.nodes: Informer[SchedNode] = Informer(client, kinds.NODES, project=node_of)
        self.pods.add_handler(self.on_pod)
        self.nodes.add_handler(self.on_node)
        lists = self.listers
        self.informers: list[Informer[Any]] = [
            self.nodes,
            self.pods,
            self._namespaces(client),
            self._lister(client, kinds.SERVICES, lists.services, _selector_only),
            self._lister(client, kinds.REPLICATION_CONTROLLERS, lists.replication_controllers, _selector_only),
            self._lister(client, kinds.REPLICA_SETS, lists.replica_sets, _selector_only),
            self._lister(client, kinds.STATEFUL_SETS, lists.stateful_sets, _selector_only),
            # an older server has no policy/v1: then nothing protects a victim
            self._lister(client, kinds.BUDGETS, lists.budgets, _without_managed, optional=True),
            self._lister(client, kinds.CLAIMS, lists.claims, _without_managed, storage=True),
            self._lister(client, kinds.VOLUMES, lists.volumes, _without_managed, storage=True),
            self._lister(client, kinds.CLASSES, lists.classes, _without_managed, storage=True),
        ]

    @property
    def synced(self) -> bool:
        return all(informer.synced for informer in self.informers)

    # -- assumptions

    def assume(self, pod: SchedPod, node: str) -> SchedPod:
        """Count the pod on the node from now on, though the API does not know yet."""
        placed = pod.assigned(node)
        self._assumed[pod.key] = placed
        self.snapshot.add_pod(placed)
        return placed

    def forget(self, key: str) -> None:
        """The assumption was wrong. What the API has said meanwhile stays."""
        placed = self._assumed.pop(key, None)
        if placed is not None:
            self.snapshot.remove_pod(key)
            self.queue.cluster_changed(ClusterEvent(events.POD_GONE, pod=placed))

    def is_assumed(self, key: str) -> bool:
        return key in self._assumed

    # -- handlers

    def on_node(self, event: str, old: SchedNode | None, new: SchedNode | None) -> None:
        if new is None:
            assert old is not None
            self.snapshot.remove_node(old.name)
            self.queue.cluster_changed(ClusterEvent(events.NODE_GONE))
            return
        if old == new:
            return  # a heartbeat
        self.snapshot.add_node(new)
        for change in node_events(old, new):
            self.queue.cluster_changed(change)

    def on_pod(self, event: str, old: SchedPod | None, new: SchedPod | None) -> None:
        if new is None:
            assert old is not None
            self._pod_gone(old)
        elif new.node:
            self._pod_placed(old, new)
        elif new.scheduler == self._name and not self._is_ours_already(new):
            if new.terminating:
                self.queue.delete(new.key)
            else:
                self.queue.add(new)

    def _is_ours_already(self, pod: SchedPod) -> bool:
        """Assumed, and the same pod, not a new one of that name."""
        assumed = self._assumed.get(pod.key)
        if assumed is not None and assumed.uid != pod.uid:
            self.forget(pod.key)
            return False
        return assumed is not None

    def _pod_placed(self, old: SchedPod | None, new: SchedPod) -> None:
        self._assumed.pop(new.key, None)
        self.queue.delete(new.key)
        before = self.snapshot.pods.get(new.key)
        self.snapshot.add_pod(new)
        if before is None or before.node != new.node:
            self.queue.cluster_changed(ClusterEvent(events.POD_ADDED, pod=new))
        elif before.labels != new.labels:
            self.queue.cluster_changed(ClusterEvent(events.POD_LABELS, pod=new))
        elif any(new.requests.get(name, 0) < value for name, value in before.requests.items()):
            self.queue.cluster_changed(ClusterEvent(events.POD_GONE, pod=before))
        if before is None or before.uid == new.uid:
            return
        self.queue.cluster_changed(ClusterEvent(events.POD_GONE, pod=before))

    def _pod_gone(self, old: SchedPod) -> None:
        self._assumed.pop(old.key, None)
        self.queue.delete(old.key)
        gone = self.snapshot.remove_pod(old.key)
        if gone is not None:
            self.queue.cluster_changed(ClusterEvent(events.POD_GONE, pod=gone))

    # -- the other kinds

    def _namespaces(self, client: Client) -> Informer[Object]:
        labels = self.snapshot.terms.namespace_labels

        def on_change(event: str, old: Object | None, new: Object | None) -> None:
            name = key_of(new or old)
            if new is None:
                labels.pop(name, None)
            else:
                labels[name] = new["metadata"].get("labels") or {}
                self.queue.cluster_changed(ClusterEvent(events.POD_LABELS))  # as if its pods had changed

        # upstream's role for schedulers before 1.21 cannot list them; then no term selects namespaces by labels either
        informer: Informer[Object] = Informer(client, kinds.NAMESPACES, project=_without_managed, optional=True)
        informer.add_handler(on_change)
        return informer

    def _lister(
        self,
        client: Client,
        kind: Any,
        objects: Objects,
        project: Callable[[dict[str, Any]], Object],
        storage: bool = False,
        optional: bool = False,
    ) -> Informer[Object]:
        def on_change(event: str, old: Object | None, new: Object | None) -> None:
            key = key_of(new or old)
            if new is None:
                objects.pop(key, None)
            else:
                objects[key] = new
            if storage:
                self.queue.cluster_changed(ClusterEvent(events.STORAGE))

        informer: Informer[Object] = Informer(client, kind, project=project, optional=optional)
        informer.add_handler(on_change)
        return informer


def _selector_only(obj: dict[str, Any]) -> Object:
    """Spreading looks at selectors; a ReplicaSet's template is not worth keeping."""
    spec: Mapping[str, Any] = obj.get("spec") or {}
    meta = {key: obj["metadata"].get(key) for key in ("name", "namespace")}
    return {"metadata": meta, "spec": {"selector": spec.get("selector")}}


def _without_managed(obj: dict[str, Any]) -> Object:
    obj["metadata"].pop("managedFields", None)
    return obj
