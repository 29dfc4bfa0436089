"""Pages that answer before FastAPI is there, and need no identity: health and version.

FastAPI documents and serves them too once it is loaded (routes/documents.py); launchers and probes ask for them in
the first milliseconds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from minik8s.apiserver.routes.http import Request, Response, json_response
from minik8s.apiserver.routes.version import version_info

if TYPE_CHECKING:
    from minik8s.apiserver.app import Server


async def health(server: Server, request: Request) -> Response:
    return await server.health.respond(request)


async def version(server: Server, request: Request) -> Response:
    return json_response(version_info())


#: First path segment → page.
PAGES: dict[str, Callable[[Server, Request], Awaitable[Response]]] = {
    "healthz": health,
    "livez": health,
    "readyz": health,
    "version": version,
}

_KNOWN = frozenset(
    {"healthz", "livez", "readyz", "version", "metrics", "openapi", "api", "apis", "docs", "openapi.json"}
)


def known_path(path: str) -> str:
    """The first segment where it is one of ours: metrics must not grow by what scanners ask for."""
    first = path.strip("/").partition("/")[0]
    return f"/{first}" if first in _KNOWN else ""
