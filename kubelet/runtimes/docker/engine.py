"""Talking to the Docker engine: ordinary calls by the SDK in a bounded pool of threads, streams by asyncio.

The SDK (`docker`, imported only here and only on first use) is synchronous; its socket streams can lose the first
bytes, which its buffered reader has taken already, and each would hold a thread for its life. So everything that
lasts (events, logs, exec, attach, stop with a grace period) goes over a socket of our own.

Invariant: an engine that does not answer is `RuntimeUnavailable`, never an empty result.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from minik8s.kubelet.runtimes import base
from minik8s.serving import Endpoint, StreamPair, open_request
from minik8s.serving.upstream import read_head, render_head

T = TypeVar("T")
API_VERSION = "1.41"
DEFAULT_SOCKET = "unix:///var/run/docker.sock"
CALL_SECONDS = 120
CONNECT_SECONDS = 5.0


def parse_host(host: str) -> Endpoint:
    """DOCKER_HOST (unix:// or tcp://) as an endpoint."""
    parts = urlsplit(host)
    if parts.scheme == "unix":
        return Endpoint("localhost", unix_path=parts.path, timeout=CONNECT_SECONDS)
    if parts.scheme in ("tcp", "http"):
        return Endpoint(parts.hostname or "localhost", parts.port or 2375, timeout=CONNECT_SECONDS)
    raise ValueError(f"DOCKER_HOST {host!r}: only unix:// and tcp:// are understood")


class Engine:
    """One engine."""

    def __init__(self, max_threads: int, host: str = "") -> None:
        self.host = host or os.environ.get("DOCKER_HOST") or DEFAULT_SOCKET
        self.endpoint = parse_host(self.host)
        self._pool = ThreadPoolExecutor(max_threads, thread_name_prefix="docker")
        self._max_threads = max_threads
        self._client: Any = None

    def close(self) -> None:
        """Gives the threads back."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def local(self) -> bool:
        """Its processes are on this machine."""
        return bool(self.endpoint.unix_path)

    # ordinary calls -------------------------------------------------------------------------------------------------
    def _connect(self) -> Any:
        if self._client is None:
            import docker

            self._client = docker.APIClient(
                base_url=self.host, version=API_VERSION, timeout=CALL_SECONDS, num_pools=self._max_threads + 1
            )
        return self._client

    async def call(self, work: Callable[[Any], T]) -> T:
        """Runs `work(APIClient)` in the pool, its errors as ours."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._call, work)

    def _call(self, work: Callable[[Any], T]) -> T:
        import docker.errors
        import requests.exceptions

        try:
            return work(self._connect())
        except docker.errors.NotFound as exc:
            raise base.ContainerNotFound(_explain(exc)) from exc
        except docker.errors.APIError as exc:
            raise EngineError(exc.status_code or 500, _explain(exc)) from exc
        except (requests.exceptions.ConnectionError, requests.exceptions.Timeout, docker.errors.DockerException) as exc:
            raise base.RuntimeUnavailable(f"the Docker engine at {self.host} does not answer: {exc}") from exc

    # what lasts -----------------------------------------------------------------------------------------------------
    def _target(self, path: str, query: dict[str, Any] | None) -> bytes:
        text = f"/v{API_VERSION}{path}" + (f"?{urlencode(query)}" if query else "")
        return text.encode("ascii")

    async def post(self, path: str, query: dict[str, Any] | None = None) -> int:
        """A call that may take long (stop, wait), without a thread. → status."""
        with unavailable(self.host):
            async with open_request(self.endpoint, "POST", self._target(path, query), []) as response:
                body = await response.read()
        if response.status == 404:
            raise base.ContainerNotFound(_message(body))
        if response.status >= 400:
            raise EngineError(response.status, _message(body))
        return response.status

    async def stream(
        self, path: str, query: dict[str, Any], on_open: Callable[[], None] = lambda: None
    ) -> AsyncIterator[bytes]:
        """A GET whose body is read as it comes (events, logs). `on_open`: the engine has begun to answer."""
        with unavailable(self.host):
            async with open_request(self.endpoint, "GET", self._target(path, query), []) as response:
                if response.status >= 400:
                    message = _message(await response.read())
                    raise (
                        base.ContainerNotFound(message)
                        if response.status == 404
                        else EngineError(response.status, message)
                    )
                on_open()
                async for piece in response:
                    yield piece

    async def hijack(self, path: str, query: dict[str, Any] | None, body: dict[str, Any]) -> tuple[StreamPair, bytes]:
        """A POST that turns its connection into raw streams (exec, attach). → the streams, and what came already."""
        data = json.dumps(body).encode()
        headers = [
            (b"Host", b"docker"),
            (b"Connection", b"Upgrade"),
            (b"Upgrade", b"tcp"),
            (b"Content-Type", b"application/json"),
            (b"Content-Length", b"%d" % len(data)),
        ]
        with unavailable(self.host):
            pair = await self.endpoint.connect()
            try:
                await pair.write(render_head("POST", self._target(path, query), headers) + data)
                head, rest = await read_head(pair)
                status = int(head.split(b" ", 2)[1])
                if status in (101, 200):
                    return pair, rest
                message = _message(rest or await pair.read())
            except BaseException:
                await pair.close()
                raise
        await pair.close()
        if status in (404, 409):
            raise base.ContainerNotFound(message)
        raise EngineError(status, message)


class EngineError(base.RuntimeFault):
    """The engine refused; `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@contextlib.contextmanager
def unavailable(host: str) -> Any:
    """Transport errors become RuntimeUnavailable."""
    try:
        yield
    except (OSError, TimeoutError) as exc:
        raise base.RuntimeUnavailable(f"the Docker engine at {host} does not answer: {exc}") from exc


def _explain(exc: Any) -> str:
    return str(exc.explanation or exc)


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace").strip()
