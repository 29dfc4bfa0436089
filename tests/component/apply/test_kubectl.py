"""kubectl's server-side apply, unmodified: 1.27 and 1.33."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.component.conftest import RunningServer

MANIFEST: dict[str, Any] = {
    "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}, "data": {"a": "1"},
}  # fmt: skip


@pytest.fixture(params=["1.27", "1.33"])
def kubectl(request: pytest.FixtureRequest) -> str:
    folder = Path(os.path.realpath(shutil.which("kubectl") or "/usr/bin/kubectl")).parent
    places = [shutil.which(f"kubectl.{request.param}"), *map(str, folder.glob(f"kubectl.{request.param}"))]
    places += [str(path) for path in Path("/usr/lib").glob(f"*/bin/kubectl.{request.param}")]
    found = next((place for place in places if place), None)
    if found is None:
        pytest.skip(f"no kubectl.{request.param} on this machine")
    return str(found)


async def run(kubectl: str, server: RunningServer, *arguments: str, stdin: Any = None, fails: bool = False) -> str:
    process = await asyncio.create_subprocess_exec(
        kubectl, f"--kubeconfig={server.kubeconfig()}", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(json.dumps(stdin).encode() if stdin else b""), 60)
    assert bool(process.returncode) == fails, out.decode()
    return out.decode()


async def test_apply_conflict_force_show(apiserver: RunningServer, kubectl: str) -> None:
    side = ("apply", "--server-side", "-f", "-")
    assert "configmap/c serverside-applied" in await run(kubectl, apiserver, *side, stdin=MANIFEST)
    other = MANIFEST | {"data": {"a": "2"}}
    out = await run(kubectl, apiserver, *side, "--field-manager=other", stdin=other, fails=True)
    assert 'Apply failed with 1 conflict: conflict with "kubectl": .data.a' in out
    out = await run(kubectl, apiserver, *side, "--field-manager=other", "--force-conflicts", stdin=other)
    assert "configmap/c serverside-applied" in out
    shown = await run(kubectl, apiserver, "get", "configmap", "c", "-o", "json", "--show-managed-fields")
    assert [entry["manager"] for entry in json.loads(shown)["metadata"]["managedFields"]] == ["other"]
    hidden = await run(kubectl, apiserver, "get", "configmap", "c", "-o", "json")
    assert "managedFields" not in hidden


async def test_from_client_side_to_server_side(apiserver: RunningServer, kubectl: str) -> None:
    both = MANIFEST | {"data": {"a": "1", "b": "1"}}
    await run(kubectl, apiserver, "apply", "-f", "-", stdin=both)
    await run(kubectl, apiserver, "apply", "--server-side", "-f", "-", stdin=MANIFEST)
    shown = json.loads(await run(kubectl, apiserver, "get", "configmap", "c", "-o", "json", "--show-managed-fields"))
    managers = {(entry["manager"], entry["operation"]) for entry in shown["metadata"]["managedFields"]}
    assert ("kubectl", "Apply") in managers
    assert ("kubectl-client-side-apply", "Update") not in managers
    assert shown["data"] == {"a": "1"}  # what the client-side apply owned and this one does not say is gone


async def test_diff_and_edit_are_owners_too(apiserver: RunningServer, kubectl: str) -> None:
    await run(kubectl, apiserver, "apply", "--server-side", "-f", "-", stdin=MANIFEST)
    await run(kubectl, apiserver, "label", "configmap", "c", "x=y")
    shown = json.loads(await run(kubectl, apiserver, "get", "configmap", "c", "-o", "json", "--show-managed-fields"))
    owners = {entry["manager"]: entry["fieldsV1"] for entry in shown["metadata"]["managedFields"]}
    assert owners["kubectl-label"] == {"f:metadata": {"f:labels": {".": {}, "f:x": {}}}}
    out = await run(kubectl, apiserver, "diff", "--server-side", "-f", "-", stdin=MANIFEST)
    assert out == ""
