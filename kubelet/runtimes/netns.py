"""Connecting to localhost inside another network namespace, for port-forward.

Upstream runs `nsenter -t PID -n socat - TCP4:localhost:PORT`; here one short-lived thread enters the namespace, makes
the socket (a socket belongs for ever to the namespace it was made in) and ends. Python has `os.setns` from 3.12 on;
until then it is one call into libc.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from minik8s.serving import StreamPair

T = TypeVar("T")
CLONE_NEWNET = 0x40000000
CONNECT_SECONDS = 5.0


def run_in_netns(pid: int, work: Callable[[], T]) -> T:
    """Runs `work` in a thread of its own in the network namespace of `pid`; OSError when that cannot be entered."""
    result: list[T] = []
    failure: list[BaseException] = []

    def body() -> None:
        try:
            descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            try:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(descriptor, CLONE_NEWNET) != 0:
                    number = ctypes.get_errno()
                    raise OSError(number, os.strerror(number), "setns")
            finally:
                os.close(descriptor)
            result.append(work())
        except BaseException as exc:  # noqa: BLE001 - handed over to the caller's thread
            failure.append(exc)

    thread = threading.Thread(target=body, name="netns")  # never a pool's thread: it stays in the namespace
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]


def connect_local(port: int) -> socket.socket:
    """IPv4's localhost first, then IPv6's; OSError of the first when both refuse."""
    first: OSError | None = None
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        sock: socket.socket | None = None
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.settimeout(CONNECT_SECONDS)
            sock.connect((address, port))
            sock.setblocking(False)
            return sock
        except OSError as exc:
            first = first or exc
            if sock is not None:
                sock.close()
    assert first is not None
    raise first


async def open_in_pod(pid: int, address: str, port: int) -> StreamPair:
    """A connection to localhost:port in the namespace of `pid` (0: this one); without the right to enter it, to the
    pod's own address. ConnectionError when nobody listens."""
    from minik8s.serving import StreamPair  # brings uvicorn: not while the node is starting

    try:
        sock = await asyncio.to_thread(run_in_netns, pid, lambda: connect_local(port)) if pid else connect_local(port)
    except PermissionError:
        return StreamPair(*await asyncio.open_connection(address, port))
    except OSError as exc:
        raise ConnectionError(f"failed to connect to localhost:{port} inside the pod: {exc.strerror or exc}") from exc
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return StreamPair(*await asyncio.open_connection(sock=sock))
