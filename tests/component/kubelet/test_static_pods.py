"""Static pods: manifests come, change, break and go; their mirrors follow, and come back when they are deleted."""

from __future__ import annotations

import json
from pathlib import Path

from minik8s.api import core
from minik8s.api.status import NotFound
from tests.component.kubelet.conftest import NODE, Rig

MIRROR = "kubernetes.io/config.mirror"


def write(directory: Path, image: str = "img:1", name: str = "web.yaml") -> None:
    spec = {"containers": [{"name": "app", "image": image}], "terminationGracePeriodSeconds": 1}
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"a": "b"}}, "spec": spec}
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(json.dumps(manifest))


async def mirror(rig: Rig) -> core.Pod | None:
    try:
        return await rig.client.get(core.Pod, f"web-{NODE}", "default")
    except NotFound:
        return None


async def start(rig: Rig, directory: Path) -> core.Pod:
    write(directory)
    await rig.start(manifest_path=directory)
    await rig.clock.advance("5s")
    shown = await mirror(rig)
    assert shown is not None
    return shown


async def running(rig: Rig) -> list[str]:
    return [c.image for c in await rig.runtime.list_containers() if c.state == "running"]


async def test_a_manifest_runs_and_is_shown(rig: Rig, tmp_path: Path) -> None:
    shown = await start(rig, tmp_path / "manifests")
    assert await running(rig) == ["img:1"]
    assert shown.status.phase == "Running" and shown.metadata.labels == {"a": "b"}
    assert shown.metadata.owner_references[0].kind == "Node" and shown.spec.node_name == NODE
    (container,) = await rig.runtime.list_containers()
    assert shown.metadata.annotations[MIRROR] == container.pod_uid != shown.metadata.uid


async def test_a_deleted_mirror_comes_back_and_nothing_stops(rig: Rig, tmp_path: Path) -> None:
    shown = await start(rig, tmp_path / "manifests")
    (before,) = await rig.runtime.list_containers()
    await rig.client.delete(core.Pod, shown.metadata.name, "default")
    await rig.clock.advance("5s")
    again = await mirror(rig)
    assert again is not None and again.metadata.uid != shown.metadata.uid and again.status.phase == "Running"
    assert [c.id for c in await rig.runtime.list_containers()] == [before.id]


async def test_a_changed_manifest_is_another_pod(rig: Rig, tmp_path: Path) -> None:
    shown = await start(rig, tmp_path / "manifests")
    write(tmp_path / "manifests", "img:2")
    await rig.clock.advance("10s")
    again = await mirror(rig)
    assert await running(rig) == ["img:2"]
    assert again is not None and again.metadata.annotations[MIRROR] != shown.metadata.annotations[MIRROR]
    assert again.spec.containers[0].image == "img:2"


async def test_a_manifest_that_goes_takes_pod_and_mirror_with_it(rig: Rig, tmp_path: Path) -> None:
    await start(rig, tmp_path / "manifests")
    (tmp_path / "manifests/web.yaml").unlink()
    await rig.clock.advance("10s")
    assert await running(rig) == [] and await mirror(rig) is None


async def test_a_restart_adopts_and_what_is_no_pod_is_left_aside(rig: Rig, tmp_path: Path) -> None:
    await start(rig, tmp_path / "manifests")
    (before,) = await rig.runtime.list_containers()
    (tmp_path / "manifests/broken.yaml").write_text("kind: [")
    (tmp_path / "manifests/other.yaml").write_text("kind: Service")
    await rig.restart()
    await rig.clock.advance("70s")
    assert [c.id for c in await rig.runtime.list_containers()] == [before.id]
    shown = await mirror(rig)
    assert shown is not None and shown.status.phase == "Running"
