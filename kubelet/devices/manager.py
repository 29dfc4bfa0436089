"""The device manager: which devices the node has, who gives them out, and what a container gets with them.

Mirrors ManagerImpl of upstream pkg/kubelet/cm/devicemanager/manager.go. Two kinds of owners of devices: one in this
process (`nvidia`, whose answers are pure), and plugins behind sockets (`plugins.endpoint`). The books are `ledger`'s.

Invariants:
- devices are reserved before a plugin is asked for them, and given back when it refuses;
- pods that need a plugin are admitted one at a time; others never wait;
- a resource whose plugin went keeps its capacity for five minutes with nothing allocatable, and is 0 afterwards: it
  never vanishes from the node, as upstream has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from minik8s.api import core
from minik8s.clock import Clock
from minik8s.kubelet.devices import grants, requirements
from minik8s.kubelet.devices.grants import Grant
from minik8s.kubelet.devices.ledger import Device, DevicesUnavailable, Ledger, Ledgers, Need, Plan
from minik8s.kubelet.devices.nvidia import NvidiaGpus
from minik8s.kubelet.env import ConfigError
from minik8s.kubelet.runtimes.base import ContainerConfig, ContainerStatus, SandboxConfig, SandboxStatus

STOPPED_GRACE_SECONDS = 300.0
#: so long after its start a kubelet waits for plugins that a former one knew
PLUGIN_PATIENCE_SECONDS = 30.0


class PluginFailure(Exception):
    """A plugin did not do what it was asked; the message is gRPC's."""


class Plugin(Protocol):
    """A device plugin behind a socket. Every method may raise PluginFailure."""

    resource: str

    async def prefer(self, need: Need) -> list[str]:
        """Its wish; empty when it has none."""
        ...

    async def allocate(self, identifiers: Collection[str]) -> Grant: ...

    async def pre_start(self, identifiers: Collection[str]) -> None:
        """Called before each start of a container; nothing when the plugin did not ask for it."""
        ...


@dataclass(frozen=True)
class Refusal:
    """Why a pod does not get its devices; `later`: it will, once pods that are leaving are gone."""

    reason: str
    message: str
    later: bool = False


