"""What is served besides resources: discovery, OpenAPI, metrics, and FastAPI's pages for people.

Discovery and OpenAPI are built from the scheme when first asked for, and kept as bytes with an ETag. FastAPI is
imported (in a thread: it takes 0.3 s) when a path is asked for that only it serves.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from minik8s.api.status import MethodNotAllowed, NotFound
from minik8s.apiserver.auth import issuer_discovery
from minik8s.apiserver.auth.service_account import algorithm_of
from minik8s.apiserver.routes.http import Request, Response, answered

if TYPE_CHECKING:
    from minik8s.apiserver.app import Server

METRICS_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
HUMAN = ("/docs", "/redoc", "/openapi.json", "/admin", "/docs/oauth2-redirect")


class Documents:
    """Everything that is one document per server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._kept: dict[tuple[str, str], tuple[bytes, bytes, bytes]] = {}
        self._human: Any = None
        self._openapi_builder: Any = None
        self._made_for = (server.kinds.version, server.aggregator.version)

    async def serve(self, request: Request) -> Response:
        """Answer a path that is no resource's; 404 where it is nobody's."""
        path = request.path.rstrip("/") or "/"
        self._forget_old()
        if path.startswith(HUMAN):
            return await self._serve_human(request)
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed if path.startswith(("/api", "/apis", "/openapi", "/metrics")) else NotFound.path()
        if path == "/metrics":
            text = self._server.metrics.render(await self._server.object_counts())
            return Response(200, text.encode(), METRICS_TYPE)
        if path in (issuer_discovery.CONFIGURATION_PATH, issuer_discovery.KEYS_PATH):
            return await self._issuer(request, path)
        if path == "/":
            return Response(200, orjson.dumps({"paths": self.paths()}))
        if path.startswith(("/api", "/apis")):
            return self._discovery(request, path)
        if path.startswith("/openapi/"):
            return await self._openapi(request, path)
        raise NotFound.path()

    async def _issuer(self, request: Request, path: str) -> Response:
        issuer, verifier = self._server.token_issuer, self._server.authenticator.verifier
        if issuer is None or verifier is None:
            raise NotFound.path()
        keys = await asyncio.to_thread(verifier.public_keys)
        if path == issuer_discovery.KEYS_PATH:
            return Response(200, orjson.dumps(issuer_discovery.key_set(keys)), b"application/jwk-set+json")
        algorithms = sorted({algorithm_of(key) for key in keys})
        found = issuer_discovery.configuration(issuer.issuer, self._server.address, algorithms)
        return Response(200, orjson.dumps(found))

    # -- discovery --------------------------------------------------------------------------------------------------

    def _discovery(self, request: Request, path: str) -> Response:
        from minik8s.apiserver import discovery

        parts = path.strip("/").split("/")
        core, depth = parts[0] == "api", len(parts)
        accept = request.headers.get(b"accept", b"").decode("latin1")
        if depth == 1:
            version = aggregated_version(accept)
            if version:
                content_type = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
                extend = self._server.aggregator.extend_aggregated if not core else dict
                build = lambda: extend(discovery.aggregated(self.kinds(), core, version))  # noqa: E731
                return self._kept_response(request, path, version, build, content_type.encode())
            if core:
                address = f"{self._server.address}"
                return self._kept_response(request, path, "", lambda: discovery.api_versions(address))
            merge = self._server.aggregator.extend_groups
            return self._kept_response(request, path, "", lambda: merge(discovery.api_group_list(self.kinds())))
        if not core and depth == 2:
            if self._server.aggregator.serves_group(parts[1]):
                own = discovery.api_group(self.kinds(), parts[1]) if self._has(parts[1]) else None
                return self._kept_response(
                    request, path, "", lambda: self._server.aggregator.extend_group(parts[1], own)
                )
            self._must_exist(parts[1])
            return self._kept_response(request, path, "", lambda: discovery.api_group(self.kinds(), parts[1]))
        group, group_version = ("", parts[1]) if core else (parts[1], parts[2])
        if depth != (2 if core else 3):
            raise NotFound.path()
        self._must_exist(group, group_version)
        return self._kept_response(
            request, path, "", lambda: discovery.resource_list(self.kinds(), group, group_version)
        )

    def kinds(self) -> list[Any]:
        """All kinds that are served."""
        return self._server.kinds.all()

    def _has(self, group: str, version: str = "") -> bool:
        return any(kind.group == group and version in ("", kind.version) for kind in self.kinds())

    def _must_exist(self, group: str, version: str = "") -> None:
        if not self._has(group, version):
            raise NotFound.path()

    def paths(self) -> list[str]:
        """The index at /."""
        versions = dict.fromkeys((kind.group, kind.version) for kind in self.kinds())
        groups = [f"/apis/{group}" for group in dict.fromkeys(group for group, _ in versions) if group]
        resources = [f"/apis/{group}/{version}" if group else f"/api/{version}" for group, version in versions]
        pages = ["/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version", "/docs"]
        return sorted(["/api", "/apis", *groups, *resources, *pages])

    # -- OpenAPI ----------------------------------------------------------------------------------------------------

    async def _openapi(self, request: Request, path: str) -> Response:
        """Built in a thread: importing every model and describing it takes a good part of a second."""
        from minik8s.apiserver.openapi import OpenAPI

        accept = request.headers.get(b"accept", b"").decode("latin1")
        openapi = await asyncio.to_thread(self._load_openapi, OpenAPI)
        if path == "/openapi/v2":
            if "proto-openapi" in accept and not accept.startswith("application/json"):
                content_type = b"application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
                build = lambda: self._v2_protobuf(openapi)  # noqa: E731
                return await self._kept_later(request, path, "protobuf", build, content_type)
            return await self._kept_later(request, path, "", lambda: self._v2_json(openapi))
        aggregator = self._server.aggregator
        if path == "/openapi/v3":
            return await self._kept_later(request, path, "", lambda: aggregator.extend_v3_index(openapi.v3_index()))
        name = path.removeprefix("/openapi/v3/")
        remote = aggregator.openapi_v3(name)
        if remote is not None:
            return self._kept_response(request, path, "", lambda: remote)
        try:
            return await self._kept_later(request, path, "", lambda: openapi.v3(name))
        except KeyError:
            raise NotFound.path() from None

    def _v2_json(self, openapi: Any) -> bytes:
        extended = self._server.aggregator.extend_openapi_v2(openapi.v2)
        return openapi.v2_json() if extended is openapi.v2 else orjson.dumps(extended)

    def _v2_protobuf(self, openapi: Any) -> bytes:
        extended = self._server.aggregator.extend_openapi_v2(openapi.v2)
        if extended is openapi.v2:
            return openapi.v2_protobuf()  # type: ignore[no-any-return]
        from minik8s.apiserver.openapi.protobuf import encode

        return encode(extended)

    def _load_openapi(self, factory: Any) -> Any:
        if self._openapi_builder is None:
            self._openapi_builder = factory(self.kinds(), dict(self._server.kinds.schemas))
        return self._openapi_builder

    def _forget_old(self) -> None:
        """Documents made before kinds came or went, here or on servers behind this one."""
        kinds, remotes = self._server.kinds.version, self._server.aggregator.version
        if self._made_for != (kinds, remotes):
            if self._made_for[0] != kinds:
                self._openapi_builder = None
            self._made_for = (kinds, remotes)
            self._kept.clear()

    # -- kept documents ---------------------------------------------------------------------------------------------

    def _kept_response(
        self,
        request: Request,
        path: str,
        variant: str,
        build: Callable[[], Any],
        content_type: bytes = b"application/json",
    ) -> Response:
        kept = self._kept.get((path, variant))
        if kept is None:
            built = build()
            body = built if isinstance(built, bytes) else orjson.dumps(built)
            etag = b'"' + hashlib.sha512(body).hexdigest().upper().encode() + b'"'
            kept = self._kept[path, variant] = (body, etag, content_type)
        body, etag, content_type = kept
        headers = [(b"etag", etag), (b"vary", b"Accept")]
        if request.headers.get(b"if-none-match") == etag:
            return Response(304, b"", content_type, headers)
        return Response(200, body, content_type, headers)

    async def _kept_later(
        self,
        request: Request,
        path: str,
        variant: str,
        build: Callable[[], Any],
        content_type: bytes = b"application/json",
    ) -> Response:
        if (path, variant) not in self._kept:
            built = await asyncio.to_thread(build)
            return self._kept_response(request, path, variant, lambda: built, content_type)
        return self._kept_response(request, path, variant, build, content_type)

    # -- pages for people -------------------------------------------------------------------------------------------

    async def _serve_human(self, request: Request) -> Response:
        if self._human is None:
            from minik8s.apiserver.routes import human

            self._human = await asyncio.to_thread(human.build, self._server)
        await self._human(request.scope, request.receive, request.send)
        return answered(200)


def aggregated_version(accept: str) -> str:
    """ "v2" or "v2beta1" where aggregated discovery is what the client likes best of what we have; else ""."""
    for clause in accept.split(","):
        parts = [part.strip() for part in clause.split(";")]
        if "as=APIGroupDiscoveryList" in parts and "g=apidiscovery.k8s.io" in parts and parts[0] == "application/json":
            return next((version for version in ("v2", "v2beta1") if f"v={version}" in parts), "")
        if parts[0] == "application/json" and len(parts) == 1:
            return ""
    return ""
