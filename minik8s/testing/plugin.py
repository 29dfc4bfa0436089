"""pytest fixtures: virtual time and an API server in memory. Use: `pytest_plugins = ["minik8s.testing.plugin"]`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from minik8s.testing.fakeapi import FakeAPI, FakeClient
from minik8s.testing.time import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    """Time that stands still until `await clock.advance("10s")`."""
    return VirtualClock()


@pytest.fixture
def api(clock: VirtualClock) -> FakeAPI:
    """An API server in memory, on the virtual clock."""
    return FakeAPI(clock)


@pytest.fixture
def client(api: FakeAPI) -> FakeClient:
    """A client of `api`."""
    return FakeClient(api)


@pytest.fixture
async def spawn() -> AsyncIterator[Callable[[Awaitable[Any]], asyncio.Task[Any]]]:
    """`spawn(coroutine)`: a task that is cancelled at the test's end; its failure fails the test."""
    tasks: list[asyncio.Task[Any]] = []

    def start(coroutine: Awaitable[Any]) -> asyncio.Task[Any]:
        tasks.append(asyncio.ensure_future(coroutine))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result
