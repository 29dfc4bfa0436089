"""Every contract test runs on every runtime that this machine can have; the others are skipped with the reason."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from harness import Harness, make_harness, why_not


@pytest.fixture(params=["fake", "plain", "process", pytest.param("docker", marks=pytest.mark.docker)])
async def rt(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Harness]:
    reason = why_not(request.param)
    if reason:
        pytest.skip(f"{request.param}: {reason}")
    async for harness in make_harness(request.param, tmp_path):
        yield harness
