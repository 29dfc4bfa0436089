"""What these tests need, and why they are skipped without it."""

from __future__ import annotations

import shutil

import pytest

from tests.e2e.conftest import docker as docker
from tests.e2e.conftest import require
from tests.e2e.conftest import root as root
from tests.swap.planes import find_upstream

BINARIES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet")


@pytest.fixture(scope="session", autouse=True)
def upstream() -> None:
    """Upstream's binaries, and kubectl to ask with."""
    missing = [name for name in BINARIES if not find_upstream(name)]
    require(not missing, f"upstream's {', '.join(missing)} not found (set MINIK8S_UPSTREAM_BIN)")
    require(shutil.which("kubectl") is not None, "no kubectl on PATH")


@pytest.fixture(scope="session")
def etcd() -> None:
    require(shutil.which("etcd") is not None, "no etcd binary on PATH")
