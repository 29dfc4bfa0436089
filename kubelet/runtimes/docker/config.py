"""What the Docker engine is asked for: sandboxes and containers as the bodies of POST /containers/create.

Pure. Mirrors pkg/kubelet/dockershim/{docker_sandbox.go,docker_container.go,security_context.go,helpers.go}: the names
`k8s_<container>_<pod>_<namespace>_<uid>_<attempt>`, annotations kept as labels, the pod's namespaces joined by
`container:<sandbox>`. Leaves out: SELinux relabelling of mounts, block devices.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minik8s.kubelet.runtimes import base

ANNOTATION_PREFIX = "annotation."
LABEL_TTY = "minik8s.io/tty"
LABEL_SHARE_PID = "minik8s.io/share-process-namespace"
SANDBOX_OOM_SCORE_ADJ = -998
SANDBOX_CPU_SHARES = 2
DEFAULT_SHM_SIZE = 64 * 1024 * 1024
PROPAGATION = {"None": "rprivate", "HostToContainer": "rslave", "Bidirectional": "rshared", "": "rprivate"}
HIDE_GPUS = "void"  # NVIDIA's word for "none", also where its runtime is the default and would show all


def container_name(name: str, pod_name: str, namespace: str, uid: str, attempt: int) -> str:
    """Upstream's engine-side name; of a sandbox the container is "POD"."""
    return f"k8s_{name}_{pod_name}_{namespace}_{uid}_{attempt}"


def join_annotations(labels: Mapping[str, str], annotations: Mapping[str, str]) -> dict[str, str]:
    """Docker has no annotations: they travel as labels."""
    return {**labels, **{ANNOTATION_PREFIX + k: v for k, v in annotations.items()}}


