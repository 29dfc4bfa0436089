"""Health over HTTP, in upstream's wording."""

from __future__ import annotations

import asyncio
import socket

import pytest

from minik8s.component.health import HealthServer


def server(**options: object) -> HealthServer:
    return HealthServer("127.0.0.1", 0, metrics=lambda: b"# none\n", **options)  # type: ignore[arg-type]


def test_ok_is_short_and_verbose_is_a_list() -> None:
    health = server(checks={"etcd": lambda: True})
    assert health.respond("/healthz") == (200, "text/plain; charset=utf-8", b"ok")
    assert health.respond("/livez?verbose")[2] == b"[+]ping ok\n[+]etcd ok\nlivez check passed\n"
    assert health.respond("/healthz/etcd")[0] == 200


def test_a_failure_names_the_check() -> None:
    health = server(checks={"etcd": lambda: "no answer"})
    status, _, body = health.respond("/healthz")
    assert status == 500
    assert body == b"[+]ping ok\n[-]etcd failed: no answer\nhealthz check failed\n"


def test_readiness_is_more_than_health() -> None:
    health = server(ready_checks={"informer-sync": lambda: False})
    assert health.respond("/livez")[0] == 200
    assert health.respond("/readyz")[0] == 500


@pytest.mark.parametrize("path", ["/", "/healthz/none", "/metrics/x"])
def test_unknown_paths(path: str) -> None:
    assert server().respond(path)[0] == 404


def test_metrics() -> None:
    assert server().respond("/metrics")[2] == b"# none\n"


async def test_over_a_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    health = HealthServer("127.0.0.1", port)
    await health.start()
    for request, answer in (
        (b"GET /healthz", b"\r\n\r\nok"),
        (b"HEAD /healthz", b"\r\n\r\n"),
        (b"POST /healthz", b"405"),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        raw = await reader.read()
        assert raw.endswith(answer) or answer in raw.split(b"\r\n", 1)[0]
        writer.close()
    await health.stop()


async def test_port_zero_is_no_server() -> None:
    health = HealthServer("127.0.0.1", 0)
    await health.start()
    assert health._server is None
