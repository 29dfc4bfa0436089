"""The kubelet's HTTPS server: `KubeletServer(ServerContext(...))` is the ASGI application; `start_server` serves it.

Import it only when the node already syncs pods: it is the heaviest import of the kubelet (uvicorn).
"""

from __future__ import annotations

import ssl

from minik8s.kubelet.server.app import KubeletServer
from minik8s.kubelet.server.interface import PodSource, ServerContext
from minik8s.serving import Server, create_ssl_context

__all__ = ["KubeletServer", "PodSource", "ServerContext", "start_server"]


async def start_server(
    context: ServerContext, host: str, port: int, certificate: str, key: str, client_ca: str
) -> Server:
    """Listens with TLS; clients must show a certificate of `client_ca` (else 401). `await server.stop()` ends it."""
    tls: ssl.SSLContext = create_ssl_context(certificate, key, client_ca)
    server = Server(KubeletServer(context), host, port, tls)
    await server.start()
    return server
