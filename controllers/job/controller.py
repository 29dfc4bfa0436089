"""The loop of Jobs: count what ended, decide, create or delete, publish.

Mirrors upstream's pkg/controller/job/job_controller.go.

Invariants
    - A pod's finalizer goes only after the status that counts it was written.
    - Pods are created only when earlier creates have shown up (expectations).
    - Pods that a gone Job left behind are freed of the finalizer, so that they can be deleted.
"""

from minik8s.api import batch, core
from minik8s.api.meta import format_time
from minik8s.api.status import NotFound
from minik8s.client.controller import Controller
from minik8s.client.expectations import Expectations
from minik8s.client.informer import Informer
from minik8s.controllers.batches import all_at_once, slow_start
from minik8s.controllers.conditions import find_condition, with_condition
from minik8s.controllers.context import Context
from minik8s.controllers.job.indexes import ANNOTATION, format_indexes, parse_indexes
from minik8s.controllers.job.plan import (
    Ending,
    JobPlan,
    compute_ending,
    compute_plan,
    decided_ending,
    is_indexed,
    is_over,
)
from minik8s.controllers.job.tally import FINALIZER, Tally, compute_tally
from minik8s.controllers.owners import RefManager, controller_index, controller_of
from minik8s.controllers.pod_control import PodControl, compute_pod, is_namespace_terminating
from minik8s.controllers.pods import is_active, is_ready, is_terminating
from minik8s.controllers.selecting import matcher_of
from minik8s.controllers.suffix import random_suffix

MANAGED_HERE = (None, "kubernetes.io/job-controller")
ORPHAN = "orphan-pod/"


