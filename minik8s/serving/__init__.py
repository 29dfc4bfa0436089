"""Serving HTTP: uvicorn with client certificates, raw watch streams, upgrade take-over, and tunnels to other servers.

For applications (ASGI): `connection_of(scope)` → `Connection`:

    connection.client_certificate            # ClientCertificate(common_name, organizations, der) or None
    stream = await connection.start_stream(send, 200, headers)   # chunked; then straight to the transport:
    stream.write(frame_chunk(event)); stream.buffered; stream.closed; await stream.drain(); stream.on_disconnect(cb)
    await stream.end()
    connection.upgrade                       # "websocket" | "spdy/3.1" | ""
    duplex = connection.hijack()             # read/write/write_eof/close; the caller writes the 101 itself

For processes: `create_ssl_context`, `Server(app, host, port, ssl_context)` with start/port/wait/stop, `run_server`.
For proxies: `Endpoint`, `open_request` (streams the answer), `tunnel_upgrade` (exec, attach, port-forward, proxy).
"""

from minik8s.serving.duplex import Duplex
from minik8s.serving.protocol import (
    ASGIApp,
    ClientCertificate,
    Connection,
    Message,
    Protocol,
    Receive,
    ResponseStream,
    Scope,
    Send,
    connection_of,
    frame_chunk,
)
from minik8s.serving.server import Server, create_ssl_context, run_server
from minik8s.serving.upstream import Endpoint, StreamPair, UpstreamResponse, copy_both, open_request, tunnel_upgrade

__all__ = [
    "ASGIApp",
    "ClientCertificate",
    "Connection",
    "Duplex",
    "Endpoint",
    "Message",
    "Protocol",
    "Receive",
    "ResponseStream",
    "Scope",
    "Send",
    "Server",
    "StreamPair",
    "UpstreamResponse",
    "connection_of",
    "copy_both",
    "create_ssl_context",
    "frame_chunk",
    "open_request",
    "run_server",
    "tunnel_upgrade",
]
