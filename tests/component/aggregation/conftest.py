"""A small extension API server on loopback: group wardle.example.com, resource flunders, a watch, an upgrade."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from minik8s.serving import Receive, Scope, Send, Server, connection_of, create_ssl_context
from tests.component.webhooks.conftest import make_authority

Json = dict[str, Any]
GROUP, VERSION = "wardle.example.com", "v1alpha1"
FLUNDERS_PATH = f"/apis/{GROUP}/{VERSION}/namespaces/default/flunders"
RESOURCES = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": f"{GROUP}/{VERSION}",
    "resources": [
        {"name": "flunders", "singularName": "flunder", "namespaced": True, "kind": "Flunder", "shortNames": ["fl"],
         "verbs": ["create", "delete", "get", "list", "watch"]},
        {"name": "flunders/status", "singularName": "", "namespaced": True, "kind": "Flunder", "verbs": ["get"]},
    ],
}  # fmt: skip
FLUNDER = "com.example.wardle.v1alpha1.Flunder"
OPENAPI = {
    "swagger": "2.0",
    "info": {"title": "wardle"},
    "paths": {
        f"/apis/{GROUP}/{VERSION}/flunders": {
            "post": {
                "consumes": ["*/*"],
                "produces": ["application/json"],
                "parameters": [
                    {"name": "body", "in": "body", "required": True, "schema": {"$ref": f"#/definitions/{FLUNDER}"}}
                ],
                "responses": {"200": {"description": "OK", "schema": {"$ref": f"#/definitions/{FLUNDER}"}}},
            }
        },
        "/apis/other/v1/x": {},
    },
    "definitions": {
        FLUNDER: {
            "type": "object",
            "properties": {"metadata": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}},
            "x-kubernetes-group-version-kind": [{"group": GROUP, "version": VERSION, "kind": "Flunder"}],
        },
        "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {"type": "object", "description": "of wardle"},
        "unused": {"type": "object"},
    },
}


class ExtensionServer:
    """The ASGI application; `requests` lists (method, path, headers)."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = 0
        self.healthy = True
        self.requests: list[tuple[str, str, list[tuple[str, str]]]] = []
        self.watching = asyncio.Event()
        self.left = asyncio.Event()

    @property
    def users_requests(self) -> list[tuple[str, str, list[tuple[str, str]]]]:
        """Without the aggregator's own."""
        return [found for found in self.requests if ("x-remote-user", "system:kube-aggregator") not in found[2]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(k.decode(), v.decode()) for k, v in scope["headers"]]
        certificate = connection_of(scope)
        shown = certificate.client_certificate if certificate else None
        headers.append(("(certificate)", shown.common_name if shown else ""))
        self.requests.append((scope["method"], scope["path"], headers))
        path = scope["path"]
        if not self.healthy:
            await answer(send, {"message": "not now"}, 500)
        elif path == f"/apis/{GROUP}/{VERSION}":
            await answer(send, RESOURCES)
        elif path == "/openapi/v2":
            await answer(send, OPENAPI)
        elif path.endswith("/flunders") and b"watch=" in scope["query_string"]:
            await self._watch(scope, send)
        elif path.endswith("/flunders"):
            body = b""
            while True:
                message = await receive()
                body += message.get("body", b"")
                if not message.get("more_body"):
                    break
            made = scope["method"] == "POST"
            await answer(send, json.loads(body) if made else {"kind": "FlunderList", "items": []}, 201 if made else 200)
        else:
            await answer(send, {"kind": "Status", "message": "no such thing"}, 404)

    async def _watch(self, scope: Scope, send: Send) -> None:
        connection = connection_of(scope)
        assert connection is not None
        connection.on_disconnect(self.left.set)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b'{"type":"ADDED","object":{}}\n', "more_body": True})
        self.watching.set()
        await self.left.wait()


async def answer(send: Send, body: Json, status: int = 200) -> None:
    data = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})


@pytest.fixture
async def extension(tmp_path: Path, component_pki: Path) -> AsyncIterator[ExtensionServer]:
    """It trusts the cluster's CA for the front proxy's certificate."""
    directory = tmp_path / "extension"
    directory.mkdir()
    make_authority(directory, ("wardle.default.svc",))
    application = ExtensionServer(directory)
    context = create_ssl_context(
        str(directory / "server.crt"), str(directory / "server.key"), str(component_pki / "ca.crt")
    )
    server = Server(application, "127.0.0.1", 0, context)
    await server.start()
    application.port = server.port
    yield application
    await server.stop()


@pytest.fixture
def apiserver_options(component_pki: Path) -> Json:
    """The administrator's certificate serves as the front proxy's."""
    return {
        "proxy_client_cert_file": str(component_pki / "admin.crt"),
        "proxy_client_key_file": str(component_pki / "admin.key"),
        "requestheader_client_ca_file": str(component_pki / "ca.crt"),
        "requestheader_allowed_names": ["kubernetes-admin"],
    }
