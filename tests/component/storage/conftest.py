"""`store`: each backend in turn; `reopen` closes and opens it again on the same data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import store_backends as backends

from minik8s.apiserver.cache.encoding import stamp
from minik8s.apiserver.cache.feed import CacheSet


@pytest.fixture(scope="session")
def etcd_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[backends.EtcdServer]:
    if backends.ETCD is None:
        pytest.skip("no etcd binary on this machine")
    with backends.EtcdServer(tmp_path_factory.mktemp("etcd")).running() as server:
        yield server


@pytest.fixture(params=["embedded", pytest.param("etcd", marks=pytest.mark.etcd)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    if request.param == "embedded":
        store: Any = backends.embedded(tmp_path)
    else:
        server = request.getfixturevalue("etcd_server")
        store = backends.etcd(server)
    async with backends.opened(store):
        yield store


@pytest.fixture
async def stamped(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """A store as the API server opens it; parametrise indirectly with "embedded" or "etcd"."""
    if request.param == "embedded":
        store: Any = backends.embedded(tmp_path, stamp=stamp)
    else:
        store = backends.etcd(request.getfixturevalue("etcd_server"), stamp=stamp)
    async with backends.opened(store):
        yield store


@pytest.fixture
async def caches(stamped: Any) -> AsyncIterator[CacheSet]:
    caches = CacheSet(stamped)
    await caches.start()
    yield caches
    await caches.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Everything that uses the caches runs over both stores."""
    if "stamped" in metafunc.fixturenames:
        etcd = pytest.param("etcd", marks=pytest.mark.etcd)
        metafunc.parametrize("stamped", ["embedded", etcd], indirect=True)
