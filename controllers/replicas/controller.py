"""The loop: claim the pods, create or delete the difference, publish the status.

Mirrors upstream's pkg/controller/replicaset/replica_set.go.

Invariants
    - Pods are created or deleted only when every earlier create and delete has shown up in the cache (expectations), so
      that a slow watch never leads to twice as many pods.
    - A deletion is ticked off once: when the deletionTimestamp shows, or when the pod is gone.
    - Status is written even when creating failed: the failure is part of it.
"""

from contextlib import suppress
from typing import Any

from minik8s.api import core
from minik8s.api.status import Conflict, NotFound
from minik8s.client.controller import Controller
from minik8s.client.expectations import Expectations
from minik8s.client.informer import Informer
from minik8s.controllers.batches import all_at_once, slow_start
from minik8s.controllers.context import Context
from minik8s.controllers.owners import RefManager, controller_index, controller_of
from minik8s.controllers.pod_control import PodControl, compute_pod, is_namespace_terminating
from minik8s.controllers.pods import active_pods, next_availability
from minik8s.controllers.replicas.compute import ReplicaPlan, compute_plan, compute_status
from minik8s.controllers.replicas.kinds import REPLICA_SET, REPLICATION_CONTROLLER, ReplicaKind, ReplicaOwner


class ReplicaController(Controller):
    """Runs one ReplicaKind."""

    def __init__(self, context: Context, kind: ReplicaKind) -> None:
        super().__init__(context.client, name=kind.name, workers=context.options.concurrent(kind.name, 5))
        self.kind = kind
        self.recorder = context.recorder(f"{kind.name}-controller")
        self.pod_control = PodControl(context.client, self.recorder)
        self.expectations = Expectations(self.clock)
        self.owners: Informer[Any] = self.use(context.informer(kind.model, {"controller": controller_index}))
        self.pods: Informer[core.Pod] = self.use(context.informer(core.Pod, {"controller": controller_index}))
        self.owners.add_handler(self._on_owner)
        self.pods.add_handler(self._on_pod)

    # -- handlers: enqueue only --------------------------------------------------------------------------------------

    def _on_owner(self, event: str, old: ReplicaOwner | None, new: ReplicaOwner | None) -> None:
        if (new is None and old is not None) or (
            old is not None and new is not None and old.metadata.uid != new.metadata.uid
        ):
            self.expectations.delete(f"{old.metadata.namespace}/{old.metadata.name}")
        self.enqueue(new or old)

    def _on_pod(self, event: str, old: core.Pod | None, new: core.Pod | None) -> None:
        pod = new or old
        assert pod is not None
        key = self._owner_key(pod)
        if old is not None and new is not None and controller_of(old.metadata) != controller_of(new.metadata):
            former = self._owner_key(old)
            if former is not None:
                self.enqueue(former)
        if key is None:
            if new is not None and controller_of(new.metadata) is None:
                self._enqueue_adopters(new)
            return
        if event == "ADDED" and pod.metadata.deletion_timestamp is None:
            self.expectations.creation_observed(key)
        elif event == "DELETED" or pod.metadata.deletion_timestamp is not None:
            self.expectations.deletion_observed(key, pod.metadata.uid)
        self.enqueue(key)

    def _owner_key(self, pod: core.Pod) -> str | None:
        """The key of the owner of our kind that controls the pod; None where that uid is not in the cache."""
        ref = controller_of(pod.metadata)
        if ref is None or ref.kind != self.kind.model.__name__:
            return None
        key = f"{pod.metadata.namespace}/{ref.name}"
        owner = self.owners.get(key)
        return key if owner is not None and owner.metadata.uid == ref.uid else None

    def _enqueue_adopters(self, pod: core.Pod) -> None:
        if not pod.metadata.labels:
            return
        for owner in self.owners.list(pod.metadata.namespace):
            if self.kind.matcher(owner)(pod.metadata.labels):
                self.enqueue(owner)

    # -- the loop ----------------------------------------------------------------------------------------------------

    async def reconcile(self, key: str) -> float | None:
        owner = self.owners.get(key)
        if owner is None:
            self.expectations.delete(key)
            return None
        # asked before the pods are read: what arrives in between only makes the answer more cautious
        may_act = self.expectations.satisfied(key) and owner.metadata.deletion_timestamp is None
        pods = await self._claim(owner)
        error: BaseException | None = None
        if may_act:
            plan = compute_plan(owner, pods, self._related(owner, pods), self.clock.now())
            error = await self._apply(key, owner, plan)
        message = None if error is None else getattr(error, "message", None) or str(error)
        await self._publish(owner, compute_status(self.kind, owner, pods, message, self.clock.now()))
        if error is not None:
            raise error
        return next_availability(pods, owner.spec.min_ready_seconds, self.clock.now())

    async def _claim(self, owner: ReplicaOwner) -> list[core.Pod]:
        meta = owner.metadata
        candidates = [
            *self.pods.by_index("controller", meta.uid),
            *self.pods.by_index("controller", f"orphans/{meta.namespace}"),
        ]
        return await RefManager(self.client, owner, self.kind.matcher(owner)).claim(active_pods(candidates))

    def _related(self, owner: ReplicaOwner, pods: list[core.Pod]) -> list[core.Pod]:
        """The pods of all sets of the same Deployment: losing a doubled-up pod hurts least."""
        ref = controller_of(owner.metadata)
        if ref is None:
            return pods
        siblings = self.owners.by_index("controller", ref.uid)
        return [pod for sibling in siblings for pod in self.pods.by_index("controller", sibling.metadata.uid)]

    async def _apply(self, key: str, owner: ReplicaOwner, plan: ReplicaPlan) -> BaseException | None:
        if plan.create:
            return await self._create(key, owner, plan.create)
        if plan.delete:
            return await self._delete(key, owner, plan.delete)
        return None

    async def _create(self, key: str, owner: ReplicaOwner, count: int) -> BaseException | None:
        self.expectations.expect_creations(key, count)
        pod = compute_pod(owner.spec.template, owner)
        created, error = await slow_start(count, lambda: self.pod_control.create(pod, owner))
        if created < count:  # these will never be seen
            self.expectations.creation_observed(key, count - created)
        return None if is_namespace_terminating(error) else error

    async def _delete(self, key: str, owner: ReplicaOwner, pods: list[core.Pod]) -> BaseException | None:
        self.expectations.expect_deletions(key, [pod.metadata.uid for pod in pods])
        return await all_at_once([self._delete_one(key, owner, pod) for pod in pods])

    async def _delete_one(self, key: str, owner: ReplicaOwner, pod: core.Pod) -> None:
        deleted = False
        try:
            deleted = await self.pod_control.delete(pod, owner)
        finally:
            if not deleted:  # whatever went wrong, this deletion will not be seen because of us
                self.expectations.deletion_observed(key, pod.metadata.uid)

    async def _publish(self, owner: ReplicaOwner, status: Any) -> None:
        """Write the status if it differs; after one conflict, retry on the live object as upstream does. An owner that
        is gone needs none."""
        if status == owner.status:
            return
        desired = owner.model_copy(update={"status": status})
        with suppress(NotFound):
            try:
                await self.client.update_status(desired)
            except Conflict:
                live = await self.client.get(self.kind.model, owner.metadata.name, owner.metadata.namespace)
                if live.metadata.uid == owner.metadata.uid:
                    await self.client.update_status(live.model_copy(update={"status": status}))


def new_replica_set_controller(context: Context) -> ReplicaController:
    return ReplicaController(context, REPLICA_SET)


def new_replication_controller(context: Context) -> ReplicaController:
    return ReplicaController(context, REPLICATION_CONTROLLER)
