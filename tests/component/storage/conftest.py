"""`store`: each backend in turn; `reopen` closes and opens it again on the same data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import store_backends as backends


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
