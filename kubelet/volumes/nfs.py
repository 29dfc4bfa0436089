"""NFS shares, in pods and as PersistentVolumes: one mount per pod and volume, by the kernel's own client.

Mirrors upstream pkg/volume/nfs, which runs mount(8); here it is mount(2) with NFS 4's text options, so that the node
needs no nfs-utils. Leaves out: NFS 3 (needs rpc.statd), Kerberos.
"""

from __future__ import annotations

import ctypes
import os
import socket
from pathlib import Path

from minik8s.api import core
from minik8s.kubelet.volumes.payload import VolumeError

_libc = ctypes.CDLL(None, use_errno=True)
_MS_RDONLY = 1


def render_options(address: str, wanted: list[str]) -> str:
    """mount(2)'s data for NFS 4: the caller's options, and what the kernel has to be told."""
    given = {option.partition("=")[0] for option in wanted}
    own = [] if given & {"vers", "nfsvers"} else ["vers=4.2"]
    return ",".join([*wanted, *own, f"addr={address}"])


def mount_nfs(target: Path, source: core.NFSVolumeSource, options: list[str]) -> Path:
    """The share, mounted at `target`; nothing happens when it is."""
    if os.path.ismount(target):
        return target
    if "nfs4" not in Path("/proc/filesystems").read_text():
        raise VolumeError("the kernel of this node has no NFS client (file system nfs4)")
    try:
        address = socket.getaddrinfo(source.server, 2049, type=socket.SOCK_STREAM)[0][4][0]
    except OSError as exc:
        raise VolumeError(f"NFS server {source.server}: {exc.strerror or exc}") from exc
    target.mkdir(parents=True, exist_ok=True)
    data = render_options(str(address), options).encode()
    flags = _MS_RDONLY if source.read_only else 0
    what = f"{source.server}:{source.path}".encode()
    if _libc.mount(what, os.fsencode(target), b"nfs4", flags, data) != 0:
        raise VolumeError(f"mount of {what.decode()} failed: {os.strerror(ctypes.get_errno())}")
    return target
