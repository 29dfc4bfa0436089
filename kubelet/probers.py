"""One probe: http, tcp, exec or grpc, with upstream's words for what went wrong.

Mirrors upstream pkg/probe/* and pkg/kubelet/prober/prober.go. When to probe is decided in `probes`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from minik8s.api import core
from minik8s.kubelet import http_client
from minik8s.kubelet.expansion import expand_all
from minik8s.kubelet.runtimes.base import ExecResult, RuntimeFault

MAX_OUTPUT = 10 * 1024


class Outcome(Enum):
    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"
    #: the probe itself could not be made: says nothing about the container
    ERROR = "error"


@dataclass(frozen=True)
class ProbeResult:
    outcome: Outcome
    message: str = ""

    @property
    def ok(self) -> bool:
        return self.outcome in (Outcome.SUCCESS, Outcome.WARNING)


class Execs(Protocol):
    """The part of a runtime that exec probes need."""

    async def exec_sync(self, container_id: str, command: list[str], timeout: float = 0) -> ExecResult: ...


@dataclass(frozen=True)
class Target:
    container: core.Container
    container_id: str
    pod_ip: str


async def run_probe(probe: core.Probe, target: Target, runtime: Execs) -> ProbeResult:
    timeout = float(probe.timeout_seconds or 1)
    try:
        if probe.exec:
            return await _exec(probe.exec, target, runtime, timeout)
        if probe.http_get:
            return await http_get(probe.http_get, target, timeout)
        if probe.tcp_socket:
            host = probe.tcp_socket.host or target.pod_ip
            return await _tcp(host, resolve_port(probe.tcp_socket.port, target.container), timeout)
        if probe.grpc:
            return await _grpc(target.pod_ip, probe.grpc.port, probe.grpc.service or "", timeout)
    except ValueError as exc:
        return ProbeResult(Outcome.ERROR, str(exc))
    return ProbeResult(Outcome.ERROR, f"missing probe handler for {target.container.name}")


def resolve_port(port: int | str, container: core.Container) -> int:
    """A number, or the name of one of the container's ports."""
    number = port if isinstance(port, int) else _named_port(port, container)
    if 0 < number < 65536:
        return number
    raise ValueError(f"invalid port number: {number}")


def _named_port(name: str, container: core.Container) -> int:
    for port in container.ports:
        if port.name == name:
            return port.container_port
    if name.isdecimal():
        return int(name)
    raise ValueError(f"port {name} not found")


async def _exec(action: core.ExecAction, target: Target, runtime: Execs, timeout: float) -> ProbeResult:
    env = {variable.name: variable.value for variable in target.container.env if variable.value is not None}
    command = expand_all(action.command, env)
    try:
        result = await runtime.exec_sync(target.container_id, command, timeout)
    except TimeoutError:
        return ProbeResult(Outcome.FAILURE, f'command timed out: "{" ".join(command)}" timed out after {timeout:g}s')
    except RuntimeFault as exc:
        return ProbeResult(Outcome.ERROR, str(exc))
    text = result.output[:MAX_OUTPUT].decode("utf-8", "replace")
    return ProbeResult(Outcome.SUCCESS if result.exit_code == 0 else Outcome.FAILURE, text)


async def http_get(action: core.HTTPGetAction, target: Target, timeout: float) -> ProbeResult:
    port = resolve_port(action.port, target.container)
    host = action.host or target.pod_ip
    url = http_url(action, host, port)
    headers = [(header.name, header.value) for header in action.http_headers]
    try:
        answer = await http_client.get(url, headers, timeout)
    except http_client.HttpFailure as exc:
        return ProbeResult(Outcome.FAILURE, str(exc))
    if answer.elsewhere:
        return ProbeResult(Outcome.WARNING, f"Probe terminated redirects, Response body: {answer.body}")
    if 200 <= answer.status < 400:
        return ProbeResult(Outcome.SUCCESS, answer.body)
    return ProbeResult(Outcome.FAILURE, f"HTTP probe failed with statuscode: {answer.status}")


def http_url(action: core.HTTPGetAction, host: str, port: int) -> str:
    path = action.path or "/"
    path = path if path.startswith("/") else f"/{path}"
    address = f"[{host}]" if ":" in host else host
    return f"{(action.scheme or 'HTTP').lower()}://{address}:{port}{path}"


async def _tcp(host: str, port: int, timeout: float) -> ProbeResult:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), timeout)
    except TimeoutError:
        return ProbeResult(Outcome.FAILURE, f"dial tcp {host}:{port}: i/o timeout")
    except ConnectionRefusedError:
        return ProbeResult(Outcome.FAILURE, f"dial tcp {host}:{port}: connect: connection refused")
    except OSError as exc:
        return ProbeResult(Outcome.FAILURE, f"dial tcp {host}:{port}: {exc.strerror or exc}")
    writer.close()
    return ProbeResult(Outcome.SUCCESS)


async def _grpc(host: str, port: int, service: str, timeout: float) -> ProbeResult:
    """grpc.health.v1.Health/Check. The two messages have one field each, so they are written by hand."""
    try:
        import grpc.aio  # lazily: heavy, and few pods have such probes
    except ImportError:
        return ProbeResult(Outcome.ERROR, "grpc probes need the package grpcio, which is not installed here")

    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    name = service.encode()
    request = b"\n" + bytes([len(name)]) + name if name else b""
    async with grpc.aio.insecure_channel(address) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        try:
            answer: bytes = await check(request, timeout=timeout)
        except grpc.aio.AioRpcError as exc:
            return ProbeResult(Outcome.FAILURE, _grpc_failure(exc.code().name, exc.details() or "", address, timeout))
    if answer == b"\x08\x01":
        return ProbeResult(Outcome.SUCCESS, "service healthy")
    state = {b"\x08\x02": "NOT_SERVING", b"\x08\x03": "SERVICE_UNKNOWN"}.get(answer, "UNKNOWN")
    return ProbeResult(Outcome.FAILURE, f'service unhealthy (responded with "{state}")')


def _grpc_failure(code: str, details: str, address: str, timeout: float) -> str:
    if code == "UNIMPLEMENTED":
        return "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): " + details
    if code == "DEADLINE_EXCEEDED":
        return f"timeout: health rpc did not complete within {timeout:g}s"
    if code == "UNAVAILABLE":
        return f'error: failed to connect service "{address}": {details}'
    return f"error: health rpc probe failed: {details}"
