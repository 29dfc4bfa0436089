"""From a pod's spec to what the runtime is asked to make.

Mirrors generateContainerConfig, generatePodSandboxConfig and labels.go of upstream pkg/kubelet/kuberuntime. Pure: env,
volumes and files were made before; here they are only put together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from minik8s.api import core
from minik8s.api.quantity import Quantity
from minik8s.kubelet import resize
from minik8s.kubelet.env import ConfigError
from minik8s.kubelet.expansion import UnresolvedReference, expand_all, expand_strict
from minik8s.kubelet.hosts import ResolvConf
from minik8s.kubelet.observed import LABEL_BACKOFF, LABEL_START_TIME, container_hash
from minik8s.kubelet.qos import oom_score
from minik8s.kubelet.runtimes import base
from minik8s.kubelet.volumes.local import resolve_sub_path
from minik8s.kubelet.volumes.payload import VolumeError, is_payload_volume

DEFAULT_TERMINATION_PATH = "/dev/termination-log"
DEFAULT_GRACE = 30
_PERIOD = 100_000


@dataclass(frozen=True)
class ContainerInputs:
    """What was prepared for one container."""

    env: Mapping[str, str]
    image: str
    kind: str  # "container" | "init" | "ephemeral"
    attempt: int
    backoff: float
    security: base.SecurityContext
    volumes: Mapping[str, Path] = field(default_factory=dict)
    #: path in the container → file on the node (hosts, resolv.conf, termination log)
    files: Mapping[str, Path] = field(default_factory=dict)
    log_path: str = ""
    node_memory: int = 0


def render_sandbox(
    pod: core.Pod, attempt: int, hostname: str, dns: ResolvConf, log_directory: str, started: float
) -> base.SandboxConfig:
    spec = pod.spec
    sysctls = spec.security_context.sysctls if spec.security_context else []
    return base.SandboxConfig(
        pod_name=pod.metadata.name,
        pod_namespace=pod.metadata.namespace,
        pod_uid=pod.metadata.uid,
        attempt=attempt,
        hostname="" if spec.host_network else hostname,
        log_directory=log_directory,
        dns=base.DNSConfig(tuple(dns.nameservers), tuple(dns.searches), tuple(dns.options)),
        port_mappings=_host_ports(pod),
        labels={**_pod_labels(pod), LABEL_START_TIME: f"{started:.3f}"},
        host_network=bool(spec.host_network),
        host_pid=bool(spec.host_pid),
        host_ipc=bool(spec.host_ipc),
        share_process_namespace=bool(spec.share_process_namespace),
        annotations=dict(pod.metadata.annotations),
        sysctls={sysctl.name: sysctl.value for sysctl in sysctls},
    )


def _host_ports(pod: core.Pod) -> tuple[base.PortMapping, ...]:
    if pod.spec.host_network:
        return ()
    return tuple(
        base.PortMapping(port.container_port, port.host_port, port.protocol or "TCP", port.host_ip or "")
        for container in [*pod.spec.init_containers, *pod.spec.containers]
        for port in container.ports
        if port.host_port
    )


def _pod_labels(pod: core.Pod) -> dict[str, str]:
    return {
        base.LABEL_POD_NAME: pod.metadata.name,
        base.LABEL_POD_NAMESPACE: pod.metadata.namespace,
        base.LABEL_POD_UID: pod.metadata.uid,
        base.LABEL_GRACE: str(grace_of(pod)),
    }


def grace_of(pod: core.Pod) -> int:
    """The spec's grace period; the one of a deletion stands in metadata."""
    grace = pod.spec.termination_grace_period_seconds
    return DEFAULT_GRACE if grace is None else grace


def render_container(pod: core.Pod, container: core.Container, inputs: ContainerInputs) -> base.ContainerConfig:
    """Raises ConfigError when a mount cannot be made."""
    return base.ContainerConfig(
        name=container.name,
        image=inputs.image,
        attempt=inputs.attempt,
        command=tuple(expand_all(container.command, inputs.env)),
        args=tuple(expand_all(container.args, inputs.env)),
        env=inputs.env,
        working_dir=container.working_dir or "",
        mounts=(*_volume_mounts(pod, container, inputs), *_file_mounts(container, inputs)),
        devices=tuple(_block_devices(container, inputs)),
        labels=_container_labels(pod, container, inputs),
        log_path=inputs.log_path,
        stdin=bool(container.stdin),
        stdin_once=bool(container.stdin_once),
        tty=bool(container.tty),
        resources=compute_resources(pod, container, inputs.node_memory),
        security=inputs.security,
        stop_signal=(container.lifecycle.stop_signal or "") if container.lifecycle else "",
    )


