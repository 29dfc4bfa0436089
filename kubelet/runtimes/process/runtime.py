"""The process runtime: containers without an engine. Ordinary processes, each under a shim that outlives the kubelet.

As root, a pod has namespaces of its own (network, uts, ipc; each container its mounts and pids), an address on the
node's bridge, and cgroups with its limits: what an engine does, minus images from a registry. Without root it is
plain processes on the host's network: volumes are told by the variable MINIK8S_MOUNTS, limits and users do not hold;
`capabilities()` says which. Mirrors, in small, containerd with its shim, runc and CNI.

State is on disk alone (`records.py`), so that a kubelet killed at any moment adopts what runs. A container's end is
seen by a pidfd of its shim, within a millisecond, also after adoption.

Leaves out: pulling, seccomp, AppArmor, SELinux, sysctls other than the pod's own network's, user namespaces.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from pathlib import Path
from typing import Any

from minik8s.client.log import get_logger
from minik8s.kubelet.runtimes import base
from minik8s.kubelet.runtimes.base import ContainerState as State
from minik8s.kubelet.runtimes.logs import read_log
from minik8s.kubelet.runtimes.netns import open_in_pod
from minik8s.kubelet.runtimes.process.cgroups import Cgroups
from minik8s.kubelet.runtimes.process.execution import open_command, read_line, run_to_end, spawn_detached
from minik8s.kubelet.runtimes.process.images import ImageStore
from minik8s.kubelet.runtimes.process.records import ContainerRecord, ProcessId, layer_usage, write_json
from minik8s.kubelet.runtimes.process.sandboxes import Sandboxes
from minik8s.kubelet.runtimes.process.spec import render_spec
from minik8s.kubelet.runtimes.process.streams import AttachStream

log = get_logger(__name__)
SHIM = Path(__file__).with_name("shim.py")
START_SECONDS = 30.0
ROOT_ONLY = frozenset({
    "network", "pid-namespace", "mounts", "users", "readonly-root", "privileged", "sysctls",
})  # fmt: skip


class ProcessRuntime:
    """See the module's docstring. `options.env["MINIK8S_PROCESS_PLAIN"]` forces the mode without root."""

    name = "process"

    def __init__(self, options: base.RuntimeOptions) -> None:
        self.options = options
        self.root = options.root_dir / "process"
        self.isolated = os.geteuid() == 0 and not options.env.get("MINIK8S_PROCESS_PLAIN")
        self.images = ImageStore(self.root / "images", self.root / "bin" / "pause")
        self.sandboxes = Sandboxes(self.root, options, self.isolated, self._sandbox_died)
        self.containers: dict[str, ContainerRecord] = {}
        self._cgroups: Cgroups | None = None
        self._hub = base.EventHub()
        self._ended: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    # life cycle -----------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """→ base.Runtime."""
        (self.root / "containers").mkdir(parents=True, exist_ok=True)
        await self.sandboxes.start()
        if self.isolated:
            self._cgroups = Cgroups()
        for folder in sorted((self.root / "containers").iterdir()):
            record = ContainerRecord.load(folder)
            if record is None:
                continue  # its making was cut short; the name is not used again
            self.containers[record.id] = record
            if record.state is State.RUNNING:
                self._watch(record)

    async def close(self) -> None:
        """→ base.Runtime."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.sandboxes.close()

    async def dismantle(self) -> None:
        """→ base.Runtime."""
        if self.isolated:
            await asyncio.to_thread(self.sandboxes.network.remove)

    async def version(self) -> base.RuntimeVersion:
        """→ base.Runtime."""
        return base.RuntimeVersion("process", "1.0", "1")

    async def capabilities(self) -> frozenset[str]:
        """→ base.Runtime."""
        out = {"gpus"} | (ROOT_ONLY if self.isolated else frozenset())
        return frozenset(out | ({"cgroups"} if self._cgroups and self._cgroups.usable else set()))

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # sandboxes ------------------------------------------------------------------------------------------------------
    async def run_sandbox(self, config: base.SandboxConfig) -> base.SandboxStatus:
        """→ base.Runtime."""
        record = await self.sandboxes.run(config)
        self._hub.publish(base.RuntimeEvent(base.EventType.CONTAINER_STARTED, record.pod_uid, "", record.id))
        return record.status()

    def _sandbox_died(self, pod_uid: str, sandbox_id: str) -> None:
        self._hub.publish(base.RuntimeEvent(base.EventType.CONTAINER_DIED, pod_uid, "", sandbox_id))

    async def stop_sandbox(self, sandbox_id: str) -> None:
        """→ base.Runtime."""
        await asyncio.gather(*(self.stop_container(c.id, 0) for c in self._inside(sandbox_id)))
        await self.sandboxes.stop(sandbox_id)

    async def remove_sandbox(self, sandbox_id: str) -> None:
        """→ base.Runtime."""
        record = self.sandboxes.records.get(sandbox_id)
        if record is None:
            return
        await self.stop_sandbox(sandbox_id)
        for container in self._inside(sandbox_id):
            await self.remove_container(container.id)
        self.sandboxes.remove(sandbox_id)
        self._hub.publish(base.RuntimeEvent(base.EventType.CONTAINER_REMOVED, record.pod_uid, "", sandbox_id))

    async def list_sandboxes(self, pod_uid: str = "") -> list[base.SandboxStatus]:
        """→ base.Runtime."""
        found = [r.status() for r in self.sandboxes.records.values() if pod_uid in ("", r.pod_uid)]
        return sorted(found, key=lambda status: status.created_at, reverse=True)

    async def sandbox_status(self, sandbox_id: str) -> base.SandboxStatus:
        """→ base.Runtime."""
        return self.sandboxes.get(sandbox_id).status()

    def _inside(self, sandbox_id: str) -> list[ContainerRecord]:
        return [record for record in self.containers.values() if record.sandbox_id == sandbox_id]

    # containers -----------------------------------------------------------------------------------------------------
    async def create_container(self, sandbox_id: str, config: base.ContainerConfig) -> str:
        """→ base.Runtime."""
        sandbox = self.sandboxes.get(sandbox_id)
        if not sandbox.ready:
            raise base.CreateContainerError(f"sandbox {sandbox_id} is not running")
        for other in self._inside(sandbox_id):
            if (other.name, other.attempt) == (config.name, config.attempt):
                raise base.CreateContainerError(f"container {config.name} attempt {config.attempt} exists")
        image = self.images.config(config.image)
        identifier = secrets.token_hex(32)
        folder = self.root / "containers" / identifier
        log_path = config.log_path or str(folder / "log")
        self._check_mounts(config)
        target = self.containers.get(config.security.target_container)
        spec = render_spec(
            config, image, sandbox, isolated=self.isolated, own_user=(os.geteuid(), os.getegid()), cgroups=(),
            log_path=log_path, folder=str(folder), target_pid=target.refresh().pid if target else 0,
        )  # fmt: skip
        folder.mkdir()
        if self._cgroups is not None:
            spec["cgroups"] = self._cgroups.create(identifier, config.resources)
        labels = base.container_labels(sandbox.status(), config, self.options)
        labels["minik8s.io/stdin-once"] = "true" if config.stdin_once else "false"
        info = self.images.pull(config.image)
        record = ContainerRecord(
            id=identifier, name=config.name, sandbox_id=sandbox_id, pod_uid=sandbox.pod_uid, attempt=config.attempt,
            image=config.image, image_ref=info.ref, created_at=time.time(), log_path=log_path,
            stop_signal=config.stop_signal or image.stop_signal, tty=config.tty, stdin=config.stdin, labels=labels,
            annotations=dict(config.annotations), folder=folder,
        )  # fmt: skip
        write_json(folder / "spec.json", spec)
        record.save()
        self.containers[identifier] = record
        return identifier

    def _check_mounts(self, config: base.ContainerConfig) -> None:
        for mount in config.mounts:
            if not Path(mount.host_path).exists():
                raise base.CreateContainerError(f"bind source path does not exist: {mount.host_path}")

    async def start_container(self, container_id: str) -> None:
        """→ base.Runtime."""
        record = self._get(container_id)
        if record.state is not State.CREATED or record.shim.pid:
            raise base.StartContainerError(f"container {container_id} is {record.state}")
        told, tell = os.pipe()
        command = [sys.executable, "-I", "-S", str(SHIM), str(record.folder), str(tell)]
        try:
            shim = await asyncio.to_thread(spawn_detached, command, tell)
        finally:
            os.close(tell)
        with contextlib.suppress(ProcessLookupError):
            record.shim = ProcessId.of(shim)
        record.save()
        self._ended[container_id] = asyncio.Event()
        answer = await read_line(told, START_SECONDS)
        record.refresh()
        if answer.startswith("ok"):  # told before its end is looked for: started, then died, never the other way round
            self._publish(base.EventType.CONTAINER_STARTED, record)
        self._watch(record)
        if not answer.startswith("ok"):
            message = answer.split(" ", 2)[2] if answer.startswith("error") else "the shim ended without a word"
            raise base.StartContainerError(message.strip())

    def _watch(self, record: ContainerRecord) -> None:
        """Calls `_on_exit` once its shim has ended, whoever's child that is."""
        self._ended.setdefault(record.id, asyncio.Event())
        loop = asyncio.get_running_loop()
        try:
            descriptor = os.pidfd_open(record.shim.pid)
        except (ProcessLookupError, OSError):
            loop.call_soon(self._on_exit, record)
            return

        def ended() -> None:
            loop.remove_reader(descriptor)
            os.close(descriptor)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(record.shim.pid, os.WNOHANG)
            self._on_exit(record)

        loop.add_reader(descriptor, ended)

    def _on_exit(self, record: ContainerRecord) -> None:
        record.refresh()
        if record.exit is None:  # the shim itself was killed: its record is made here
            record.exit = {"exit_code": 137, "reason": "Unknown", "finished_at": time.time()}
        if self._cgroups is not None:
            self._cgroups.remove(record.id)
        if event := self._ended.pop(record.id, None):
            event.set()
        self._publish(base.EventType.CONTAINER_DIED, record)

    async def stop_container(self, container_id: str, grace: float) -> None:
        """→ base.Runtime."""
        record = self.containers.get(container_id)
        if record is None or record.refresh().state is not State.RUNNING:
            return
        ended = self._ended.get(container_id)
        if ended is None:
            return
        if grace > 0:
            self._signal(record, record.stop_signal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), grace)
        if not ended.is_set():
            self._signal(record, "SIGKILL")
            await ended.wait()

    def _signal(self, record: ContainerRecord, name: str) -> None:
        """To the first process; without a pid namespace, SIGKILL to its whole session."""
        number = int(name) if name.isdigit() else getattr(signal, "SIG" + name.removeprefix("SIG"), signal.SIGTERM)
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGKILL and not self.isolated:
                os.killpg(record.pid, number)
            else:
                os.kill(record.pid, number)

    async def remove_container(self, container_id: str) -> None:
        """→ base.Runtime."""
        record = self.containers.get(container_id)
        if record is None:
            return
        await self.stop_container(container_id, 0)
        if record.exit is not None and (ended := self._ended.get(container_id)):
            await ended.wait()  # its shim is about to end: its death is told before its removal
        self.containers.pop(container_id, None)
        if self._cgroups is not None:
            self._cgroups.remove(container_id)
        await asyncio.to_thread(record.forget)
        self._publish(base.EventType.CONTAINER_REMOVED, record)

    async def list_containers(self, pod_uid: str = "") -> list[base.ContainerStatus]:
        """→ base.Runtime."""
        found = [r.refresh().status() for r in self.containers.values() if pod_uid in ("", r.pod_uid)]
        return sorted(found, key=lambda status: status.created_at, reverse=True)

    async def container_status(self, container_id: str) -> base.ContainerStatus:
        """→ base.Runtime."""
        return self._get(container_id).status()

    async def update_resources(self, container_id: str, resources: base.Resources) -> None:
        """→ base.Runtime."""
        self._get(container_id)
        if self._cgroups is None or not self._cgroups.usable:
            raise base.NotSupported("no cgroups: limits cannot be set without root")
        self._cgroups.apply(container_id, resources)

    def _get(self, container_id: str) -> ContainerRecord:
        if container_id not in self.containers:
            raise base.ContainerNotFound(f"no such container: {container_id}")
        return self.containers[container_id].refresh()

    def _running(self, container_id: str) -> ContainerRecord:
        record = self._get(container_id)
        if record.state is not State.RUNNING:
            raise base.ContainerNotFound(f"container {container_id} is not running")
        return record

    # images ---------------------------------------------------------------------------------------------------------
    async def image_status(self, image: str) -> base.ImageInfo | None:
        """→ base.Runtime."""
        return self.images.status(image)

    async def pull_image(self, image: str, auth: base.ImageAuth | None = None) -> base.ImageInfo:
        """→ base.Runtime: see `images.py`."""
        return self.images.pull(image)

    async def list_images(self) -> list[base.ImageInfo]:
        """→ base.Runtime."""
        return self.images.all()

    async def remove_image(self, image: str) -> None:
        """→ base.Runtime."""
        if any(record.image == image for record in self.containers.values()):
            raise base.RuntimeFault(f"image {image} is in use", "ImageInUse")
        self.images.remove(image)

    # streams --------------------------------------------------------------------------------------------------------
    async def exec_sync(self, container_id: str, command: Sequence[str], timeout: float = 0) -> base.ExecResult:
        """→ base.Runtime."""
        stream = await open_command(self._running(container_id), command, self.isolated, stdin=False, tty=False)
        return await run_to_end(stream, command, timeout)

    async def exec(
        self, container_id: str, command: Sequence[str], *, stdin: bool = False, tty: bool = False
    ) -> base.ExecStream:
        """→ base.Runtime."""
        return await open_command(self._running(container_id), command, self.isolated, stdin=stdin, tty=tty)

    async def attach(self, container_id: str, *, stdin: bool = False, tty: bool = False) -> base.ExecStream:
        """→ base.Runtime."""
        return await AttachStream.start(self._running(container_id))

    async def port_forward(self, sandbox_id: str, port: int) -> base.ByteStream:
        """→ base.Runtime."""
        sandbox = self.sandboxes.get(sandbox_id)
        if not sandbox.ready:
            raise ConnectionError(f"sandbox {sandbox_id} is not running")
        return await open_in_pod(0 if sandbox.host_network else sandbox.holder.pid, sandbox.ip, port)

    async def logs(self, container_id: str, options: base.LogOptions) -> AsyncIterator[bytes]:
        """→ base.Runtime."""
        record = self._get(container_id)

        async def is_running() -> bool:
            return record.id in self.containers and record.refresh().state is not State.EXITED

        async for piece in read_log(Path(record.log_path), options, is_running):
            yield piece

    # figures and events ---------------------------------------------------------------------------------------------
    async def stats(self, pod_uid: str = "") -> list[base.ContainerStats]:
        """→ base.Runtime: with cgroups only."""
        if self._cgroups is None:
            return []
        now = time.time()
        found = []
        for record in self.containers.values():
            if record.state is State.RUNNING and pod_uid in ("", record.pod_uid):
                figures = self._cgroups.stats(record.id, record.id, now)
                found += [figures] if figures else []
        return found

    async def disk_usage(self, pod_uid: str = "") -> dict[str, int]:
        """→ base.Runtime: a layer is a tmpfs of its own, which knows its size; without namespaces there is none."""
        found = {}
        for record in self.containers.values():
            if record.state is State.RUNNING and pod_uid in ("", record.pod_uid):
                found[record.id] = await asyncio.to_thread(layer_usage, record)
        return found

    def events(self) -> AsyncIterator[base.RuntimeEvent]:
        """→ base.Runtime."""
        return self._hub.subscribe()

    def _publish(self, kind: base.EventType, record: ContainerRecord) -> None:
        self._hub.publish(base.RuntimeEvent(kind, record.pod_uid, record.id, record.sandbox_id, record.name))
