"""Health and metrics over plain HTTP: /healthz, /livez, /readyz (each with ?verbose and /NAME for one check), /metrics.

Mirrors component-base and apiserver/pkg/server/healthz, in their wording. Small on purpose: it is in every process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

from minik8s.client.log import get_logger

log = get_logger(__name__)

Check = Callable[[], bool | str | None]
Page = tuple[int, str, bytes]

ROOTS = ("healthz", "livez", "readyz")
REASONS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 500: "Internal Server Error"}
REQUEST_SECONDS = 30.0


def prometheus_metrics() -> bytes:
    """The text of the default Prometheus registry."""
    import prometheus_client

    return prometheus_client.generate_latest()


class HealthServer:
    """Serves checks; a check gives True or None when well, False or a text when not.

    `/readyz` runs `checks` and `ready_checks`; the other two only `checks`. Port 0 or less: no server.
    """

    def __init__(
        self,
        host: str,
        port: int,
        checks: Mapping[str, Check] | None = None,
        *,
        ready_checks: Mapping[str, Check] | None = None,
        metrics: Callable[[], bytes] = prometheus_metrics,
    ) -> None:
        self.host, self.port = host, port
        self.checks: dict[str, Check] = {"ping": lambda: None, **(checks or {})}
        self.ready_checks: dict[str, Check] = dict(ready_checks or {})
        self._metrics = metrics
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; OSError if the port is taken."""
        if self.port > 0:
            self._server = await asyncio.start_server(self._serve, self.host, self.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.start()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await self.stop()

    def respond(self, target: str) -> Page:
        """(status, content type, body) for a path."""
        url = urlsplit(target)
        root, _, name = url.path.strip("/").partition("/")
        if root == "metrics" and not name:
            return 200, "text/plain; version=0.0.4; charset=utf-8", self._metrics()
        if root not in ROOTS:
            return 404, "text/plain; charset=utf-8", b"404 page not found\n"
        checks = {**self.checks, **(self.ready_checks if root == "readyz" else {})}
        if name:
            if name not in checks:
                return 404, "text/plain; charset=utf-8", b"404 page not found\n"
            checks = {name: checks[name]}
        verbose = "verbose" in parse_qs(url.query, keep_blank_values=True)
        status, text = render_checks(root, checks, verbose)
        return status, "text/plain; charset=utf-8", text.encode()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                method, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
                page = self.respond(rest.partition(" ")[0]) if method in ("GET", "HEAD") else (405, "text/plain", b"")
                writer.write(_render(page, with_body=method != "HEAD"))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            log.debug("health request dropped", error=str(error))
        finally:
            writer.close()


def render_checks(root: str, checks: Mapping[str, Check], verbose: bool) -> tuple[int, str]:
    """`ok`, or the list of checks where one failed or all are wanted."""
    failed, lines = False, []
    for name, check in checks.items():
        result = check()
        if result is False or isinstance(result, str):
            failed = True
            lines.append(f"[-]{name} failed: {result or 'not ready'}")
        else:
            lines.append(f"[+]{name} ok")
    if failed:
        return 500, "\n".join([*lines, f"{root} check failed", ""])
    return 200, "\n".join([*lines, f"{root} check passed", ""]) if verbose else "ok"


def _render(page: Page, with_body: bool) -> bytes:
    status, content_type, body = page
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (body if with_body else b"")
