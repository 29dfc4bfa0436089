"""batch/v1: work that ends: Job and CronJob.

Mirrors upstream's staging/src/k8s.io/api/batch/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Int32, Int64, ListSet, MergeKey, Model, Time, sent
from minik8s.api.core.pod import PodTemplateSpec
from minik8s.api.core.reference import ObjectReference
from minik8s.api.meta import LabelSelector, ObjectMeta


class PodFailurePolicyOnExitCodesRequirement(Model):
    """A condition on exit codes."""

    container_name: str | None = None  #: The container; all where absent.
    operator: str  #: In or NotIn.
    values: Annotated[list[Int32], ListSet()] = sent([])  #: Exit codes.


class PodFailurePolicyOnPodConditionsPattern(Model):
    """A condition that the failed pod has."""

    type: str  #: Its type.
    status: str  #: Its status; default True.


class PodFailurePolicyRule(Model):
    """What to do about some failed pods."""

    action: str  #: FailJob, FailIndex, Ignore or Count.
    on_exit_codes: PodFailurePolicyOnExitCodesRequirement | None = None  #: Those with such exit codes.
    on_pod_conditions: list[PodFailurePolicyOnPodConditionsPattern] = []  #: Those with such conditions.


class PodFailurePolicy(Model):
    """What to do about failed pods; the first rule that fits decides."""

    rules: list[PodFailurePolicyRule] = sent([])  #: The rules.


class SuccessPolicyRule(Model):
    """When some indexes are enough."""

    succeeded_indexes: str | None = None  #: Indexes that must succeed: 0-2,5.
    succeeded_count: Int32 | None = None  #: How many must.


class SuccessPolicy(Model):
    """When a job has succeeded before all its indexes have."""

    rules: list[SuccessPolicyRule] = sent([])  #: One of them is enough.


class JobSpec(Model):
    """What to run to completion, how often, and how many at once."""

    parallelism: Int32 | None = None  #: Pods at once; default 1.
    completions: Int32 | None = None  #: Successes that are needed.
    active_deadline_seconds: Int64 | None = None  #: Fail when it has run so long.
    selector: LabelSelector | None = None  #: Labels of its pods; made by the system.
    manual_selector: bool | None = None  #: Let selector be set by hand.
    template: PodTemplateSpec  #: The pods to make; restartPolicy Never or OnFailure.
    backoff_limit: Int32 | None = None  #: Failures after which to give up; default 6.
    ttl_seconds_after_finished: Int32 | None = None  #: Delete the job so long after it finished.
    completion_mode: str | None = None  #: NonIndexed (the default) or Indexed: each completion has a number.
    suspend: bool | None = None  #: Run no pods for now.
    pod_failure_policy: PodFailurePolicy | None = None  #: What to do about failed pods.
    backoff_limit_per_index: Int32 | None = None  #: The same for each index.
    max_failed_indexes: Int32 | None = None  #: Failed indexes after which to give up.
    pod_replacement_policy: str | None = None  #: TerminatingOrFailed or Failed: when to make up for a pod.
    managed_by: str | None = None  #: Controller that looks after it, instead of the built-in one.
    success_policy: SuccessPolicy | None = None  #: When some indexes are enough.


class JobTemplateSpec(Model):
    """A job to be made."""

    metadata: ObjectMeta = sent(ObjectMeta)  #: Labels and annotations of the jobs.
    spec: JobSpec | None = None  #: Spec of the jobs.


class CronJobSpec(Model):
    """When to start which job."""

    schedule: str  #: Cron text: minute hour day month weekday, or @hourly …
    starting_deadline_seconds: Int64 | None = None  #: Start no later than so long after the time.
    concurrency_policy: str | None = None  #: Allow (the default), Forbid or Replace, when the last still runs.
    suspend: bool | None = None  #: Start none for now.
    job_template: JobTemplateSpec  #: The jobs to make.
    successful_jobs_history_limit: Int32 | None = None  #: Finished jobs to keep; default 3.
    failed_jobs_history_limit: Int32 | None = None  #: Failed jobs to keep; default 1.
    time_zone: str | None = None  #: Time zone of the schedule: Europe/Berlin.


class CronJobStatus(Model):
    """What was observed of its jobs."""

    active: list[ObjectReference] = []  #: Jobs that run.
    last_schedule_time: Time | None = None  #: When the last one was started.
    last_successful_time: Time | None = None  #: When the last one succeeded.


class CronJob(Model):
    """Starts jobs by the clock."""

    api_version: str = sent("batch/v1")
    kind: str = sent("CronJob")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: CronJobSpec
    status: CronJobStatus = sent(CronJobStatus)


class JobCondition(Model):
    """An observation of a Job."""

    type: str  #: Complete, Failed, Suspended, SuccessCriteriaMet or FailureTarget.
    status: str  #: True, False or Unknown.
    last_probe_time: Time | None = None  #: When the condition was last checked.
    last_transition_time: Time | None = None  #: When the condition last changed its status.
    reason: str | None = None  #: Why, in one CamelCase word.
    message: str | None = None  #: Details, for people.


class UncountedTerminatedPods(Model):
    """Ended pods that the counters do not hold yet."""

    succeeded: Annotated[list[str], ListSet()] = []  #: Uids of those that succeeded.
    failed: Annotated[list[str], ListSet()] = []  #: Uids of those that failed.


class JobStatus(Model):
    """What was observed of its pods."""

    #: Observations with a truth value each, by type.
    conditions: Annotated[list[JobCondition], MergeKey("type")] = []
    start_time: Time | None = None  #: When it was first taken up.
    completion_time: Time | None = None  #: When it succeeded.
    active: Int32 | None = None  #: Pods that run.
    succeeded: Int32 | None = None  #: Pods that succeeded.
    failed: Int32 | None = None  #: Pods that failed.
    completed_indexes: str | None = None  #: Indexes done: 0-2,5.
    uncounted_terminated_pods: UncountedTerminatedPods | None = None  #: Ended pods not counted yet.
    ready: Int32 | None = None  #: Pods that are ready.
    failed_indexes: str | None = None  #: Indexes given up.
    terminating: Int32 | None = None  #: Pods on their way out.


class Job(Model):
    """Runs pods until enough of them have succeeded."""

    api_version: str = sent("batch/v1")
    kind: str = sent("Job")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: JobSpec
    status: JobStatus = sent(JobStatus)
