"""Claims on the node: what is looked up, where it is, and when its directory may be removed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.kubelet.volumes.claims import find_volume, prepare_place
from minik8s.kubelet.volumes.local_path import (
    FINALIZER,
    LOCAL_PATH,
    NODE_LABEL,
    PROTECTION,
    PROVISIONED_BY,
    LocalPathJanitor,
    directory_to_remove,
    local_path_root,
)
from minik8s.kubelet.volumes.nfs import render_options
from minik8s.kubelet.volumes.payload import VolumeError
from minik8s.testing.fakeapi import FakeAPI, FakeClient
from minik8s.testing.plugin import api as api
from minik8s.testing.plugin import client as client
from minik8s.testing.plugin import clock as clock
from minik8s.testing.time import VirtualClock

POD = core.Pod.from_dict({"metadata": {"name": "web", "namespace": "ns", "uid": "u"}})
MOUNT = core.Volume.from_dict({"name": "data", "persistentVolumeClaim": {"claimName": "c"}})
BRIEF = core.Volume.from_dict({"name": "data", "ephemeral": {}})


def volume(path: Path, policy: str = "Delete", **fields: Any) -> core.PersistentVolume:
    found = core.PersistentVolume.from_dict({
        "metadata": {"name": "v", "uid": "v", "annotations": {PROVISIONED_BY: LOCAL_PATH}, "labels": {NODE_LABEL: "n1"},
                     "finalizers": [FINALIZER]},
        "spec": {"hostPath": {"path": str(path)}, "persistentVolumeReclaimPolicy": policy,
                 "claimRef": {"name": "c", "namespace": "ns", "uid": "cu"}, **fields},
    })  # fmt: skip
    return found


def claim(api: FakeAPI, phase: str = "Bound", uid: str = "cu") -> None:
    spec = core.PersistentVolumeClaimSpec(volume_name="v")
    status = core.PersistentVolumeClaimStatus(phase=phase)
    meta = ObjectMeta(name="c", namespace="ns", uid=uid)
    api.add(core.PersistentVolumeClaim(metadata=meta, spec=spec, status=status))


async def test_a_bound_claim_leads_to_its_volume(api: FakeAPI, client: FakeClient, tmp_path: Path) -> None:
    claim(api)
    api.add(volume(tmp_path / "v"))
    assert (await find_volume(client, POD, MOUNT, "c")).metadata.name == "v"


async def test_anything_less_than_bound_makes_the_pod_wait(api: FakeAPI, client: FakeClient, tmp_path: Path) -> None:
    with pytest.raises(VolumeError, match="not found"):
        await find_volume(client, POD, MOUNT, "c")
    claim(api, "Pending")
    with pytest.raises(VolumeError, match="is not bound"):
        await find_volume(client, POD, MOUNT, "c")
    claim(api, uid="another")
    api.add(volume(tmp_path / "v"))
    with pytest.raises(VolumeError, match="bound to another claim"):
        await find_volume(client, POD, MOUNT, "c")
    with pytest.raises(VolumeError, match="was not created for pod"):
        await find_volume(client, POD, BRIEF, "c")


def test_our_directory_is_made_for_everybody(tmp_path: Path) -> None:
    place = prepare_place(volume(tmp_path / "local-path/v"))
    assert place.is_dir() and place.stat().st_mode & 0o777 == 0o777


def test_a_directory_is_no_block_device(tmp_path: Path) -> None:
    block = volume(tmp_path, volumeMode="Block")
    block.metadata.annotations = {}
    with pytest.raises(VolumeError, match="not a block device"):
        prepare_place(block)


def test_only_what_lies_in_our_root_and_is_to_be_deleted(tmp_path: Path) -> None:
    assert directory_to_remove(volume(tmp_path / "v"), tmp_path) == tmp_path / "v"
    assert directory_to_remove(volume(tmp_path / "v", "Retain"), tmp_path) is None
    assert directory_to_remove(volume(Path("/home")), tmp_path) is None
    assert directory_to_remove(volume(tmp_path), tmp_path) is None


async def test_the_janitor_waits_for_the_protection(
    api: FakeAPI, client: FakeClient, clock: VirtualClock, tmp_path: Path
) -> None:
    place = local_path_root(tmp_path) / "v"
    going = volume(place)
    prepare_place(going)
    janitor = LocalPathJanitor(client, "n1", tmp_path)
    api.add(going)
    going.metadata.deletion_timestamp = "2026-01-01T00:00:00Z"
    going.metadata.finalizers = [FINALIZER, PROTECTION]
    api.add(going)
    task = asyncio.ensure_future(janitor.run())
    await clock.advance("1s")
    assert place.is_dir() and api.get(core.PersistentVolume, "v") is not None
    going.metadata.finalizers = [FINALIZER]
    api.add(going)
    for _ in range(200):
        if api.get(core.PersistentVolume, "v") is None:
            break
        await asyncio.sleep(0.01)  # a thread removes the directory
        await clock.advance("100ms")
    task.cancel()
    assert not place.exists() and api.get(core.PersistentVolume, "v") is None


def test_nfs_options() -> None:
    assert render_options("10.0.0.9", []) == "vers=4.2,addr=10.0.0.9"
    assert render_options("10.0.0.9", ["vers=4.1", "hard"]) == "vers=4.1,hard,addr=10.0.0.9"
