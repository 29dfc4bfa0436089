"""pods, services and nodes {name}/proxy/{path}: HTTP through the API server.

Mirrors pkg/registry/core/{pod,service,node}/rest/proxy.go and apimachinery's util/proxy. A name may be
``scheme:name:port``. Links in pages and redirects are made to lead through here again (see ``links``).
"""

from __future__ import annotations

import random
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from minik8s.api.scheme import SCHEME
from minik8s.api.status import BadRequest, NotFound, ServiceUnavailable
from minik8s.apiserver.registry.resources import Resource
from minik8s.apiserver.routes.http import Request, Response, answered
from minik8s.apiserver.routes.subresources import links
from minik8s.apiserver.routes.subresources.kubelet import PRIVATE_HEADERS, admit_stream, kubelet_of
from minik8s.serving import Endpoint, open_request, tunnel_upgrade
from minik8s.serving.upstream import UpstreamResponse

if TYPE_CHECKING:
    from minik8s.apiserver.app import Server

JsonObject = dict[str, Any]


def split_name(text: str) -> tuple[str, str, str]:
    """(scheme, name, port) of ``name``, ``name:port`` or ``scheme:name:port``."""
    parts = text.split(":")
    if len(parts) == 1:
        return "", parts[0], ""
    if len(parts) == 2:
        return "", parts[0], parts[1]
    if len(parts) == 3 and parts[0] in ("", "http", "https"):
        return parts[0], parts[1], parts[2]
    raise BadRequest(f'invalid proxy request "{text}"')


async def serve(server: Server, request: Request, resource: Resource) -> Response:
    """Any method; an upgrade is tunnelled."""
    info = request.info
    if not info.rest and not request.path.endswith("/"):
        query = request.scope["query_string"]
        location = request.scope.get("raw_path", request.path.encode()) + b"/" + (b"?" + query if query else b"")
        return Response(301, b"", b"text/plain", [(b"location", location)])
    await admit_stream(server, request, resource)
    endpoint = await _endpoint(server, request, resource)
    target = _target(request)
    headers = [(key, value) for key, value in request.scope["headers"] if key not in PRIVATE_HEADERS]
    if request.scope.get("client"):
        headers.append((b"x-forwarded-for", str(request.scope["client"][0]).encode()))
    headers.append((b"x-forwarded-uri", request.path.encode()))
    try:
        if request.connection is not None and request.connection.upgrade:
            await tunnel_upgrade(request.connection, endpoint, request.method, target, headers)
            return answered(101)
        return await _pass(request, endpoint, target, headers)
    except (OSError, TimeoutError) as error:
        raise ServiceUnavailable(f"error trying to reach service: {error or 'timed out'}") from None


def _target(request: Request) -> bytes:
    path = "/" + quote(request.info.rest, safe="/:@!$&'()*+,;=~-._")
    query: bytes = request.scope["query_string"]
    return path.encode() + (b"?" + query if query else b"")


async def _pass(request: Request, endpoint: Endpoint, target: bytes, headers: Any) -> Response:
    body = await request.body(limit=1 << 28)
    async with open_request(endpoint, request.method, target, headers, body) as upstream:
        kept = [
            (k, v) for k, v in upstream.headers if k.lower() not in (b"connection", b"transfer-encoding", b"keep-alive")
        ]
        kept.append((b"audit-id", request.audit_id))
        rewriting = _rewriting(request, endpoint)
        kept = links.rewrite_location(kept, rewriting)
        if links.is_page(kept) and not any(name.lower() == b"location" for name, _ in kept):
            return await _send_page(request, upstream, kept, rewriting)
        await request.send({"type": "http.response.start", "status": upstream.status, "headers": kept})
        async for piece in upstream:
            await request.send({"type": "http.response.body", "body": piece, "more_body": True})
        await request.send({"type": "http.response.body", "body": b""})
        return answered(upstream.status)


