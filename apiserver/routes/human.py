"""The FastAPI application: the pages that people read. Imported late (routes/documents.py).

/docs describes what is served here; resources are described by /openapi/v3, which kubectl explain reads. The early
pages (health, version) and /metrics are documented here with the same answers, so that /docs shows the whole server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from minik8s.apiserver.routes.version import version_info

if TYPE_CHECKING:
    from minik8s.apiserver.app import Server


def build(server: Server) -> FastAPI:
    """The application. Runs behind authentication, as everything but health and version."""
    app = FastAPI(
        title="minik8s API server",
        version=version_info()["gitVersion"],
        description="Kubernetes' API in Python. Resources live under /api and /apis; see /openapi/v3 for their schema.",
    )

    @app.get("/version", tags=["server"], summary="Which Kubernetes API this is")
    async def version() -> dict[str, str]:
        return version_info()

    @app.get("/metrics", tags=["server"], response_class=PlainTextResponse, summary="Counters in Prometheus' format")
    async def metrics() -> str:
        return server.metrics.render(await server.object_counts())

    _document_health(app)
    _add_admin(app, server)
    return app


def _document_health(app: FastAPI) -> None:
    """Health is answered before FastAPI is reached; here it is only described."""

    async def described_elsewhere() -> str:
        return "ok"

    for path in ("/healthz", "/livez", "/readyz"):
        app.get(path, tags=["health"], response_class=PlainTextResponse, summary="ok, or which check fails (?verbose)")(
            described_elsewhere
        )


def _add_admin(app: FastAPI, server: Server) -> None:
    """Numbers about the server itself, for who operates it."""

    @app.get("/admin/caches", tags=["admin"], summary="Objects, newest version and watchers of every cache in use")
    async def caches() -> list[dict[str, Any]]:
        return [
            {
                "resource": resource.group_resource,
                "objects": await resource.cache.count(),
                "revision": resource.cache.revision,
            }
            for resource in server.registry.resources.known()
        ]

    @app.get("/admin/inflight", tags=["admin"], summary="Requests being served now")
    async def inflight() -> dict[str, int]:
        return dict(server.metrics.inflight)
