"""The loop against an API server in memory: services and slices in, rules out."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from minik8s.api import core, discovery
from minik8s.client.informer import Informer
from minik8s.proxy.loop import RETRY_SECONDS, SETTLE_SECONDS, ProxyLoop, compute_stale_udp
from minik8s.proxy.model import Endpoint, ServicePort


class Recorder:
    """A backend that remembers what it was told."""

    def __init__(self) -> None:
        self.states: list[list[ServicePort]] = []
        self.failures = 0
        self.intact = True

    async def sync(self, before, after):
        if self.failures:
            self.failures -= 1
            raise RuntimeError("no")
        self.states.append(after)
        return 1

    async def check(self):
        return self.intact


@pytest.fixture
async def running(client):
    """A loop with its informers, its backend, and the pauses it took."""
    backend, pauses = Recorder(), []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0 if seconds < 30 else 3600)

    services, slices = Informer(client, core.Service), Informer(client, discovery.EndpointSlice)
    loop = ProxyLoop(services, slices, backend, "n1", sleep)
    tasks = [asyncio.create_task(job) for job in (services.run(), slices.run(), loop.run())]
    yield client, backend, pauses
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)


async def until(condition, what: str) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError(f"never: {what}")


def service() -> core.Service:
    return core.Service.from_dict(
        {
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"type": "ClusterIP", "clusterIP": "10.96.0.9", "ports": [{"port": 80}]},
        }
    )


def endpoints(*ips: str) -> discovery.EndpointSlice:
    return discovery.EndpointSlice.from_dict(
        {
            "metadata": {"name": "w", "namespace": "default", "labels": {"kubernetes.io/service-name": "web"}},
            "addressType": "IPv4",
            "ports": [{"name": "", "port": 80}],
            "endpoints": [{"addresses": [ip], "conditions": {"ready": True}} for ip in ips],
        }
    )


async def test_a_service_and_its_endpoints_reach_the_backend(running):
    client, backend, pauses = running
    await until(lambda: backend.states == [[]], "the first sync, of nothing")
    await client.create(service())
    await client.create(endpoints("10.0.0.1"))
    await until(lambda: backend.states[-1] and len(backend.states[-1][0].cluster_endpoints) == 1, "one endpoint")
    await client.delete(core.Service, "web", "default")
    await until(lambda: backend.states[-1] == [], "nothing again")
    assert set(pauses) <= {SETTLE_SECONDS, 30.0}


async def test_a_failed_sync_is_tried_again_with_growing_pauses(running):
    client, backend, pauses = running
    await until(lambda: backend.states, "the first sync")
    backend.failures = 3
    await client.create(service())
    await until(lambda: backend.states[-1], "success")
    assert [p for p in pauses if p not in (SETTLE_SECONDS, 30.0)] == [RETRY_SECONDS[0] * 2**i for i in range(3)]


def test_udp_flows_are_forgotten_when_their_endpoint_goes_or_the_first_comes():
    a, b = Endpoint("10.0.0.1", 53), Endpoint("10.0.0.2", 53)

    def dns(*endpoints):
        return [ServicePort("kube-system", "dns", "", "udp", "10.96.0.10", 53, cluster_endpoints=endpoints)]

    assert compute_stale_udp(dns(a, b), dns(b)) == [("10.96.0.10", 53)]
    assert compute_stale_udp(dns(), dns(a)) == [("10.96.0.10", 53)]
    assert compute_stale_udp(dns(a), dns(a, b)) == []
    assert compute_stale_udp(dns(a), []) == [("10.96.0.10", 53)]
