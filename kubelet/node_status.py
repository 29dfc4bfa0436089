"""The node's status, from what was measured.

Mirrors upstream pkg/kubelet/nodestatus/setters.go and the default eviction thresholds. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from minik8s.api import core
from minik8s.kubelet.config import VERSION
from minik8s.kubelet.machine import Machine, Usage
from minik8s.kubelet.runtimes.base import ImageInfo

MIN_MEMORY = 100 << 20  # memory.available<100Mi
MIN_STORAGE_SHARE = 0.10  # nodefs.available<10%
MAX_IMAGES = 50
MAX_IMAGE_NAMES = 5


@dataclass(frozen=True)
class NodeInputs:
    name: str
    machine: Machine
    usage: Usage
    addresses: tuple[str, ...]
    port: int
    max_pods: int
    runtime_version: str  # docker://20.10.5
    #: "" when the runtime answers
    runtime_trouble: str = ""
    images: tuple[ImageInfo, ...] = ()
    #: resource → (capacity, allocatable)
    devices: dict[str, tuple[int, int]] = field(default_factory=dict)
    #: conditions that are true for want of something: MemoryPressure …
    pressures: frozenset[str] = frozenset()


def compute_node_status(inputs: NodeInputs, previous: Iterable[core.NodeCondition], now: str) -> core.NodeStatus:
    return core.NodeStatus(
        addresses=[
            *(core.NodeAddress(type="InternalIP", address=address) for address in inputs.addresses),
            core.NodeAddress(type="Hostname", address=inputs.name),
        ],
        capacity=compute_capacity(inputs),
        allocatable=compute_allocatable(inputs),
        conditions=_stamp(compute_conditions(inputs), previous, now),
        daemon_endpoints=core.NodeDaemonEndpoints(kubelet_endpoint=core.DaemonEndpoint(port=inputs.port)),
        images=_images(inputs.images),
        node_info=_info(inputs),
        runtime_handlers=[core.NodeRuntimeHandler(name="")],
    )


def compute_capacity(inputs: NodeInputs) -> dict[str, str]:
    machine = inputs.machine
    return {
        "cpu": str(machine.cpus),
        "ephemeral-storage": f"{machine.storage // 1024}Ki",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "memory": f"{machine.memory // 1024}Ki",
        "pods": str(inputs.max_pods),
        **{name: str(capacity) for name, (capacity, _) in inputs.devices.items()},
    }


def compute_allocatable(inputs: NodeInputs) -> dict[str, str]:
    """Capacity less what eviction keeps free."""
    machine = inputs.machine
    return {
        **compute_capacity(inputs),
        "ephemeral-storage": str(int(machine.storage * (1 - MIN_STORAGE_SHARE))),
        "memory": f"{(machine.memory - MIN_MEMORY) // 1024}Ki",
        **{name: str(allocatable) for name, (_, allocatable) in inputs.devices.items()},
    }


def compute_conditions(inputs: NodeInputs) -> list[core.NodeCondition]:
    memory, disk, pids = (name in inputs.pressures for name in ("MemoryPressure", "DiskPressure", "PIDPressure"))
    return [
        _pressure("MemoryPressure", memory, "KubeletHasSufficientMemory", "KubeletHasInsufficientMemory",
                  "kubelet has sufficient memory available", "kubelet has insufficient memory available"),
        _pressure("DiskPressure", disk, "KubeletHasNoDiskPressure", "KubeletHasDiskPressure",
                  "kubelet has no disk pressure", "kubelet has disk pressure"),
        _pressure("PIDPressure", pids, "KubeletHasSufficientPID", "KubeletHasInsufficientPID",
                  "kubelet has sufficient PID available", "kubelet has insufficient PID available"),
        _ready(inputs.runtime_trouble),
    ]  # fmt: skip


def _pressure(kind: str, true: bool, well: str, ill: str, well_text: str, ill_text: str) -> core.NodeCondition:
    return core.NodeCondition(
        type=kind,
        status="True" if true else "False",
        reason=ill if true else well,
        message=ill_text if true else well_text,
    )


def _ready(trouble: str) -> core.NodeCondition:
    if trouble:
        return core.NodeCondition(type="Ready", status="False", reason="KubeletNotReady", message=trouble)
    message = "kubelet is posting ready status"
    return core.NodeCondition(type="Ready", status="True", reason="KubeletReady", message=message)


def _stamp(new: list[core.NodeCondition], previous: Iterable[core.NodeCondition], now: str) -> list[core.NodeCondition]:
    before = {condition.type: condition for condition in previous}
    for condition in new:
        last = before.get(condition.type)
        same = last is not None and last.status == condition.status
        condition.last_heartbeat_time = now
        condition.last_transition_time = last.last_transition_time if last and same else now
    return new


def _images(images: Iterable[ImageInfo]) -> list[core.ContainerImage]:
    biggest = sorted(images, key=lambda image: -image.size)[:MAX_IMAGES]
    return [
        core.ContainerImage(names=[*image.digests, *image.tags][:MAX_IMAGE_NAMES], size_bytes=image.size)
        for image in biggest
        if image.digests or image.tags
    ]


def _info(inputs: NodeInputs) -> core.NodeSystemInfo:
    machine = inputs.machine
    return core.NodeSystemInfo(
        architecture=machine.architecture,
        boot_id=machine.boot_id,
        container_runtime_version=inputs.runtime_version,
        kernel_version=machine.kernel,
        kube_proxy_version="",
        kubelet_version=VERSION,
        machine_id=machine.machine_id,
        operating_system="linux",
        os_image=machine.os_image,
        system_uuid=machine.system_uuid,
        swap=core.NodeSwapStatus(capacity=machine.swap),
    )


def is_worth_telling(old: core.NodeStatus, new: core.NodeStatus) -> bool:
    """Something other than the heartbeats' times changed."""

    def without_heartbeats(status: core.NodeStatus) -> dict[str, object]:
        fields = status.to_dict()
        for condition in fields.get("conditions", []):
            condition.pop("lastHeartbeatTime", None)
        return fields

    return without_heartbeats(old) != without_heartbeats(new)
