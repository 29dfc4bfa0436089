"""Write a set of files so that readers see all of the old ones or all of the new ones.

Mirrors upstream pkg/volume/util/atomic_writer.go, and its layout on disk, which programs know and watch:

    target/..2026_01_01_10_00_00.123456789/   the files of one version
    target/..data -> ..2026_…                 replaced by rename(2), which is atomic
    target/name   -> ..data/name              one link per top-level name

Not safe for two writers of one target at a time; the pod's own task is the only one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

DATA_DIR = "..data"
_NEW_DATA_DIR = "..data_tmp"


@dataclass(frozen=True)
class FileContent:
    data: bytes
    mode: int = 0o644
    #: owner of the file, for tokens read by a container that does not run as root
    user: int | None = None


Payload = dict[str, FileContent]


class InvalidPath(ValueError):
    """A path of the payload would leave the volume, or hide the writer's own names."""


def check_path(path: str) -> str:
    """The cleaned relative path, or InvalidPath."""
    if not path:
        raise InvalidPath('invalid path: must not be empty: ""')
    if path.startswith("/"):
        raise InvalidPath(f"invalid path: must be relative path: {path}")
    if len(path) > 4096:
        raise InvalidPath("invalid path: must be less than or equal to 4096 characters")
    parts = PurePosixPath(path).parts
    if ".." in parts:
        raise InvalidPath(f"invalid path: must not contain '..': {path}")
    if any(len(part) > 255 for part in parts):
        raise InvalidPath("invalid path: filenames must be less than or equal to 255 characters")
    if parts and parts[0].startswith(".."):
        raise InvalidPath(f"invalid path: must not start with '..': {path}")
    return str(PurePosixPath(path))


def write(target: Path, payload: Payload) -> bool:
    """Make `target` show exactly `payload`; False when it did already."""
    clean = {check_path(path): content for path, content in payload.items()}
    link = target / DATA_DIR
    old = target / link.readlink() if link.is_symlink() else None
    if old is not None and _is_current(old, clean):
        return False
    fresh = _version_dir(target)
    _write_files(fresh, clean)
    _link_names(target, clean)
    swap = target / _NEW_DATA_DIR
    swap.unlink(missing_ok=True)
    swap.symlink_to(fresh.name)
    swap.rename(link)
    _unlink_stale(target, clean)
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)
    return True


def _is_current(version: Path, payload: Payload) -> bool:
    if not version.is_dir():
        return False
    existing = {str(path.relative_to(version)) for path in version.rglob("*") if not path.is_dir()}
    # modes are not compared: fsGroup changes them after the writing
    return existing == set(payload) and all((version / name).read_bytes() == c.data for name, c in payload.items())


def _version_dir(target: Path) -> Path:
    stamp = time.strftime("..%Y_%m_%d_%H_%M_%S.", time.gmtime())
    path = Path(tempfile.mkdtemp(prefix=stamp, dir=target))
    path.chmod(0o755)
    return path


def _write_files(directory: Path, payload: Payload) -> None:
    for name, content in payload.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.data)
        path.chmod(content.mode)  # after writing: the umask must not take bits away
        if content.user is not None and os.geteuid() == 0:
            os.chown(path, content.user, -1)


def _link_names(target: Path, payload: Payload) -> None:
    for name in {PurePosixPath(path).parts[0] for path in payload}:
        visible = target / name
        if not visible.is_symlink():
            visible.symlink_to(f"{DATA_DIR}/{name}")


def _unlink_stale(target: Path, payload: Payload) -> None:
    wanted = {PurePosixPath(path).parts[0] for path in payload}
    for visible in target.iterdir():
        if visible.is_symlink() and visible.name not in wanted and visible.name != DATA_DIR:
            visible.unlink()
