"""From a container's configuration to the shim's spec.json. Pure but for looking up users."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from minik8s.kubelet.runtimes import base
from minik8s.kubelet.runtimes.process.images import DEFAULT_PATH, ImageConfig
from minik8s.kubelet.runtimes.process.records import SandboxRecord
from minik8s.kubelet.runtimes.process.syscalls import CAPABILITIES, DEFAULT_CAPABILITIES

DEFAULT_SHM_SIZE = 64 * 1024 * 1024


def render_command(config: base.ContainerConfig, image: ImageConfig) -> list[str]:
    """Kubernetes' table of command and args against entrypoint and cmd."""
    if config.command:
        return [*config.command, *config.args]
    command = [*image.entrypoint, *(config.args or image.cmd)]
    if not command:
        raise base.CreateContainerError(
            f'image "{config.image}" is not in the image store of the process runtime, so it stands for the host\'s '
            "file system, and then a command must be given"
        )
    return command


def render_env(config: base.ContainerConfig, image: ImageConfig, hostname: str, isolated: bool) -> dict[str, str]:
    """The image's, the pod's, and the GPUs; without mounts of their own processes find their volumes by a variable."""
    env = {"PATH": DEFAULT_PATH, "HOSTNAME": hostname, "HOME": "/root", **image.env, **config.env}
    env["NVIDIA_VISIBLE_DEVICES"] = ",".join(config.gpus) if config.gpus else "void"
    env["CUDA_VISIBLE_DEVICES"] = ",".join(config.gpus)
    if config.tty:
        env.setdefault("TERM", "xterm")
    if not isolated:
        env["MINIK8S_MOUNTS"] = json.dumps({m.container_path: m.host_path for m in config.mounts})
    return env


def resolve_user(security: base.SecurityContext, image: ImageConfig, own: tuple[int, int]) -> tuple[int, int]:
    """→ uid, gid; names are looked up in the image's /etc/passwd. `own`: the kubelet's, when nobody says."""
    uid, gid = own
    if image.user:
        name, _, group = image.user.partition(":")
        uid, gid = _look_up(name, image.rootfs or "/")
        gid = int(group) if group.isdigit() else gid
    if security.run_as_user is not None:
        uid = security.run_as_user
        gid = _primary_group(uid, image.rootfs or "/")
    if security.run_as_group is not None:
        gid = security.run_as_group
    return uid, gid


def _passwd(root: str) -> list[list[str]]:
    try:
        return [line.split(":") for line in Path(root, "etc/passwd").read_text().splitlines() if line.count(":") == 6]
    except OSError:
        return []


def _look_up(name: str, root: str) -> tuple[int, int]:
    if name.isdigit():
        return int(name), _primary_group(int(name), root)
    for fields in _passwd(root):
        if fields[0] == name:
            return int(fields[2]), int(fields[3])
    raise base.CreateContainerConfigError(f"unable to find user {name}: no matching entries in passwd file")


def _primary_group(uid: int, root: str) -> int:
    return next((int(fields[3]) for fields in _passwd(root) if fields[2] == str(uid)), 0)


def render_capabilities(security: base.SecurityContext) -> list[str]:
    """Docker's default set, with what the pod adds and drops."""
    keep = set(CAPABILITIES) if "ALL" in security.add_capabilities else set(DEFAULT_CAPABILITIES)
    if "ALL" in security.drop_capabilities:
        keep = set()
    keep |= {name.removeprefix("CAP_") for name in security.add_capabilities if name != "ALL"}
    return sorted(keep - {name.removeprefix("CAP_") for name in security.drop_capabilities})


def check_non_root(config: base.ContainerConfig, uid: int) -> None:
    """Upstream's message."""
    if not config.security.run_as_non_root or uid != 0:
        return
    if config.security.run_as_user == 0:
        raise base.CreateContainerConfigError("container's runAsUser breaks non-root policy")
    raise base.CreateContainerConfigError("container has runAsNonRoot and image will run as root")


def render_spec(
    config: base.ContainerConfig,
    image: ImageConfig,
    sandbox: SandboxRecord,
    *,
    isolated: bool,
    own_user: tuple[int, int],
    cgroups: Sequence[str],
    log_path: str,
    folder: str,
    target_pid: int = 0,
) -> dict[str, Any]:
    """Everything the shim must know."""
    uid, gid = resolve_user(config.security, image, own_user)
    check_non_root(config, uid)
    mounts = [*config.mounts, *_pod_files(config, sandbox)] if isolated else []
    visible = [base.Mount(path, path, readonly=True) for path in image.visible] if isolated else []
    join = [] if not isolated else [name for name, shared in _namespaces(sandbox).items() if not shared]
    working_dir = config.working_dir or image.working_dir
    if not isolated:
        working_dir = config.working_dir if Path(config.working_dir or "/nowhere").is_dir() else folder
    return {
        "command": render_command(config, image),
        "env": render_env(config, image, sandbox.hostname, isolated),
        "working_dir": working_dir,
        "rootfs": image.rootfs,
        "isolated": isolated,
        "join": join,
        "sandbox_pid": sandbox.holder.pid,
        "target_pid": target_pid,
        "own_pid_namespace": isolated and not (sandbox.host_pid or sandbox.share_pid or target_pid),
        "mounts": [_render_mount(mount) for mount in (*visible, *mounts)],
        "devices": [{"host_path": d.host_path, "container_path": d.container_path} for d in config.devices],
        "readonly_root": config.security.readonly_root,
        "privileged": config.security.privileged,
        "capabilities": render_capabilities(config.security),
        "no_new_privileges": config.security.no_new_privileges,
        "uid": uid,
        "gid": gid,
        "groups": sorted({gid, *config.security.supplemental_groups}),
        "oom_score_adj": config.resources.oom_score_adj,
        "cgroups": list(cgroups),
        "log_path": log_path,
        "tty": config.tty,
        "stdin": config.stdin,
        "shm_size": sandbox.shm_size or DEFAULT_SHM_SIZE,
    }


def _namespaces(sandbox: SandboxRecord) -> Mapping[str, bool]:
    """Those that the sandbox holds → whether it shares the host's instead."""
    return {
        "net": sandbox.host_network,
        "uts": sandbox.host_network,
        "ipc": sandbox.host_ipc,
        "pid": sandbox.host_pid or not sandbox.share_pid,
    }


def _pod_files(config: base.ContainerConfig, sandbox: SandboxRecord) -> list[base.Mount]:
    """The pod's resolv.conf and hosts, unless the kubelet mounts its own."""
    taken = {mount.container_path for mount in config.mounts}
    return [base.Mount(path, f"/etc/{name}") for name, path in sandbox.etc.items() if f"/etc/{name}" not in taken]


def _render_mount(mount: base.Mount) -> dict[str, Any]:
    return {
        "host_path": mount.host_path,
        "container_path": mount.container_path,
        "readonly": mount.readonly,
        "propagation": mount.propagation,
    }