def split_annotations(labels: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """→ labels, annotations."""
    own = {k: v for k, v in labels.items() if not k.startswith(ANNOTATION_PREFIX)}
    kept = {k[len(ANNOTATION_PREFIX) :]: v for k, v in labels.items() if k.startswith(ANNOTATION_PREFIX)}
    return own, kept


def render_sandbox(config: base.SandboxConfig, options: base.RuntimeOptions, least_oom_score: int) -> dict[str, Any]:
    """The pause container."""
    labels = base.sandbox_labels(config, options)
    labels[LABEL_SHARE_PID] = "true" if config.share_process_namespace else "false"
    host: dict[str, Any] = {
        "NetworkMode": "host" if config.host_network else options.docker_network,
        "IpcMode": "host" if config.host_ipc else "shareable",
        "PidMode": "host" if config.host_pid else "",
        "UTSMode": "host" if config.host_network else "",
        "CpuShares": SANDBOX_CPU_SHARES,
        "OomScoreAdj": max(SANDBOX_OOM_SCORE_ADJ, least_oom_score),
        "ShmSize": config.shm_size or DEFAULT_SHM_SIZE,
        "SecurityOpt": ["no-new-privileges", "seccomp=unconfined"],
        "Sysctls": dict(config.sysctls),
        "ExtraHosts": [f"{name}:{ip}" for ip, name in config.hosts],
        "LogConfig": {"Type": "none", "Config": {}},
    }
    if config.cgroup_parent:
        host["CgroupParent"] = config.cgroup_parent
    if config.dns is not None:
        host["Dns"] = list(config.dns.servers)
        host["DnsSearch"] = list(config.dns.searches) or ["."]
        host["DnsOptions"] = list(config.dns.options)
    body: dict[str, Any] = {
        "Image": options.pause_image,
        "Hostname": "" if config.host_network else config.hostname,
        "Labels": join_annotations(labels, config.annotations),
        "HostConfig": host,
    }
    if config.port_mappings and not config.host_network:
        body["ExposedPorts"], host["PortBindings"] = _render_ports(config.port_mappings)
    return body


def _render_ports(mappings: tuple[base.PortMapping, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    exposed: dict[str, Any] = {}
    bindings: dict[str, list[dict[str, str]]] = {}
    for mapping in mappings:
        key = f"{mapping.container_port}/{mapping.protocol.lower()}"
        exposed[key] = {}
        binding = {"HostIp": mapping.host_ip, "HostPort": str(mapping.host_port)}
        bindings.setdefault(key, []).append(binding)
    return exposed, bindings


@dataclass(frozen=True, slots=True)
class Place:
    """A sandbox as its containers see it; read back from the engine, never remembered elsewhere."""

    status: base.SandboxStatus
    pid: int = 0
    host_pid: bool = False
    host_ipc: bool = False
    share_pid: bool = False
    cgroup_parent: str = ""


def render_container(
    place: Place, config: base.ContainerConfig, options: base.RuntimeOptions, least_oom_score: int
) -> dict[str, Any]:
    """A container in the sandbox's namespaces."""
    labels = base.container_labels(place.status, config, options)
    labels[LABEL_TTY] = "true" if config.tty else "false"
    body: dict[str, Any] = {
        "Image": config.image,
        "Env": [f"{k}={v}" for k, v in render_env(config).items()],
        "Labels": join_annotations(labels, config.annotations),
        "Tty": config.tty,
        "OpenStdin": config.stdin,
        "StdinOnce": config.stdin_once,
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": _render_host_config(place, config, least_oom_score),
    }
    if config.command:
        body["Entrypoint"] = list(config.command)
    if config.args:
        body["Cmd"] = list(config.args)
    if config.working_dir:
        body["WorkingDir"] = config.working_dir
    if config.stop_signal:
        body["StopSignal"] = config.stop_signal
    if user := render_user(config.security):
        body["User"] = user
    return body


def render_env(config: base.ContainerConfig) -> dict[str, str]:
    """The pod's variables, and the GPUs: named when asked for, hidden otherwise, whatever the pod says itself."""
    return {**config.env, "NVIDIA_VISIBLE_DEVICES": ",".join(config.gpus) if config.gpus else HIDE_GPUS}


def render_user(security: base.SecurityContext) -> str:
    """`uid[:gid]`, or "" for the image's own."""
    if security.run_as_user is None:
        return "" if security.run_as_group is None else f"0:{security.run_as_group}"
    group = "" if security.run_as_group is None else f":{security.run_as_group}"
    return f"{security.run_as_user}{group}"


def _render_host_config(place: Place, config: base.ContainerConfig, least_oom_score: int) -> dict[str, Any]:
    security, resources = config.security, config.resources
    join = f"container:{place.status.id}"
    host: dict[str, Any] = {
        "NetworkMode": join,
        "IpcMode": "host" if place.host_ipc else join,
        "PidMode": _pid_mode(security, place, join),
        "Mounts": [_render_mount(mount) for mount in config.mounts],
        "Devices": [
            {"PathOnHost": d.host_path, "PathInContainer": d.container_path, "CgroupPermissions": d.permissions}
            for d in config.devices
        ],
        "Privileged": security.privileged,
        "ReadonlyRootfs": security.readonly_root,
        "CapAdd": list(security.add_capabilities),
        "CapDrop": list(security.drop_capabilities),
        "GroupAdd": [str(group) for group in security.supplemental_groups],
        "SecurityOpt": render_security_options(security),
        "OomScoreAdj": max(resources.oom_score_adj, least_oom_score),
        **render_resources(resources),
    }
    if place.status.host_network:
        host["UTSMode"] = "host"
    if not security.masked_paths:
        host["MaskedPaths"], host["ReadonlyPaths"] = [], []
    if config.gpus and not config.gpus_declared:
        host["DeviceRequests"] = [{"Driver": "", "DeviceIDs": list(config.gpus), "Capabilities": [["gpu"]]}]
    if place.cgroup_parent:
        host["CgroupParent"] = place.cgroup_parent
    return host


def _pid_mode(security: base.SecurityContext, place: Place, join: str) -> str:
    if place.host_pid:
        return "host"
    if security.target_container:
        return f"container:{security.target_container}"
    return join if place.share_pid else ""


def render_resources(resources: base.Resources) -> dict[str, Any]:
    """The fields that `docker update` knows too."""
    out: dict[str, Any] = {}
    if resources.cpu_shares:
        out["CpuShares"] = resources.cpu_shares
    if resources.cpu_quota:
        out["CpuQuota"], out["CpuPeriod"] = resources.cpu_quota, resources.cpu_period
    if resources.memory_limit:
        out["Memory"] = out["MemorySwap"] = resources.memory_limit  # equal: no swap on top
    if resources.pids_limit:
        out["PidsLimit"] = resources.pids_limit
    if resources.cpuset_cpus:
        out["CpusetCpus"] = resources.cpuset_cpus
    return out


def render_security_options(security: base.SecurityContext) -> list[str]:
    """no-new-privileges, seccomp, AppArmor, SELinux as `--security-opt` spells them."""
    out = ["no-new-privileges"] if security.no_new_privileges else []
    if security.seccomp.startswith("localhost/"):
        profile = json.loads(Path(security.seccomp.removeprefix("localhost/")).read_text())
        out.append("seccomp=" + json.dumps(profile))
    elif security.seccomp != "default" and not security.privileged:
        out.append("seccomp=unconfined")  # upstream's default for pods that say nothing
    if security.apparmor:
        out.append(f"apparmor={security.apparmor}")
    out += [f"label={key}:{value}" for key, value in security.selinux.items() if value]
    return out


def _render_mount(mount: base.Mount) -> dict[str, Any]:
    return {
        "Type": "bind",
        "Source": mount.host_path,
        "Target": mount.container_path,
        "ReadOnly": mount.readonly,
        "BindOptions": {"Propagation": PROPAGATION.get(mount.propagation, "rprivate")},
    }
