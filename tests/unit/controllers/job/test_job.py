"""Jobs: counting, ending, backing off, indexes, suspension."""

from typing import Any

import pytest

from minik8s.api import batch, core
from minik8s.api.meta import LabelSelector, ObjectMeta, format_time
from minik8s.controllers.conditions import find_condition
from minik8s.controllers.job.controller import JobController
from minik8s.controllers.job.indexes import format_indexes, parse_indexes
from minik8s.controllers.job.plan import compute_backoff
from minik8s.controllers.job.tally import FINALIZER, compute_tally
from minik8s.controllers.ttl_after_finished import TTLAfterFinishedController
from tests.unit.controllers.builders import LABELS, START, pod, template
from tests.unit.controllers.conftest import Bench


def job(**spec: Any) -> batch.Job:
    body = batch.JobSpec(template=template(), selector=LabelSelector(match_labels=dict(LABELS)), **spec)
    return batch.Job(metadata=ObjectMeta(name="work", namespace="default", uid="uid-work"), spec=body)


def end(bench: Bench, one: core.Pod, phase: str) -> None:
    changed = bench.api.get(core.Pod, one.metadata.name, "default")
    stamp = format_time(bench.clock.now())
    ended = core.ContainerStateTerminated(exit_code=int(phase == "Failed"), finished_at=stamp)
    changed.status.phase = phase
    changed.status.container_statuses = [
        core.ContainerStatus(
            name="web",
            image="i",
            image_id="",
            ready=False,
            restart_count=0,
            state=core.ContainerState(terminated=ended),
        )
    ]
    bench.api.add(changed)


def running(bench: Bench) -> list[core.Pod]:
    return [one for one in bench.pods() if one.status.phase == "Pending" and not one.metadata.deletion_timestamp]


def status(bench: Bench) -> batch.JobStatus:
    found: batch.JobStatus = bench.api.get(batch.Job, "work", "default").status
    return found


@pytest.mark.parametrize(("text", "indexes"), [("", set()), ("0-2,5", {0, 1, 2, 5}), ("1,3-4,9", {1, 3, 4})])
def test_indexes(text: str, indexes: set[int]) -> None:
    assert parse_indexes(text, 8) == indexes
    assert parse_indexes(format_indexes(indexes), 8) == indexes


def test_a_pod_is_counted_once_through_all_three_steps() -> None:
    work, one = job(), pod("a", phase="Succeeded")
    one.metadata.finalizers = [FINALIZER]
    first = compute_tally(work, [one])
    assert (first.succeeded, first.uncounted_succeeded, first.release) == (0, ["uid-a"], [one])
    work.status.uncounted_terminated_pods = first.uncounted
    again = compute_tally(work, [one])
    assert (again.all_succeeded, again.release) == (1, [one]), "the release failed: try again, count the same"
    one.metadata.finalizers = []
    last = compute_tally(work, [one])
    assert (last.succeeded, last.uncounted_succeeded, last.release) == (1, [], [])
    work.status.succeeded, work.status.uncounted_terminated_pods = 1, None
    assert compute_tally(work, [one]).all_succeeded == 1


def test_backoff_doubles_with_failures_in_a_row() -> None:
    failed = [pod(f"p{number}", phase="Failed") for number in range(3)]
    assert compute_backoff(failed, START) == 40
    assert compute_backoff(failed, START + 50) == 0
    assert compute_backoff([*failed, pod("ok", phase="Succeeded")], START) == 0


async def test_runs_to_completion(bench: Bench) -> None:
    bench.api.add(job(completions=3, parallelism=2))
    await bench.start(JobController)
    assert len(running(bench)) == 2
    for _ in range(3):
        for one in running(bench):
            end(bench, one, "Succeeded")
        await bench.rest("1s")
    assert status(bench).succeeded == 3
    done = find_condition(status(bench).conditions, "Complete")
    assert done is not None and done.reason == "CompletionsReached"
    assert status(bench).completion_time is not None
    assert len(bench.pods()) == 3 and not any(one.metadata.finalizers for one in bench.pods())
    assert "Job completed" in await bench.events("Completed")


async def test_failures_back_off_and_end_at_the_limit(bench: Bench) -> None:
    bench.api.add(job(completions=1, backoff_limit=1))
    await bench.start(JobController)
    end(bench, running(bench)[0], "Failed")
    await bench.rest("5s")
    assert running(bench) == [], "backing off"
    await bench.rest("6s")
    assert len(running(bench)) == 1
    end(bench, running(bench)[0], "Failed")
    await bench.rest("5s")
    ended = find_condition(status(bench).conditions, "Failed")
    assert ended is not None and ended.reason == "BackoffLimitExceeded"
    assert status(bench).failed == 2


async def test_the_deadline_stops_running_pods(bench: Bench) -> None:
    bench.api.add(job(completions=2, parallelism=2, active_deadline_seconds=60))
    await bench.start(JobController)
    await bench.run_all_pods()
    await bench.rest("61s")
    assert all(one.metadata.deletion_timestamp for one in bench.pods())
    bench.finish_deletions()
    await bench.rest("1s")
    ended = find_condition(status(bench).conditions, "Failed")
    assert ended is not None and ended.reason == "DeadlineExceeded"


async def test_indexed_pods_know_who_they_are(bench: Bench) -> None:
    bench.api.add(job(completions=3, parallelism=3, completion_mode="Indexed"))
    await bench.start(JobController)
    by_index = {one.metadata.annotations["batch.kubernetes.io/job-completion-index"]: one for one in running(bench)}
    assert sorted(by_index) == ["0", "1", "2"]
    assert by_index["1"].spec.hostname == "work-1"
    end(bench, by_index["0"], "Succeeded")
    end(bench, by_index["1"], "Failed")
    await bench.rest("30s")
    assert status(bench).completed_indexes == "0"
    again = {one.metadata.annotations["batch.kubernetes.io/job-completion-index"] for one in running(bench)}
    assert again == {"1", "2"}


async def test_suspending_takes_pods_away_without_counting_them(bench: Bench) -> None:
    bench.api.add(job(completions=2, parallelism=2))
    await bench.start(JobController)
    changed = bench.api.get(batch.Job, "work", "default")
    changed.spec.suspend = True
    bench.api.add(changed)
    await bench.rest("1s")
    bench.finish_deletions()
    await bench.rest("1s")
    assert bench.pods() == []
    assert status(bench).failed is None and status(bench).start_time is None
    changed = bench.api.get(batch.Job, "work", "default")
    changed.spec.suspend = None
    bench.api.add(changed)
    await bench.rest("1s")
    assert len(running(bench)) == 2


async def test_a_finished_job_goes_after_its_ttl(bench: Bench) -> None:
    bench.api.add(job(completions=1, ttl_seconds_after_finished=100))
    await bench.start(JobController, TTLAfterFinishedController)
    end(bench, running(bench)[0], "Succeeded")
    await bench.rest("60s")
    assert bench.api.get(batch.Job, "work", "default").metadata.deletion_timestamp is None
    await bench.rest("60s")
    gone = bench.api.get(batch.Job, "work", "default")
    assert gone is None or gone.metadata.deletion_timestamp is not None


async def test_pods_of_a_job_that_is_gone_are_freed(bench: Bench) -> None:
    bench.api.add(job(completions=1))
    await bench.start(JobController)
    bench.api.remove(batch.Job, "work", "default")
    await bench.rest("1s")
    assert [one.metadata.finalizers for one in bench.pods()] == [[]]
