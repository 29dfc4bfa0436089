"""The container's view of the file system: built in its own mount namespace, by root. Standard library only.

The root is an overlay: below, an image's unpacked files or the host's root (read only to the container either way);
above, a tmpfs of its own. On it: /proc of its own pid namespace, a minimal /dev, fresh /tmp and /run when the host's
root is below, /sys read-only, and the pod's volumes as bind mounts. Mirrors what runc does from an OCI config.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minik8s.kubelet.runtimes.process.syscalls import (
        MS_BIND,
        MS_NODEV,
        MS_NOEXEC,
        MS_NOSUID,
        MS_PRIVATE,
        MS_RDONLY,
        MS_REC,
        MS_REMOUNT,
        MS_SHARED,
        MS_SLAVE,
        mount,
        pivot,
    )
else:  # the shim is run as a script: its folder is all that it may import from
    from syscalls import (
        MS_BIND,
        MS_NODEV,
        MS_NOEXEC,
        MS_NOSUID,
        MS_PRIVATE,
        MS_RDONLY,
        MS_REC,
        MS_REMOUNT,
        MS_SHARED,
        MS_SLAVE,
        mount,
        pivot,
    )

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
REAL_FILE_SYSTEMS = frozenset(
    ["ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "overlay", "virtiofs", "9p", "nfs", "nfs4", "erofs"]
)
HIDDEN = ("tmp", "run", "var/tmp")
PROPAGATION = {"None": MS_PRIVATE, "HostToContainer": MS_SLAVE, "Bidirectional": MS_SHARED}


def build_root(spec: dict[str, Any], folder: str) -> None:
    """Makes `folder`/root the root of this mount namespace (already unshared)."""
    mount("none", "/", "", MS_REC | MS_SLAVE)
    lower = spec["rootfs"] or "/"
    submounts = [] if spec["rootfs"] else host_submounts()
    layer, root = f"{folder}/layer", f"{folder}/root"
    for path in (layer, root):
        Path(path).mkdir(exist_ok=True)
    mount("tmpfs", layer, "tmpfs", 0, "mode=755")
    for name in ("upper", "work"):
        Path(layer, name).mkdir()
    mount("overlay", root, "overlay", 0, f"lowerdir={lower},upperdir={layer}/upper,workdir={layer}/work")
    mount("none", root, "", MS_PRIVATE)
    for path in submounts:
        _bind(path, root + path, readonly=True)
    if not spec["rootfs"]:
        for name in HIDDEN:
            _fresh_tmpfs(f"{root}/{name}", "mode=1777" if "tmp" in name else "mode=755")
    _system_mounts(root, spec)
    for item in sorted(spec["mounts"], key=lambda m: len(m["container_path"])):
        target = inside(root, item["container_path"])
        _bind(item["host_path"], target, item["readonly"], PROPAGATION.get(item["propagation"], MS_PRIVATE))
    for item in spec["devices"]:
        _bind(item["host_path"], inside(root, item["container_path"]), readonly=False)
    if spec["readonly_root"]:
        mount("none", root, "", MS_REMOUNT | MS_BIND | MS_RDONLY)
    pivot(root)


def inside(root: str, path: str) -> str:
    """`path` below `root`, symbolic links in it resolved as the container would."""
    current = Path(root)
    for part in Path(path).parts:
        if part in ("/", "."):
            continue
        if part == "..":
            current = current.parent if current != Path(root) else current
            continue
        current = current / part
        for _ in range(40):
            if not current.is_symlink():
                break
            link = str(current.readlink())
            current = Path(inside(root, link)) if link.startswith("/") else current.parent / link
    return str(current)


def host_submounts() -> list[str]:
    """Mount points of real file systems below the host's root, outermost first."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, right = line.split(" - ", 1)
        path = left.split()[4].replace("\\040", " ")
        if right.split()[0] in REAL_FILE_SYSTEMS and path != "/":
            found.append(path)
    return sorted(set(found), key=len)


def _bind(source: str, target: str, readonly: bool, propagation: int = MS_PRIVATE) -> None:
    """A bind mount whose target is made to fit its source."""
    if Path(source).is_dir():
        Path(target).mkdir(parents=True, exist_ok=True)
    elif not Path(target).exists():
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).touch()
    mount(source, target, "", MS_BIND | MS_REC)
    mount("none", target, "", MS_REC | propagation)
    if readonly:
        mount("none", target, "", MS_REMOUNT | MS_BIND | MS_RDONLY)


def _fresh_tmpfs(path: str, options: str) -> None:
    Path(path).mkdir(parents=True, exist_ok=True)
    mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options)


def _system_mounts(root: str, spec: dict[str, Any]) -> None:
    Path(root, "proc").mkdir(exist_ok=True)
    if spec["own_pid_namespace"]:
        mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    else:
        mount("/proc", f"{root}/proc", "", MS_BIND | MS_REC)
    Path(root, "sys").mkdir(exist_ok=True)
    mount("/sys", f"{root}/sys", "", MS_BIND | MS_REC)
    if not spec["privileged"]:
        mount("none", f"{root}/sys", "", MS_REMOUNT | MS_BIND | MS_RDONLY)
    if spec["privileged"]:
        mount("/dev", f"{root}/dev", "", MS_BIND | MS_REC)
    else:
        _minimal_dev(f"{root}/dev", spec["shm_size"])


def _minimal_dev(dev: str, shm_size: int) -> None:
    Path(dev).mkdir(exist_ok=True)
    mount("tmpfs", dev, "tmpfs", MS_NOSUID, "mode=755")
    for name in DEVICES:
        Path(dev, name).touch()
        mount(f"/dev/{name}", f"{dev}/{name}", "", MS_BIND)
    for name in ("pts", "shm"):
        Path(dev, name).mkdir()
    mount("devpts", f"{dev}/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
    mount("shm", f"{dev}/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, f"mode=1777,size={shm_size}")
    for name, target in (
        ("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ):  # fmt: skip
        with contextlib.suppress(FileExistsError):
            Path(dev, name).symlink_to(target)
