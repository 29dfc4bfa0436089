"""The loop of StatefulSets: revisions, claims, one step, status.

Mirrors upstream's pkg/controller/statefulset/stateful_set.go and stateful_pod_control.go. Pods have fixed names, so a
stale cache can at worst lead to an AlreadyExists; no expectations are needed.
"""

from contextlib import suppress

from minik8s.api import apps, core
from minik8s.api.status import AlreadyExists, ApiError
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.context import Context
from minik8s.controllers.history import History, template_of
from minik8s.controllers.owners import RefManager, controller_index, controller_of
from minik8s.controllers.pods import next_availability
from minik8s.controllers.selecting import matcher_of
from minik8s.controllers.statefulset.identity import (
    compute_claims,
    compute_stateful_pod,
    is_member,
    revision_of,
)
from minik8s.controllers.statefulset.plan import Create, Remove, Step, compute_status, compute_steps

DEFAULT_HISTORY = 10


class StatefulSetController(Controller):
    name = "statefulset"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=context.options.concurrent(self.name, 5))
        self.recorder = context.recorder("statefulset-controller")
        self.history = History(context.client)
        index = {"controller": controller_index}
        self.sets: Informer[apps.StatefulSet] = self.use(context.informer(apps.StatefulSet))
        self.pods: Informer[core.Pod] = self.use(context.informer(core.Pod, index))
        self.claims: Informer[core.PersistentVolumeClaim] = self.use(context.informer(core.PersistentVolumeClaim))
        self.revisions: Informer[apps.ControllerRevision] = self.use(context.informer(apps.ControllerRevision, index))
        self.sets.add_handler(lambda event, old, new: self.enqueue(new or old))
        self.pods.add_handler(self._on_pod)

    def _on_pod(self, event: str, old: core.Pod | None, new: core.Pod | None) -> None:
        pod = new or old
        assert pod is not None
        ref = controller_of(pod.metadata)
        if ref is not None and ref.kind == "StatefulSet":
            self.enqueue(f"{pod.metadata.namespace}/{ref.name}")
        elif ref is None and pod.metadata.labels:
            for owner in self.sets.list(pod.metadata.namespace):
                if is_member(owner, pod) and matcher_of(owner.spec.selector)(pod.metadata.labels):
                    self.enqueue(owner)

    async def reconcile(self, key: str) -> float | None:
        cached = self.sets.get(key)
        if cached is None:
            return None
        owner = cached.model_copy(deep=True)
        pods = await self._claim(owner)
        update, revisions = await self.history.sync(owner, await self._claim_revisions(owner))
        names = {one.metadata.name: one for one in revisions}
        current = names.get(owner.status.current_revision or "", update)
        now = self.clock.now()
        steps = compute_steps(owner, pods, current.metadata.name, update.metadata.name, now)
        await self._publish(owner, compute_status(owner, pods, current.metadata.name, update.metadata.name, now))
        for step in steps:
            await self._apply(owner, step, names)
        live = {current.metadata.name, update.metadata.name, *(revision_of(pod) for pod in pods)}
        limit = owner.spec.revision_history_limit
        await self.history.truncate(revisions, live, DEFAULT_HISTORY if limit is None else limit)
        return next_availability(pods, owner.spec.min_ready_seconds, now)

    async def _claim(self, owner: apps.StatefulSet) -> list[core.Pod]:
        candidates = [
            *self.pods.by_index("controller", owner.metadata.uid),
            *self.pods.by_index("controller", f"orphans/{owner.metadata.namespace}"),
        ]
        manager = RefManager(self.client, owner, matcher_of(owner.spec.selector))
        return await manager.claim(candidates, lambda pod: is_member(owner, pod))

    async def _claim_revisions(self, owner: apps.StatefulSet) -> list[apps.ControllerRevision]:
        candidates = [
            *self.revisions.by_index("controller", owner.metadata.uid),
            *self.revisions.by_index("controller", f"orphans/{owner.metadata.namespace}"),
        ]
        return await RefManager(self.client, owner, matcher_of(owner.spec.selector)).claim(candidates)

    async def _publish(self, owner: apps.StatefulSet, status: apps.StatefulSetStatus) -> None:
        if status != owner.status:
            await self.client.update_status(owner.model_copy(update={"status": status}))

    async def _apply(self, owner: apps.StatefulSet, step: Step, revisions: dict[str, apps.ControllerRevision]) -> None:
        if isinstance(step, Remove):
            await self._remove(owner, step)
        else:
            await self._create(owner, step, revisions)

    async def _remove(self, owner: apps.StatefulSet, step: Remove) -> None:
        meta, kind = step.pod.metadata, owner.metadata.name
        if step.failed:
            text = f"StatefulSet {meta.namespace}/{kind} is recreating failed Pod {meta.name}"
            self.recorder.event(owner, "Warning", "RecreatingFailedPod", text)
        try:
            await self.client.delete(core.Pod, meta.name, meta.namespace, uid=meta.uid)
        except ApiError as error:
            if error.code in (404, 409):
                return
            self._tell(owner, "Delete", f"delete Pod {meta.name} in StatefulSet {kind}", error)
            raise
        self._tell(owner, "Delete", f"delete Pod {meta.name} in StatefulSet {kind}", None)

    async def _create(
        self, owner: apps.StatefulSet, step: Create, revisions: dict[str, apps.ControllerRevision]
    ) -> None:
        revision = revisions.get(step.revision)
        template = template_of(revision) if revision is not None else owner.spec.template
        pod = compute_stateful_pod(owner, template, step.revision, step.ordinal)
        text = f"create Pod {pod.metadata.name} in StatefulSet {owner.metadata.name}"
        try:
            await self._create_claims(owner, step.ordinal)
            await self.client.create(pod)
        except AlreadyExists:
            return  # the cache is behind, or a stranger has the name: the next look tells
        except ApiError as error:
            self._tell(owner, "Create", text, error)
            raise
        self._tell(owner, "Create", text, None)

    async def _create_claims(self, owner: apps.StatefulSet, ordinal: int) -> None:
        for claim in compute_claims(owner, ordinal):
            if self.claims.get(f"{claim.metadata.namespace}/{claim.metadata.name}") is None:
                with suppress(AlreadyExists):
                    await self.client.create(claim)
                    text = f"create Claim {claim.metadata.name} Pod {owner.metadata.name}-{ordinal} in StatefulSet"
                    self._tell(owner, "Create", f"{text} {owner.metadata.name}", None)

    def _tell(self, owner: apps.StatefulSet, verb: str, text: str, error: ApiError | None) -> None:
        if error is None:
            self.recorder.event(owner, "Normal", f"Successful{verb}", f"{text} successful")
        else:
            self.recorder.event(owner, "Warning", f"Failed{verb}", f"{text} failed error: {error.message}")
