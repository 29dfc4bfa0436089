"""Volumes that are a place on this node: emptyDir and hostPath; and sub-paths of any volume.

Mirrors upstream pkg/volume/emptydir, pkg/volume/hostpath and pkg/volume/util/subpath.

Leaves out: quotas for emptyDir sizeLimit on disk (a tmpfs is limited by the kernel), huge pages.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Callable
from pathlib import Path

from minik8s.api import core
from minik8s.api.quantity import Quantity
from minik8s.client.log import get_logger
from minik8s.kubelet.volumes.payload import VolumeError

log = get_logger(__name__)
_libc = ctypes.CDLL(None, use_errno=True)
_MNT_DETACH = 2


def make_empty_dir(path: Path, source: core.EmptyDirVolumeSource) -> None:
    """World-writable: any user of the pod may use it."""
    if path.is_dir():
        return
    path.mkdir(parents=True)
    if source.medium == "Memory":
        mount_memory(path, Quantity.parse(source.size_limit).value() if source.size_limit else 0)
    path.chmod(0o777)


def mount_memory(path: Path, size: int = 0) -> None:
    """A tmpfs; without root the directory stays what it is."""
    options = f"size={size}".encode() if size else None
    if os.geteuid() != 0:
        return
    if _libc.mount(b"tmpfs", os.fsencode(path), b"tmpfs", 0, options) != 0:
        error = os.strerror(ctypes.get_errno())
        log.warning("no tmpfs for a memory volume, using the disk", path=str(path), error=error)


def unmount_below(root: Path) -> None:
    """Undo every mount under `root`, innermost first."""
    prefix = f"{root.resolve()}/"
    points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    decoded = [point.encode().decode("unicode_escape") for point in points]
    for point in sorted((p for p in decoded if p.startswith(prefix)), key=len, reverse=True):
        if _libc.umount2(os.fsencode(point), _MNT_DETACH) != 0:
            raise VolumeError(f"cannot unmount {point}: {os.strerror(ctypes.get_errno())}")


_CHECKS: dict[str, tuple[Callable[[int], bool], str]] = {
    "Directory": (stat.S_ISDIR, "is not a directory"),
    "File": (stat.S_ISREG, "is not a file"),
    "Socket": (stat.S_ISSOCK, "is not a socket file"),
    "CharDevice": (stat.S_ISCHR, "is not a character device"),
    "BlockDevice": (stat.S_ISBLK, "is not a block device"),
}


def prepare_host_path(source: core.HostPathVolumeSource) -> Path:
    """Check, and where its type says so make, what is at the path."""
    path, kind = Path(source.path), source.type or ""
    try:
        if kind in ("", "DirectoryOrCreate") and not path.exists():
            path.mkdir(mode=0o755, parents=True)
        elif kind == "FileOrCreate" and not path.exists():
            path.touch(mode=0o644)
        kind = kind.removesuffix("OrCreate")
        if kind in _CHECKS:
            check, complaint = _CHECKS[kind]
            if not path.exists() or not check(path.stat().st_mode):
                raise VolumeError(f"hostPath type check failed: {path} {complaint}")
    except OSError as exc:
        raise VolumeError(f"hostPath {path}: {exc.strerror or exc}") from exc
    return path


def resolve_sub_path(volume: Path, sub_path: str) -> Path:
    """The place inside `volume` that a mount's subPath names, made when it is missing."""
    if sub_path.startswith("/") or ".." in Path(sub_path).parts:
        raise VolumeError(f"subPath {sub_path!r} must be relative and must not contain '..'")
    root = volume.resolve()
    path = (root / sub_path).resolve()
    if path != root and root not in path.parents:
        raise VolumeError(f"subPath {sub_path!r} leads out of the volume")
    if not path.exists():
        missing = [p for p in (path, *path.parents) if not p.exists()]
        mode, owner = stat.S_IMODE(root.stat().st_mode), root.stat()
        for directory in reversed(missing):
            directory.mkdir()
            directory.chmod(mode)
            if os.geteuid() == 0:
                os.chown(directory, owner.st_uid, owner.st_gid)
    return path
