"""The pause program: its bytes, and what it does when it runs."""

from __future__ import annotations

import io
import os
import platform
import signal
import struct
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from minik8s.kubelet.runtimes import pause

KNOWN = platform.machine() in ("x86_64", "aarch64")
runs_here = pytest.mark.skipif(not KNOWN, reason="no pause program for this machine")


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "pause"
    path.write_bytes(pause.build_elf())
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("machine", "number"), [("x86_64", 62), ("aarch64", 183)])
def test_the_elf_header(machine: str, number: int) -> None:
    data = pause.build_elf(machine)
    assert data[:4] == b"\x7fELF" and len(data) < 300
    kind, found, _, entry, offset = struct.unpack_from("<HHIQQ", data, 16)
    assert (kind, found, entry, offset) == (2, number, pause.BASE + 120, 64)
    segment = struct.unpack_from("<IIQQQQQQ", data, 64)
    assert segment[0] == 1 and segment[5] == segment[6] == len(data)


def test_an_unknown_machine_is_named() -> None:
    with pytest.raises(ValueError, match="riscv64"):
        pause.build_elf("riscv64")


def test_aarch64_branches_land_on_their_labels() -> None:
    labels = {label: i for i, (label, _, _) in enumerate(pause.AARCH64) if label}
    words = struct.unpack(f"<{len(pause.AARCH64)}I", pause.assemble_aarch64())
    for i, (_, code, target) in enumerate(pause.AARCH64):
        if not target:
            continue
        bits, shift = (26, 0) if code == "14000000" else (19, 5)
        distance = words[i] >> shift & ((1 << bits) - 1)
        distance -= (distance >> bits - 1) << bits
        assert i + distance == labels[target], (i, target)


def waits_for_signals(pid: int) -> bool:
    """It is in rt_sigtimedwait: from now on no signal takes it by surprise."""
    number = "128" if platform.machine() == "x86_64" else "137"
    return Path(f"/proc/{pid}/syscall").read_text().split()[0] == number


@runs_here
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_waits_and_ends_on_a_signal(program: Path, number: int) -> None:
    process = subprocess.Popen([program])
    try:
        wait_until(lambda: waits_for_signals(process.pid))
        for other in (signal.SIGUSR1, signal.SIGHUP, signal.SIGCHLD):
            process.send_signal(other)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.1)
        process.send_signal(number)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()


@runs_here
@pytest.mark.skipif(os.geteuid() != 0, reason="a pid namespace needs root")
def test_as_pid_1_it_reaps_orphans_and_heeds_sigterm(program: Path) -> None:
    # unshare forks: pause becomes pid 1. An orphan made inside by nsenter must not stay a zombie.
    process = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "--", str(program)])
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    try:
        wait_until(lambda: bool(children.read_text().split()))
        pid = int(children.read_text().split()[0])
        wait_until(lambda: waits_for_signals(pid))
        subprocess.run(["nsenter", "-t", str(pid), "-p", "--", "sh", "-c", "sh -c 'sleep 0.05' & :"], check=True)
        mine = Path(f"/proc/{pid}/task/{pid}/children")
        wait_until(lambda: not mine.read_text().split())
        os.kill(pid, signal.SIGTERM)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()


def test_the_image_is_one_executable_file() -> None:
    with tarfile.open(fileobj=io.BytesIO(pause.build_root_tar("x86_64"))) as tar:
        (member,) = tar.getmembers()
        assert (member.name, member.mode) == ("pause", 0o755)
    assert pause.image_changes()[0] == 'ENTRYPOINT ["/pause"]'