async def _send_page(
    request: Request, upstream: UpstreamResponse, headers: links.Headers, rewriting: links.Rewriting
) -> Response:
    """A page, whole: its links can only be rewritten, and its length told, once it is all there."""
    body = await upstream.read()
    if body:  # a HEAD's answer has none, and keeps the length it speaks of
        body = links.rewrite_page(headers, body, rewriting)
        headers = [(name, value) for name, value in headers if name.lower() != b"content-length"]
        headers.append((b"content-length", b"%d" % len(body)))
    await request.send({"type": "http.response.start", "status": upstream.status, "headers": headers})
    await request.send({"type": "http.response.body", "body": body})
    return answered(upstream.status)


def _rewriting(request: Request, endpoint: Endpoint) -> links.Rewriting:
    """What stands in front of the proxied path, and who the server may think it is."""
    asked = next((value.decode("latin-1") for name, value in request.scope["headers"] if name == b"host"), "")
    prefix = request.path.removesuffix(request.info.rest).rstrip("/")
    return links.Rewriting(prefix, frozenset({asked, f"{endpoint.host}:{endpoint.port}"}))


def _tls(scheme: str) -> ssl.SSLContext | None:
    """Upstream does not verify what it proxies to either."""
    if scheme != "https":
        return None
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def _endpoint(server: Server, request: Request, resource: Resource) -> Endpoint:
    scheme, name, port = split_name(request.info.name)
    if resource.kind.plural == "nodes":
        endpoint = await kubelet_of(server, name)
        return Endpoint(endpoint.host, int(port), _tls(scheme)) if port and int(port) != endpoint.port else endpoint
    obj = await server.registry.get(resource.kind, request.info.namespace, name)
    if obj is None:
        raise NotFound.of(resource.kind.plural, name)
    if resource.kind.plural == "pods":
        return _pod_endpoint(obj, scheme, port)
    return await _service_endpoint(server, obj, scheme, port)


def _pod_endpoint(pod: JsonObject, scheme: str, port: str) -> Endpoint:
    host = (pod.get("status") or {}).get("podIP")
    if not host:
        raise BadRequest(f"pod {pod['metadata']['name']} does not have an IP address")
    if not port:
        ports = [p for container in pod["spec"]["containers"] for p in container.get("ports") or []]
        port = str(ports[0]["containerPort"]) if ports else ("443" if scheme == "https" else "80")
    if not port.isdigit():
        named = [p for c in pod["spec"]["containers"] for p in c.get("ports") or [] if p.get("name") == port]
        if not named:
            raise BadRequest(f'invalid port "{port}" for pod {pod["metadata"]["name"]}')
        port = str(named[0]["containerPort"])
    return Endpoint(host, int(port), _tls(scheme))


async def _service_endpoint(server: Server, service: JsonObject, scheme: str, port: str) -> Endpoint:
    endpoints = SCHEME.by_resource("", "v1", "endpoints")
    assert endpoints is not None
    meta = service["metadata"]
    obj = await server.registry.get(endpoints, meta["namespace"], meta["name"])
    if obj is None:
        raise NotFound.of("endpoints", meta["name"])
    name = _port_name(service, port)
    found = [
        (address["ip"], item["port"])
        for subset in obj.get("subsets") or []
        for item in subset.get("ports") or []
        if (item.get("name") or "") == name
        for address in subset.get("addresses") or []
    ]
    if not found:
        raise ServiceUnavailable(f'no endpoints available for service "{meta["name"]}"')
    host, number = random.choice(found)
    return Endpoint(host, number, _tls(scheme))


def _port_name(service: JsonObject, port: str) -> str:
    """The name by which endpoints know the port that is asked for (by name, by number, or the only one)."""
    ports = service["spec"].get("ports") or []
    for item in ports:
        if port in (item.get("name") or "", str(item["port"])):
            return item.get("name") or ""
    if not port and len(ports) == 1:
        return ports[0].get("name") or ""
    if not port:
        return ""
    raise ServiceUnavailable(f'no service port "{port}" found for service "{service["metadata"]["name"]}"')
