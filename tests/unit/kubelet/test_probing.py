"""Probes: their answers, and when they are made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from minik8s.api import core
from minik8s.kubelet.probers import Outcome, ProbeResult, Target, http_url, resolve_port, run_probe
from minik8s.kubelet.probes import ProbeManager, Streak
from minik8s.kubelet.runtimes.base import ExecResult
from minik8s.testing.time import VirtualClock, settle


class Execs:
    """A runtime that answers exec probes as told; time stands in `calls`."""

    def __init__(self, clock: VirtualClock | None = None) -> None:
        self.code = 0
        self.clock = clock
        self.calls: list[float] = []

    async def exec_sync(self, container_id: str, command: Sequence[str], timeout: float = 0) -> ExecResult:
        self.calls.append(self.clock.monotonic() if self.clock else 0.0)
        return ExecResult(self.code, " ".join(command).encode(), b"")


def container(**probes: Any) -> core.Container:
    ports = [{"name": "web", "containerPort": 8080}]
    return core.Container.from_dict({"name": "app", "image": "i", "ports": ports, **probes})


def probe(**fields: Any) -> core.Probe:
    return core.Probe.from_dict(fields)


TARGET = Target(container(), "id", "127.0.0.1")


@asynccontextmanager
async def server(answer: bytes) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    made = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield made.sockets[0].getsockname()[1]
    finally:
        made.close()


@pytest.mark.parametrize(
    ("answer", "outcome", "text"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Outcome.SUCCESS, "ok"),
        (b"HTTP/1.1 399 X\r\n\r\n", Outcome.SUCCESS, ""),
        (b"HTTP/1.1 404 X\r\n\r\n", Outcome.FAILURE, "HTTP probe failed with statuscode: 404"),
        (b"HTTP/1.1 500 X\r\n\r\n", Outcome.FAILURE, "HTTP probe failed with statuscode: 500"),
        (b"HTTP/1.1 302 X\r\nLocation: http://elsewhere.test/\r\n\r\n", Outcome.WARNING, "Probe terminated redirects"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", Outcome.SUCCESS, "hi"),
        (b"nonsense\r\n\r\n", Outcome.FAILURE, "malformed HTTP response"),
    ],
)
async def test_http(answer: bytes, outcome: Outcome, text: str) -> None:
    async with server(answer) as port:
        result = await run_probe(probe(httpGet={"port": port, "path": "/x"}), TARGET, Execs())
    assert result.outcome is outcome and text in result.message


async def test_nobody_listens() -> None:
    async with server(b"") as port:
        pass
    for kind in ("httpGet", "tcpSocket"):
        result = await run_probe(probe(**{kind: {"port": port}}), TARGET, Execs())
        assert result.outcome is Outcome.FAILURE and "connect: connection refused" in result.message


async def test_exec_says_what_the_command_said() -> None:
    runtime = Execs()
    runtime.code = 1
    env = container(env=[{"name": "A", "value": "x"}])
    result = await run_probe(probe(exec={"command": ["cat", "$(A)"]}), Target(env, "id", ""), runtime)
    assert result == ProbeResult(Outcome.FAILURE, "cat x")


def test_ports_by_name_and_urls() -> None:
    assert resolve_port("web", container()) == 8080 and resolve_port("81", container()) == 81
    with pytest.raises(ValueError, match="port nope not found"):
        resolve_port("nope", container())
    action = core.HTTPGetAction.from_dict({"port": 80, "path": "a?b=c", "scheme": "HTTPS"})
    assert http_url(action, "fd00::1", 80) == "https://[fd00::1]:80/a?b=c"


def test_a_verdict_needs_answers_in_a_row() -> None:
    streak = Streak(success_threshold=2, failure_threshold=3)
    answers = [True, False, True, True, False, False, True, False, False, False]
    assert [streak.add(ok) for ok in answers] == [False] * 3 + [True] + [False] * 5 + [True]
    assert streak.verdict is False


class Rig:
    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.runtime = Execs(clock)
        self.woken: list[str] = []
        self.recorded: list[str] = []
        self.manager = ProbeManager(
            self.runtime, clock, self.woken.append, lambda _p, _c, kind, r: self.recorded.append(kind)
        )
        self.pod = core.Pod.from_dict({"metadata": {"name": "web", "uid": "u"}, "spec": {"containers": []}})

    async def watch(self, **probes: Any) -> None:
        self.manager.watch(self.pod, Target(container(**probes), "id", ""), self.clock.now())
        await settle()


EXEC = {"exec": {"command": ["true"]}}


async def test_a_readiness_probe_is_made_at_once_and_wakes_the_pod(clock: VirtualClock) -> None:
    rig = Rig(clock)
    await rig.watch(readinessProbe={**EXEC, "periodSeconds": 10})
    assert rig.runtime.calls == [0.0] and rig.woken == ["u"]
    assert rig.manager.results("readiness", "u") == {"id": True}
    await clock.advance("25s")
    assert rig.runtime.calls == [0.0, 10.0, 20.0] and rig.woken == ["u"]
    rig.manager.close()


async def test_initial_delay_is_kept(clock: VirtualClock) -> None:
    rig = Rig(clock)
    await rig.watch(readinessProbe={**EXEC, "periodSeconds": 5, "initialDelaySeconds": 7})
    await clock.advance("13s")
    assert rig.runtime.calls == [7.0, 12.0]
    rig.manager.close()


async def test_a_container_that_needs_a_moment_is_asked_again_soon(clock: VirtualClock) -> None:
    rig = Rig(clock)
    rig.runtime.code = 1
    await rig.watch(readinessProbe={**EXEC, "periodSeconds": 10})
    await clock.advance("2s")
    rig.runtime.code = 0
    await clock.advance("2s")
    assert rig.manager.results("readiness", "u") == {"id": True}
    assert rig.recorded == []  # the first tries are not held against it
    rig.manager.close()


async def test_liveness_fails_after_its_threshold_and_stops(clock: VirtualClock) -> None:
    rig = Rig(clock)
    await rig.watch(livenessProbe={**EXEC, "periodSeconds": 10, "failureThreshold": 3})
    rig.runtime.code = 1
    await clock.advance("29s")
    assert rig.manager.view("u").liveness_failed == frozenset() and rig.recorded == ["liveness"] * 2
    await clock.advance("2s")
    assert rig.manager.view("u").liveness_failed == {"id"}
    calls = len(rig.runtime.calls)
    await clock.advance("1m")
    assert len(rig.runtime.calls) == calls
    rig.manager.close()


async def test_other_probes_wait_for_startup(clock: VirtualClock) -> None:
    rig = Rig(clock)
    rig.runtime.code = 1
    both = {**EXEC, "periodSeconds": 2, "failureThreshold": 30}
    await rig.watch(startupProbe=both, livenessProbe={**both, "failureThreshold": 1})
    await clock.advance("10s")
    assert rig.manager.view("u").liveness_failed == frozenset()
    rig.runtime.code = 0
    await clock.advance("3s")
    assert rig.manager.view("u").startup_succeeded == {"id"}
    rig.runtime.code = 1
    await clock.advance("5s")
    assert rig.manager.view("u").liveness_failed == {"id"}
    rig.manager.close()


async def test_probes_end_with_their_container(clock: VirtualClock) -> None:
    rig = Rig(clock)
    await rig.watch(readinessProbe=EXEC)
    rig.manager.keep_only("u", set())
    await clock.advance("1m")
    assert len(rig.runtime.calls) == 1 and rig.manager.results("readiness", "u") == {}


@pytest.mark.parametrize(
    ("answer", "outcome", "text"),
    [(b"\x08\x01", Outcome.SUCCESS, "service healthy"), (b"\x08\x02", Outcome.FAILURE, 'responded with "NOT_SERVING"')],
)
async def test_grpc(answer: bytes, outcome: Outcome, text: str) -> None:
    grpc = pytest.importorskip("grpc.aio")
    asked: list[bytes] = []

    async def check(request: bytes, context: Any) -> bytes:
        asked.append(request)
        return answer

    class Health(pytest.importorskip("grpc").GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            import grpc as base

            return base.unary_unary_rpc_method_handler(check) if details.method.endswith("Health/Check") else None

    made = grpc.server()
    made.add_generic_rpc_handlers((Health(),))
    port = made.add_insecure_port("127.0.0.1:0")
    await made.start()
    try:
        result = await run_probe(probe(grpc={"port": port, "service": "db"}, timeoutSeconds=5), TARGET, Execs())
    finally:
        await made.stop(None)
    assert result.outcome is outcome and text in result.message and asked == [b"\n\x02db"]
