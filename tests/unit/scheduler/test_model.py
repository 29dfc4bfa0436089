"""Resource arithmetic: what a pod takes of a node."""

from __future__ import annotations

from typing import Any

import pytest

from minik8s.scheduler.model import HostPort, scoring_requests, total_requests


def container(cpu: str = "", memory: str = "", **extra: Any) -> dict[str, Any]:
    requests = {name: value for name, value in (("cpu", cpu), ("memory", memory)) if value}
    return {"name": "c", "resources": {"requests": requests}, **extra}


def test_containers_are_summed() -> None:
    spec = {"containers": [container("1", "1Gi"), container("500m", "512Mi")]}
    assert total_requests(spec) == {"cpu": 1500, "memory": 1536 << 20}


def test_an_init_container_counts_where_it_needs_more() -> None:
    spec = {"containers": [container("1", "1Gi")], "initContainers": [container("2", "1Mi"), container("3", "1Mi")]}
    assert total_requests(spec) == {"cpu": 3000, "memory": 1 << 30}


def test_a_sidecar_runs_on_beside_everything_after_it() -> None:
    sidecar = container("1", restartPolicy="Always")
    spec = {"containers": [container("1")], "initContainers": [container("4"), sidecar, container("5")]}
    assert total_requests(spec)["cpu"] == 6000  # the last init container beside the sidecar
    spec["initContainers"] = [container("4"), sidecar, container("500m")]
    assert total_requests(spec)["cpu"] == 4000


def test_overhead_is_added_and_extended_resources_are_whole() -> None:
    spec = {
        "containers": [{"resources": {"requests": {"nvidia.com/gpu": "2"}}}],
        "overhead": {"cpu": "250m"},
    }
    assert total_requests(spec) == {"nvidia.com/gpu": 2, "cpu": 250}


def test_a_container_without_requests_counts_as_small_in_scores_only() -> None:
    spec = {"containers": [container(), container("1", "1Gi")]}
    assert total_requests(spec) == {"cpu": 1000, "memory": 1 << 30}
    assert scoring_requests(spec) == (1100, (200 << 20) + (1 << 30))


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        (HostPort("TCP", "0.0.0.0", 80), HostPort("TCP", "127.0.0.1", 80), True),
        (HostPort("TCP", "127.0.0.1", 80), HostPort("TCP", "127.0.0.2", 80), False),
        (HostPort("TCP", "0.0.0.0", 80), HostPort("UDP", "0.0.0.0", 80), False),
        (HostPort("TCP", "0.0.0.0", 80), HostPort("TCP", "0.0.0.0", 81), False),
    ],
)
def test_host_ports(one: HostPort, other: HostPort, collide: bool) -> None:
    assert one.collides(other) is collide and other.collides(one) is collide
