"""The kubelet's HTTPS server (port 10250): what the apiserver, and metrics collectors, ask of a node.

Mirrors pkg/kubelet/server/server.go, its paths and its answers. A plain ASGI application: everything here is either a
few bytes or a stream.

Leaves out: /cri, /debug, /logs of the host, checkpointing, delegated authorization (SubjectAccessReview): only the
apiserver's own certificate, or one of system:masters, may come in.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, unquote

from minik8s.api import core
from minik8s.client.log import get_logger
from minik8s.kubelet.runtimes.base import ContainerNotFound, ContainerState, ExecStream, RuntimeFault
from minik8s.kubelet.server import container_logs
from minik8s.kubelet.server.execute import serve_streams
from minik8s.kubelet.server.interface import ServerContext
from minik8s.kubelet.server.portforward import parse_port, serve_port_forward
from minik8s.kubelet.server.remote import UpgradeRefused, Wanted, open_remote
from minik8s.kubelet.stats.cadvisor import render_cadvisor
from minik8s.kubelet.stats.collector import Collector
from minik8s.kubelet.stats.exposition import CONTENT_TYPE
from minik8s.kubelet.stats.resource import render_resource
from minik8s.kubelet.stats.summary import render_summary
from minik8s.serving import Connection, Receive, Scope, Send, connection_of

log = get_logger(__name__)
TRUE = container_logs.TRUE
SEGMENT = "([^/]+)"


class Refused(Exception):
    """Answered with a status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Request:
    """One request: what handlers want of scope, and ways to answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, connection: Connection) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.connection = connection
        self.receive = receive
        self.send = send
        self.query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        self.headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            self.headers.setdefault(name, []).append(value)

    def flag(self, *names: str) -> bool:
        """Any of these query parameters is true (kubelet's `input=1` and PodExecOptions' `stdin=true` alike)."""
        return any(self.query.get(name, [""])[-1] in TRUE for name in names)

    async def answer(
        self,
        body: bytes | str,
        status: int = 200,
        kind: str = "text/plain; charset=utf-8",
        *headers: tuple[bytes, bytes],
    ) -> None:
        """A whole answer."""
        data = body.encode() if isinstance(body, str) else body
        fixed = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(data))]
        await self.send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
        await self.send({"type": "http.response.body", "body": data})

    async def answer_json(self, value: Any) -> None:
        """A whole answer."""
        await self.answer(json.dumps(value), kind="application/json")


Handler = Callable[[Request, re.Match[str]], Awaitable[None]]


class KubeletServer:
    """The application. `Server(KubeletServer(context), host, 10250, tls)` serves it."""

    def __init__(self, context: ServerContext) -> None:
        self._context = context
        self._stats = Collector(context.node_name, context.runtime, context.pods.pods, context.root, context.clock)
        pod = f"{SEGMENT}/{SEGMENT}"
        routes: list[tuple[str, Handler]] = [
            ("/healthz(?:/(?:ping|log|syncloop))?", self._healthz),
            ("/pods/?", self._pods),
            ("/runningpods/?", self._running_pods),
            (f"/containerLogs/{pod}/{SEGMENT}", self._container_logs),
            (f"/exec/{pod}(?:/{SEGMENT})?/{SEGMENT}", self._exec),
            (f"/attach/{pod}(?:/{SEGMENT})?/{SEGMENT}", self._attach),
            (f"/run/{pod}(?:/{SEGMENT})?/{SEGMENT}", self._run),
            (f"/portForward/{pod}(?:/{SEGMENT})?", self._port_forward),
            ("/metrics", self._metrics),
            ("/metrics/resource", self._metrics_resource),
            ("/metrics/cadvisor", self._metrics_cadvisor),
            ("/metrics/dcgm", self._metrics_dcgm),
            ("/stats/summary", self._summary),
            ("/configz", self._configz),
        ]
        self._routes = [(re.compile(pattern + "$"), handler) for pattern, handler in routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        connection = connection_of(scope)
        if scope["type"] != "http" or connection is None:
            raise RuntimeError("the kubelet's server runs under minik8s.serving only")
        request = Request(scope, receive, send, connection)
        try:
            self._authorize(request)
            await self._dispatch(request)
        except (Refused, container_logs.LogsUnavailable) as exc:
            await request.answer(exc.message + "\n", exc.status)
        except UpgradeRefused as exc:
            await request.answer(exc.message, exc.status, "text/plain; charset=utf-8", *exc.headers)
        except RuntimeFault as exc:
            await request.answer(exc.message, 503 if exc.reason == "RuntimeUnavailable" else 500)

    def _authorize(self, request: Request) -> None:
        if self._context.insecure:
            return
        certificate = request.connection.client_certificate
        if certificate is None:
            raise Refused(401, "Unauthorized")
        if certificate.common_name in self._context.authorized_names:
            return
        if not self._context.authorized_groups & set(certificate.organizations):
            raise Refused(403, f"Forbidden (user={certificate.common_name}, verb=*, resource=nodes, subresource=proxy)")

    async def _dispatch(self, request: Request) -> None:
        for pattern, handler in self._routes:
            if match := pattern.match(request.path):
                await handler(request, match)
                return
        raise Refused(404, "404 page not found")

    # look-ups -------------------------------------------------------------------------------------------------------
    def _pod(self, namespace: str, name: str) -> core.Pod:
        pod = self._context.pods.find(unquote(namespace), unquote(name))
        if pod is None:
            raise Refused(404, "pod does not exist")
        return pod

    def _running(self, match: re.Match[str]) -> str:
        """The id of the running container that a path names."""
        namespace, name, uid, container = match.groups()
        pod = self._pod(namespace, name)
        if uid and uid != pod.metadata.uid:
            raise Refused(404, "pod does not exist")
        status = container_logs.find_status(pod, container)
        if status is None or status.state is None or status.state.running is None:
            raise Refused(500, f'container not found ("{container}")')
        return container_logs.bare_id(status.container_id or "")

    async def _sandbox(self, pod: core.Pod) -> str:
        known = self._context.sandbox_ids(pod)
        if known:
            return known
        found = await self._context.runtime.list_sandboxes(pod.metadata.uid or "")
        if not found or found[0].state != "ready":
            raise Refused(500, f'pod not found ("{pod.metadata.name}_{pod.metadata.namespace}")')
        return found[0].id

    # plain answers --------------------------------------------------------------------------------------------------
    async def _healthz(self, request: Request, match: re.Match[str]) -> None:
        await request.answer("ok")

    async def _pods(self, request: Request, match: re.Match[str]) -> None:
        items = [pod.to_dict() for pod in self._context.pods.pods()]
        await request.answer_json({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items})

    async def _running_pods(self, request: Request, match: re.Match[str]) -> None:
        containers = await self._context.runtime.list_containers()
        running = {c.pod_uid for c in containers if c.state is ContainerState.RUNNING}
        items = [pod.to_dict() for pod in self._context.pods.pods() if pod.metadata.uid in running]
        await request.answer_json({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items})

    async def _metrics(self, request: Request, match: re.Match[str]) -> None:
        await request.answer(self._context.metrics(), kind=CONTENT_TYPE)

    async def _metrics_resource(self, request: Request, match: re.Match[str]) -> None:
        await request.answer(render_resource(await self._stats.collect()), kind=CONTENT_TYPE)

    async def _metrics_cadvisor(self, request: Request, match: re.Match[str]) -> None:
        await request.answer(render_cadvisor(await self._stats.collect()), kind=CONTENT_TYPE)

    async def _metrics_dcgm(self, request: Request, match: re.Match[str]) -> None:
        await request.answer(self._context.gpu_metrics(), kind=CONTENT_TYPE)

    async def _summary(self, request: Request, match: re.Match[str]) -> None:
        snapshot = await self._stats.collect(full=not request.flag("only_cpu_and_memory"))
        if snapshot.failed:
            raise Refused(503, snapshot.failed)
        await request.answer_json(render_summary(snapshot))

    async def _configz(self, request: Request, match: re.Match[str]) -> None:
        await request.answer_json({"kubeletconfig": self._context.configz()})

    # logs -----------------------------------------------------------------------------------------------------------
    async def _container_logs(self, request: Request, match: re.Match[str]) -> None:
        namespace, name, container = match.groups()
        wanted = container_logs.parse_request({k: v[-1] for k, v in request.query.items()}, time.time())
        pod = self._context.pods.find(namespace, name)
        if pod is None:
            raise Refused(404, f'pod "{name}" does not exist')
        if not container_logs.has_container(pod, container):
            raise Refused(404, f'container "{container}" not found in pod "{name}"')
        identifier = container_logs.resolve_container_id(pod, container, wanted.previous)
        source = container_logs.limit_pieces(self._context.runtime.logs(identifier, wanted.options), wanted.limit_bytes)
        try:
            first = None if wanted.options.follow else await anext(source, b"")
        except ContainerNotFound as exc:
            raise Refused(400, f"unable to retrieve container logs for {container}: {exc.message}") from exc
        stream = await request.connection.start_stream(request.send, 200, [(b"content-type", b"text/plain")])
        task = asyncio.current_task()
        assert task is not None

        def gone() -> None:
            task.cancel()  # a follower whose client has left waits for nothing

        stream.on_disconnect(gone)
        try:
            stream.write_data(first or b"")
            async for piece in source:
                stream.write_data(piece)
                await stream.drain()
        finally:
            request.connection.remove_disconnect(gone)
        await stream.end()

    # streams --------------------------------------------------------------------------------------------------------
    def _wanted(self, request: Request) -> Wanted:
        tty = request.flag("tty")
        stderr = request.flag("error", "stderr") and not tty
        wanted = Wanted(request.flag("input", "stdin"), request.flag("output", "stdout"), stderr, tty)
        if not (wanted.stdin or wanted.stdout or wanted.stderr):
            raise Refused(400, "you must specify at least 1 of stdin, stdout, stderr")
        return wanted

    async def _exec(self, request: Request, match: re.Match[str]) -> None:
        identifier, wanted = self._running(match), self._wanted(request)
        command = request.query.get("command", [])
        if not command:
            raise Refused(400, "you must specify at least 1 command for the container")

        async def begin() -> ExecStream:
            return await self._context.runtime.exec(identifier, command, stdin=wanted.stdin, tty=wanted.tty)

        await self._stream(request, wanted, begin)

    async def _attach(self, request: Request, match: re.Match[str]) -> None:
        identifier, wanted = self._running(match), self._wanted(request)

        async def begin() -> ExecStream:
            return await self._context.runtime.attach(identifier, stdin=wanted.stdin, tty=wanted.tty)

        await self._stream(request, wanted, begin)

    async def _stream(self, request: Request, wanted: Wanted, begin: Callable[[], Awaitable[ExecStream]]) -> None:
        """Opens the process first, so that its failure can still be answered plainly; then the client's streams."""
        if not request.connection.upgrade:
            raise Refused(400, "unable to upgrade: missing upgrade headers in request")
        stream = await begin()
        try:
            remote = await open_remote(request.connection, request.headers, wanted)
        except (TimeoutError, ConnectionError) as exc:
            await stream.close()
            log.info("a client did not open its streams", path=request.path, error=str(exc))
            return
        except UpgradeRefused:
            await stream.close()
            raise
        await serve_streams(remote, stream)

    async def _run(self, request: Request, match: re.Match[str]) -> None:
        command = request.query.get("cmd", [""])[0].split(" ")
        result = await self._context.runtime.exec_sync(self._running(match), command)
        await request.answer(result.output)

    async def _port_forward(self, request: Request, match: re.Match[str]) -> None:
        namespace, name, uid = match.groups()
        pod = self._pod(namespace, name)
        if uid and uid != pod.metadata.uid:
            raise Refused(404, "pod does not exist")
        sandbox = await self._sandbox(pod)
        asked = request.query.get("ports", []) + request.query.get("port", [])
        named = [text for value in asked for text in value.split(",")]
        ports = [parse_port(text) for text in named]
        if None in ports:
            raise Refused(400, f"invalid ports {named}")

        async def connect(port: int) -> Any:
            return await self._context.runtime.port_forward(sandbox, port)

        known = [port for port in ports if port is not None]
        await serve_port_forward(request.connection, request.headers, known, connect, pod.metadata.name or "")
