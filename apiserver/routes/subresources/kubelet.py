"""pods/{name}/log, exec, attach, portforward: passed on to the node's kubelet.

Mirrors pkg/registry/core/pod/rest/{log,subresources}.go and pkg/registry/core/pod/strategy.go (LogLocation,
streamLocation). The user's credentials stay here; the kubelet sees the server's own client certificate. Upgrades
(SPDY or WebSocket) are tunnelled byte for byte: both ends of the protocol are the client's and the kubelet's.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from minik8s.api.scheme import SCHEME
from minik8s.api.status import ApiError, BadRequest, FieldError, InternalError, Invalid, NotFound
from minik8s.apiserver.admission.base import CONNECT
from minik8s.apiserver.registry.admit import admit
from minik8s.apiserver.registry.interface import Context
from minik8s.apiserver.registry.resources import Resource
from minik8s.apiserver.routes.http import Request, Response, answered
from minik8s.apiserver.routes.subresources import websocket_log
from minik8s.serving import Endpoint, open_request, tunnel_upgrade

if TYPE_CHECKING:
    from minik8s.apiserver.app import Server

JsonObject = dict[str, Any]
DEFAULT_KUBELET_PORT = 10250
ADDRESS_TYPES = ("InternalIP", "Hostname", "InternalDNS", "ExternalIP", "ExternalDNS")
#: The client's credentials, and what says for whom it acts: not the kubelet's business.
PRIVATE_HEADERS = frozenset({b"authorization", b"impersonate-user", b"impersonate-group", b"cookie"})
#: The API's name of a stream, and the kubelet's.
STREAMS = {"stdin": "input", "stdout": "output", "stderr": "error"}
KUBELET_PATHS = {"exec": "exec", "attach": "attach", "portforward": "portForward"}
LOG_FLAGS = ("follow", "previous", "timestamps", "insecureSkipTLSVerifyBackend")


async def kubelet_of(server: Server, node_name: str) -> Endpoint:
    """Where the node's kubelet listens."""
    nodes = SCHEME.by_resource("", "v1", "nodes")
    assert nodes is not None
    node = await server.registry.get(nodes, "", node_name)
    if node is None:
        raise NotFound.of("nodes", node_name)
    status = node.get("status") or {}
    port = ((status.get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}).get("Port") or DEFAULT_KUBELET_PORT
    addresses = {address["type"]: address["address"] for address in reversed(status.get("addresses") or [])}
    host = next((addresses[kind] for kind in ADDRESS_TYPES if kind in addresses), "")
    if not host:
        raise InternalError.of(f"no preferred addresses found; known addresses: {list(addresses.values())}")
    return Endpoint(host, port, server.kubelet_tls())


async def _pod(request: Request, resource: Resource) -> JsonObject:
    info = request.info
    entry = await resource.cache.get(resource.key(info.namespace, info.name))
    if entry is None:
        raise NotFound.of("pods", info.name)
    return resource.decode(entry)


def choose_container(pod: JsonObject, wanted: str, name: str) -> str:
    """The container that is meant, or 400 with upstream's words."""
    spec = pod["spec"]
    regular = [container["name"] for container in spec.get("containers") or []]
    init = [container["name"] for container in spec.get("initContainers") or []]
    ephemeral = [container["name"] for container in spec.get("ephemeralContainers") or []]
    if not wanted:
        if len(regular) == 1:
            return str(regular[0])
        default = (pod["metadata"].get("annotations") or {}).get("kubectl.kubernetes.io/default-container")
        if default in regular:
            return str(default)
        text = f"a container name must be specified for pod {name}, choose one of: [{' '.join(regular)}]"
        if init:
            text += f" or one of the init containers: [{' '.join(init)}]"
        raise BadRequest(text)
    if wanted not in regular + init + ephemeral:
        raise BadRequest(f"container {wanted} is not valid for pod {name}")
    return wanted


async def admit_stream(server: Server, request: Request, resource: Resource) -> None:
    """Admission of a CONNECT; it sees the stream's options (PodAttachOptions …)."""
    info = request.info
    namespace = info.namespace if resource.kind.namespaced else ""
    ctx = Context(resource.kind, server.registry, request.user, namespace, info.name, info.subresource)
    ctx.warnings = request.warnings
    await admit(ctx, stream_options(request, resource), CONNECT)


def stream_options(request: Request, resource: Resource) -> JsonObject:
    """The query of a stream as the object that it stands for."""
    info = request.info
    sub = resource.kind.subresource(info.subresource)
    options: JsonObject = {"kind": sub.kind if sub else "", "apiVersion": "v1"}
    if info.subresource == "proxy":
        return options | {"path": "/" + info.rest}
    options |= {key: True for key in (*STREAMS, "tty") if request.flag(key)}
    if request.query.get("container"):
        options["container"] = request.query["container"]
    if info.subresource == "exec":
        options["command"] = request.query_list("command")
    if info.subresource == "portforward":
        ports = [port for text in request.query_list("ports") for port in text.split(",")]
        options["ports"] = [int(port) for port in ports if port.isdigit()]
    return options


# -- logs ----------------------------------------------------------------------------------------------------------


