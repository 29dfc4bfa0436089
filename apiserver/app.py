"""The API server as an ASGI application: what stands in front, and what every request passes.

    audit id → early pages (health, version) → authentication → /api, /apis by the raw dispatcher
             → everything else by FastAPI, which is imported when first asked for

Mirrors staging/src/k8s.io/apiserver/pkg/server/config.go (DefaultBuildHandlerChain). Each request ends in exactly one
answer; whatever is raised on the way becomes a Status (routes/errors.py), is counted, and, when it changed
something or was slow, is logged in one line that holds no content.
"""

from __future__ import annotations

import itertools
import os
import ssl
import time

from minik8s.api.status import ApiError
from minik8s.apiserver.aggregation.aggregator import Aggregator
from minik8s.apiserver.aggregation.remote import ProxyIdentity
from minik8s.apiserver.auth.authenticate import Authenticator
from minik8s.apiserver.auth.authorize import AlwaysAllow
from minik8s.apiserver.auth.service_account import TokenIssuer
from minik8s.apiserver.metrics import Metrics, RequestKey, Sample
from minik8s.apiserver.registry.registry import ServerRegistry
from minik8s.apiserver.routes import documents, early
from minik8s.apiserver.routes.errors import translate
from minik8s.apiserver.routes.health import Health
from minik8s.apiserver.routes.http import Request, Response, answered, error_response
from minik8s.apiserver.routes.paths import RequestInfo, parse_path
from minik8s.apiserver.routes.resources import serve_resource
from minik8s.component import get_logger
from minik8s.serving import Receive, Scope, Send

log = get_logger(__name__)

SLOW_SECONDS = 1.0
MUTATING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
NO_RESOURCE = RequestInfo("", "")


class Server:
    """One API server: its parts, and the ASGI entry point."""

    def __init__(
        self,
        registry: ServerRegistry,
        authenticator: Authenticator,
        *,
        token_issuer: TokenIssuer | None = None,
        api_audiences: list[str] | None = None,
        kubelet_context: ssl.SSLContext | None = None,
        proxy_identity: ProxyIdentity | None = None,
        address: str = "",
    ) -> None:
        self.registry = registry
        self.kinds = registry.kinds
        self.authenticator = authenticator
        self.authorizer = AlwaysAllow()
        self.token_issuer = token_issuer
        self.api_audiences = api_audiences or []
        self.health = Health()
        self.metrics = Metrics()
        self.address = address
        self.aggregator = Aggregator(registry, proxy_identity or ProxyIdentity())
        self.documents = documents.Documents(self)
        self._kubelet_context = kubelet_context
        self._audit_prefix = os.urandom(10).hex()
        self._audit_numbers = itertools.count(1)

    def now(self) -> float:
        return time.time()

    def kubelet_tls(self) -> ssl.SSLContext | None:
        """How kubelets are spoken to."""
        return self._kubelet_context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive, send)
        request.audit_id = self._next_audit_id()
        request.info = NO_RESOURCE
        started = time.perf_counter()
        mutating = request.method in MUTATING
        gauge = "mutating" if mutating else "readOnly"
        self.metrics.inflight[gauge] += 1
        try:
            response = await self._answer(request)
            if not response.sent:
                await request.respond(response)
        finally:
            self.metrics.inflight[gauge] -= 1
        self._account(request, response.status, time.perf_counter() - started, mutating)

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._route(request)
        except ApiError as error:
            return error_response(error)
        except Exception as error:  # noqa: BLE001 - the server's outermost ring: every failure becomes a Status
            return self._failed(request, error)

    def _failed(self, request: Request, error: Exception) -> Response:
        if request.connection is not None and request.connection.closed:
            return answered(499)
        return error_response(translate(error))

    async def _route(self, request: Request) -> Response:
        path = request.path
        page = early.PAGES.get(path.split("/", 2)[1] if path.count("/") > 1 else path[1:])
        if page is not None:
            return await page(self, request)
        connection = request.connection
        certificate = connection.client_certificate if connection is not None else None
        request.user = await self.authenticator.authenticate(request.headers, certificate, request.scope["headers"])
        if path.startswith(("/api/", "/apis/")):
            info = parse_path(path, request.method)
            if self.aggregator.remotes and (remote := self.aggregator.match(path)) is not None:
                request.info = info or NO_RESOURCE
                return await self.aggregator.serve(request, remote)
            if info is not None:
                info.kind = self.kinds.find(info.group, info.version, info.resource)
                request.info = info
                return await serve_resource(self, request)
        return await self.documents.serve(request)

    # -- accounts ---------------------------------------------------------------------------------------------------

    def _next_audit_id(self) -> bytes:
        """Unique, in the form of a UUID, and cheaper than one."""
        p = self._audit_prefix
        return f"{p[:8]}-{p[8:12]}-4{p[12:15]}-8{p[15:18]}-{next(self._audit_numbers):012x}".encode()

    def _account(self, request: Request, status: int, seconds: float, mutating: bool) -> None:
        info = request.info
        key = _metrics_key(request)
        self.metrics.observe(key, status, seconds)
        if not info.resource:
            return
        if mutating and log.is_enabled("debug"):
            self._log_mutation(request, status, seconds)
        elif seconds > SLOW_SECONDS and key[0] not in ("WATCH", "CONNECT"):
            where = {"resource": info.group_resource, "namespace": info.namespace}
            log.warning("slow request", verb=info.verb, **where, code=status, seconds=round(seconds, 2))

    def _log_mutation(self, request: Request, status: int, seconds: float) -> None:
        """Who changed what: names only, never content."""
        info = request.info
        log.debug(
            "request",
            verb=info.verb,
            resource=info.group_resource,
            object=f"{info.namespace}/{info.name}".strip("/"),
            subresource=info.subresource,
            user=request.user.name,
            code=status,
            ms=round(seconds * 1000, 1),
            audit=request.audit_id.decode(),
        )

    async def object_counts(self) -> list[Sample]:
        """How many objects there are of every resource in use."""
        return [
            ("apiserver_storage_objects", {"resource": resource.group_resource}, await resource.cache.count())
            for resource in self.registry.resources.known()
        ]


_STREAMS = frozenset({"exec", "attach", "portforward", "proxy", "log"})


def _metrics_key(request: Request) -> RequestKey:
    info = request.info
    if not info.resource:
        return (request.method, "", "", "", early.known_path(request.path), "")
    verb = {"deletecollection": "DELETECOLLECTION", "get": "GET", "list": "LIST"}.get(info.verb, request.method)
    if info.verb in ("list", "get") and (info.watch_prefix or "watch" in request.query):
        verb = "WATCH"
    elif info.subresource in _STREAMS:
        verb = "CONNECT"
    scope = "resource" if info.name else ("namespace" if info.namespace else "cluster")
    known = info.kind is not None
    return (verb, info.group if known else "", info.version if known else "", info.resource if known else "",
            info.subresource if known else "", scope)  # fmt: skip
