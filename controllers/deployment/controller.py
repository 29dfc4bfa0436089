"""The loop: claim the ReplicaSets, decide the next sizes, apply them, publish the status.

Mirrors upstream's pkg/controller/deployment/deployment_controller.go (syncDeployment) and the applying parts of
sync.go.

Invariants
    - Every write carries the resourceVersion that was read: with a stale cache it fails with a Conflict, and the
      key comes back once the cache has moved on. So no expectations are needed here.
    - A ReplicaSet's name follows from its template, so creating it twice is impossible.
"""

from collections.abc import Sequence

from minik8s.api import apps, core
from minik8s.api.status import ApiError
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.context import Context
from minik8s.controllers.deployment.apply import DeploymentWriter
from minik8s.controllers.deployment.fenceposts import history_limit, strategy_type
from minik8s.controllers.deployment.progress import (
    compute_pause_condition,
    compute_rollout_status,
    is_complete,
    next_check,
)
from minik8s.controllers.deployment.revisions import find_new, find_old
from minik8s.controllers.deployment.rollout import (
    compute_cleanup,
    compute_recreate_down,
    compute_rolling_down,
    compute_rolling_up,
    compute_scaling,
    is_scaling_event,
    old_pods_running,
)
from minik8s.controllers.deployment.status import compute_status, set_condition
from minik8s.controllers.owners import RefManager, controller_index, controller_of
from minik8s.controllers.pod_control import is_namespace_terminating
from minik8s.controllers.selecting import matcher_of


