"""A webhook server on loopback, with a CA of its own.

`webhook.on("/path", answer)`: `answer(request) -> dict` makes the AdmissionResponse (uid is filled in) of every call of
that path; `webhook.seen("/path")` lists the AdmissionRequests that came. `webhook.config("/path")` is a clientConfig
by URL, `webhook.service_config(...)` one by Service.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import ipaddress
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from minik8s.serving import Receive, Scope, Send, Server, create_ssl_context

Json = dict[str, Any]
Answer = Callable[[Json], Json | Awaitable[Json]]
SERVICE_NAMES = ("hook.default.svc", "hook.hooks.svc")


def make_authority(directory: Path, names: tuple[str, ...] = SERVICE_NAMES) -> None:
    """ca.crt, and server.crt/server.key for loopback and the services' names."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def subject(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)

    def build(name: str, public: Any, ca: bool) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(subject(name)).issuer_name(subject("webhook-ca"))
        builder = builder.public_key(public).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if not ca:
            alternatives = [x509.DNSName(n) for n in ("localhost", *names)]
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            builder = builder.add_extension(x509.SubjectAlternativeName([*alternatives, address]), critical=False)
        return builder.sign(authority, hashes.SHA256())

    pem = serialization.Encoding.PEM
    (directory / "ca.crt").write_bytes(build("webhook-ca", authority.public_key(), True).public_bytes(pem))
    (directory / "server.crt").write_bytes(build("webhook", key.public_key(), False).public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "server.key").write_bytes(private)


class WebhookServer:
    """The ASGI application and what it has seen."""

    def __init__(self, directory: Path) -> None:
        self.ca_bundle = base64.b64encode((directory / "ca.crt").read_bytes()).decode()
        self.port = 0
        self.calls: list[tuple[str, str, Json]] = []
        self._answers: dict[str, Answer] = {}
        self.running = self.most_at_once = 0

    def on(self, path: str, answer: Answer) -> None:
        self._answers[path] = answer

    def seen(self, path: str) -> list[Json]:
        return [review["request"] for where, _, review in self.calls if where == path]

    def config(self, path: str) -> Json:
        return {"url": f"https://127.0.0.1:{self.port}{path}", "caBundle": self.ca_bundle}

    def service_config(self, path: str, namespace: str = "default", name: str = "hook", port: int = 443) -> Json:
        service = {"namespace": namespace, "name": name, "path": path, "port": port}
        return {"service": service, "caBundle": self.ca_bundle}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        review = json.loads(body)
        self.calls.append((scope["path"], scope["query_string"].decode(), review))
        self.running += 1
        self.most_at_once = max(self.running, self.most_at_once)
        try:
            status, data = await self._answer(scope["path"], review)
        finally:
            self.running -= 1
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": data})

    async def _answer(self, path: str, review: Json) -> tuple[int, bytes]:
        answer = self._answers.get(path)
        if answer is None:
            return 404, b"404 page not found\n"
        response = answer(review["request"])
        if not isinstance(response, dict):
            response = await response
        if "raw" in response:
            return response.get("code", 200), response["raw"]
        response = {"uid": review["request"]["uid"], **response}
        return 200, json.dumps(
            {"kind": review["kind"], "apiVersion": review["apiVersion"], "response": response}
        ).encode()


def allow(_: Json) -> Json:
    return {"allowed": True}


def patch(*operations: Json) -> Answer:
    """A webhook that allows, and changes the object so."""
    encoded = base64.b64encode(json.dumps(operations).encode()).decode()
    return lambda _: {"allowed": True, "patchType": "JSONPatch", "patch": encoded}


def deny(message: str = "", code: int = 0, reason: str = "") -> Answer:
    status: Json = {"message": message} if message else {}
    status |= {"code": code} if code else {}
    status |= {"reason": reason} if reason else {}
    return lambda _: {"allowed": False} | ({"status": status} if status else {})


def slow(seconds: float) -> Answer:
    async def answer(_: Json) -> Json:
        await asyncio.sleep(seconds)
        return {"allowed": True}

    return answer


def hook(name: str, client: Json, resources: list[str] | None = None, **more: Any) -> Json:
    """A webhook of a configuration, on creates and updates of config maps unless said otherwise."""
    rule = {
        "operations": more.pop("operations", ["CREATE", "UPDATE"]),
        "apiGroups": more.pop("groups", [""]),
        "apiVersions": more.pop("versions", ["v1"]),
        "resources": resources or ["configmaps"],
    }
    return {
        "name": name, "clientConfig": client, "rules": [rule], "sideEffects": "None",
        "admissionReviewVersions": ["v1"], **more,
    }  # fmt: skip


def configuration(kind: str, name: str, *hooks: Json) -> Json:
    return {
        "kind": f"{kind}WebhookConfiguration",
        "apiVersion": "admissionregistration.k8s.io/v1",
        "metadata": {"name": name},
        "webhooks": list(hooks),
    }


MUTATING = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
VALIDATING = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


@pytest.fixture(scope="session")
def webhook_pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("webhook-pki")
    make_authority(directory)
    return directory


@pytest.fixture
async def webhook(webhook_pki: Path) -> AsyncIterator[WebhookServer]:
    application = WebhookServer(webhook_pki)
    context = create_ssl_context(str(webhook_pki / "server.crt"), str(webhook_pki / "server.key"), None)
    server = Server(application, "127.0.0.1", 0, context)
    await server.start()
    application.port = server.port
    yield application
    await server.stop()
