"""Is a component ready? One GET of its health URL with nothing but sockets, so that asking is cheap and early.

A launcher that must show "ready" within two seconds cannot afford an HTTP library's import.
"""

from __future__ import annotations

import functools
import socket
import ssl
from urllib.parse import urlsplit


def is_ready(url: str, timeout: float = 1.0) -> bool:
    """Whether a GET of ``url`` answers 200 now.

    The API server's certificate is not checked: the question is "does it answer", and no secret is sent.
    """
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=timeout) as raw:
            raw.settimeout(timeout)
            stream = _tls().wrap_socket(raw) if parts.scheme == "https" else raw
            request = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
            stream.sendall(request.encode())
            return stream.recv(64).split(b" ", 2)[1:2] == [b"200"]
    except OSError:
        return False


@functools.cache
def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