class JobController(Controller):
    """Keys are Jobs, or `orphan-pod/NAMESPACE/NAME` for pods whose Job is gone."""

    name = "job"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=context.options.concurrent(self.name, 5))
        self.recorder = context.recorder("job-controller")
        self.pod_control = PodControl(context.client, self.recorder)
        self.expectations = Expectations(self.clock)
        self.jobs: Informer[batch.Job] = self.use(context.informer(batch.Job))
        self.pods: Informer[core.Pod] = self.use(context.informer(core.Pod, {"controller": controller_index}))
        self.jobs.add_handler(self._on_job)
        self.pods.add_handler(self._on_pod)

    def _on_job(self, event: str, old: batch.Job | None, new: batch.Job | None) -> None:
        job = new or old
        assert job is not None
        if new is None:
            for key in self.pods.index_keys("controller", job.metadata.uid):
                self.enqueue(ORPHAN + key)
        self.enqueue(job)

    def _on_pod(self, event: str, old: core.Pod | None, new: core.Pod | None) -> None:
        pod = new or old
        assert pod is not None
        ref = controller_of(pod.metadata)
        if ref is None or ref.kind != "Job":
            return
        key = f"{pod.metadata.namespace}/{ref.name}"
        if event == "ADDED":
            self.expectations.creation_observed(key)
        elif event == "DELETED":
            self.expectations.deletion_observed(key, pod.metadata.uid)
        self.enqueue(key)
        if new is not None and FINALIZER in new.metadata.finalizers and self.jobs.get(key) is None:
            self.enqueue(f"{ORPHAN}{pod.metadata.namespace}/{pod.metadata.name}")

    async def reconcile(self, key: str) -> float | None:
        if key.startswith(ORPHAN):
            await self._free_orphan(key.removeprefix(ORPHAN))
            return None
        job = self.jobs.get(key)
        if job is None:
            self.expectations.delete(key)
            return None
        if job.spec.managed_by not in MANAGED_HERE or (is_over(job) and not _unfinished_count(job)):
            return None
        may_act = self.expectations.satisfied(key) and job.metadata.deletion_timestamp is None
        return await self._sync(key, job, await self._claim(job), may_act)

    async def _claim(self, job: batch.Job) -> list[core.Pod]:
        candidates = [
            *self.pods.by_index("controller", job.metadata.uid),
            *self.pods.by_index("controller", f"orphans/{job.metadata.namespace}"),
        ]
        return await RefManager(self.client, job, matcher_of(job.spec.selector)).claim(candidates)

    async def _sync(self, key: str, job: batch.Job, pods: list[core.Pod], may_act: bool) -> float | None:
        now = self.clock.now()
        active = [pod for pod in pods if is_active(pod)]
        tally = self._tally(job, pods, count_all=False)
        ending = decided_ending(job) or (None if is_over(job) else compute_ending(job, tally, pods, active, now))
        plan = JobPlan()
        if ending is not None and ending.type == "Failed":
            await self._delete(key, job, active, keep_finalizer=True)
            tally = self._tally(job, pods, count_all=True)
        elif ending is not None:
            await self._delete(key, job, active, keep_finalizer=False)
            active = []
        elif may_act and not is_over(job):
            plan = compute_plan(job, tally, pods, active, now)
            await self._act(key, job, plan)
        job = await self._publish(job, tally, pods, active, ending)
        await all_at_once([self._release(pod) for pod in tally.release])
        return plan.wait if ending is None else None

    def _tally(self, job: batch.Job, pods: list[core.Pod], count_all: bool) -> Tally:
        """The count; in Indexed mode successes are the distinct indexes."""
        tally = compute_tally(job, pods, count_all)
        if is_indexed(job):
            tally.indexes |= parse_indexes(job.status.completed_indexes, job.spec.completions or 0)
            tally.indexes = {index for index in tally.indexes if index < (job.spec.completions or 0)}
            tally.uncounted_succeeded, tally.succeeded = [], len(tally.indexes)
        return tally

    # -- acting ------------------------------------------------------------------------------------------------------

    async def _act(self, key: str, job: batch.Job, plan: JobPlan) -> None:
        if plan.delete:
            await self._delete(key, job, plan.delete, keep_finalizer=False)
        if plan.create:
            await self._create(key, job, plan)

    async def _create(self, key: str, job: batch.Job, plan: JobPlan) -> None:
        self.expectations.expect_creations(key, plan.create)
        indexes = iter(plan.indexes)
        created, error = await slow_start(
            plan.create, lambda: self.pod_control.create(compute_job_pod(job, next(indexes, None)), job)
        )
        if created < plan.create:
            self.expectations.creation_observed(key, plan.create - created)
        if error is not None and not is_namespace_terminating(error):
            raise error

    async def _delete(self, key: str, job: batch.Job, pods: list[core.Pod], keep_finalizer: bool) -> None:
        """Without the finalizer, a pod that we take away ourselves is not counted as failed."""
        for pod in pods:
            if not keep_finalizer:
                await self._release(pod)
            await self.pod_control.delete(pod, job)

    async def _release(self, pod: core.Pod) -> None:
        """Take the finalizer off exactly that pod."""
        finalizers = [name for name in pod.metadata.finalizers if name != FINALIZER]
        if len(finalizers) == len(pod.metadata.finalizers):
            return
        body = {"metadata": {"uid": pod.metadata.uid, "finalizers": finalizers}}
        try:
            await self.client.patch(core.Pod, pod.metadata.name, pod.metadata.namespace, body)
        except NotFound:
            return

    async def _free_orphan(self, key: str) -> None:
        """Nobody counts this pod any more, if its Job is really gone."""
        pod = self.pods.get(key)
        ref = controller_of(pod.metadata) if pod is not None else None
        if pod is None or ref is None or FINALIZER not in pod.metadata.finalizers:
            return
        try:
            job = await self.client.get(batch.Job, ref.name, pod.metadata.namespace)
            if job.metadata.uid == ref.uid:
                return
        except NotFound:
            pass
        await self._release(pod)

    # -- status ------------------------------------------------------------------------------------------------------

    async def _publish(
        self, job: batch.Job, tally: Tally, pods: list[core.Pod], active: list[core.Pod], ending: Ending | None
    ) -> batch.Job:
        status = compute_status(job, tally, pods, active, ending, self.clock.now())
        if status == job.status:
            return job
        self._announce(job, status)
        return await self.client.update_status(job.model_copy(update={"status": status}))

    def _announce(self, job: batch.Job, status: batch.JobStatus) -> None:
        """Events for what is new."""
        for kind, event_type, reason, text in (
            ("Complete", "Normal", "Completed", "Job completed"),
            ("Failed", "Warning", "", ""),
            ("Suspended", "Normal", "Suspended", "Job suspended"),
        ):
            after, before = find_condition(status.conditions, kind), find_condition(job.status.conditions, kind)
            was = before is not None and before.status == "True"
            if after is not None and after.status == "True" and not was:
                self.recorder.event(job, event_type, reason or after.reason or "", text or after.message or "")
            elif after is not None and after.status == "False" and was:
                self.recorder.event(job, "Normal", "Resumed", "Job resumed")


