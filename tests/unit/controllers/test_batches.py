"""Slow start: 1, 2, 4, …, and an end at the first failing batch."""

from minik8s.controllers.batches import slow_start


async def test_batches_double() -> None:
    running, peaks = 0, []

    async def call() -> None:
        nonlocal running
        running += 1
        peaks.append(running)

    assert await slow_start(7, call) == (7, None)
    assert peaks == [1, 2, 3, 4, 5, 6, 7]


async def test_a_quota_costs_one_request() -> None:
    calls = 0

    async def refuse() -> None:
        nonlocal calls
        calls += 1
        raise PermissionError("quota")

    done, error = await slow_start(500, refuse)
    assert (done, calls) == (0, 1)
    assert isinstance(error, PermissionError)


async def test_a_failure_in_the_third_batch_ends_it_there() -> None:
    calls = 0

    async def fifth_fails() -> None:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise ValueError

    done, error = await slow_start(100, fifth_fails)
    assert (done, calls) == (6, 7)
    assert isinstance(error, ValueError)
