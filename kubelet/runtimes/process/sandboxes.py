"""Sandboxes of the process runtime: one pause process per pod that holds its network, uts and ipc namespaces.

The pause process is started by `unshare` (util-linux), detached, so that it outlives the kubelet; the pod's network is
given to it afterwards. Without root there is no process and no namespace: the sandbox is a record alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from minik8s.kubelet.runtimes import base, pause
from minik8s.kubelet.runtimes.process.network import PodNetwork, short_name
from minik8s.kubelet.runtimes.process.records import ProcessId, SandboxRecord, boot_id

HOLDER_SECONDS = 10.0
HOLD = 'hostname "$1"; shift; exec "$@"'
LOCALHOST = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"


class Sandboxes:
    """The records, and what stands behind them."""

    def __init__(
        self, root: Path, options: base.RuntimeOptions, isolated: bool, on_death: Callable[[str, str], None]
    ) -> None:
        self._folder = root / "sandboxes"
        self._pause = root / "bin" / "pause"
        self._options = options
        self._isolated = isolated
        self._on_death = on_death
        self._watched: dict[str, int] = {}
        self.network = PodNetwork(options.pod_cidr, f"{options.cluster_id}/{options.node_name}")
        self.records: dict[str, SandboxRecord] = {}

    async def start(self) -> None:
        """Reads the records, adopts what lives, and makes ready for more."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._pause.parent.mkdir(parents=True, exist_ok=True)
        self._install_pause()
        for folder in sorted(self._folder.iterdir()):
            record = SandboxRecord.load(folder)
            if record is None:
                shutil.rmtree(folder, ignore_errors=True)
                continue
            self.records[record.id] = record
            if record.ready and record.holder.pid:
                self._watch(record)
        self.network.adopt(record.ip for record in self.records.values() if record.ip and not record.stopped)
        if self._isolated:
            await self.network.set_up()

    def _install_pause(self) -> None:
        """By a rename: the file may be running."""
        program = pause.build_elf()
        if self._pause.exists() and self._pause.read_bytes() == program:
            return
        temporary = self._pause.with_name(f"pause.{os.getpid()}")
        temporary.write_bytes(program)
        temporary.chmod(0o755)
        temporary.replace(self._pause)

    def close(self) -> None:
        """Stops looking."""
        loop = asyncio.get_running_loop()
        for descriptor in self._watched.values():
            loop.remove_reader(descriptor)
            os.close(descriptor)
        self._watched.clear()

    def get(self, sandbox_id: str) -> SandboxRecord:
        """ContainerNotFound when there is none."""
        if sandbox_id not in self.records:
            raise base.ContainerNotFound(f"no such sandbox: {sandbox_id}")
        return self.records[sandbox_id]

    async def run(self, config: base.SandboxConfig) -> SandboxRecord:
        """Makes a pod's place; on failure nothing is left of it."""
        for other in self.records.values():
            if (other.pod_uid, other.attempt) == (config.pod_uid, config.attempt):
                raise base.CreateContainerError(f"sandbox of {config.pod_name} attempt {config.attempt} exists")
        record = self._record(config)
        record.folder.mkdir()
        try:
            self._write_pod_files(record, config)
            await self._hold(record, config)
            if self._isolated and not config.host_network:
                record.ip = self.network.take()
                record.veth = short_name("veth", self.network.bridge, record.id)
                await self.network.connect(record.holder.pid, record.ip, record.veth)
                await self.network.publish(record.veth, record.ip, record.ports)
                self._write_pod_files(record, config)
            record.save()
        except BaseException:
            await self._tear_down(record)
            record.forget()
            raise
        self.records[record.id] = record
        if record.holder.pid:
            self._watch(record)
        return record

    def _record(self, config: base.SandboxConfig) -> SandboxRecord:
        identifier = secrets.token_hex(32)
        own_network = self._isolated and not config.host_network
        return SandboxRecord(
            id=identifier,
            pod_name=config.pod_name,
            pod_namespace=config.pod_namespace,
            pod_uid=config.pod_uid,
            attempt=config.attempt,
            created_at=time.time(),
            hostname=config.hostname if own_network and config.hostname else config.hostname or config.pod_name,
            host_network=not own_network,
            host_pid=config.host_pid,
            host_ipc=config.host_ipc,
            share_pid=config.share_process_namespace,
            shm_size=config.shm_size,
            ports=list(config.port_mappings) if own_network else [],
            holder=ProcessId(0, 0, boot_id()),
            labels=base.sandbox_labels(config, self._options),
            annotations=dict(config.annotations),
            folder=self._folder / identifier,
        )

    def _write_pod_files(self, record: SandboxRecord, config: base.SandboxConfig) -> None:
        """The pod's resolv.conf and hosts, written again when the address is known."""
        if not self._isolated:
            return
        if config.dns is not None:
            lines = [f"nameserver {server}" for server in config.dns.servers]
            lines += [f"search {' '.join(config.dns.searches)}"] if config.dns.searches else []
            lines += [f"options {' '.join(config.dns.options)}"] if config.dns.options else []
            self._write(record, "resolv.conf", "\n".join([*lines, ""]))
        if not config.host_network:
            extra = "".join(f"{ip}\t{name}\n" for ip, name in config.hosts)
            own = f"{record.ip}\t{record.hostname}\n" if record.ip else ""
            self._write(record, "hosts", LOCALHOST + own + extra)

    def _write(self, record: SandboxRecord, name: str, text: str) -> None:
        path = record.folder / name
        path.write_text(text)
        record.etc[name] = str(path)

    async def _hold(self, record: SandboxRecord, config: base.SandboxConfig) -> None:
        """Starts the pause process in the pod's new namespaces."""
        if not self._isolated:
            return
        flags = [] if config.host_network else ["--net", "--uts"]
        flags += [] if config.host_ipc else ["--ipc"]
        flags += ["--pid", "--fork", "--kill-child"] if config.share_process_namespace and not config.host_pid else []
        hold = ["/bin/sh", "-c", HOLD, "sh", record.hostname] if not config.host_network else []
        pid = await asyncio.to_thread(self._start_holder, ["unshare", *flags, "--", *hold, str(self._pause)])
        if "--fork" in flags:
            pid = await self._wait_for(lambda: _first_child(pid))
        await self._wait_for(lambda: pid if _runs(pid, self._pause) else 0)
        record.holder = ProcessId.of(pid)
        if config.sysctls and not config.host_network:
            await asyncio.to_thread(self._set_sysctls, pid, dict(config.sysctls))

    def _start_holder(self, command: list[str]) -> int:
        null = subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=null, stdout=null, stderr=null, start_new_session=True, cwd="/")
        process.returncode = 0  # reaped when its pidfd says so
        return process.pid

    def _set_sysctls(self, pid: int, values: dict[str, str]) -> None:
        pairs = [f"{name}={value}" for name, value in values.items()]
        done = subprocess.run(
            ["nsenter", "-t", str(pid), "-n", "-i", "-u", "sysctl", "-w", *pairs], capture_output=True, check=False
        )
        if done.returncode != 0:
            raise base.CreateContainerError(f"sysctl: {done.stderr.decode(errors='replace').strip()}")

    async def _wait_for(self, look: Callable[[], int]) -> int:
        deadline = time.monotonic() + HOLDER_SECONDS
        while not (found := look()):
            if time.monotonic() > deadline:
                raise base.CreateContainerError("the pause process did not start (is unshare there, and allowed?)")
            await asyncio.sleep(0.001)
        return found

    def _watch(self, record: SandboxRecord) -> None:
        loop = asyncio.get_running_loop()
        try:
            descriptor = os.pidfd_open(record.holder.pid)
        except OSError:
            loop.call_soon(self._on_death, record.pod_uid, record.id)
            return
        self._watched[record.id] = descriptor

        def ended() -> None:
            loop.remove_reader(descriptor)
            os.close(descriptor)
            self._watched.pop(record.id, None)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(record.holder.pid, os.WNOHANG)
            self._on_death(record.pod_uid, record.id)

        loop.add_reader(descriptor, ended)

    async def stop(self, sandbox_id: str) -> None:
        """Ends the holder and gives the address back; the record stays."""
        record = self.records.get(sandbox_id)
        if record is None or record.stopped:
            return
        await self._tear_down(record)
        record.stopped = True
        record.save()
        if not record.holder.pid:
            self._on_death(record.pod_uid, record.id)

    async def _tear_down(self, record: SandboxRecord) -> None:
        if record.ports and record.ip:
            await self.network.unpublish(record.veth, record.ip, record.ports)
        if record.veth:
            await self.network.disconnect(record.veth, record.ip)
        if record.ip:
            self.network.release(record.ip)
        if record.holder.pid and record.holder.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(record.holder.pid, 9)
            await self._wait_for(lambda: int(not record.holder.alive))

    def remove(self, sandbox_id: str) -> None:
        """Forgets it; it has been stopped."""
        if record := self.records.pop(sandbox_id, None):
            record.forget()


def _first_child(pid: int) -> int:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    return int(children[0]) if children else 0


def _runs(pid: int, program: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/exe").readlink() == program.resolve()
    except OSError:
        return False
