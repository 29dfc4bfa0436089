"""The loop of CronJobs.

Mirrors upstream's pkg/controller/cronjob/cronjob_controllerv2.go.

Invariant: a Job's name follows from the CronJob and the minute it was due, so that no time is started twice.
"""

from typing import Any

from minik8s.api import batch, core
from minik8s.api.meta import ObjectMeta, format_time, parse_time
from minik8s.api.status import AlreadyExists, ApiError, NotFound
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.context import Context
from minik8s.controllers.cronjob.schedule import Schedule, most_recent, parse_schedule
from minik8s.controllers.owners import controller_index, controller_of, new_controller_ref
from minik8s.controllers.pod_control import is_namespace_terminating

SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
TOO_MANY = 100


def ending_of(job: batch.Job) -> str | None:
    """Complete, Failed, or None while it runs."""
    found = (one.type for one in job.status.conditions if one.type in ("Complete", "Failed") and one.status == "True")
    return next(found, None)


def compute_job(cron: batch.CronJob, due: float) -> batch.Job:
    """The Job of one due time."""
    template = cron.spec.job_template
    assert template.spec is not None
    meta = ObjectMeta(
        name=f"{cron.metadata.name}-{int(due) // 60}",
        namespace=cron.metadata.namespace,
        labels=dict(template.metadata.labels),
        annotations={**template.metadata.annotations, SCHEDULED_AT: format_time(due)},
        owner_references=[new_controller_ref(cron)],
    )
    return batch.Job(metadata=meta, spec=template.spec.model_copy(deep=True))


def compute_due(cron: batch.CronJob, schedule: Schedule, now: float) -> tuple[float | None, int]:
    """(the time to start for, how many were missed); None if nothing is due."""
    created = cron.metadata.creation_timestamp
    since = cron.status.last_schedule_time or created
    earliest = parse_time(since) if since else now
    deadline = cron.spec.starting_deadline_seconds
    if deadline is not None:
        earliest = max(earliest, now - deadline)
    return most_recent(schedule, earliest, now)


def compute_history(jobs: list[batch.Job], ending: str, limit: int | None, default: int) -> list[batch.Job]:
    """Finished Jobs beyond the limit, oldest first."""
    ended = [job for job in jobs if ending_of(job) == ending]
    ended.sort(key=lambda job: (job.status.start_time or "", job.metadata.name))
    return ended[: max(0, len(ended) - (default if limit is None else limit))]


