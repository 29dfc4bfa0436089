"""Who holds which device: a ledger by device id.

Mirrors upstream pkg/kubelet/cm/devicemanager/manager.go. The books live in memory and are rebuilt from the labels of
sandboxes and containers when the kubelet starts. Pure: who asks plugins for their wishes is `manager`.

Invariants:
- a device has at most one holding pod;
- a pod gets all that it asks for, or nothing;
- init containers run one after another and before the rest, so that they share the devices of the pod's other
  containers, as upstream lets them; sidecars keep theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from minik8s.api import core


@dataclass(frozen=True)
class Device:
    uuid: str
    index: int = 0
    model: str = ""
    healthy: bool = True
    #: NUMA nodes that it is near to
    numa: tuple[int, ...] = ()


class DevicesUnavailable(Exception):
    """The pod is refused with UnexpectedAdmissionError, as upstream words it."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"Allocate failed due to {cause}, which is unexpected")


class InsufficientDevices(DevicesUnavailable):
    """Too few free devices."""

    def __init__(self, resource: str, requested: int, available: int) -> None:
        super().__init__(
            f"requested number of devices unavailable for {resource}. Requested: {requested}, Available: {available}"
        )
        self.resource = resource


@dataclass(frozen=True)
class Need:
    """One container's wish: `size` of `available`, among them all of `must`."""

    container: str
    size: int
    available: tuple[str, ...]
    must: tuple[str, ...] = ()


#: Picks the devices for a need; too few or foreign ids are made good by the ledger.
Choose = Callable[[Need], Iterable[str]]


def first_free(need: Need) -> list[str]:
    return [*need.must, *(uuid for uuid in need.available if uuid not in need.must)][: need.size]


class Plan:
    """One pod's allocation in the making: for each of `needs()`, `take` before asking for the next; then `commit`."""

    def __init__(self, ledger: Ledger, pod: core.Pod) -> None:
        self._ledger, self._pod = ledger, pod
        self.held = dict(ledger.held.get(pod.metadata.uid or "", {}))
        self._free = ledger.free()

    def needs(self) -> Iterator[Need]:
        resource = self._ledger.resource
        for container in _keepers(self._pod):
            wanted = count(container, resource)
            if wanted and container.name not in self.held:
                yield self._need(container.name, wanted, ())
        for container in self._pod.spec.init_containers:
            wanted = count(container, resource)
            if wanted and container.name not in self.held and not is_sidecar(container):
                kept = list(dict.fromkeys(uuid for c in self._reusable() for uuid in self.held.get(c, ())))
                yield self._need(container.name, wanted, tuple(kept))

    def take(self, need: Need, chosen: Iterable[str]) -> None:
        picked = [uuid for uuid in dict.fromkeys(chosen) if uuid in need.available][: need.size]
        picked += [uuid for uuid in first_free(need) if uuid not in picked][: need.size - len(picked)]
        self.held[need.container] = tuple(picked)
        self._free = [uuid for uuid in self._free if uuid not in picked]

    def commit(self) -> None:
        if self.held:
            self._ledger.held[self._pod.metadata.uid or ""] = self.held

    def _reusable(self) -> list[str]:
        """Containers whose devices an init container may use: the regular ones, and other init containers."""
        spec = self._pod.spec
        return [c.name for c in [*spec.containers, *(i for i in spec.init_containers if not is_sidecar(i))]]

    def _need(self, container: str, wanted: int, kept: tuple[str, ...]) -> Need:
        """What the pod has already comes first: the rest is left to others."""
        available = (*kept, *(uuid for uuid in self._free if uuid not in kept))
        if wanted > len(available):
            self._ledger.check_health()
            raise InsufficientDevices(self._ledger.resource, wanted, len(available))
        return Need(container, wanted, available, kept[:wanted])