def _unfinished_count(job: batch.Job) -> bool:
    listed = job.status.uncounted_terminated_pods
    return listed is not None and bool(listed.succeeded or listed.failed)


def compute_job_pod(job: batch.Job, index: int | None) -> core.Pod:
    """A pod of the Job; in Indexed mode with its index in name, annotation, label, environment and hostname."""
    pod = compute_pod(job.spec.template, job)
    pod.metadata.finalizers = [*pod.metadata.finalizers, FINALIZER]
    if index is None:
        return pod
    base = f"{job.metadata.name}-{index}"
    pod.metadata.generate_name, pod.metadata.name = "", f"{base}-{random_suffix()}"
    pod.metadata.annotations[ANNOTATION] = str(index)
    pod.metadata.labels[ANNOTATION] = str(index)
    pod.spec.hostname = pod.spec.hostname or base
    reference = core.EnvVarSource(field_ref=core.ObjectFieldSelector(field_path=f"metadata.labels['{ANNOTATION}']"))
    for container in [*pod.spec.init_containers, *pod.spec.containers]:
        if all(variable.name != "JOB_COMPLETION_INDEX" for variable in container.env):
            container.env = [*container.env, core.EnvVar(name="JOB_COMPLETION_INDEX", value_from=reference)]
    return pod


def compute_status(
    job: batch.Job, tally: Tally, pods: list[core.Pod], active: list[core.Pod], ending: Ending | None, now: float
) -> batch.JobStatus:
    """The next status. An ending is announced first; it is final once all is counted and no pod is left running."""
    status = job.status.model_copy(deep=True)
    stamp = format_time(now)
    if status.start_time is None and not job.spec.suspend:
        status.start_time = stamp
    status.succeeded, status.failed = tally.succeeded or None, tally.failed or None
    status.uncounted_terminated_pods = tally.uncounted
    status.ready = sum(is_ready(pod) for pod in active)
    status.active = len(active) or None
    status.terminating = sum(is_terminating(pod) and pod.status.phase in ("Pending", "Running") for pod in pods)
    if is_indexed(job):
        status.completed_indexes = format_indexes(tally.indexes) or None
    if ending is not None:
        _end(status, ending, stamp, final=not (tally.uncounted_succeeded or tally.uncounted_failed or tally.release))
    elif not is_over(job):
        _suspend(job, status, stamp)
    return status


def _condition(kind: str, value: str, reason: str, message: str, stamp: str) -> batch.JobCondition:
    return batch.JobCondition(
        type=kind, status=value, reason=reason, message=message, last_probe_time=stamp, last_transition_time=stamp
    )


def _end(status: batch.JobStatus, ending: Ending, stamp: str, final: bool) -> None:
    early = "FailureTarget" if ending.type == "Failed" else "SuccessCriteriaMet"
    if find_condition(status.conditions, early) is None:
        announced = _condition(early, "True", ending.reason, ending.message, stamp)
        status.conditions = with_condition(status.conditions, announced)
    status.active, status.ready = None, 0
    if final and not status.terminating and find_condition(status.conditions, ending.type) is None:
        last = _condition(ending.type, "True", ending.reason, ending.message, stamp)
        status.conditions = with_condition(status.conditions, last)
        if ending.type == "Complete":
            status.completion_time = stamp


def _suspend(job: batch.Job, status: batch.JobStatus, stamp: str) -> None:
    """Suspending forgets the start time, resuming starts the deadline anew."""
    current = find_condition(status.conditions, "Suspended")
    suspended = current is not None and current.status == "True"
    if job.spec.suspend and not suspended:
        fresh = _condition("Suspended", "True", "JobSuspended", "Job suspended", stamp)
        status.conditions, status.start_time = with_condition(status.conditions, fresh), None
    elif not job.spec.suspend and suspended:
        fresh = _condition("Suspended", "False", "JobResumed", "Job resumed", stamp)
        status.conditions, status.start_time = with_condition(status.conditions, fresh), stamp
