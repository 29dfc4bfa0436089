"""Runtimes under test, and what differs between them: how a container is told what to do.

Tests name what a container does by a shell script of `Scripts`. A real runtime runs it with /bin/sh; the fake one has a
`Behaviour` for each.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minik8s.kubelet.runtimes import base, make_runtime
from minik8s.kubelet.runtimes.fake import FakeRuntime
from minik8s.kubelet.runtimes.fake_behaviour import Behaviour

BUSYBOX = Path("/bin/busybox")
DOCKER_IMAGE = "minik8s-test/busybox:1"
UIDS = itertools.count(1)


class Scripts:
    """What containers do."""

    FOREVER = "exec sleep 1000"  # pid 1 without a handler: ignores its stop signal
    POLITE = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done"
    DONE = "exit 0"
    FAIL = "exit 3"
    LINES = "echo one; echo two >&2; echo three; exec sleep 1000"
    LINES_THEN_END = "echo one; sleep 0.3; echo two"
    KILLED = "kill -9 $$; sleep 1"


FAKE = {
    Scripts.FOREVER: Behaviour(stop_seconds=None),
    Scripts.POLITE: Behaviour(stop_seconds=0.0, stop_exit_code=7, log_lines=["ready"]),
    Scripts.DONE: Behaviour(run_for=0.0),
    Scripts.FAIL: Behaviour(run_for=0.0, exit_code=3),
    Scripts.LINES: Behaviour(log_lines=["one", "two", "three"]),
    Scripts.LINES_THEN_END: Behaviour(log_lines=["one", "two"], run_for=0.3),
    Scripts.KILLED: Behaviour(run_for=0.0, exit_code=137),
}


@dataclass
class Harness:
    """A started runtime and shorthands."""

    kind: str
    runtime: base.Runtime
    options: base.RuntimeOptions
    capabilities: frozenset[str]
    image: str
    behaviours: dict[str, Behaviour] = field(default_factory=dict)

    @property
    def real(self) -> bool:
        """Processes really run."""
        return self.kind != "fake"

    async def sandbox(self, **changes: Any) -> base.SandboxStatus:
        """A pod's sandbox with a uid of its own."""
        number = next(UIDS)
        values: dict[str, Any] = {
            "pod_name": f"pod-{number}", "pod_namespace": "default", "pod_uid": f"uid-{os.getpid()}-{number}",
            "hostname": f"pod-{number}", **changes,
        }  # fmt: skip
        return await self.runtime.run_sandbox(base.SandboxConfig(**values))

    def config(self, script: str, name: str = "app", **changes: Any) -> base.ContainerConfig:
        """A container that runs a script."""
        if isinstance(self.runtime, FakeRuntime):
            self.runtime.behave(name, FAKE.get(script, Behaviour()))
        values: dict[str, Any] = {
            "name": name, "image": self.image, "command": ("/bin/sh", "-c", script), **changes,
        }  # fmt: skip
        return base.ContainerConfig(**values)

    async def start(self, script: str, sandbox: base.SandboxStatus | None = None, **changes: Any) -> str:
        """Creates and starts. → its id."""
        sandbox = sandbox or await self.sandbox()
        identifier = await self.runtime.create_container(sandbox.id, self.config(script, **changes))
        await self.runtime.start_container(identifier)
        return identifier

    async def until(self, what: Callable[[], Awaitable[Any]], seconds: float = 15.0) -> Any:
        """Waits for a condition; its value."""
        deadline = time.monotonic() + seconds
        while not (value := await what()):
            assert time.monotonic() < deadline, "the condition did not come true"
            await asyncio.sleep(0.02)
        return value

    async def ended(self, identifier: str) -> base.ContainerStatus:
        """Waits for the container's end."""

        async def look() -> base.ContainerStatus | None:
            status = await self.runtime.container_status(identifier)
            return status if status.state is base.ContainerState.EXITED else None

        status: base.ContainerStatus = await self.until(look)
        return status

    async def read_logs(self, identifier: str, **options: Any) -> bytes:
        """All of it."""
        return b"".join([piece async for piece in self.runtime.logs(identifier, base.LogOptions(**options))])

    async def logged(self, identifier: str, text: bytes) -> None:
        """Waits until the log has it."""

        async def look() -> bool:
            return text in await self.read_logs(identifier)

        await self.until(look)

    async def clean(self) -> None:
        """Takes every pod away."""
        for sandbox in await self.runtime.list_sandboxes():
            await self.runtime.remove_sandbox(sandbox.id)
        await self.runtime.close()


def why_not(kind: str) -> str:
    """Why a runtime cannot be tested here; "" when it can."""
    if kind == "docker":
        if shutil.which("docker") is None:
            return "no docker command"
        if subprocess.run(["docker", "version"], capture_output=True, check=False).returncode != 0:
            return "no Docker engine answers"
        return "" if BUSYBOX.exists() else "no /bin/busybox to build the test image from"
    if kind == "process" and os.geteuid() != 0:
        return "the process runtime's namespaces need root"
    return ""


def build_docker_image() -> None:
    """busybox as an image, from this machine's own static one."""
    done = subprocess.run(["docker", "image", "inspect", DOCKER_IMAGE], capture_output=True, check=False)
    if done.returncode == 0:
        return
    out = io.BytesIO()
    program = BUSYBOX.read_bytes()
    applets = subprocess.run([str(BUSYBOX), "--list"], capture_output=True, check=True, text=True).stdout.split()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for folder in ("bin", "etc", "tmp", "root"):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(info)
        info = tarfile.TarInfo("bin/busybox")
        info.size, info.mode = len(program), 0o755
        tar.addfile(info, io.BytesIO(program))
        for applet in applets:
            info = tarfile.TarInfo(f"bin/{applet}")
            info.type, info.linkname = tarfile.SYMTYPE, "busybox"
            if applet != "busybox":
                tar.addfile(info)
        passwd = b"root:x:0:0:root:/root:/bin/sh\n"
        info = tarfile.TarInfo("etc/passwd")
        info.size = len(passwd)
        tar.addfile(info, io.BytesIO(passwd))
    subprocess.run(["docker", "import", "-", DOCKER_IMAGE], input=out.getvalue(), capture_output=True, check=True)


async def make_harness(kind: str, folder: Path) -> AsyncIterator[Harness]:
    """A started runtime in a folder of its own; everything it made is taken away afterwards."""
    name = "process" if kind == "plain" else kind
    env = {"MINIK8S_PROCESS_PLAIN": "1"} if kind == "plain" else {}
    options = base.RuntimeOptions(
        f"node-{os.getpid()}", folder, cluster_id=f"test-{os.getpid()}", pod_cidr="10.251.7.0/24", env=env
    )
    if kind == "docker":
        build_docker_image()
    runtime = make_runtime(name, options)
    await runtime.start()
    image = DOCKER_IMAGE if kind == "docker" else "busybox"
    await runtime.pull_image(image) if kind != "docker" else None
    harness = Harness(kind, runtime, options, await runtime.capabilities(), image)
    try:
        yield harness
    finally:
        await harness.clean()
        await runtime.dismantle()
