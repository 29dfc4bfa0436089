"""Who holds which device: a ledger by UUID.

Mirrors upstream pkg/kubelet/cm/devicemanager/manager.go. The books live in memory and are rebuilt from the labels of
containers when the kubelet starts.

Invariants:
- a device has at most one holding pod;
- a pod gets all that it asks for, or nothing;
- init containers run one after another and before the rest, so that they share the devices of the pod's other
  containers, as upstream lets them; sidecars keep theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from minik8s.api import core


@dataclass(frozen=True)
class Device:
    uuid: str
    index: int
    model: str = ""
    healthy: bool = True


class InsufficientDevices(Exception):
    """Too few free devices: the pod is refused with UnexpectedAdmissionError, as upstream words it."""

    def __init__(self, resource: str, requested: int, available: int) -> None:
        super().__init__(
            f"Allocate failed due to requested number of devices unavailable for {resource}. "
            f"Requested: {requested}, Available: {available}, which is unexpected"
        )
        self.resource = resource


@dataclass
class Ledger:
    """The books of one resource, for example `nvidia.com/gpu`."""

    resource: str
    devices: dict[str, Device] = field(default_factory=dict)
    #: pod uid → container → UUIDs
    held: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)

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

    def adopt(self, pod_uid: str, container: str, uuids: Iterable[str]) -> None:
        """Enter what a container found on the runtime says it holds, known device or not."""
        self.held.setdefault(pod_uid, {})[container] = tuple(uuids)

    def release(self, pod_uid: str) -> None:
        self.held.pop(pod_uid, None)

    def uuids(self, pod_uid: str, container: str) -> tuple[str, ...]:
        return self.held.get(pod_uid, {}).get(container, ())

    def allocate(self, pod: core.Pod) -> None:
        """Give every container of `pod` the devices it asks for and does not hold yet; all or nothing."""
        uid = pod.metadata.uid or ""
        plan = dict(self.held.get(uid, {}))
        free = self.free()
        for container in _keepers(pod):
            wanted = count(container, self.resource)
            if not wanted or container.name in plan:
                continue
            if wanted > len(free):
                raise InsufficientDevices(self.resource, wanted, len(free))
            plan[container.name], free = tuple(free[:wanted]), free[wanted:]
        kept = [uuid for container in _regular(pod) for uuid in plan.get(container.name, ())]
        for container in pod.spec.init_containers:
            wanted = count(container, self.resource)
            if not wanted or container.name in plan or is_sidecar(container):
                continue
            pool = kept + free
            if wanted > len(pool):
                raise InsufficientDevices(self.resource, wanted, len(pool))
            plan[container.name] = tuple(pool[:wanted])
            free = [uuid for uuid in free if uuid not in plan[container.name]]
            kept += [uuid for uuid in plan[container.name] if uuid not in kept]
        if plan:
            self.held[uid] = plan


def _regular(pod: core.Pod) -> list[core.Container]:
    return list(pod.spec.containers)


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

    def allocate(self, pod: core.Pod) -> None:
        uid = pod.metadata.uid or ""
        before = {name: dict(ledger.held.get(uid, {})) for name, ledger in self.by_resource.items()}
        try:
            for ledger in self.by_resource.values():
                ledger.allocate(pod)
        except InsufficientDevices:
            for name, old in before.items():
                ledger = self.by_resource[name]
                ledger.held.pop(uid, None)
                if old:
                    ledger.held[uid] = old
            raise

    def release(self, pod_uid: str) -> None:
        for ledger in self.by_resource.values():
            ledger.release(pod_uid)

    def assignment(self, pod_uid: str, container: str) -> dict[str, tuple[str, ...]]:
        found = {name: ledger.uuids(pod_uid, container) for name, ledger in self.by_resource.items()}
        return {name: uuids for name, uuids in found.items() if uuids}

    def adopt(self, pod_uid: str, container: str, assignment: Mapping[str, Iterable[str]]) -> None:
        for name, uuids in assignment.items():
            self.by_resource.setdefault(name, Ledger(name)).adopt(pod_uid, container, uuids)
