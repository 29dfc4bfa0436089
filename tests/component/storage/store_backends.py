"""The two stores as the contract suite and the cache's tests use them: opened, reopened, closed."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from minik8s.apiserver.storage.base import Event, Store, StoreError
from minik8s.apiserver.storage.embedded import EmbeddedStore

ETCD = shutil.which("etcd")


async def until(condition: Callable[[], object], seconds: float = 15) -> None:
    """Wait for something that has no event of its own; fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class EtcdServer:
    """One etcd on free ports, that can be killed and started again on the same data."""

    def __init__(self, folder: Path, tls: tuple[str, str, str] | None = None) -> None:
        self.tls = tls  # authority, certificate, key
        self.folder = folder
        self.port, self.peer_port = free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        assert ETCD is not None
        scheme = "https" if self.tls else "http"
        ca, cert, key = self.tls or ("", "", "")
        secured = ["--client-cert-auth", "--trusted-ca-file", ca, "--cert-file", cert, "--key-file", key]
        client, peer = f"{scheme}://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.peer_port}"
        self.process = subprocess.Popen(
            [
                *(ETCD, "--data-dir", str(self.folder), "--unsafe-no-fsync", "--log-level", "error"),
                *("--listen-client-urls", client, "--advertise-client-urls", client),
                *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
                *("--initial-cluster", f"default={peer}"),
                *(secured if self.tls else ()),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
                return
            time.sleep(0.05)
        raise RuntimeError("etcd did not come up")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @contextlib.contextmanager
    def running(self) -> Iterator[EtcdServer]:
        self.start()
        try:
            yield self
        finally:
            self.kill()


@contextlib.asynccontextmanager
async def opened(store: Store) -> AsyncIterator[Store]:
    await store.start()
    try:
        yield store
    finally:
        await store.close()


def embedded(folder: Path, **options: Any) -> EmbeddedStore:
    return EmbeddedStore(folder / "state.db", **options)


class Collector:
    """A watch sink that remembers."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.lost: StoreError | None = None

    def on_events(self, events: Sequence[Event]) -> None:
        self.events.extend(events)

    def on_lost(self, error: StoreError) -> None:
        self.lost = error

    @property
    def summary(self) -> list[tuple[str, str, bytes | None]]:
        return [(event.type, event.key, event.kv.value if event.kv else None) for event in self.events]


def etcd(server: EtcdServer, **options: Any) -> Store:
    from minik8s.apiserver.storage.etcd import EtcdConfig, EtcdStore

    return EtcdStore(EtcdConfig([server.endpoint]), **options)
