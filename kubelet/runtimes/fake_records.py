"""The fake runtime's records: one object per sandbox and per container (see `fake.py`)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from minik8s.clock import Timer
from minik8s.kubelet.runtimes import base
from minik8s.kubelet.runtimes.fake_behaviour import Behaviour
from minik8s.kubelet.runtimes.logs import LogEntry, format_stamp


@dataclass(slots=True)
class FakeSandbox:
    """A pod's place."""

    config: base.SandboxConfig
    status: base.SandboxStatus

    @classmethod
    def create(
        cls, sandbox_id: str, config: base.SandboxConfig, ips: tuple[str, ...], now: float, options: base.RuntimeOptions
    ) -> FakeSandbox:
        """A ready one."""
        status = base.SandboxStatus(
            id=sandbox_id,
            state=base.SandboxState.READY,
            pod_name=config.pod_name,
            pod_namespace=config.pod_namespace,
            pod_uid=config.pod_uid,
            attempt=config.attempt,
            created_at=now,
            ips=ips,
            host_network=config.host_network,
            labels=base.sandbox_labels(config, options),
            annotations=dict(config.annotations),
        )
        return cls(config, status)

    def event(self, kind: base.EventType) -> base.RuntimeEvent:
        """Something happened to it."""
        return base.RuntimeEvent(kind, self.status.pod_uid, "", self.status.id)


@dataclass(slots=True)
class FakeContainer:
    """A container that is not there."""

    config: base.ContainerConfig
    behaviour: Behaviour
    status: base.ContainerStatus
    timer: Timer | None = None
    log: list[LogEntry] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)  # set and renewed at each log line and at the end

    @classmethod
    def create(
        cls,
        container_id: str,
        sandbox: base.SandboxStatus,
        config: base.ContainerConfig,
        behaviour: Behaviour,
        now: float,
        options: base.RuntimeOptions,
    ) -> FakeContainer:
        """A created one, not running."""
        status = base.ContainerStatus(
            id=container_id,
            name=config.name,
            sandbox_id=sandbox.id,
            pod_uid=sandbox.pod_uid,
            state=base.ContainerState.CREATED,
            attempt=config.attempt,
            image=config.image,
            image_ref=f"fake://{config.image}",
            created_at=now,
            labels=base.container_labels(sandbox, config, options),
            annotations=dict(config.annotations),
            log_path=config.log_path,
        )
        return cls(config, behaviour, status)

    def append_log(self, now: float, content: bytes, stream: int = 1) -> None:
        """One line."""
        self.log.append(LogEntry(format_stamp(int(now * 1e9)).encode(), stream, False, content))
        self._renew()

    def _renew(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def wake(self) -> None:
        """It has ended: whoever waits goes on."""
        self.ended.set()
        self._renew()

    def cancel_timer(self) -> None:
        """Its planned end is off."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def event(self, kind: base.EventType) -> base.RuntimeEvent:
        """Something happened to it."""
        return base.RuntimeEvent(kind, self.status.pod_uid, self.status.id, self.status.sandbox_id, self.status.name)

    def stats(self, now: float) -> base.ContainerStats:
        """As the behaviour says."""
        used = int(max(0.0, now - self.status.started_at) * self.behaviour.cpu_millis * 1_000_000)
        memory = self.behaviour.memory_bytes
        return base.ContainerStats(self.status.id, now, used, memory, memory, memory, pids=1)
