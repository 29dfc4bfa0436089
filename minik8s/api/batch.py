"""Models: batch.py."""

from typing import Annotated

from minik8s.api.base import Int32, Int64, ListSet, MergeKey, Model, Time, sent
from minik8s.api.core.pod import PodTemplateSpec
from minik8s.api.core.reference import ObjectReference
from minik8s.api.meta import LabelSelector, ObjectMeta


class PodFailurePolicyOnExitCodesRequirement(Model):
    """Pod Failure Policy On Exit Codes Requirement."""

    operator: str
    values: Annotated[list[Int32], ListSet()] = sent([])
    container_name: str | None = None


class PodFailurePolicyOnPodConditionsPattern(Model):
    """Pod Failure Policy On Pod Conditions Pattern."""

    status: str
    type: str


class PodFailurePolicyRule(Model):
    """Pod Failure Policy Rule."""

    action: str
    on_exit_codes: PodFailurePolicyOnExitCodesRequirement | None = None
    on_pod_conditions: list[PodFailurePolicyOnPodConditionsPattern] = []


class PodFailurePolicy(Model):
    """Pod Failure Policy."""

    rules: list[PodFailurePolicyRule] = sent([])


class SuccessPolicyRule(Model):
    """Success Policy Rule."""

    succeeded_count: Int32 | None = None
    succeeded_indexes: str | None = None


class SuccessPolicy(Model):
    """Success Policy."""

    rules: list[SuccessPolicyRule] = sent([])


class JobSpec(Model):
    """Job Spec."""

    template: PodTemplateSpec
    active_deadline_seconds: Int64 | None = None
    backoff_limit: Int32 | None = None
    backoff_limit_per_index: Int32 | None = None
    completion_mode: str | None = None
    completions: Int32 | None = None
    managed_by: str | None = None
    manual_selector: bool | None = None
    max_failed_indexes: Int32 | None = None
    parallelism: Int32 | None = None
    pod_failure_policy: PodFailurePolicy | None = None
    pod_replacement_policy: str | None = None
    selector: LabelSelector | None = None
    success_policy: SuccessPolicy | None = None
    suspend: bool | None = None
    ttl_seconds_after_finished: Int32 | None = None


class JobTemplateSpec(Model):
    """Job Template Spec."""

    metadata: ObjectMeta = sent(ObjectMeta)
    spec: JobSpec | None = None


class CronJobSpec(Model):
    """Cron Job Spec."""

    job_template: JobTemplateSpec
    schedule: str
    concurrency_policy: str | None = None
    failed_jobs_history_limit: Int32 | None = None
    starting_deadline_seconds: Int64 | None = None
    successful_jobs_history_limit: Int32 | None = None
    suspend: bool | None = None
    time_zone: str | None = None


class CronJobStatus(Model):
    """Cron Job Status."""

    active: list[ObjectReference] = []
    last_schedule_time: Time | None = None
    last_successful_time: Time | None = None


class CronJob(Model):
    """Cron Job."""

    api_version: str = sent("batch/v1")
    kind: str = sent("CronJob")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: CronJobSpec
    status: CronJobStatus = sent(CronJobStatus)


class JobCondition(Model):
    """Job Condition."""

    status: str
    type: str
    last_probe_time: Time | None = None
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None


class UncountedTerminatedPods(Model):
    """Uncounted Terminated Pods."""

    failed: Annotated[list[str], ListSet()] = []
    succeeded: Annotated[list[str], ListSet()] = []


class JobStatus(Model):
    """Job Status."""

    active: Int32 | None = None
    completed_indexes: str | None = None
    completion_time: Time | None = None
    conditions: Annotated[list[JobCondition], MergeKey("type")] = []
    failed: Int32 | None = None
    failed_indexes: str | None = None
    ready: Int32 | None = None
    start_time: Time | None = None
    succeeded: Int32 | None = None
    terminating: Int32 | None = None
    uncounted_terminated_pods: UncountedTerminatedPods | None = None


class Job(Model):
    """Job."""

    api_version: str = sent("batch/v1")
    kind: str = sent("Job")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: JobSpec
    status: JobStatus = sent(JobStatus)
