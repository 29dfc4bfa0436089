"""fsGroup: give a volume's files to the pod's group.

Mirrors upstream pkg/volume/volume_linux.go (SetVolumeOwnership): the group gets what it needs to read (and, unless the
volume is read-only, to write), directories also setgid, so that new files inherit the group. Links are not followed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_READ_WRITE, _READ_ONLY, _EXECUTE = 0o660, 0o440, 0o110


def apply_fs_group(root: Path, group: int, read_only: bool, only_on_mismatch: bool = False) -> None:
    """Does nothing without root: such a kubelet cannot give files away."""
    if os.geteuid() != 0:
        return
    if only_on_mismatch and _matches(root, group, read_only):
        return
    _apply(root, group, read_only)
    for directory, names, files in os.walk(root):
        for name in (*names, *files):
            _apply(Path(directory) / name, group, read_only)


def _mask(mode: int, read_only: bool) -> int:
    mask = _READ_ONLY if read_only else _READ_WRITE
    return mask | stat.S_ISGID | _EXECUTE if stat.S_ISDIR(mode) else mask


def _matches(path: Path, group: int, read_only: bool) -> bool:
    info = path.lstat()
    mask = _mask(info.st_mode, read_only)
    return info.st_gid == group and info.st_mode & mask == mask


def _apply(path: Path, group: int, read_only: bool) -> None:
    mode = path.lstat().st_mode
    os.lchown(path, -1, group)
    if not stat.S_ISLNK(mode):
        path.chmod(stat.S_IMODE(mode) | _mask(mode, read_only))
