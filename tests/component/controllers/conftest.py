"""A real API server and a real controller manager, each its own process, and a fake kubelet in the test's."""

import asyncio
import datetime
import ipaddress
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from minik8s.api.status import ApiError
from minik8s.client.kubeconfig import ClientConfig
from minik8s.client.rest import Client
from tests.component.controllers.fake_kubelet import FakeKubelet

TOKEN = "test-admin"
TIMEOUT = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_pki(directory: Path) -> None:
    """A self-signed serving certificate, and its key as the key of service accounts too."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "minik8s-test")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(address, False)
        .sign(key, hashes.SHA256())
    )
    encoding, no_password = serialization.Encoding.PEM, serialization.NoEncryption()
    (directory / "tls.crt").write_bytes(certificate.public_bytes(encoding))
    (directory / "tls.key").write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.TraditionalOpenSSL, no_password)
    )
    (directory / "sa.pub").write_bytes(
        key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    (directory / "tokens.csv").write_text(f'{TOKEN},admin,1,"system:masters"\n')


class ControlPlane:
    """Two processes that can be killed and started again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ports = {"apiserver": free_port(), "controller-manager": free_port()}
        self.processes: dict[str, asyncio.subprocess.Process] = {}
        write_pki(directory)
        ca = (directory / "tls.crt").read_bytes()
        self.client = Client(ClientConfig(f"https://127.0.0.1:{self.ports['apiserver']}", ca_data=ca, token=TOKEN))
        self._write_kubeconfig()

    def _write_kubeconfig(self) -> None:
        server = f"https://127.0.0.1:{self.ports['apiserver']}"
        (self.directory / "kubeconfig").write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: t\n"
            f'clusters: [{{name: c, cluster: {{server: "{server}", certificate-authority: tls.crt}}}}]\n'
            f"users: [{{name: u, user: {{token: {TOKEN}}}}}]\n"
            "contexts: [{name: t, context: {cluster: c, user: u}}]\n"
        )

    def _arguments(self, component: str) -> list[str]:
        at, port = self.directory, str(self.ports[component])
        if component == "apiserver":
            return [
                "--bind-address=127.0.0.1", f"--secure-port={port}", f"--data-dir={at / 'store'}",
                f"--tls-cert-file={at / 'tls.crt'}", f"--tls-private-key-file={at / 'tls.key'}",
                f"--token-auth-file={at / 'tokens.csv'}", f"--service-account-key-file={at / 'sa.pub'}",
                f"--service-account-signing-key-file={at / 'tls.key'}",
            ]  # fmt: skip
        return [
            f"--kubeconfig={at / 'kubeconfig'}", f"--secure-port={port}", "--leader-elect=false",
            f"--service-account-private-key-file={at / 'tls.key'}", f"--root-ca-file={at / 'tls.crt'}",
            "--node-monitor-period=1s", "--node-monitor-grace-period=4s", "--v=2",
        ]  # fmt: skip

    async def start(self, component: str) -> None:
        with (self.directory / f"{component}.log").open("ab") as log:
            self.processes[component] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "minik8s", component, *self._arguments(component), stderr=log, stdout=log
            )

    async def kill(self, component: str) -> None:
        process = self.processes.pop(component)
        process.send_signal(signal.SIGKILL)
        await process.wait()

    async def ready(self) -> None:
        async def answers() -> bool:
            try:
                return (await self.client.request("GET", "/readyz", timeout=2, check=False)).status == 200
            except (OSError, ApiError):
                return False

        await until(answers)

    async def stop(self) -> None:
        await self.client.close()
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            await process.wait()


async def until(condition: Callable[[], Awaitable[bool]], timeout: float = TIMEOUT) -> None:
    """Wait for a condition; asked again every 50 ms."""
    async with asyncio.timeout(timeout):
        while not await condition():  # noqa: ASYNC110 - another process has no event to wait for
            await asyncio.sleep(0.05)


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[ControlPlane]:
    """API server and controller manager, up and answering."""
    plane = ControlPlane(tmp_path)
    try:
        await plane.start("apiserver")
        await plane.ready()
        await plane.start("controller-manager")
        yield plane
    finally:
        await plane.stop()
        if os.environ.get("SHOW_LOGS"):
            for log in tmp_path.glob("*.log"):  # noqa: ASYNC240
                print(log.name, log.read_text()[-8000:], sep="\n")


@pytest.fixture
async def kubelet(plane: ControlPlane) -> AsyncIterator[FakeKubelet]:
    """One node on which every pod runs."""
    kubelet = FakeKubelet(Client(plane.client.config, "fake-kubelet"))
    task = asyncio.create_task(kubelet.run())
    yield kubelet
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await kubelet.client.close()
