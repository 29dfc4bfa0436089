"""A component's process: exit codes and signals, tried on real ones."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from minik8s.component.flags import parse_bool, parse_duration

WAITS = """
import asyncio
from minik8s.component import run_component
async def main():
    print("up", flush=True)
    try:
        await asyncio.sleep(60)
    finally:
        print("cleaned", flush=True)
raise SystemExit(run_component("test", main))
"""
FAILS = """
import asyncio
from minik8s.component import run_component
async def part():
    raise ValueError("the disk is full")
async def main():
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(part())
raise SystemExit(run_component("test", main))
"""


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_gracefully(signum: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.send_signal(signum)
        out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, b"cleaned\n")


def test_a_failure_is_told_in_one_line_and_exits_with_one() -> None:
    done = subprocess.run([sys.executable, "-c", FAILS], capture_output=True, timeout=20, check=False)
    assert done.returncode == 1
    assert b'error="ValueError: the disk is full"' in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(("text", "seconds"), [("15s", 15), ("1h30m", 5400), ("1.5s", 1.5), ("250ms", 0.25), ("0", 0)])
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "s", "1x", "1m 2s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(Exception, match="invalid duration"):
        parse_duration(text)


def test_booleans() -> None:
    assert parse_bool("true") and not parse_bool("F")
    with pytest.raises(Exception, match="invalid boolean"):
        parse_bool("yes")