def _container_labels(pod: core.Pod, container: core.Container, inputs: ContainerInputs) -> dict[str, str]:
    return {
        **_pod_labels(pod),
        base.LABEL_CONTAINER_NAME: container.name,
        base.LABEL_CONTAINER_HASH: container_hash(container),
        base.LABEL_RESTART_COUNT: str(inputs.attempt),
        base.LABEL_CONTAINER_TYPE: inputs.kind,
        base.LABEL_TERMINATION_PATH: container.termination_message_path or DEFAULT_TERMINATION_PATH,
        base.LABEL_TERMINATION_POLICY: container.termination_message_policy or "File",
        LABEL_BACKOFF: f"{inputs.backoff:g}",
        **resize.label(container),
    }


def _volume_mounts(pod: core.Pod, container: core.Container, inputs: ContainerInputs) -> list[base.Mount]:
    mounts = []
    sealed = {volume.name for volume in pod.spec.volumes if _is_sealed(volume)}
    for mount in container.volume_mounts:
        place = inputs.volumes.get(mount.name)
        if place is None:
            raise ConfigError(f'cannot find volume "{mount.name}" to mount into container "{container.name}"')
        try:
            path = _with_sub_path(place, mount, inputs.env)
        except (VolumeError, UnresolvedReference, OSError) as exc:
            raise ConfigError(
                f'failed to prepare subPath for volumeMount "{mount.name}" of container "{container.name}": {exc}'
            ) from exc
        target = mount.mount_path if mount.mount_path.startswith("/") else f"/{mount.mount_path}"
        read_only = bool(mount.read_only) or mount.name in sealed
        mounts.append(base.Mount(str(path), target, read_only, mount.mount_propagation or "None"))
    return mounts


def _is_sealed(volume: core.Volume) -> bool:
    """Read-only whatever the mount says: what the kubelet itself writes, and claims that the pod asks for as such."""
    claim = volume.persistent_volume_claim
    return is_payload_volume(volume) or bool(claim and claim.read_only) or bool(volume.nfs and volume.nfs.read_only)


def _block_devices(container: core.Container, inputs: ContainerInputs) -> list[base.Device]:
    """Volumes of mode Block, as device nodes of the container."""
    devices = []
    for device in container.volume_devices:
        place = inputs.volumes.get(device.name)
        if place is None:
            raise ConfigError(f'cannot find volume "{device.name}" to pass into container "{container.name}"')
        devices.append(base.Device(str(place), device.device_path))
    return devices


def _with_sub_path(place: Path, mount: core.VolumeMount, env: Mapping[str, str]) -> Path:
    sub_path = expand_strict(mount.sub_path_expr, env) if mount.sub_path_expr else mount.sub_path
    return resolve_sub_path(place, sub_path) if sub_path else place


def _file_mounts(container: core.Container, inputs: ContainerInputs) -> list[base.Mount]:
    """The kubelet's own files, except where the pod mounts something itself."""
    taken = {mount.mount_path.rstrip("/") for mount in container.volume_mounts}
    return [base.Mount(str(place), path) for path, place in inputs.files.items() if path not in taken]


def compute_resources(pod: core.Pod, container: core.Container, node_memory: int) -> base.Resources:
    limits = container.resources.limits if container.resources else {}
    requests = container.resources.requests if container.resources else {}
    cpu_limit = _millis(limits.get("cpu"))
    cpu_request = _millis(requests.get("cpu")) if "cpu" in requests else cpu_limit
    return base.Resources(
        cpu_shares=max(2, cpu_request * 1024 // 1000),
        cpu_quota=max(1000, cpu_limit * _PERIOD // 1000) if cpu_limit else 0,
        cpu_period=_PERIOD,
        memory_limit=Quantity.parse(limits["memory"]).value() if "memory" in limits else 0,
        oom_score_adj=oom_score(pod, container, node_memory),
    )


def _millis(text: str | None) -> int:
    return Quantity.parse(text).milli_value() if text else 0