async def serve_log(server: Server, request: Request, resource: Resource) -> Response:
    pod = await _pod(request, resource)
    name = request.info.name
    query = log_query(request)
    container = choose_container(pod, request.query.get("container", ""), name)
    node = pod["spec"].get("nodeName")
    if not node:
        return Response(200, b"", b"text/plain")  # not scheduled: nothing has been written yet
    endpoint = await kubelet_of(server, node)
    target = f"/containerLogs/{request.info.namespace}/{quote(name)}/{quote(container)}"
    target += "?" + urlencode(query) if query else ""
    try:
        async with open_request(endpoint, "GET", target.encode(), []) as upstream:
            if upstream.status >= 400:
                raise _refused(upstream.status, (await upstream.read()).decode("utf-8", "replace"))
            if request.connection is not None and request.connection.upgrade == "websocket":
                await websocket_log.serve(request, upstream)
                return answered(101)
            await _copy_log(request, upstream)
    except (OSError, TimeoutError) as error:
        raise InternalError.of(f"could not reach the kubelet of node {node}: {error}") from None
    return answered(200)


def log_query(request: Request) -> list[tuple[str, str]]:
    """PodLogOptions, validated, as the kubelet takes them."""
    query = request.query
    errors = []
    for key, least in (("tailLines", 0), ("sinceSeconds", 1), ("limitBytes", 1)):
        if key in query:
            try:
                value = int(query[key])
            except ValueError:
                raise BadRequest(f'strconv.ParseInt: parsing "{query[key]}": invalid syntax') from None
            if value < least:
                text = "must be greater than or equal to 0" if least == 0 else "must be greater than 0"
                errors.append(FieldError.invalid(key, value, text))
    if "sinceSeconds" in query and "sinceTime" in query:
        errors.append(FieldError.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    if errors:
        raise Invalid.of("PodLogOptions", request.info.name, errors)
    sent = [(key, "true") for key in LOG_FLAGS if request.flag(key)]
    sent += [
        (key, query[key]) for key in ("sinceSeconds", "sinceTime", "tailLines", "limitBytes", "stream") if key in query
    ]
    return sent


async def _copy_log(request: Request, upstream: Any) -> None:
    """Pass the log on as it comes; when the client goes, so does the request to the kubelet."""
    send = request.send
    await send({"type": "http.response.start", "status": 200, "headers": request.stream_headers(b"text/plain")})
    task = asyncio.current_task()
    cancelled = False

    def gone() -> None:
        nonlocal cancelled
        cancelled = True
        if task is not None:
            task.cancel()

    connection = request.connection
    if connection is not None:
        connection.on_disconnect(gone)
    try:
        async for piece in upstream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except asyncio.CancelledError:
        if not cancelled:
            raise
    except ConnectionError:
        if connection is not None and not connection.closed:
            connection.transport.abort()  # a log cut short must not look complete
    finally:
        if connection is not None:
            connection.remove_disconnect(gone)


def _refused(code: int, text: str) -> ApiError:
    """What the kubelet said, with its code."""
    text = text.strip() or "the kubelet refused"
    if code == 400:
        return BadRequest(text)
    if code == 404:
        return NotFound(text)
    return InternalError.of(text)


# -- streams -------------------------------------------------------------------------------------------------------


async def serve_stream(server: Server, request: Request, resource: Resource) -> Response:
    """exec, attach and portforward."""
    info = request.info
    connection = request.connection
    pod = await _pod(request, resource)
    await admit_stream(server, request, resource)
    target = stream_target(request, pod)
    node = pod["spec"].get("nodeName")
    if not node:
        raise BadRequest(f"pod {info.name} does not have a host assigned")
    if connection is None or not connection.upgrade:
        raise BadRequest("Upgrade request required")
    endpoint = await kubelet_of(server, node)
    headers = [(key, value) for key, value in request.scope["headers"] if key not in PRIVATE_HEADERS]
    headers = without_bearer_protocols(headers)
    try:
        await tunnel_upgrade(connection, endpoint, request.method, target.encode(), headers)
    except (OSError, TimeoutError) as error:
        raise InternalError.of(f"error dialing backend: {error}") from None
    return answered(101)


def without_bearer_protocols(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Browsers send tokens as WebSocket subprotocols: those do not leave the server."""
    out = []
    for key, value in headers:
        if key == b"sec-websocket-protocol":
            kept = [part.strip() for part in value.split(b",") if not part.strip().startswith(b"base64url.bearer.")]
            value = b", ".join(kept)
            if not value:
                continue
        out.append((key, value))
    return out


def stream_target(request: Request, pod: JsonObject) -> str:
    """The kubelet's path and query for a stream."""
    info = request.info
    path = f"/{KUBELET_PATHS[info.subresource]}/{info.namespace}/{quote(info.name)}"
    if info.subresource == "portforward":
        ports = [("port", port) for port in request.query_list("ports")]
        return path + ("?" + urlencode(ports) if ports else "")
    container = choose_container(pod, request.query.get("container", ""), info.name)
    query = [(theirs, "1") for ours, theirs in STREAMS.items() if request.flag(ours)]
    if not query:
        raise BadRequest("you must specify at least one of stdin, stdout, stderr")
    if request.flag("tty"):
        query.append(("tty", "1"))
    if info.subresource == "exec":
        commands = request.query_list("command")
        if not commands:
            raise BadRequest("you must specify at least one command for the container")
        query += [("command", word) for word in commands]
    return f"{path}/{quote(container)}?{urlencode(query)}"
