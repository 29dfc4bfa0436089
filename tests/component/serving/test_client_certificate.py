"""TLS: the verified client certificate reaches the application; none is None; a stranger's is refused."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from minik8s.serving import ClientCertificate, Receive, Scope, Send, Server, connection_of, create_ssl_context


class Authority:
    """A throw-away CA that writes PEM files."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.cert = self._build(self.name, self.key.public_key(), ca=True)
        self.path = folder / f"{name}.crt"
        self.path.write_bytes(self.cert.public_bytes(serialization.Encoding.PEM))

    def _build(self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey, ca: bool) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(self.name, subject, public_key, x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        return builder.add_extension(names, critical=False).sign(self.key, hashes.SHA256())

    def issue(self, common_name: str, *organizations: str) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [
                *(x509.NameAttribute(NameOID.ORGANIZATION_NAME, o) for o in organizations),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )
        cert = self._build(subject, key.public_key(), ca=False)
        cert_path, key_path = self.folder / f"{common_name}.crt", self.folder / f"{common_name}.key"
        cert_path.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
        key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return cert_path, key_path


async def ask(server: Server, ca: Authority, client: tuple[Path, Path] | None) -> bytes:
    context = ssl.create_default_context(cafile=str(ca.path))
    if client is not None:
        context.load_cert_chain(*client)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context, server_hostname="localhost")
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer


async def test_client_certificates(tmp_path: Path) -> None:
    ca, stranger = Authority(tmp_path, "ca"), Authority(tmp_path, "stranger")
    seen: list[ClientCertificate | None] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        connection = connection_of(scope)
        assert connection is not None and scope["scheme"] == "https"
        seen.append(connection.client_certificate)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    server = Server(app, "127.0.0.1", 0, create_ssl_context(*ca.issue("localhost"), ca.path))
    await server.start()
    try:
        assert (await ask(server, ca, None)).endswith(b"ok")
        assert (await ask(server, ca, ca.issue("jane", "system:masters", "devs"))).endswith(b"ok")
        with contextlib.suppress(ssl.SSLError, ConnectionError):  # or an early end of file: TLS 1.3 tells late
            assert await ask(server, ca, stranger.issue("mallory", "system:masters")) == b""
    finally:
        await server.stop()
    assert seen[0] is None
    assert seen[1] is not None
    assert (seen[1].common_name, seen[1].organizations) == ("jane", ("system:masters", "devs"))
    assert x509.load_der_x509_certificate(seen[1].der).subject.rfc4514_string().startswith("CN=jane")
    assert len(seen) == 2, "the stranger's request must not reach the application"
