"""What the process runtime knows, on disk: one folder per sandbox and per container, so that a new kubelet adopts them.

    <root>/sandboxes/<id>/sandbox.json                   made by the kubelet
    <root>/containers/<id>/container.json, spec.json     made by the kubelet
    <root>/containers/<id>/run.json, exit.json           made by the shim, each once
    <root>/containers/<id>/{attach.sock,log}             the shim's

A process is known by its pid and its start time (in ticks since boot, with the boot's id), never by its pid alone.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from minik8s.kubelet.runtimes import base
from minik8s.kubelet.runtimes.base import ContainerState as State

#: mounted anew over the host's root (rootfs.HIDDEN, which only the shim can import)
FRESH = ("tmp", "run", "var/tmp")


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process that cannot be taken for another one."""

    pid: int = 0
    started: int = 0
    boot: str = ""

    @classmethod
    def of(cls, pid: int) -> ProcessId:
        """Raises ProcessLookupError when it has ended."""
        started = start_ticks(pid)
        if started is None:
            raise ProcessLookupError(pid)
        return cls(pid, started, boot_id())

    @property
    def alive(self) -> bool:
        """Whether exactly that process still runs (a zombie does not)."""
        return self.pid > 0 and self.boot == boot_id() and start_ticks(self.pid) == self.started


def start_ticks(pid: int) -> int | None:
    """Field 22 of /proc/<pid>/stat; None when there is no such process or it is a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return None if fields[0] in "ZX" else int(fields[19])


def layer_usage(record: ContainerRecord) -> int:
    """Bytes that a contained process has written: its root is an overlay, whose figures are its tmpfs's; the fresh
    /tmp and /run beside it are tmpfs too, unless a volume is mounted there."""
    spec = read_json(record.folder / "spec.json") or {}
    taken = {mount["container_path"].strip("/") for mount in spec.get("mounts", ())}
    places = ["", *(name for name in FRESH if not spec.get("rootfs") and name not in taken)]
    host, found = Path("/").stat().st_dev, dict[int, int]()
    for place in places:
        path = Path(f"/proc/{record.pid}/root/{place}")
        try:
            device, figures = path.stat().st_dev, os.statvfs(path)
        except OSError:
            continue
        if device == host:
            return 0  # it sees the host's own file system: there is no layer
        found[device] = (figures.f_blocks - figures.f_bfree) * figures.f_frsize
    return sum(found.values())


_boot: list[str] = []


def boot_id() -> str:
    """Changes with every boot."""
    if not _boot:
        _boot.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    return _boot[0]


def write_json(path: Path, value: Any) -> None:
    """Whole or not at all, also after a crash."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(value))
    temporary.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """None when it is not there (or was cut by a crash of the machine)."""
    try:
        value = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return value if isinstance(value, dict) else None


@dataclass(slots=True)
class SandboxRecord:
    """A pod's place: the pause process that holds its namespaces, and its address."""

    id: str
    pod_name: str
    pod_namespace: str
    pod_uid: str
    attempt: int
    created_at: float
    hostname: str
    ip: str = ""
    veth: str = ""
    host_network: bool = False
    host_pid: bool = False
    host_ipc: bool = False
    share_pid: bool = False
    shm_size: int = 0
    ports: list[base.PortMapping] = field(default_factory=list)
    holder: ProcessId = field(default_factory=ProcessId)
    stopped: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    etc: dict[str, str] = field(default_factory=dict)  # files of the pod: "resolv.conf", "hosts" → path
    folder: Path = Path()

    @property
    def ready(self) -> bool:
        """Its holder lives (without namespaces of its own there is none: then until it is stopped)."""
        return not self.stopped and (self.holder.alive if self.holder.pid else self.holder.boot == boot_id())

    def status(self) -> base.SandboxStatus:
        """As the kubelet sees it."""
        return base.SandboxStatus(
            id=self.id,
            state=base.SandboxState.READY if self.ready else base.SandboxState.NOT_READY,
            pod_name=self.pod_name,
            pod_namespace=self.pod_namespace,
            pod_uid=self.pod_uid,
            attempt=self.attempt,
            created_at=self.created_at,
            ips=(self.ip,) if self.ip and self.ready else (),
            host_network=self.host_network,
            labels=self.labels,
            annotations=self.annotations,
        )

    def save(self) -> None:
        """To its folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.folder / "sandbox.json", {k: v for k, v in asdict(self).items() if k != "folder"})

    @classmethod
    def load(cls, folder: Path) -> SandboxRecord | None:
        """None for a folder that was not finished."""
        value = read_json(folder / "sandbox.json")
        if value is None:
            return None
        ports = [base.PortMapping(**port) for port in value.get("ports", [])]
        return cls(**{**value, "ports": ports, "holder": ProcessId(**value["holder"]), "folder": folder})

    def forget(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(slots=True)
class ContainerRecord:
    """A container; how far it is stands in the files that its shim writes."""

    id: str
    name: str
    sandbox_id: str
    pod_uid: str
    attempt: int
    image: str
    image_ref: str
    created_at: float
    log_path: str
    stop_signal: str = "SIGTERM"
    tty: bool = False
    stdin: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    shim: ProcessId = field(default_factory=ProcessId)
    folder: Path = Path()
    run: dict[str, Any] | None = None
    exit: dict[str, Any] | None = None

    def refresh(self) -> ContainerRecord:
        """Reads what the shim has written since. A shim that vanished without a word was killed, and its container
        too."""
        if self.run is None:
            self.run = read_json(self.folder / "run.json")
        if self.exit is None:
            alive = self.shim.alive  # asked first: the record is written before the shim ends
            self.exit = read_json(self.folder / "exit.json")
            if self.exit is None and self.shim.pid and not alive:
                self.exit = {"exit_code": 137, "reason": "Unknown", "finished_at": self._last_sign()}
        return self

    def _last_sign(self) -> float:
        try:
            return Path(self.log_path).stat().st_mtime
        except OSError:
            return self.created_at

    @property
    def state(self) -> State:
        """From the files read last."""
        if self.exit is not None:
            return State.EXITED
        return State.RUNNING if self.run is not None else State.CREATED

    @property
    def pid(self) -> int:
        """Of the container's first process."""
        return int(self.run["pid"]) if self.run is not None and self.exit is None else 0

    def status(self) -> base.ContainerStatus:
        """As the kubelet sees it."""
        run, ended = self.run or {}, self.exit or {}
        return base.ContainerStatus(
            id=self.id,
            name=self.name,
            sandbox_id=self.sandbox_id,
            pod_uid=self.pod_uid,
            state=self.state,
            attempt=self.attempt,
            image=self.image,
            image_ref=self.image_ref,
            created_at=self.created_at,
            started_at=run.get("started_at", self.created_at if ended else 0.0),
            finished_at=ended.get("finished_at", 0.0),
            exit_code=ended.get("exit_code", 0),
            reason=ended.get("reason", ""),
            message=ended.get("message", ""),
            pid=self.pid,
            labels=self.labels,
            annotations=self.annotations,
            log_path=self.log_path,
        )

    def save(self) -> None:
        """To its folder."""
        value = {k: v for k, v in asdict(self).items() if k not in ("folder", "run", "exit")}
        write_json(self.folder / "container.json", value)

    @classmethod
    def load(cls, folder: Path) -> ContainerRecord | None:
        """None for a folder that was not finished."""
        value = read_json(folder / "container.json")
        if value is None:
            return None
        return cls(**{**value, "shim": ProcessId(**value["shim"]), "folder": folder}).refresh()

    def forget(self) -> None:
        """Removes the folder, and a log that lies elsewhere."""
        Path(self.log_path).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
