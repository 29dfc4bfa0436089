"""Volumes: which files there are, how they get onto the disk, and what is refused."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from minik8s.api import core
from minik8s.kubelet.downward import PodFacts
from minik8s.kubelet.volumes import atomic_writer, payload
from minik8s.kubelet.volumes.atomic_writer import FileContent, InvalidPath
from minik8s.kubelet.volumes.local import make_empty_dir, prepare_host_path, resolve_sub_path
from minik8s.kubelet.volumes.ownership import apply_fs_group
from minik8s.kubelet.volumes.payload import VolumeError, VolumeSources, compute_payload

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


# the atomic writer ------------------------------------------------------------------------------------------------


def files(target: Path) -> dict[str, str]:
    """What a program sees: visible names, followed."""
    seen = [p for p in target.rglob("*") if not p.relative_to(target).parts[0].startswith("..") and p.is_file()]
    for link in [p for p in target.iterdir() if p.is_symlink() and p.is_dir() and not p.name.startswith("..")]:
        seen += [p for p in link.rglob("*") if p.is_file()]
    return {str(p.relative_to(target)): p.read_text() for p in seen}


def write(target: Path, **content: str) -> bool:
    return atomic_writer.write(target, {name: FileContent(text.encode()) for name, text in content.items()})


def test_files_appear_as_links_into_one_version(tmp_path: Path) -> None:
    payload_ = {"a": FileContent(b"1"), "d/b": FileContent(b"2", 0o400)}
    assert atomic_writer.write(tmp_path, payload_)
    assert files(tmp_path) == {"a": "1", "d/b": "2"}
    assert (tmp_path / "a").readlink() == Path("..data/a") and (tmp_path / "d").readlink() == Path("..data/d")
    assert stat.S_IMODE((tmp_path / "d/b").stat().st_mode) == 0o400
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_an_update_swaps_one_link_and_leaves_no_old_version(tmp_path: Path) -> None:
    write(tmp_path, a="1", b="2")
    first = (tmp_path / "..data").readlink()
    assert not write(tmp_path, a="1", b="2")
    assert (tmp_path / "..data").readlink() == first
    assert write(tmp_path, a="changed", c="3")
    assert files(tmp_path) == {"a": "changed", "c": "3"}
    versions = [p.name for p in tmp_path.iterdir() if p.name.startswith("..20")]
    assert versions == [str((tmp_path / "..data").readlink())]


def test_an_update_that_was_cut_short_is_mended(tmp_path: Path) -> None:
    write(tmp_path, a="1")
    (tmp_path / "..data_tmp").symlink_to("..nowhere")  # a kubelet died between link and rename
    assert write(tmp_path, a="2")
    assert files(tmp_path) == {"a": "2"}


@pytest.mark.parametrize("path", ["", "/abs", "..", "a/../b", "..data", "x" * 256, "a/" * 3000])
def test_paths_that_would_leave_the_volume(path: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidPath):
        atomic_writer.write(tmp_path, {path: FileContent(b"")})


# payloads ---------------------------------------------------------------------------------------------------------

POD = core.Pod.from_dict({
    "metadata": {"name": "web", "namespace": "ns", "labels": {"a": "1"}},
    "spec": {"containers": [{"name": "app", "image": "i", "resources": {"limits": {"cpu": "2"}}}]},
})  # fmt: skip
CONFIG = core.ConfigMap.from_dict(
    {"metadata": {"name": "cm"}, "data": {"k": "v", "l": "w"}, "binaryData": {"b": "AAE="}}
)
SECRET = core.Secret.from_dict({"metadata": {"name": "s"}, "data": {"pw": base64.b64encode(b"hush").decode()}})


def volume(**source: Any) -> core.Volume:
    return core.Volume.from_dict({"name": "vol", **source})


def compute(source: core.Volume, **objects: Any) -> dict[str, tuple[bytes, int]]:
    given = {"config_maps": {"cm": CONFIG}, "secrets": {"s": SECRET}, **objects}
    result = compute_payload(source, VolumeSources(PodFacts(POD), **given))
    return {path: (content.data, content.mode) for path, content in result.items()}


def test_a_config_map_volume_shows_every_key() -> None:
    assert compute(volume(configMap={"name": "cm"})) == {
        "k": (b"v", 0o644), "l": (b"w", 0o644), "b": (b"\x00\x01", 0o644),
    }  # fmt: skip


def test_items_choose_keys_paths_and_modes() -> None:
    items = [{"key": "k", "path": "deep/k", "mode": 0o400}, {"key": "l", "path": "l"}]
    assert compute(volume(configMap={"name": "cm", "items": items, "defaultMode": 0o600})) == {
        "deep/k": (b"v", 0o400), "l": (b"w", 0o600),
    }  # fmt: skip


def test_what_is_missing_is_an_error_unless_optional() -> None:
    missing = {"config_maps": {"cm": None}, "secrets": {"s": None}}
    with pytest.raises(VolumeError, match='configmap "cm" not found'):
        compute(volume(configMap={"name": "cm"}), **missing)
    with pytest.raises(VolumeError, match='secret "s" not found'):
        compute(volume(secret={"secretName": "s"}), **missing)
    with pytest.raises(VolumeError, match="configmap references non-existent config key: x"):
        compute(volume(configMap={"name": "cm", "items": [{"key": "x", "path": "x"}]}))
    assert compute(volume(configMap={"name": "cm", "optional": True}), **missing) == {}
    assert compute(volume(secret={"secretName": "s", "optional": True}), **missing) == {}


def test_a_downward_volume() -> None:
    items = [
        {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
        {"path": "cpu", "resourceFieldRef": {"containerName": "app", "resource": "limits.cpu"}, "mode": 0o400},
    ]
    assert compute(volume(downwardAPI={"items": items})) == {"labels": (b'a="1"', 0o644), "cpu": (b"2", 0o400)}


def test_a_projected_volume_with_a_token() -> None:
    sources = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 600}},
        {"configMap": {"name": "cm", "items": [{"key": "k", "path": "ca.crt"}]}},
        {"secret": {"name": "s"}},
    ]
    spec = volume(projected={"sources": sources, "defaultMode": 0o640})
    assert payload.referenced_tokens([spec]) == {("", 600)}
    assert payload.referenced_config_maps([spec]) == {"cm"} and payload.referenced_secrets([spec]) == {"s"}
    assert compute(spec, tokens={("", 600): "jwt"}) == {
        "token": (b"jwt", 0o640), "ca.crt": (b"v", 0o640), "pw": (b"hush", 0o640),
    }  # fmt: skip


def test_a_token_is_private_where_its_reader_is_known() -> None:
    pod = POD.model_copy(deep=True)
    pod.spec.security_context = core.PodSecurityContext(run_as_user=1000)
    spec = volume(projected={"sources": [{"serviceAccountToken": {"path": "token"}}]})
    result = compute_payload(spec, VolumeSources(PodFacts(pod), tokens={("", 3600): "jwt"}))
    assert (result["token"].mode, result["token"].user) == (0o600, 1000)


# places on the node -----------------------------------------------------------------------------------------------


def test_an_empty_dir_is_for_everybody_and_kept(tmp_path: Path) -> None:
    place = tmp_path / "vol"
    make_empty_dir(place, core.EmptyDirVolumeSource())
    assert stat.S_IMODE(place.stat().st_mode) == 0o777
    (place / "f").write_text("x")
    make_empty_dir(place, core.EmptyDirVolumeSource())
    assert (place / "f").read_text() == "x"


@pytest.mark.parametrize(
    ("kind", "exists", "complaint"),
    [
        ("Directory", "dir", None), ("Directory", None, "is not a directory"), ("File", "dir", "is not a file"),
        ("File", "file", None), ("DirectoryOrCreate", None, None), ("FileOrCreate", None, None), ("", None, None),
        ("Socket", "file", "is not a socket file"), ("BlockDevice", "file", "is not a block device"),
    ],
)  # fmt: skip
def test_host_path_types(kind: str, exists: str | None, complaint: str | None, tmp_path: Path) -> None:
    path = tmp_path / "p"
    if exists == "dir":
        path.mkdir()
    elif exists == "file":
        path.touch()
    source = core.HostPathVolumeSource(path=str(path), type=kind)
    if complaint:
        with pytest.raises(VolumeError, match=complaint):
            prepare_host_path(source)
    else:
        assert prepare_host_path(source) == path and path.exists()


def test_sub_paths_stay_inside_their_volume(tmp_path: Path) -> None:
    root, outside = tmp_path / "vol", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)
    (root / "data").mkdir()
    (root / "inner").symlink_to("data")
    assert resolve_sub_path(root, "a/b").is_dir()
    assert resolve_sub_path(root, "inner") == root / "data"
    for bad in ("link", "link/x", "../outside", "/etc"):
        with pytest.raises(VolumeError):
            resolve_sub_path(root, bad)
    assert list(outside.iterdir()) == []


@needs_root
def test_fs_group_owns_files_and_new_ones(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir(mode=0o700)
    (tmp_path / "d" / "f").write_text("x")
    (tmp_path / "d" / "f").chmod(0o600)
    (tmp_path / "l").symlink_to("/etc/passwd")
    before = Path("/etc/passwd").stat().st_gid
    apply_fs_group(tmp_path, 4321, read_only=False)
    directory, file = (tmp_path / "d").stat(), (tmp_path / "d" / "f").stat()
    assert (directory.st_gid, stat.S_IMODE(directory.st_mode)) == (4321, 0o2770)
    assert (file.st_gid, stat.S_IMODE(file.st_mode)) == (4321, 0o660)
    assert Path("/etc/passwd").stat().st_gid == before


@needs_root
def test_fs_group_of_a_read_only_volume_gives_no_write_right(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    (tmp_path / "f").chmod(0o400)
    apply_fs_group(tmp_path, 4321, read_only=True)
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o440