class DeploymentController(Controller):
    name = "deployment"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=context.options.concurrent(self.name, 5))
        self.recorder = context.recorder("deployment-controller")
        index = {"controller": controller_index}
        self.deployments: Informer[apps.Deployment] = self.use(context.informer(apps.Deployment))
        self.replica_sets: Informer[apps.ReplicaSet] = self.use(context.informer(apps.ReplicaSet, index))
        self.pods: Informer[core.Pod] = self.use(context.informer(core.Pod, index))
        self.writer = DeploymentWriter(self.client, self.recorder)
        self.deployments.add_handler(lambda event, old, new: self.enqueue(new or old))
        self.replica_sets.add_handler(self._on_replica_set)
        self.pods.add_handler(self._on_pod)

    # -- handlers ----------------------------------------------------------------------------------------------------

    def _on_replica_set(self, event: str, old: apps.ReplicaSet | None, new: apps.ReplicaSet | None) -> None:
        for replica_set in (old, new):
            ref = controller_of(replica_set.metadata) if replica_set is not None else None
            if ref is not None and ref.kind == "Deployment" and replica_set is not None:
                self.enqueue(f"{replica_set.metadata.namespace}/{ref.name}")
        if new is not None and controller_of(new.metadata) is None and new.metadata.labels:
            for deployment in self.deployments.list(new.metadata.namespace):
                if matcher_of(deployment.spec.selector)(new.metadata.labels):
                    self.enqueue(deployment)

    def _on_pod(self, event: str, old: core.Pod | None, new: core.Pod | None) -> None:
        """A Recreate rollout waits for the last old pod; nothing else here depends on pods."""
        if event != "DELETED" or old is None:
            return
        ref = controller_of(old.metadata)
        if ref is None or ref.kind != "ReplicaSet":
            return
        replica_set = self.replica_sets.get(f"{old.metadata.namespace}/{ref.name}")
        owner = controller_of(replica_set.metadata) if replica_set is not None else None
        if owner is not None and owner.kind == "Deployment":
            self.enqueue(f"{old.metadata.namespace}/{owner.name}")

    # -- the loop ----------------------------------------------------------------------------------------------------

    async def reconcile(self, key: str) -> float | None:
        cached = self.deployments.get(key)
        if cached is None:
            return None
        deployment = cached.model_copy(deep=True)
        selector = deployment.spec.selector
        if not selector.match_labels and not selector.match_expressions:
            await self._refuse_selecting_all(deployment)
            return None
        replica_sets = await self._claim(deployment)
        if deployment.metadata.deletion_timestamp is not None:
            new = find_new(deployment, replica_sets)
            return await self._publish(deployment, new, find_old(replica_sets, new), rolling=False)
        pause = compute_pause_condition(deployment, self.clock.now())
        if pause is not None:
            deployment.status.conditions = set_condition(deployment.status.conditions, pause)
            deployment = await self.client.update_status(deployment)
        try:
            return await self._move_on(deployment, replica_sets)
        except ApiError as error:
            if is_namespace_terminating(error):
                return None  # nothing can be created any more, and soon there is nothing to do it for
            raise

    async def _move_on(self, deployment: apps.Deployment, replica_sets: Sequence[apps.ReplicaSet]) -> float | None:
        """Scale, recreate or roll, whichever it is time for."""
        if deployment.spec.paused or is_scaling_event(deployment, replica_sets):
            return await self._scale(deployment, replica_sets)
        if strategy_type(deployment) == "Recreate":
            return await self._recreate(deployment, replica_sets)
        return await self._roll(deployment, replica_sets)

    async def _refuse_selecting_all(self, deployment: apps.Deployment) -> None:
        message = "This deployment is selecting all pods. A non-empty selector is required."
        self.recorder.event(deployment, "Warning", "SelectingAll", message)
        if (deployment.status.observed_generation or 0) < (deployment.metadata.generation or 0):
            deployment.status.observed_generation = deployment.metadata.generation
            await self.client.update_status(deployment)

    async def _claim(self, deployment: apps.Deployment) -> list[apps.ReplicaSet]:
        meta = deployment.metadata
        candidates = [
            *self.replica_sets.by_index("controller", meta.uid),
            *self.replica_sets.by_index("controller", f"orphans/{meta.namespace}"),
        ]
        return await RefManager(self.client, deployment, matcher_of(deployment.spec.selector)).claim(candidates)

    async def _scale(self, deployment: apps.Deployment, replica_sets: Sequence[apps.ReplicaSet]) -> float | None:
        """spec.replicas changed, or the Deployment is paused: change sizes, not the rollout."""
        old = find_old(replica_sets, find_new(deployment, replica_sets))
        deployment, new = await self.writer.sync_new(deployment, replica_sets, create=False)
        for scale in compute_scaling(deployment, new, old):
            scaled = await self.writer.scale(deployment, scale)
            if new is not None and scaled.metadata.uid == new.metadata.uid:
                new = scaled
        if deployment.spec.paused:
            await self._clean_up(deployment, old)
        return await self._publish(deployment, new, old, rolling=False)

    async def _roll(self, deployment: apps.Deployment, replica_sets: Sequence[apps.ReplicaSet]) -> float | None:
        old = find_old(replica_sets, find_new(deployment, replica_sets))
        deployment, new = await self.writer.sync_new(deployment, replica_sets, create=True)
        assert new is not None
        steps = compute_rolling_up(deployment, new, old) or compute_rolling_down(deployment, new, old)
        for scale in steps:
            await self.writer.scale(deployment, scale)
        if not steps and is_complete(deployment, deployment.status):
            await self._clean_up(deployment, old)
        return await self._publish(deployment, new, old)

    async def _recreate(self, deployment: apps.Deployment, replica_sets: Sequence[apps.ReplicaSet]) -> float | None:
        old = find_old(replica_sets, find_new(deployment, replica_sets))
        deployment, new = await self.writer.sync_new(deployment, replica_sets, create=False)
        downs = compute_recreate_down(old)
        for scale in downs:
            await self.writer.scale(deployment, scale)
        if downs or old_pods_running(new, old, self._pods_by_owner(replica_sets)):
            return await self._publish(deployment, new, old)
        if new is None:
            deployment, new = await self.writer.sync_new(deployment, replica_sets, create=True)
        assert new is not None
        for scale in compute_rolling_up(deployment, new, []):
            await self.writer.scale(deployment, scale)
        if is_complete(deployment, deployment.status):
            await self._clean_up(deployment, old)
        return await self._publish(deployment, new, old)

    def _pods_by_owner(self, replica_sets: Sequence[apps.ReplicaSet]) -> dict[str, list[core.Pod]]:
        uids = [rs.metadata.uid for rs in replica_sets]
        return {uid: self.pods.by_index("controller", uid) for uid in uids}

    async def _clean_up(self, deployment: apps.Deployment, old: Sequence[apps.ReplicaSet]) -> None:
        limit = history_limit(deployment)
        if limit is not None:
            for replica_set in compute_cleanup(deployment, old, limit):
                await self.writer.delete(replica_set)

    async def _publish(
        self,
        deployment: apps.Deployment,
        new: apps.ReplicaSet | None,
        old: Sequence[apps.ReplicaSet],
        rolling: bool = True,
    ) -> float | None:
        compute = compute_rollout_status if rolling else compute_status
        now = self.clock.now()
        status = compute(deployment, new, old, now)
        if status != deployment.status:
            await self.client.update_status(deployment.model_copy(update={"status": status}))
            return None
        return next_check(deployment, status, now) if rolling else None
