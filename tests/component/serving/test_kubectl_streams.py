"""Real kubectls, old and new, against the kubelet's server through the tunnel: exec, attach, port-forward, logs.

kubectl ≤ 1.30 speaks SPDY/3.1, from 1.31 on WebSocket (v5), port-forward as SPDY inside WebSocket. Every kubectl
found on this machine is tried; with none the tests are skipped with that reason.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from kubelet_stub import Stub, running_stub

from minik8s.kubelet.runtimes.base import ExecResult
from minik8s.kubelet.runtimes.fake_behaviour import Behaviour


@cache
def kubectls() -> tuple[str, ...]:
    """The kubectl on the path, and those that lie beside another (`kubectl.1.NN`)."""
    found = {path for name in ("kubectl",) if (path := shutil.which(name))}
    for folder in ("/usr/bin", "/usr/local/bin", *(str(Path(p).resolve().parent) for p in found)):
        found |= {str(path) for path in Path(folder).glob("kubectl.1.*") if path.is_file()}
    found |= {str(path) for path in Path("/usr/lib").glob("*/bin/kubectl.1.*")}
    versions = sorted(found, key=lambda path: [int(n) for n in re.findall(r"\d+", Path(path).name)])
    return tuple(versions)


@pytest.fixture(params=[0, 1, 2], ids=["default", "oldest", "newest"])
def kubectl(request: pytest.FixtureRequest) -> str:
    found = kubectls()
    if not found:
        pytest.skip("no kubectl on this machine")
    chosen = {0: found[0], 1: found[min(1, len(found) - 1)], 2: found[-1]}
    return chosen[request.param]


@pytest.fixture
async def stub(tmp_path: Path) -> AsyncIterator[Stub]:
    async with running_stub(tmp_path) as running:
        yield running


async def run(kubectl: str, stub: Stub, *arguments: str, text: bytes = b"") -> tuple[int, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        kubectl, f"--server=http://127.0.0.1:{stub.api.port}", "--cache-dir=/nonexistent", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "KUBECONFIG": "/dev/null"},
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(text), 30)
    return process.returncode or 0, out, err


def behave(stub: Stub, behaviour: Behaviour) -> None:
    stub.runtime.containers[stub.container].behaviour = behaviour


async def test_exec_prints_both_streams_and_succeeds(kubectl: str, stub: Stub) -> None:
    behave(stub, Behaviour(exec=lambda command: ExecResult(0, " ".join(command).encode(), b"warned")))
    assert await run(kubectl, stub, "exec", "p", "-c", "app", "--", "say", "hello") == (0, b"say hello", b"warned")


async def test_exec_exits_with_the_commands_code(kubectl: str, stub: Stub) -> None:
    behave(stub, Behaviour(exec=lambda command: ExecResult(42, b"", b"")))
    code, _, err = await run(kubectl, stub, "exec", "p", "-c", "app", "--", "fail")
    assert code == 42 and b"command terminated with exit code 42" in err


async def test_exec_hands_stdin_over_and_ends_with_it(kubectl: str, stub: Stub) -> None:
    behave(stub, Behaviour(exec=lambda command: ExecResult(0, b"", b"")))
    text = b"some input\n" * 10_000
    code, out, _ = await run(kubectl, stub, "exec", "-i", "p", "-c", "app", "--", "cat", text=text)
    assert (code, out) == (0, text)


async def test_exec_in_a_container_that_waits_is_refused(kubectl: str, stub: Stub) -> None:
    stub.pods.pod.status.container_statuses[0].state = stub.pods.pod.status.container_statuses[1].state
    code, _, err = await run(kubectl, stub, "exec", "p", "-c", "app", "--", "true")
    assert code == 1 and b'container not found ("app")' in err


async def test_logs(kubectl: str, stub: Stub) -> None:
    for line in ("one", "two", "three"):
        stub.runtime.write_log(stub.container, line)
    assert await run(kubectl, stub, "logs", "p", "-c", "app") == (0, b"one\ntwo\nthree\n", b"")
    assert await run(kubectl, stub, "logs", "p", "-c", "app", "--tail=1") == (0, b"three\n", b"")
    assert await run(kubectl, stub, "logs", "p", "-c", "app", "--limit-bytes=5") == (0, b"one\nt", b"")


async def test_logs_of_a_previous_container_that_never_was(kubectl: str, stub: Stub) -> None:
    code, _, err = await run(kubectl, stub, "logs", "p", "-c", "app", "-p")
    assert code == 1 and b'previous terminated container "app" in pod "p" not found' in err
    code, _, err = await run(kubectl, stub, "logs", "p", "-c", "slow")
    assert code == 1 and b'container "slow" in pod "p" is waiting to start: ContainerCreating' in err


async def test_port_forward(kubectl: str, stub: Stub) -> None:
    process = await asyncio.create_subprocess_exec(
        kubectl, f"--server=http://127.0.0.1:{stub.api.port}", "port-forward", "pod/p", ":80", "--address=127.0.0.1",
        stdout=asyncio.subprocess.PIPE, env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "KUBECONFIG":
        "/dev/null"},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 15)
        port = int(re.findall(rb"127.0.0.1:(\d+) -> 80", line)[0])

        async def once(text: bytes) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(text)
            assert await asyncio.wait_for(reader.readexactly(len(text)), 10) == text
            writer.close()

        await once(b"echoed")
        await asyncio.gather(*(once(b"%d" % i * 50_000) for i in range(4)))
    finally:
        process.terminate()
        await process.wait()
