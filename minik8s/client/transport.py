"""Requests and streams to one API server: credentials, encoding, retries, errors; below the verbs of rest.py.

Mirrors client-go's rest.Request and transport packages. A failure is an `ApiError` when the server said so, an
`OSError` (ConnectionError, TimeoutError, ssl.SSLError) when there was no answer: `except (ApiError, OSError)` is all.

A 429, or a 5xx with Retry-After, is waited out and sent again up to ten times, as client-go does.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import orjson

from minik8s.api.base import Model
from minik8s.api.status import ApiError, from_response, from_status
from minik8s.client.http import Exchange, Pool
from minik8s.client.kubeconfig import ClientConfig
from minik8s.client.log import get_logger
from minik8s.clock import Clock, SystemClock

log = get_logger(__name__)

Body = bytes | Mapping[str, Any] | list[Any] | Model | None

MAX_RETRIES = 10
WAIT_SECONDS = 0.05  # between two questions whether the server is there; ten times that once WAIT_PATIENCE were asked
WAIT_PATIENCE = 100
TOKEN_MAX_AGE = 60.0  # the kubelet rotates the file; client-go reads it again once a minute too


@dataclass(slots=True)
class Response:
    """A raw answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(slots=True)
class _Token:
    """A bearer token, read again from its file once it may have been rotated."""

    value: str
    file: str
    read_at: float = field(default=float("-inf"))

    def current(self, now: float) -> str:
        if self.file and now - self.read_at > TOKEN_MAX_AGE:
            self.value = Path(self.file).read_text().strip()
            self.read_at = now
        return self.value


class Transport:
    """The way to one API server. Cheap to make; close it, or use `async with`."""

    def __init__(
        self,
        config: ClientConfig,
        user_agent: str = "minik8s",
        clock: Clock | None = None,
        timeout: float = 60.0,
    ) -> None:
        self.config = config
        self.clock: Clock = clock or SystemClock()
        self.user_agent = user_agent
        self.timeout = timeout
        self._token = _Token(config.token, config.token_file)
        self._pool: Pool | None = None
        self._met = False  # the server was alive once

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; the client opens new ones if it is used again."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    async def wait_for_server(self) -> None:
        """Until the server is alive: what a process asks once that may have been started before it.

        Mirrors controller-manager's WaitForAPIServer, with one line in the log instead of one a second and watch.
        """
        for attempt in itertools.count():
            reason = "" if self._met else await self._why_not_alive()
            if not reason:
                self._met = True
                return
            if attempt == 0:
                log.info("waiting for the API server", server=self.config.server, reason=reason)
            await self.clock.sleep(WAIT_SECONDS if attempt < WAIT_PATIENCE else 10 * WAIT_SECONDS)

    async def _why_not_alive(self) -> str:
        """Empty when it is. Only what passes by itself counts: a wrong certificate is for the caller to meet."""
        try:
            async with asyncio.timeout(self.timeout):
                response = await self._send("GET", "/livez", self._headers(None, None), b"")
        except (ConnectionError, TimeoutError) as error:
            return str(error) or "no answer"
        return f"/livez answers {response.status}" if response.status >= 500 else ""

    async def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
        check: bool = True,
    ) -> Response:
        """One request and its whole answer. Raises ApiError from 400 on, unless `check` is False."""
        target, all_headers, data = _target(path, query), self._headers(headers, body), encode(body)
        for attempt in range(MAX_RETRIES + 1):
            async with asyncio.timeout(timeout or self.timeout):
                response = await self._send(method, target, all_headers, data)
            wait = _retry_after(response)
            if wait is None or attempt == MAX_RETRIES:
                break
            await self.clock.sleep(wait)
        if check and response.status >= 400:
            raise error_of(response)
        return response

    async def stream(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """The lines of an answer as they come (a watch, a followed log), without their newline."""
        tail: list[bytes] = []  # pieces of a line whose end has not come
        async with aclosing(self.stream_chunks(method, path, query, body, headers)) as pieces:
            async for piece in pieces:
                *lines, rest = piece.split(b"\n")
                if lines and tail:
                    lines[0] = b"".join([*tail, lines[0]])
                    tail = []
                if rest:
                    tail.append(rest)
                for line in lines:
                    yield line
        if tail:
            yield b"".join(tail)

    async def stream_chunks(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """The pieces of an answer as they come."""
        async with asyncio.timeout(self.timeout):
            exchange = await self._exchange(method, _target(path, query), self._headers(headers, body), encode(body))
        try:
            if exchange.status >= 400:
                raise error_of(Response(exchange.status, exchange.headers, await exchange.read()))
            while piece := await exchange.chunk():
                yield piece
        finally:
            exchange.close()

    async def _send(self, method: str, target: str, headers: Mapping[str, str], data: bytes) -> Response:
        exchange = await self._exchange(method, target, headers, data)
        try:
            return Response(exchange.status, exchange.headers, await exchange.read())
        finally:
            exchange.close()

    async def _exchange(self, method: str, target: str, headers: Mapping[str, str], data: bytes) -> Exchange:
        if self._pool is None:
            self._pool = Pool(self.config.server, self.config.ssl_context(), self.config.tls_server_name)
        return await self._pool.exchange(method, target, headers, data)

    def _headers(self, extra: Mapping[str, str] | None, body: Body) -> dict[str, str]:
        headers = {"User-Agent": self.user_agent, "Accept": "application/json"}
        token = self._token.current(time.monotonic())
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        if extra:
            headers.update(extra)
        return headers


def encode(body: Body) -> bytes:
    """The bytes of a request body."""
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if isinstance(body, Model):
        return body.to_json()
    return orjson.dumps(body)


def error_of(response: Response) -> ApiError:
    """The ApiError of an answer, whether its body is a Status or not."""
    try:
        status = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        status = None
    if not isinstance(status, dict) or status.get("kind") != "Status":
        return from_response(response.status, response.body[:1024].decode("utf-8", "replace").strip())
    status.setdefault("code", response.status)
    return from_status(status)


def _target(path: str, query: Mapping[str, Any] | None) -> str:
    chosen = {key: value for key, value in (query or {}).items() if value is not None and value != ""}
    return f"{path}?{urlencode(chosen)}" if chosen else path


def _retry_after(response: Response) -> float | None:
    if response.status != 429 and response.status < 500:
        return None
    value = response.headers.get("retry-after", "")
    if not value.isdigit() or _is_eviction_refusal(response):
        return None
    return float(value)


def _is_eviction_refusal(response: Response) -> bool:
    """A disruption budget's 429 is an answer for the caller, who knows better when to ask again."""
    return response.status == 429 and b"DisruptionBudget" in response.body
