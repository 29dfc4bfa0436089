"""The writes of a Deployment's loop: create, scale and delete ReplicaSets, number revisions.

Mirrors getNewReplicaSet and scaleReplicaSet of upstream's pkg/controller/deployment/sync.go.
"""

from collections.abc import Sequence
from contextlib import suppress

from minik8s.api import apps
from minik8s.api.status import AlreadyExists, ApiError, NotFound
from minik8s.client.events import EventRecorder
from minik8s.client.rest import Client
from minik8s.clock import Clock
from minik8s.controllers.conditions import find_condition
from minik8s.controllers.deployment.fenceposts import has_progress_deadline
from minik8s.controllers.deployment.revisions import (
    REVISION,
    compute_annotations,
    compute_new_replica_set,
    find_new,
    find_old,
    next_revision,
    replicas_annotations,
    replicas_of,
    same_template,
)
from minik8s.controllers.deployment.rollout import Scale, compute_new_size, total
from minik8s.controllers.deployment.status import new_condition, set_condition
from minik8s.controllers.owners import is_controlled_by
from minik8s.controllers.pod_control import is_namespace_terminating

Result = tuple[apps.Deployment, apps.ReplicaSet | None]


class DeploymentWriter:
    """Applies decisions; each call is one compare-and-swap."""

    def __init__(self, client: Client, recorder: EventRecorder) -> None:
        self._client = client
        self._recorder = recorder
        self._clock: Clock = client.clock

    async def sync_new(
        self, deployment: apps.Deployment, replica_sets: Sequence[apps.ReplicaSet], create: bool
    ) -> Result:
        """The ReplicaSet of the current template with its annotations right, made if wanted; and the Deployment as
        it is after its revision was written."""
        new = find_new(deployment, replica_sets)
        old = find_old(replica_sets, new)
        revision = next_revision(old)
        if new is None:
            return await self._create(deployment, old, revision) if create else (deployment, None)
        annotations = compute_annotations(deployment, new.metadata.annotations, revision, exists=True)
        min_ready = deployment.spec.min_ready_seconds
        if annotations != new.metadata.annotations or (min_ready or 0) != (new.spec.min_ready_seconds or 0):
            changed = new.model_copy(deep=True)
            changed.metadata.annotations = annotations
            changed.spec.min_ready_seconds = min_ready
            new = await self._client.update(changed)
        note = None
        if has_progress_deadline(deployment) and find_condition(deployment.status.conditions, "Progressing") is None:
            note = ("True", "FoundNewReplicaSet", f'Found new replica set "{new.metadata.name}"')
        return await self._record(deployment, new.metadata.annotations.get(REVISION, ""), note), new

    async def scale(self, deployment: apps.Deployment, scale: Scale) -> apps.ReplicaSet:
        """Give a ReplicaSet its next size, and note for which spec.replicas that was decided."""
        before = replicas_of(scale.replica_set)
        notes = replicas_annotations(deployment)
        if before == scale.replicas and notes.items() <= scale.replica_set.metadata.annotations.items():
            return scale.replica_set
        changed = scale.replica_set.model_copy(deep=True)
        changed.spec.replicas = scale.replicas
        changed.metadata.annotations = {**changed.metadata.annotations, **notes}
        updated = await self._client.update(changed)
        if before != scale.replicas:
            direction = "up" if before < scale.replicas else "down"
            text = f"Scaled {direction} replica set {updated.metadata.name} from {before} to {scale.replicas}"
            self._recorder.event(deployment, "Normal", "ScalingReplicaSet", text)
        return updated

    async def delete(self, replica_set: apps.ReplicaSet) -> None:
        """Only if it still is as we saw it: somebody may just have scaled it up."""
        meta = replica_set.metadata
        with suppress(NotFound):
            await self._client.delete(
                apps.ReplicaSet, meta.name, meta.namespace, uid=meta.uid, resource_version=meta.resource_version
            )

    async def _create(self, deployment: apps.Deployment, old: Sequence[apps.ReplicaSet], revision: int) -> Result:
        desired = compute_new_replica_set(deployment, revision)
        size = compute_new_size(deployment, 0, total(old))
        desired.spec.replicas = size
        try:
            created = await self._client.create(desired)
        except AlreadyExists as error:
            created = await self._resolve_collision(deployment, desired, error)
            return await self._record(deployment, str(revision), None), created
        except ApiError as error:
            if not is_namespace_terminating(error):
                await self._report_failure(deployment, desired, error)
            raise
        if size > 0:
            text = f"Scaled up replica set {created.metadata.name} from 0 to {size}"
            self._recorder.event(deployment, "Normal", "ScalingReplicaSet", text)
        note = None
        if has_progress_deadline(deployment):
            note = ("True", "NewReplicaSetCreated", f'Created new replica set "{created.metadata.name}"')
        return await self._record(deployment, str(revision), note), created

    async def _resolve_collision(
        self, deployment: apps.Deployment, desired: apps.ReplicaSet, error: ApiError
    ) -> apps.ReplicaSet:
        """Ours, and the cache was late? Take it. Another's: count the collision, so that the next name differs."""
        meta = desired.metadata
        live = await self._client.get(apps.ReplicaSet, meta.name, meta.namespace)
        owned = is_controlled_by(live.metadata, deployment.metadata)
        template = live.spec.template
        if owned and template is not None and same_template(template, deployment.spec.template):
            return live
        deployment.status.collision_count = (deployment.status.collision_count or 0) + 1
        await self._client.update_status(deployment)
        raise error

    async def _report_failure(self, deployment: apps.Deployment, desired: apps.ReplicaSet, error: ApiError) -> None:
        message = f'Failed to create new replica set "{desired.metadata.name}": {error.message}'
        self._recorder.event(deployment, "Warning", "ReplicaSetCreateError", message)
        if has_progress_deadline(deployment):
            await self._record(deployment, None, ("False", "ReplicaSetCreateError", message))

    async def _record(
        self, deployment: apps.Deployment, revision: str | None, note: tuple[str, str, str] | None
    ) -> apps.Deployment:
        """Write the revision annotation and a Progressing condition, if either is news; one request for both."""
        changed = deployment.model_copy(deep=True)
        if revision is not None:
            changed.metadata.annotations = {**changed.metadata.annotations, REVISION: revision}
        if note is not None:
            condition = new_condition("Progressing", *note, self._clock.now())
            changed.status.conditions = set_condition(changed.status.conditions, condition)
        return deployment if changed == deployment else await self._client.update_status(changed)
