"""CronJobs: the calendar, and what is started when."""

from datetime import UTC, datetime

import pytest

from minik8s.api import batch
from minik8s.api.meta import ObjectMeta, format_time
from minik8s.controllers.cronjob.controller import CronJobController
from minik8s.controllers.cronjob.schedule import most_recent, parse_schedule
from tests.unit.controllers.builders import START, template
from tests.unit.controllers.conftest import Bench


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("*/15 * * * *", "2026-01-01T00:01", "2026-01-01T00:15"),
        ("0 9-17/4 * * mon-fri", "2026-01-02T17:30", "2026-01-05T09:00"),
        ("30 4 1,15 * 5", "2026-01-01T05:00", "2026-01-02T04:30"),
        ("0 0 29 2 *", "2026-01-01T00:00", "2028-02-29T00:00"),
        ("@hourly", "2026-01-01T00:00", "2026-01-01T01:00"),
        ("5/20 * * * *", "2026-01-01T00:00", "2026-01-01T00:05"),
        ("0 0 * * 7", "2026-01-01T00:00", "2026-01-04T00:00"),
        ("TZ=America/New_York 0 12 * jul *", "2026-01-01T00:00", "2026-07-01T16:00"),
    ],
)
def test_next(schedule: str, after: str, expected: str) -> None:
    assert parse_schedule(schedule).next(at(after)) == at(expected)


def test_never_and_every() -> None:
    assert parse_schedule("0 0 30 2 *").next(START) is None
    assert parse_schedule("@every 90s").next(START) == START + 90


@pytest.mark.parametrize("text", ["* * * *", "60 * * * *", "a * * * *", "*/0 * * * *", "5-1 * * * *", "@every x"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_schedule(text)


def test_most_recent_counts_what_was_missed() -> None:
    hourly = parse_schedule("@hourly")
    assert most_recent(hourly, START, START + 100) == (None, 0)
    assert most_recent(hourly, START, START + 3 * 3600 + 5) == (START + 3 * 3600, 3)
    last, count = most_recent(parse_schedule("* * * * *"), START, START + 86400 * 30)
    assert (last, count) == (START + 86400 * 30, 101)


def cron(policy: str = "Allow", **spec: int) -> batch.CronJob:
    job = batch.JobTemplateSpec(spec=batch.JobSpec(template=template()))
    meta = ObjectMeta(name="tick", namespace="default", uid="uid-tick", creation_timestamp=format_time(START))
    body = batch.CronJobSpec(schedule="* * * * *", job_template=job, concurrency_policy=policy, **spec)
    return batch.CronJob(metadata=meta, spec=body)


def jobs(bench: Bench) -> list[str]:
    return sorted(job.metadata.name for job in bench.api.objects(batch.Job))


def finish(bench: Bench, name: str, kind: str = "Complete") -> None:
    job = bench.api.get(batch.Job, name, "default")
    stamp = format_time(bench.clock.now())
    job.status.conditions = [batch.JobCondition(type=kind, status="True", last_transition_time=stamp)]
    job.status.start_time = job.status.completion_time = stamp
    bench.api.add(job)


async def test_a_job_a_minute_and_a_history(bench: Bench) -> None:
    bench.api.add(cron(successful_jobs_history_limit=2))
    await bench.start(CronJobController)
    assert jobs(bench) == []
    seen = []
    for _ in range(4):
        await bench.rest("60s")
        newest = jobs(bench)[-1]
        seen.append(newest)
        finish(bench, newest)
        await bench.rest("1s")
    first = int(START) // 60
    assert seen == [f"tick-{first + number}" for number in range(1, 5)]
    assert jobs(bench) == seen[-2:]
    status = bench.api.get(batch.CronJob, "tick", "default").status
    assert status.active == [] and status.last_successful_time is not None


async def test_forbid_waits_and_replace_does_not(bench: Bench) -> None:
    bench.api.add(cron("Forbid"))
    await bench.start(CronJobController)
    await bench.rest("150s")
    (only,) = jobs(bench)
    finish(bench, only)
    await bench.rest("1s")
    assert len(jobs(bench)) == 2, "what was due meanwhile starts once"
    replacing = bench.api.get(batch.CronJob, "tick", "default")
    replacing.spec.concurrency_policy = "Replace"
    bench.api.add(replacing)
    await bench.rest("60s")
    running = [job.metadata.name for job in bench.api.objects(batch.Job) if not job.status.conditions]
    assert len(running) == 1 and running[0] not in (only,)


async def test_suspended_starts_nothing(bench: Bench) -> None:
    plan = cron()
    plan.spec.suspend = True
    bench.api.add(plan)
    await bench.start(CronJobController)
    await bench.rest("5m")
    assert jobs(bench) == []
