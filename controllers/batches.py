"""Slow start: try one call, then two, four, eight …, and stop at the first batch with a failure.

Mirrors slowStartBatch in upstream's pkg/controller/replicaset/replica_set.go: a quota that refuses every pod costs one
doomed request instead of five hundred, yet a large set that can be created is created in few rounds.
"""

import asyncio
from collections.abc import Awaitable, Callable


async def slow_start(count: int, call: Callable[[], Awaitable[object]]) -> tuple[int, BaseException | None]:
    """Run `call` up to `count` times; returns how many succeeded, and the first error of the batch that failed."""
    remaining, successes = count, 0
    batch = min(remaining, 1)
    while batch > 0:
        results = await asyncio.gather(*(call() for _ in range(batch)), return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        successes += batch - len(errors)
        if errors:
            return successes, errors[0]
        remaining -= batch
        batch = min(2 * batch, remaining)
    return successes, None


async def all_at_once(calls: list[Awaitable[object]]) -> BaseException | None:
    """Run them together; the first error, if any, after all have ended."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    return next((result for result in results if isinstance(result, BaseException)), None)