class DeviceManager:
    def __init__(self, clock: Clock, gpus: NvidiaGpus | None = None) -> None:
        self._clock = clock
        self.ledgers = Ledgers()
        self.gpus = gpus
        #: called when what the node should say of its devices has changed
        self.on_change: Callable[[], None] = lambda: None
        self._plugins: dict[str, Plugin] = {}
        self._stopped_at: dict[str, float] = {}
        #: (pod uid, container, resource) → the plugin's answer
        self._grants: dict[tuple[str, str, str], Grant] = {}
        self._lock = asyncio.Lock()
        #: resources whose plugins have not come back yet
        self._expected: set[str] = set()
        self._expected_until = 0.0
        if gpus is not None:
            ledger = self.ledgers.of(gpus.resource)
            ledger.devices = {device.uuid: device for device in gpus.devices()}
            ledger.choose = gpus.choose

    # what there is --------------------------------------------------------------------------------------------------
    def figures(self) -> dict[str, tuple[int, int]]:
        """Resource → (capacity, allocatable)."""
        now = self._clock.monotonic()
        found = {}
        for name, ledger in self.ledgers.by_resource.items():
            gone = now - self._stopped_at.get(name, now) >= STOPPED_GRACE_SECONDS
            found[name] = (0, 0) if gone else (ledger.capacity, ledger.allocatable)
        return found

    def plug_in(self, plugin: Plugin) -> None:
        """A plugin registered. The newest of a resource wins, over the kubelet's own too."""
        if self.gpus is not None and plugin.resource == self.gpus.resource:
            self.gpus = None
            self.ledgers.of(plugin.resource).choose = Ledger("").choose
        self._plugins[plugin.resource] = plugin
        self._expected.discard(plugin.resource)
        self._stopped_at.pop(plugin.resource, None)

    def update(self, plugin: Plugin, devices: Iterable[Device]) -> None:
        """A plugin's whole list. One that was replaced meanwhile has no say."""
        if self._plugins.get(plugin.resource) is plugin:
            self.ledgers.of(plugin.resource).devices = {device.uuid: device for device in devices}
            self.on_change()

    def unplug(self, plugin: Plugin) -> None:
        """A plugin's stream ended: its devices are unhealthy until it comes back."""
        if self._plugins.get(plugin.resource) is not plugin:
            return
        del self._plugins[plugin.resource]
        self._stopped_at[plugin.resource] = self._clock.monotonic()
        ledger = self.ledgers.of(plugin.resource)
        ledger.devices = {uuid: replace(device, healthy=False) for uuid, device in ledger.devices.items()}
        self.on_change()

    def expect(self, resources: Iterable[str]) -> None:
        """Resources that a former kubelet of this node offered: 0 until their plugins are back."""
        for resource in resources:
            if not self.ledgers.of(resource).devices:
                self._expected.add(resource)
        self._expected_until = self._clock.monotonic() + PLUGIN_PATIENCE_SECONDS

    def check_gpus(self) -> dict[str, str]:
        """Ask the GPUs how they are. → the cards that changed, and what ails them now."""
        if self.gpus is None or not (changed := self.gpus.poll()):
            return {}
        ledger, gpus = self.ledgers.of(self.gpus.resource), self.gpus
        ledger.devices = {u: replace(d, healthy=gpus.is_healthy(u)) for u, d in ledger.devices.items()}
        self.on_change()
        return changed

    # pods -----------------------------------------------------------------------------------------------------------
    def awaits_plugin(self, pod: core.Pod) -> bool:
        """The pod was placed here while a former kubelet ran, whose plugins will register again any moment. Upstream
        refuses it; here it waits a little."""
        if not self._expected or self._clock.monotonic() > self._expected_until:
            return False
        return any(ledger.resource in self._expected for ledger in self.ledgers.wanted_by(pod))

    async def admit(self, pod: core.Pod, leaving: Collection[str] = ()) -> Refusal | None:
        """Reserve all that the pod needs, or nothing. Does not wait unless a plugin must be asked.

        `leaving`: uids of pods that are being stopped.
        """
        wanted = self.ledgers.wanted_by(pod)
        if self.gpus is not None and any(ledger.resource == self.gpus.resource for ledger in wanted):
            cause = requirements.compute_refusal(pod, self.gpus.inventory)
            if cause:
                return Refusal(requirements.REASON, f"Pod was rejected: {cause}")
        try:
            if any(ledger.resource in self._plugins for ledger in wanted):
                async with self._lock:
                    await self._allocate(pod, wanted)
            else:
                self.ledgers.allocate(pod)
        except DevicesUnavailable as exc:
            later = self._would_fit(pod, leaving)
            return Refusal("UnexpectedAdmissionError", f"Pod was rejected: {exc}", later)
        return None

    async def _allocate(self, pod: core.Pod, wanted: list[Ledger]) -> None:
        uid = pod.metadata.uid or ""
        before = self.ledgers.snapshot(uid)
        try:
            for ledger in wanted:
                plan = Plan(ledger, pod)
                plugin = self._plugins.get(ledger.resource)
                for need in plan.needs():
                    plan.take(need, await plugin.prefer(need) if plugin else ledger.choose(need))
                plan.commit()
            for container in self.ledgers.assignments(uid):
                await self._granted(uid, container)
        except (DevicesUnavailable, PluginFailure) as exc:
            self.ledgers.restore(uid, before)
            if isinstance(exc, PluginFailure):
                raise DevicesUnavailable(str(exc)) from exc
            raise

    def _would_fit(self, pod: core.Pod, leaving: Collection[str]) -> bool:
        """Whether the pod could have its devices if the leaving pods had gone."""
        if not self.ledgers.holders() & set(leaving):
            return False
        rest = Ledgers()
        for name, ledger in self.ledgers.by_resource.items():
            held = {uid: containers for uid, containers in ledger.held.items() if uid not in leaving}
            rest.by_resource[name] = Ledger(name, ledger.devices, held)
        try:
            rest.allocate(pod)
        except DevicesUnavailable:
            return False
        return True

    def release(self, pod_uid: str) -> None:
        self.ledgers.release(pod_uid)
        for key in [key for key in self._grants if key[0] == pod_uid]:
            del self._grants[key]

    # containers -----------------------------------------------------------------------------------------------------
    def mark(self, config: SandboxConfig) -> SandboxConfig:
        """A sandbox says which devices its pod holds."""
        return grants.mark_sandbox(config, self.ledgers.assignments(config.pod_uid))

    async def equip(self, pod_uid: str, config: ContainerConfig) -> ContainerConfig:
        """A container with what its devices need. Raises ConfigError: nothing may start without them."""
        assignment = self.ledgers.assignment(pod_uid, config.name)
        if not assignment:
            return config
        try:
            granted = await self._granted(pod_uid, config.name)
            for resource, identifiers in assignment.items():
                if plugin := self._plugins.get(resource):
                    await plugin.pre_start(identifiers)
        except PluginFailure as exc:
            raise ConfigError(str(exc)) from exc
        return grants.equip(config, assignment, granted)

    async def _granted(self, pod_uid: str, container: str) -> dict[str, Grant]:
        """What goes with a container's devices; a plugin is asked once for each."""
        found = {}
        for resource, identifiers in self.ledgers.assignment(pod_uid, container).items():
            key = (pod_uid, container, resource)
            if key in self._grants:
                found[resource] = self._grants[key]
            elif plugin := self._plugins.get(resource):
                found[resource] = self._grants[key] = await plugin.allocate(identifiers)
            elif self.gpus is not None and self.gpus.resource == resource:
                found[resource] = self.gpus.grant(identifiers)
            else:
                raise PluginFailure(f"no device plugin for {resource} is registered")
        return found

    # after a restart ------------------------------------------------------------------------------------------------
    def adopt(self, sandboxes: Iterable[SandboxStatus], containers: Iterable[ContainerStatus]) -> None:
        """Learn from the labels of what is there who holds what. Oldest first: the newest word holds."""
        for sandbox in sorted(sandboxes, key=lambda s: s.created_at):
            for container, assignment in grants.read_plan(sandbox.labels).items():
                self.ledgers.adopt(sandbox.pod_uid, container, assignment)
        for status in sorted(containers, key=lambda c: c.created_at):
            self.ledgers.adopt(status.pod_uid, status.name, grants.read_devices(status.labels))
            for resource, grant in grants.read_grants(status.labels).items():
                self._grants[status.pod_uid, status.name, resource] = grant

    def keep_only(self, pod_uids: Collection[str]) -> None:
        """What other pods hold is free: they have ended, and only their records are left."""
        for uid in self.ledgers.holders() - set(pod_uids):
            self.release(uid)
