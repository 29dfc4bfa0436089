"""Clusters as fixtures, and the reasons why a part may be absent."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from minik8s.cluster import lifecycle
from tests.e2e.cluster import Cluster


def require(part: bool, reason: str) -> None:
    """Skip with a printed reason where a part of the machine is truly absent."""
    if not part:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def docker() -> None:
    """A Docker engine that answers."""
    require(lifecycle.docker_answers(), "no Docker engine answers on its socket")


@pytest.fixture(scope="session")
def etcd() -> None:
    """An etcd binary."""
    require(shutil.which("etcd") is not None, "no etcd binary on PATH")


@pytest.fixture(scope="session")
def root() -> None:
    """Root: network namespaces, cgroups, iptables."""
    require(os.geteuid() == 0, "needs root")


def _cluster(tmp_path_factory: pytest.TempPathFactory, *options: str) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), *options)
    try:
        cluster.up()
        yield cluster
    finally:
        print(cluster.logs())
        cluster.down()


@pytest.fixture(scope="module")
def docker_cluster(docker: None, root: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Embedded store, Docker, iptables: what `minik8s up` gives on a machine with an engine."""
    yield from _cluster(tmp_path_factory, "--runtime", "docker")


@pytest.fixture(scope="module")
def process_cluster(root: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """No engine: pods are ordinary processes."""
    yield from _cluster(tmp_path_factory, "--runtime", "process")


@pytest.fixture(scope="module")
def fake_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Simulated nodes, no proxy: everything that is API only."""
    yield from _cluster(tmp_path_factory, "--runtime", "fake", "--nodes", "3", "--proxy", "none")
