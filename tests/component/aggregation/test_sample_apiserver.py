"""Upstream's own sample-apiserver (1.20.2), as a process with an etcd of its own, behind a real API server.

It asks us who its callers are (TokenReview, SubjectAccessReview) and whom to trust (the ConfigMap), and is asked by us
for everything about flunders. Skipped where `sample-apiserver` or `etcd` is not on PATH (nor in $UP/bin).
"""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.component.aggregation.conftest import FLUNDERS_PATH as FLUNDERS
from tests.component.aggregation.conftest import GROUP, VERSION
from tests.component.conftest import RunningServer
from tests.component.webhooks.conftest import make_authority

Json = dict[str, Any]
UPSTREAM = os.environ.get("UP", "/opt/upstream")
SAMPLE = shutil.which("sample-apiserver", path=f"{os.environ.get('PATH', '')}:{UPSTREAM}/bin")
ETCD = shutil.which("etcd")
pytestmark = pytest.mark.skipif(not (SAMPLE and ETCD), reason="needs upstream's sample-apiserver and etcd")
KIND = {"kind": "Flunder", "apiVersion": f"{GROUP}/{VERSION}"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def sample(apiserver: RunningServer, tmp_path: Path) -> AsyncIterator[int]:
    """The port of a running sample-apiserver; its certificate is in tmp_path/sample."""
    directory = tmp_path / "sample"
    directory.mkdir()
    make_authority(directory, ("sample.default.svc",))
    client, peer, port = free_port(), free_port(), free_port()
    assert ETCD and SAMPLE
    log = (directory / "log").open("wb")
    etcd_flags = {
        "data-dir": f"{directory}/etcd", "listen-client-urls": f"http://127.0.0.1:{client}",
        "advertise-client-urls": f"http://127.0.0.1:{client}", "listen-peer-urls": f"http://127.0.0.1:{peer}",
        "initial-advertise-peer-urls": f"http://127.0.0.1:{peer}", "initial-cluster": f"default=http://127.0.0.1:{peer}",
    }  # fmt: skip
    kubeconfig = str(apiserver.kubeconfig())
    flags = {
        "etcd-servers": f"http://127.0.0.1:{client}", "secure-port": str(port), "bind-address": "127.0.0.1",
        "tls-cert-file": f"{directory}/server.crt", "tls-private-key-file": f"{directory}/server.key",
        "kubeconfig": kubeconfig, "authentication-kubeconfig": kubeconfig, "authorization-kubeconfig": kubeconfig,
    }  # fmt: skip
    etcd = await asyncio.create_subprocess_exec(ETCD, *_flags(etcd_flags), stdout=log, stderr=log)
    server = await asyncio.create_subprocess_exec(SAMPLE, *_flags(flags), stdout=log, stderr=log, cwd=directory)
    yield port
    for process in (server, etcd):
        process.kill()
        await process.wait()


def _flags(flags: dict[str, str]) -> list[str]:
    return [f"--{name}={value}" for name, value in flags.items()]


async def register(apiserver: RunningServer, port: int, directory: Path) -> None:
    external = {"type": "ExternalName", "externalName": "localhost"}
    await apiserver.create("/api/v1/namespaces/default/services", {"metadata": {"name": "sample"}, "spec": external})
    spec = {
        "group": GROUP, "version": VERSION, "groupPriorityMinimum": 2000, "versionPriority": 200,
        "caBundle": base64.b64encode((directory / "ca.crt").read_bytes()).decode(),
        "service": {"namespace": "default", "name": "sample", "port": port},
    }  # fmt: skip
    path = "/apis/apiregistration.k8s.io/v1/apiservices"
    await apiserver.create(path, {"metadata": {"name": f"{VERSION}.{GROUP}"}, "spec": spec})


async def test_flunders(apiserver: RunningServer, sample: int, tmp_path: Path) -> None:
    await register(apiserver, sample, tmp_path / "sample")
    async with asyncio.timeout(60):
        while (await apiserver.call("GET", FLUNDERS)).status != 200:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    stream = await apiserver.open("GET", f"{FLUNDERS}?watch=true")
    created = await apiserver.call("POST", FLUNDERS, KIND | {"metadata": {"name": "one"}})
    assert (created.status, created.json["metadata"]["namespace"]) == (201, "default")
    event = await stream.next(10)
    assert event is not None and (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "one")
    stream.close()
    listed = (await apiserver.call("GET", FLUNDERS)).json
    assert [item["metadata"]["name"] for item in listed["items"]] == ["one"]
    patched = await apiserver.call(
        "PATCH",
        f"{FLUNDERS}/one",
        {"metadata": {"labels": {"a": "b"}}},
        {"Content-Type": "application/merge-patch+json"},
    )
    assert patched.json["metadata"]["labels"] == {"a": "b"}
    # its own admission plugin wants to know our namespaces: kept by an informer on us
    refused = await apiserver.call("POST", FLUNDERS.replace("default", "nowhere"), KIND | {"metadata": {"name": "x"}})
    assert refused.status in (403, 404)
    resources = await apiserver.client().discover()
    assert [r.kind for r in resources if r.group == GROUP and r.plural == "flunders"] == ["Flunder"]
    assert (await apiserver.call("DELETE", f"{FLUNDERS}/one")).status == 200
    document = (await apiserver.call("GET", "/openapi/v2")).json
    kinds = [d.get("x-kubernetes-group-version-kind") for d in document["definitions"].values()]
    assert [{"group": GROUP, "version": VERSION, "kind": "Flunder"}] in kinds
    index = (await apiserver.call("GET", "/openapi/v3")).json["paths"]
    assert f"apis/{GROUP}/{VERSION}" in index
