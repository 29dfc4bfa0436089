"""A real API server, as a process of its own on the embedded store."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.api.status import AlreadyExists, ApiError
from minik8s.client.kubeconfig import load_kubeconfig
from minik8s.client.rest import Client
from minik8s.cluster import pki, programs
from minik8s.cluster.config import ClusterConfig


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class ServerProcess:
    """The server; may be killed and started again on the same data and port."""

    def __init__(self, directory: Path) -> None:
        names = ["apiserver", "scheduler", "controller-manager", "kubelet-0", "kubelet-0-healthz"]
        ports = {name: free_port() for name in names}
        self.config = ClusterConfig(directory, runtime="fake", proxy="none", ports=ports)
        pki.ensure(self.config)
        pki.write_kubeconfigs(self.config)
        found = {program.name: program for program in programs.compute_programs(self.config)}
        self.command = found["apiserver"].command
        self.log = (directory / "apiserver.log").open("wb")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)

    def kill(self, signum: signal.Signals = signal.SIGKILL) -> None:
        assert self.process is not None
        self.process.send_signal(signum)
        self.process.wait(timeout=20)

    def client(self) -> Client:
        return Client(load_kubeconfig(self.config.admin_kubeconfig), user_agent="minik8s-tests", timeout=20)

    async def ready(self, timeout: float = 30) -> None:
        async with asyncio.timeout(timeout), self.client() as client:
            while True:
                try:
                    await client.request("GET", "/readyz")
                    return
                except (ApiError, OSError):
                    await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    assert sys.executable
    made = ServerProcess(tmp_path_factory.mktemp("cluster"))
    made.start()
    yield made
    made.kill(signal.SIGTERM)
    made.log.close()


@pytest.fixture
async def client(process: ServerProcess) -> AsyncIterator[Client]:
    await process.ready()
    async with process.client() as made:
        account = core.ServiceAccount(metadata=ObjectMeta(name="default", namespace="default"))
        with suppress(AlreadyExists):  # there is no controller manager that would make it
            await made.create(account)
        yield made
