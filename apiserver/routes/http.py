"""A request and an answer, as thin as ASGI allows: what every route of /api and /apis is written with.

FastAPI's Request and Response cost three times as much per call (design §9); the people's pages use those.

Invariants: headers are lower-case bytes; a body is read at most once and never beyond ``MAX_BODY``.
"""

from __future__ import annotations

import zlib
from typing import Any
from urllib.parse import parse_qsl

import orjson

from minik8s.api.status import ApiError, BadRequest, RequestEntityTooLarge
from minik8s.apiserver.auth.user import User
from minik8s.apiserver.routes.paths import RequestInfo
from minik8s.serving import Connection, Receive, Scope, Send, connection_of

MAX_BODY = 3 * 1024 * 1024
JSON = b"application/json"
TEXT = b"text/plain; charset=utf-8"
HUMAN_AGENTS = (b"curl/", b"Wget/", b"Mozilla/5.0")
NO_CACHE = (b"cache-control", b"no-cache, private")


class Response:
    """Ready bytes. ``sent`` says that the route has answered by itself (streams, tunnels)."""

    __slots__ = ("body", "content_type", "headers", "sent", "status")

    def __init__(
        self,
        status: int,
        body: bytes,
        content_type: bytes = JSON,
        headers: list[tuple[bytes, bytes]] | None = None,
        sent: bool = False,
    ) -> None:
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = headers
        self.sent = sent


def answered(status: int) -> Response:
    """What a route returns after it has written its answer itself."""
    return Response(status, b"", sent=True)


def json_response(value: Any, status: int = 200, headers: list[tuple[bytes, bytes]] | None = None) -> Response:
    return Response(status, orjson.dumps(value), headers=headers)


def error_response(error: ApiError) -> Response:
    """An error as a Status object."""
    headers = None
    if error.retry_after:
        headers = [(b"retry-after", str(error.retry_after).encode())]
    return Response(error.code, orjson.dumps(error.to_status()), headers=headers)


class Request:
    """One request on its way through the server."""

    __slots__ = (
        "_query",
        "audit_id",
        "connection",
        "headers",
        "info",
        "method",
        "path",
        "receive",
        "scope",
        "send",
        "user",
        "warnings",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.connection: Connection | None = connection_of(scope)
        self.audit_id = b""
        self.user: User
        self.info: RequestInfo
        self.warnings: list[str] = []
        self._query: dict[str, str] | None = None

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; of repeated ones the first counts, as in Go's url.Values.Get."""
        if self._query is None:
            raw: bytes = self.scope["query_string"]
            self._query = {}
            if raw:
                for key, value in parse_qsl(raw.decode("latin1"), keep_blank_values=True):
                    self._query.setdefault(key, value)
        return self._query

    def query_list(self, key: str) -> list[str]:
        """Every value of a repeated parameter."""
        raw: bytes = self.scope["query_string"]
        return [value for name, value in parse_qsl(raw.decode("latin1"), keep_blank_values=True) if name == key]

    def flag(self, key: str) -> bool:
        """A boolean parameter: present and neither "false" nor "0" (apimachinery's Convert_Slice_string_To_bool)."""
        value = self.query.get(key)
        return value is not None and value.lower() not in ("false", "0")

    @property
    def content_type(self) -> str:
        """The body's media type without parameters."""
        return self.headers.get(b"content-type", b"").decode("latin1").partition(";")[0].strip().lower()

    @property
    def user_agent(self) -> str:
        return self.headers.get(b"user-agent", b"").decode("latin1")

    async def body(self, limit: int = MAX_BODY) -> bytes:
        """The whole body, decompressed; 413 beyond the limit (the rest is read away, so that the client hears it)."""
        message = await self.receive()
        data: bytes = message.get("body", b"")
        if message.get("more_body"):
            data = await self._rest_of_body(data, limit)
        if len(data) > limit:
            raise RequestEntityTooLarge.of(limit)
        if self.headers.get(b"content-encoding") == b"gzip":
            data = _gunzip(data, limit)
        return data

    async def _rest_of_body(self, first: bytes, limit: int) -> bytes:
        parts, size, drained = [first], len(first), 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise BadRequest("unexpected EOF")
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if size <= limit:
                parts.append(piece)
            else:
                drained += len(piece)
            if not message.get("more_body"):
                break
            if drained > 16 * limit:
                break
        if size > limit:
            raise RequestEntityTooLarge.of(limit)
        return b"".join(parts)

    async def respond(self, response: Response) -> None:
        """Write the answer's head and body."""
        if response.content_type == JSON and response.body and self._for_eyes():
            response.body = orjson.dumps(orjson.loads(response.body), option=orjson.OPT_INDENT_2) + b"\n"
        headers = [
            (b"audit-id", self.audit_id),
            NO_CACHE,
            (b"content-type", response.content_type),
            (b"content-length", str(len(response.body)).encode()),
        ]
        if response.headers:
            headers += response.headers
        if self.warnings:
            headers += warning_headers(self.warnings)
        await self.send({"type": "http.response.start", "status": response.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else response.body})

    def _for_eyes(self) -> bool:
        """JSON with line breaks: asked for with ?pretty, or the client is curl or a browser."""
        if self.headers.get(b"user-agent", b"").startswith(HUMAN_AGENTS) or b"pretty" in self.scope["query_string"]:
            return self.flag("pretty") or "pretty" not in self.query
        return False

    def stream_headers(self, content_type: bytes = JSON) -> list[tuple[bytes, bytes]]:
        """Headers of an answer whose length is not known."""
        headers = [(b"audit-id", self.audit_id), NO_CACHE, (b"content-type", content_type)]
        return headers + warning_headers(self.warnings) if self.warnings else headers


def warning_headers(texts: list[str]) -> list[tuple[bytes, bytes]]:
    """RFC 7234 warnings with code 299, each text once."""
    headers = []
    for text in dict.fromkeys(texts):
        quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", " ").replace("\n", " ")
        headers.append((b"warning", f'299 - "{quoted}"'.encode("utf-8", "replace")))
    return headers


def _gunzip(data: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        out = inflater.decompress(data, limit + 1)
    except zlib.error as error:
        raise BadRequest(f"the body is not gzip: {error}") from None
    if len(out) > limit:
        raise RequestEntityTooLarge.of(limit)
    return out
