"""Counting pods that have ended, each exactly once, although writes can fail half way. Pure.

Mirrors trackJobStatusAndRemoveFinalizers in upstream's pkg/controller/job/job_controller.go.

A pod of a Job carries a finalizer until it is counted. Three steps, any of which may be repeated:
    1. its uid is written into status.uncountedTerminatedPods;
    2. its finalizer is taken off;
    3. once the finalizer is seen to be gone, the uid leaves the list and the counter goes up, in one write.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from minik8s.api import batch, core
from minik8s.controllers.job.indexes import index_of
from minik8s.controllers.pods import is_terminating

FINALIZER = "batch.kubernetes.io/job-tracking"


@dataclass
class Tally:
    """The counters, and what is still between the steps."""

    succeeded: int
    failed: int
    uncounted_succeeded: list[str] = field(default_factory=list)
    uncounted_failed: list[str] = field(default_factory=list)
    #: pods whose finalizer may go as soon as the lists above are written
    release: list[core.Pod] = field(default_factory=list)
    #: indexes of pods that have succeeded
    indexes: set[int] = field(default_factory=set)

    @property
    def all_succeeded(self) -> int:
        return self.succeeded + len(self.uncounted_succeeded)

    @property
    def all_failed(self) -> int:
        return self.failed + len(self.uncounted_failed)

    @property
    def uncounted(self) -> batch.UncountedTerminatedPods:
        return batch.UncountedTerminatedPods(succeeded=self.uncounted_succeeded, failed=self.uncounted_failed)


def has_ended(job: batch.Job, pod: core.Pod) -> str | None:
    """`succeeded`, `failed`, or None. A pod that is being deleted has failed, unless only Failed ones are replaced."""
    if pod.status.phase == "Succeeded":
        return "succeeded"
    if pod.status.phase == "Failed":
        return "failed"
    return "failed" if is_terminating(pod) and not replaces_failed_only(job) else None


def replaces_failed_only(job: batch.Job) -> bool:
    if job.spec.pod_failure_policy is not None:
        return True
    return job.spec.pod_replacement_policy == "Failed"


def compute_tally(job: batch.Job, pods: Sequence[core.Pod], count_all: bool = False) -> Tally:
    """Where the count stands. With `count_all`, pods that still run are counted as failed: the Job is over."""
    listed = job.status.uncounted_terminated_pods or batch.UncountedTerminatedPods()
    tracked = {pod.metadata.uid for pod in pods if FINALIZER in pod.metadata.finalizers}
    tally = Tally(
        succeeded=(job.status.succeeded or 0) + sum(uid not in tracked for uid in listed.succeeded),
        failed=(job.status.failed or 0) + sum(uid not in tracked for uid in listed.failed),
        uncounted_succeeded=[uid for uid in listed.succeeded if uid in tracked],
        uncounted_failed=[uid for uid in listed.failed if uid in tracked],
    )
    for pod in pods:
        ending = has_ended(job, pod) or ("failed" if count_all else None)
        index = index_of(pod)
        if ending == "succeeded" and index is not None:
            tally.indexes.add(index)
        if ending is None or pod.metadata.uid not in tracked:
            continue
        tally.release.append(pod)
        if pod.metadata.uid not in tally.uncounted_succeeded and pod.metadata.uid not in tally.uncounted_failed:
            (tally.uncounted_succeeded if ending == "succeeded" else tally.uncounted_failed).append(pod.metadata.uid)
    return tally
