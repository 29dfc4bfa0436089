"""A log over WebSocket: each piece a frame, as staging/src/k8s.io/apiserver/pkg/util/wsstream (Reader) sends it.

Subprotocols: ``""`` and ``binary.k8s.io`` send bytes, ``base64.binary.k8s.io`` base64 text.
"""

from __future__ import annotations

import base64
from typing import Any

from minik8s.apiserver.routes.http import Request

BASE64 = "base64.binary.k8s.io"
PROTOCOLS = ("binary.k8s.io", BASE64)


async def serve(request: Request, upstream: Any) -> None:
    """Shake hands, then copy until either side ends."""
    from wsproto import ConnectionType, WSConnection
    from wsproto.events import AcceptConnection, CloseConnection, Message

    assert request.connection is not None
    asked = request.headers.get(b"sec-websocket-protocol", b"").decode("latin1")
    protocol = next((name for name in (part.strip() for part in asked.split(",")) if name in PROTOCOLS), None)
    socket = WSConnection(ConnectionType.SERVER)
    socket.receive_data(_request_text(request))
    next(iter(socket.events()))
    duplex = request.connection.hijack()
    try:
        await duplex.write(socket.send(AcceptConnection(subprotocol=protocol)))
        async for piece in upstream:
            data: Any = base64.b64encode(piece).decode() if protocol == BASE64 else piece
            await duplex.write(socket.send(Message(data=data)))
        await duplex.write(socket.send(CloseConnection(code=1000)))
    except ConnectionError:
        return  # the client went away
    finally:
        await duplex.close()


def _request_text(request: Request) -> bytes:
    """The handshake again as wsproto reads it."""
    lines = [b"GET / HTTP/1.1", *(name + b": " + value for name, value in request.scope["headers"])]
    return b"\r\n".join([*lines, b"", b""])