class CronJobController(Controller):
    name = "cronjob"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=context.options.concurrent(self.name, 5))
        self.recorder = context.recorder("cronjob-controller")
        self.crons: Informer[batch.CronJob] = self.use(context.informer(batch.CronJob))
        self.jobs: Informer[batch.Job] = self.use(context.informer(batch.Job, {"controller": controller_index}))
        self.crons.add_handler(lambda event, old, new: self.enqueue(new or old))
        self.jobs.add_handler(self._on_job)

    def _on_job(self, event: str, old: batch.Job | None, new: batch.Job | None) -> None:
        job = new or old
        assert job is not None
        ref = controller_of(job.metadata)
        if ref is not None and ref.kind == "CronJob":
            self.enqueue(f"{job.metadata.namespace}/{ref.name}")

    async def reconcile(self, key: str) -> float | None:
        cached = self.crons.get(key)
        if cached is None or cached.metadata.deletion_timestamp is not None:
            return None
        cron = cached.model_copy(deep=True)
        jobs = self.jobs.by_index("controller", cron.metadata.uid)
        self._update_status(cron, jobs)
        wait = await self._start_due(cron, jobs)
        if cron.status != cached.status:
            await self.client.update_status(cron)
        await self._clean_up(cron, jobs)
        return wait

    def _update_status(self, cron: batch.CronJob, jobs: list[batch.Job]) -> None:
        """`active` is what runs; the last success is remembered."""
        known = {job.metadata.uid: job for job in jobs}
        listed = {ref.uid for ref in cron.status.active}
        for job in jobs:
            ending = ending_of(job)
            if ending is not None and job.metadata.uid in listed:
                text = f"Saw completed job: {job.metadata.name}, condition: {ending}"
                self.recorder.event(cron, "Normal", "SawCompletedJob", text)
            if ending == "Complete" and (job.status.completion_time or "") > (cron.status.last_successful_time or ""):
                cron.status.last_successful_time = job.status.completion_time
        # one that is listed but not in the cache may have been started a moment ago: it stays until it is seen
        kept = [ref for ref in cron.status.active if ref.uid not in known]
        running = [job for job in jobs if ending_of(job) is None]
        kept = [ref for ref in kept if self._may_be_late(cron, ref)]
        cron.status.active = [*kept, *(self._reference(job) for job in sorted(running, key=lambda j: j.metadata.name))]

    def _may_be_late(self, cron: batch.CronJob, ref: core.ObjectReference) -> bool:
        last = cron.status.last_schedule_time
        return last is not None and self.clock.now() - parse_time(last) < 5

    @staticmethod
    def _reference(job: batch.Job) -> core.ObjectReference:
        meta = job.metadata
        return core.ObjectReference(
            api_version="batch/v1", kind="Job", namespace=meta.namespace, name=meta.name, uid=meta.uid,
            resource_version=meta.resource_version or None,
        )  # fmt: skip

    async def _start_due(self, cron: batch.CronJob, jobs: list[batch.Job]) -> float | None:
        """Start what is due, unless a rule forbids it; seconds until the next time."""
        if cron.spec.suspend:
            return None
        try:
            schedule = parse_schedule(cron.spec.schedule, cron.spec.time_zone)
        except (ValueError, KeyError) as error:
            text = f"unparseable schedule: {cron.spec.schedule}: {error}"
            self.recorder.event(cron, "Warning", "UnparseableSchedule", text)
            return None
        now = self.clock.now()
        due, missed = compute_due(cron, schedule, now)
        if due is not None:
            if missed > TOO_MANY:
                text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
                self.recorder.event(cron, "Warning", "TooManyMissedTimes", text)
            if not await self._start(cron, jobs, due):
                return None  # the running Job's end wakes us
        following = schedule.next(now)
        return following - now + 0.1 if following is not None else None

    async def _start(self, cron: batch.CronJob, jobs: list[batch.Job], due: float) -> bool:
        if any(job.metadata.annotations.get(SCHEDULED_AT) == format_time(due) for job in jobs):
            cron.status.last_schedule_time = format_time(due)
            return True
        running = [job for job in jobs if ending_of(job) is None]
        if cron.spec.concurrency_policy == "Forbid" and running:
            text = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self.recorder.event(cron, "Normal", "JobAlreadyActive", text)
            return False
        if cron.spec.concurrency_policy == "Replace":
            for job in running:
                await self._delete(cron, job)
            cron.status.active = []
        try:
            created = await self.client.create(compute_job(cron, due))
        except AlreadyExists:
            return True  # started before, and the cache does not show it yet
        except ApiError as error:
            if is_namespace_terminating(error):
                return False
            self.recorder.event(cron, "Warning", "FailedCreate", f"Error creating job: {error.message}")
            raise
        self.recorder.event(cron, "Normal", "SuccessfulCreate", f"Created job {created.metadata.name}")
        cron.status.active = [*cron.status.active, self._reference(created)]
        cron.status.last_schedule_time = format_time(due)
        return True

    async def _clean_up(self, cron: batch.CronJob, jobs: list[batch.Job]) -> None:
        spec: Any = cron.spec
        surplus = compute_history(jobs, "Complete", spec.successful_jobs_history_limit, 3)
        surplus += compute_history(jobs, "Failed", spec.failed_jobs_history_limit, 1)
        for job in surplus:
            if job.metadata.deletion_timestamp is None:
                await self._delete(cron, job)

    async def _delete(self, cron: batch.CronJob, job: batch.Job) -> None:
        meta = job.metadata
        try:
            await self.client.delete(
                batch.Job, meta.name, meta.namespace, uid=meta.uid, propagation_policy="Background"
            )
        except NotFound:
            return
        self.recorder.event(cron, "Normal", "SuccessfulDelete", f"Deleted job {meta.name}")