@dataclass
class Ledger:
    """The books of one resource, for example `nvidia.com/gpu`."""

    resource: str
    devices: dict[str, Device] = field(default_factory=dict)
    #: pod uid → container → UUIDs
    held: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    choose: Choose = first_free

    @property
    def capacity(self) -> int:
        return len(self.devices)

    @property
    def allocatable(self) -> int:
        return sum(device.healthy for device in self.devices.values())

    def holders(self) -> dict[str, str]:
        """UUID → pod uid."""
        return {uuid: pod for pod, containers in self.held.items() for uuids in containers.values() for uuid in uuids}

    def free(self) -> list[str]:
        taken = self.holders()
        healthy = [d for d in self.devices.values() if d.healthy and d.uuid not in taken]
        return [device.uuid for device in sorted(healthy, key=lambda d: (d.index, d.uuid))]

    def check_health(self) -> None:
        if not self.allocatable:
            raise DevicesUnavailable(f"no healthy devices present; cannot allocate unhealthy devices {self.resource}")

    def adopt(self, pod_uid: str, container: str, uuids: Iterable[str]) -> None:
        """Enter what a container found on the runtime says it holds, known device or not."""
        self.held.setdefault(pod_uid, {})[container] = tuple(uuids)

    def release(self, pod_uid: str) -> None:
        self.held.pop(pod_uid, None)

    def uuids(self, pod_uid: str, container: str) -> tuple[str, ...]:
        return self.held.get(pod_uid, {}).get(container, ())

    def allocate(self, pod: core.Pod) -> None:
        """Give every container of `pod` the devices it asks for and does not hold yet; all or nothing."""
        plan = Plan(self, pod)
        for need in plan.needs():
            plan.take(need, self.choose(need))
        plan.commit()


def _keepers(pod: core.Pod) -> list[core.Container]:
    """Containers that hold their devices as long as the pod lives."""
    return [*(c for c in pod.spec.init_containers if is_sidecar(c)), *pod.spec.containers]


def is_sidecar(container: core.Container) -> bool:
    return container.restart_policy == "Always"


def count(container: core.Container, resource: str) -> int:
    """How many of `resource` a container asks for; requests equal limits for such resources."""
    resources = container.resources
    if resources is None:
        return 0
    text = resources.limits.get(resource) or resources.requests.get(resource) or "0"
    return int(text)


@dataclass
class Ledgers:
    """All device resources of a node."""

    by_resource: dict[str, Ledger] = field(default_factory=dict)

    def of(self, resource: str) -> Ledger:
        return self.by_resource.setdefault(resource, Ledger(resource))

    def wanted_by(self, pod: core.Pod) -> list[Ledger]:
        containers = [*pod.spec.init_containers, *pod.spec.containers]
        return [ledger for name, ledger in self.by_resource.items() if any(count(c, name) for c in containers)]

    def allocate(self, pod: core.Pod) -> None:
        before = self.snapshot(pod.metadata.uid or "")
        try:
            for ledger in self.by_resource.values():
                ledger.allocate(pod)
        except DevicesUnavailable:
            self.restore(pod.metadata.uid or "", before)
            raise

    def snapshot(self, pod_uid: str) -> dict[str, dict[str, tuple[str, ...]]]:
        return {name: dict(ledger.held.get(pod_uid, {})) for name, ledger in self.by_resource.items()}

    def restore(self, pod_uid: str, before: Mapping[str, dict[str, tuple[str, ...]]]) -> None:
        for name, ledger in self.by_resource.items():
            ledger.held.pop(pod_uid, None)
            if before.get(name):
                ledger.held[pod_uid] = before[name]

    def release(self, pod_uid: str) -> None:
        for ledger in self.by_resource.values():
            ledger.release(pod_uid)

    def holders(self) -> set[str]:
        """The uids of pods that hold anything."""
        return {uid for ledger in self.by_resource.values() for uid in ledger.held}

    def assignment(self, pod_uid: str, container: str) -> dict[str, tuple[str, ...]]:
        found = {name: ledger.uuids(pod_uid, container) for name, ledger in self.by_resource.items()}
        return {name: uuids for name, uuids in found.items() if uuids}

    def assignments(self, pod_uid: str) -> dict[str, dict[str, tuple[str, ...]]]:
        """Container → resource → devices."""
        names = {name for ledger in self.by_resource.values() for name in ledger.held.get(pod_uid, {})}
        return {name: self.assignment(pod_uid, name) for name in sorted(names)}

    def adopt(self, pod_uid: str, container: str, assignment: Mapping[str, Iterable[str]]) -> None:
        for name, uuids in assignment.items():
            self.of(name).adopt(pod_uid, container, uuids)
