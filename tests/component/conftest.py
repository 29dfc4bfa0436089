"""A real API server for component tests: TLS, embedded store, ephemeral port, in the test's own event loop.

`apiserver` gives one per test, ready, with the default service account in namespace `default` (the controller that
makes it is not running). `apiserver.call("GET", "/api/v1/pods")` is a bare request; `apiserver.client()` a client of
ours; `apiserver.kubeconfig()` a file for kubectl.
"""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from minik8s.apiserver.server import ApiServer, Options
from minik8s.client.kubeconfig import ClientConfig
from minik8s.client.rest import Client

TOKEN = "component-test-token"
EXTRA_USERS = f'{TOKEN},tester,1,"system:masters"\nplain-token,plain,2,"team"\n'


@dataclass(frozen=True)
class Answer:
    """A response as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.json.get("message", ""))


@dataclass
class Stream:
    """An open watch."""

    status: int
    headers: dict[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    rest: bytes = b""
    ended: bool = False

    async def _chunk(self) -> bytes:
        size = int((await self.reader.readline()).strip() or b"0", 16)
        if size == 0:
            self.ended = True
            return b""
        data = await self.reader.readexactly(size)
        await self.reader.readexactly(2)
        return data

    async def next(self, timeout: float = 5) -> dict[str, Any] | None:
        """The next event; None when the server ended the watch."""
        async with asyncio.timeout(timeout):
            while b"\n" not in self.rest:
                chunk = await self._chunk()
                if not chunk:
                    return None
                self.rest += chunk
        line, self.rest = self.rest.split(b"\n", 1)
        event: dict[str, Any] = json.loads(line)
        return event

    def close(self) -> None:
        self.writer.close()


class RunningServer:
    """What tests hold of the server."""

    def __init__(self, server: ApiServer, pki: Path, directory: Path) -> None:
        self.server, self.pki, self._directory = server, pki, directory
        self.url = f"https://127.0.0.1:{server.port}"
        self.token = TOKEN
        self.ca_file = str(pki / "ca.crt")
        self._clients: list[Client] = []

    def config(self, token: str = TOKEN) -> ClientConfig:
        return ClientConfig(server=self.url, ca_data=(self.pki / "ca.crt").read_bytes(), token=token)

    def client(self, token: str = TOKEN) -> Client:
        self._clients.append(Client(self.config(token)))
        return self._clients[-1]

    def kubeconfig(self) -> Path:
        path = self._directory / "kubeconfig"
        cluster = {"server": self.url, "certificate-authority": self.ca_file}
        body = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "t", "cluster": cluster}],
            "users": [{"name": "t", "user": {"token": self.token}}],
            "contexts": [{"name": "t", "context": {"cluster": "t", "user": "t"}}],
            "current-context": "t",
        }
        path.write_text(json.dumps(body))
        return path

    def tls(self, certificate: str = "") -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file)
        if certificate:
            context.load_cert_chain(self.pki / f"{certificate}.crt", self.pki / f"{certificate}.key")
        return context

    async def open(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        token: str | None = TOKEN,
        certificate: str = "",
    ) -> Stream:
        """Send a request and read the answer's head."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.server.port, ssl=self.tls(certificate), limit=1 << 26
        )
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Host": "127.0.0.1", "Content-Length": str(len(data)), "Content-Type": "application/json"}
        sent |= {"Authorization": f"Bearer {token}"} if token else {}
        sent |= headers or {}
        head = "".join(f"{key}: {value}\r\n" for key, value in sent.items())
        writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + data)
        lines = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode("latin1").split("\r\n")
        received: dict[str, str] = {}
        for line in lines[1:]:
            if ":" in line:
                key, value = line.split(":", 1)
                key = key.lower()
                received[key] = f"{received[key]}, {value.strip()}" if key in received else value.strip()
        return Stream(int(lines[0].split()[1]), received, reader, writer)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        token: str | None = TOKEN,
        certificate: str = "",
    ) -> Answer:
        """A request and its whole answer."""
        stream = await self.open(method, path, body, headers, token, certificate)
        try:
            if stream.headers.get("transfer-encoding") == "chunked":
                pieces = []
                while chunk := await stream._chunk():
                    pieces.append(chunk)
                return Answer(stream.status, stream.headers, b"".join(pieces))
            length = 0 if method == "HEAD" else int(stream.headers.get("content-length", 0))
            return Answer(stream.status, stream.headers, await stream.reader.readexactly(length))
        finally:
            stream.close()

    async def create(self, path: str, obj: dict[str, Any]) -> dict[str, Any]:
        """POST that must succeed; the created object."""
        answer = await self.call("POST", path, obj)
        assert answer.status == 201, answer.body
        created: dict[str, Any] = answer.json
        return created

    async def aclose(self) -> None:
        for client in self._clients:
            await client.close()


@pytest.fixture(scope="session")
def component_pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One CA, a server's certificate, an administrator's, and the key of service account tokens."""
    directory = tmp_path_factory.mktemp("pki")
    _make_pki(directory)
    return directory


@pytest.fixture
def apiserver_options() -> dict[str, Any]:
    """Override in a test module to start the server with other options."""
    return {}


@pytest.fixture
async def apiserver(
    component_pki: Path, tmp_path: Path, apiserver_options: dict[str, Any]
) -> AsyncIterator[RunningServer]:
    """A ready API server of its own."""
    (tmp_path / "tokens.csv").write_text(EXTRA_USERS)
    pki = component_pki
    options = Options(
        bind_address="127.0.0.1",
        advertise_address="192.0.2.10",
        secure_port=0,
        tls_cert_file=str(pki / "server.crt"),
        tls_private_key_file=str(pki / "server.key"),
        client_ca_file=str(pki / "ca.crt"),
        token_auth_file=str(tmp_path / "tokens.csv"),
        data_dir=str(tmp_path / "store"),
        service_account_key_file=[str(pki / "sa.pub")],
        service_account_signing_key_file=str(pki / "sa.key"),
        **apiserver_options,
    )
    server = ApiServer(options)
    await server.start()
    await asyncio.wait_for(server.ready(), 30)
    running = RunningServer(server, pki, tmp_path)
    await running.create("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
    yield running
    await running.aclose()
    await server.stop()


def _make_pki(directory: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509.oid import NameOID

    def name(common: str, organization: str = "") -> x509.Name:
        parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
        parts += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
        return x509.Name(parts)

    def write_key(stem: str, key: Any) -> None:
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (directory / f"{stem}.key").write_bytes(pem)

    def sign(stem: str, subject: x509.Name, ca: bool = False) -> None:
        key = authority if ca else ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        names = x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        )
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name("test-ca"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(names, critical=False)
            .sign(authority, hashes.SHA256())
        )
        (directory / f"{stem}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        write_key(stem, key)

    authority = ec.generate_private_key(ec.SECP256R1())
    sign("ca", name("test-ca"), ca=True)
    sign("server", name("apiserver"))
    sign("admin", name("kubernetes-admin", "system:masters"))
    sign("node", name("system:node:n1", "system:nodes"))
    tokens = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    write_key("sa", tokens)
    public = tokens.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (directory / "sa.pub").write_bytes(public)
