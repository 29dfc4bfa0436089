"""Runs an ASGI application over uvicorn with our protocol: the one way a minik8s process listens for HTTP.

Mirrors k8s.io/apiserver's SecureServingInfo.Serve. Signals are left to the process (`minik8s.component`); shutdown is
bounded, since an open watch would hold uvicorn back for ever.

`Server` gives start/stop; `run_server` serves until cancelled.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Generator
from pathlib import Path

import uvicorn

from minik8s.serving.protocol import ASGIApp, Protocol

KEEP_ALIVE_SECONDS = 620  # longer than clients' pools keep idle connections, so that they close first
GRACEFUL_SHUTDOWN_SECONDS = 2


def create_ssl_context(
    certificate: str | Path, key: str | Path, client_ca: str | Path | None = None, require_client: bool = False
) -> ssl.SSLContext:
    """TLS for a server; with `client_ca` clients may (or must) show a certificate signed by it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED if require_client else ssl.CERT_OPTIONAL
    return context


class _Uvicorn(uvicorn.Server):
    """uvicorn's server without its signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class Server:
    """One listening address."""

    def __init__(
        self,
        app: ASGIApp,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
        *,
        sockets: list[socket.socket] | None = None,
        lifespan: bool = False,
        keep_alive: int = KEEP_ALIVE_SECONDS,
        graceful_shutdown: int = GRACEFUL_SHUTDOWN_SECONDS,
    ) -> None:
        config = uvicorn.Config(
            app=app,
            host=host,
            port=port,
            http=Protocol,
            ws="none",
            loop="none",
            interface="asgi3",
            lifespan="on" if lifespan else "off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=keep_alive,
            timeout_graceful_shutdown=graceful_shutdown,
            ssl_context_factory=(lambda _config, _default: ssl_context) if ssl_context is not None else None,
        )
        self._sockets = sockets
        self._server = _Uvicorn(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns once the port is open; OSError when it cannot be had."""
        if self._sockets is None:
            self._sockets = [_bind(self._server.config.host, self._server.config.port)]
        self._task = asyncio.create_task(self._server.serve(sockets=self._sockets), name="http-server")
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise OSError("the HTTP server ended while starting")
            await asyncio.sleep(0.002)

    @property
    def port(self) -> int:
        """The port really listened on (for port 0)."""
        assert self._sockets is not None, "not started"
        return int(self._sockets[0].getsockname()[1])

    async def wait(self) -> None:
        """Until stopped."""
        assert self._task is not None, "not started"
        await asyncio.shield(self._task)

    async def stop(self) -> None:
        """Closes the port, lets requests end for a moment, cuts the rest. Idempotent."""
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)


def _bind(host: str, port: int) -> socket.socket:
    """A listening TCP socket; "" and "::" listen on every address of both families where IPv6 exists."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host or "0.0.0.0", port))
        sock.set_inheritable(False)
    except OSError:
        sock.close()
        raise
    return sock


async def run_server(
    app: ASGIApp, host: str, port: int, ssl_context: ssl.SSLContext | None = None, *, lifespan: bool = False
) -> None:
    """Serves until cancelled, then shuts down properly."""
    server = Server(app, host, port, ssl_context, lifespan=lifespan)
    await server.start()
    try:
        await server.wait()
    finally:
        await server.stop()
