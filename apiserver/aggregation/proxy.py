"""A request passed on to a remote server: any verb, watches, upgrades.

Mirrors kube-aggregator/pkg/apiserver/handler_proxy.go. The answer goes back as it comes, so that a watch is a watch;
when the client goes away the remote's connection is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from minik8s.api.status import ApiError, ServiceUnavailable
from minik8s.apiserver.aggregation.remote import Remote, passed_headers
from minik8s.apiserver.routes.http import TEXT, Request, Response, answered
from minik8s.serving import Endpoint, UpstreamResponse, open_request, tunnel_upgrade

if TYPE_CHECKING:
    from minik8s.apiserver.aggregation.aggregator import Aggregator

MAX_BODY = 64 << 20
UNAVAILABLE = Response(503, b"service unavailable\n", TEXT)
DROPPED = frozenset({b"connection", b"transfer-encoding", b"keep-alive"})


async def serve(aggregator: Aggregator, request: Request, remote: Remote) -> Response:
    """The remote's answer, or 503."""
    if not remote.available:
        return UNAVAILABLE
    try:
        endpoint = await aggregator.endpoint(remote)
    except ApiError:
        return UNAVAILABLE
    query: bytes = request.scope["query_string"]
    target = request.scope.get("raw_path", request.path.encode()) + (b"?" + query if query else b"")
    client = request.scope.get("client")
    headers = passed_headers(request.scope["headers"], request.user, str(client[0]) if client else "")
    try:
        if request.connection is not None and request.connection.upgrade:
            await tunnel_upgrade(request.connection, endpoint, request.method, target, headers)
            return answered(101)
        return await _pass(request, endpoint, target, headers)
    except (OSError, TimeoutError) as error:
        raise ServiceUnavailable(f"error trying to reach service: {error or 'timed out'}") from None


async def _pass(request: Request, endpoint: Endpoint, target: bytes, headers: list[tuple[bytes, bytes]]) -> Response:
    body = await request.body(limit=MAX_BODY)
    headers = [(k, v) for k, v in headers if k != b"content-encoding"]  # `body` has inflated it
    async with open_request(endpoint, request.method, target, headers, body) as upstream:
        kept = [(k, v) for k, v in upstream.headers if k.lower() not in DROPPED]
        kept.append((b"audit-id", request.audit_id))
        await request.send({"type": "http.response.start", "status": upstream.status, "headers": kept})
        await _copy(request, upstream)
        return answered(upstream.status)


async def _copy(request: Request, upstream: UpstreamResponse) -> None:
    """Piece by piece; ends with the client."""
    connection, task = request.connection, asyncio.current_task()
    left = False

    def gone() -> None:
        nonlocal left
        left = True
        if task is not None:
            task.cancel()

    if connection is not None:
        connection.on_disconnect(gone)
    try:
        async for piece in upstream:
            await request.send({"type": "http.response.body", "body": piece, "more_body": True})
        await request.send({"type": "http.response.body", "body": b""})
    except asyncio.CancelledError:
        if not left:
            raise
    except ConnectionError:
        if connection is not None and not connection.closed:
            with contextlib.suppress(OSError):
                connection.transport.abort()  # an answer cut short must not look complete
    finally:
        if connection is not None:
            connection.remove_disconnect(gone)
