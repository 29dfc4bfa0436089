"""Deletes finished Jobs once their ttlSecondsAfterFinished is over.

Mirrors upstream's pkg/controller/ttlafterfinished/ttlafterfinished_controller.go.

Invariant: the live Job is asked before it is deleted: its TTL may have been raised, and the cache may not know yet.
"""

from minik8s.api import batch
from minik8s.api.meta import parse_time
from minik8s.api.status import NotFound
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.context import Context


def expires_at(job: batch.Job) -> float | None:
    """When the Job may go; None while it runs or has no TTL."""
    ttl = job.spec.ttl_seconds_after_finished
    if ttl is None or job.metadata.deletion_timestamp is not None:
        return None
    ends = [
        parse_time(condition.last_transition_time)
        for condition in job.status.conditions
        if condition.type in ("Complete", "Failed") and condition.status == "True" and condition.last_transition_time
    ]
    return ends[0] + ttl if ends else None


class TTLAfterFinishedController(Controller):
    name = "ttl-after-finished"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=context.options.concurrent(self.name, 5))
        self.jobs: Informer[batch.Job] = self.use(context.informer(batch.Job))
        self.jobs.add_handler(self._on_job)

    def _on_job(self, event: str, old: batch.Job | None, new: batch.Job | None) -> None:
        if new is not None and expires_at(new) is not None:
            self.enqueue(new)

    async def reconcile(self, key: str) -> float | None:
        cached = self.jobs.get(key)
        moment = expires_at(cached) if cached is not None else None
        if cached is None or moment is None:
            return None
        left = moment - self.clock.now()
        if left > 0:
            return left
        meta = cached.metadata
        try:
            live = await self.client.get(batch.Job, meta.name, meta.namespace)
            moment = expires_at(live)
            if moment is None or moment > self.clock.now():
                return None  # the change that we see here will bring us back
            await self.client.delete(
                batch.Job, meta.name, meta.namespace, uid=live.metadata.uid,
                resource_version=live.metadata.resource_version, propagation_policy="Foreground",
            )  # fmt: skip
        except NotFound:
            pass
        return None
