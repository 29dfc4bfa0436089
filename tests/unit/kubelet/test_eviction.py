"""Eviction: thresholds, who goes first, who outgrew its limits, what is measured, which images go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from minik8s.api import core
from minik8s.kubelet.eviction.garbage import ImageCollector, bytes_to_free, removable
from minik8s.kubelet.eviction.limits import compute_breach, is_limited
from minik8s.kubelet.eviction.ranking import PodUsage, compute_victims, render_message
from minik8s.kubelet.eviction.thresholds import Amount, crossed, parse_thresholds, pressures
from minik8s.kubelet.eviction.usage import disk_usage, measure_disk
from minik8s.kubelet.machine import Machine, Usage
from minik8s.kubelet.runtimes.base import ImageInfo, RuntimeOptions
from minik8s.kubelet.runtimes.fake import FakeRuntime
from minik8s.testing.time import VirtualClock

MI = 1 << 20


def pod(name: str, priority: int = 0, volumes: list[dict[str, Any]] | None = None, **resources: Any) -> core.Pod:
    spec = {"priority": priority, "containers": [{"name": "c", "resources": resources}], "volumes": volumes or []}
    return core.Pod.from_dict({"metadata": {"name": name, "namespace": "ns", "uid": name}, "spec": spec})


def machine(storage: int) -> Machine:
    return Machine(1, 1 << 30, storage, "amd64", "", "", "", "", "", 0)


def test_thresholds_are_read_and_crossed() -> None:
    memory, disk = parse_thresholds("memory.available<100Mi, nodefs.available<10%")
    seen = {"memory.available": Amount(99 * MI, 1 << 30), "nodefs.available": Amount(9, 100)}
    assert crossed((disk, memory), seen) == [memory, disk], "memory is the more urgent"
    assert pressures([memory, disk]) == {"MemoryPressure", "DiskPressure"}
    assert crossed((memory, disk), {"memory.available": Amount(100 * MI, 1 << 30)}) == []


@pytest.mark.parametrize("text", ["memory<1", "memory.available", "memory.available<", "memory.available<x"])
def test_a_wrong_threshold_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_thresholds(text)


def test_who_goes_first() -> None:
    modest = pod("modest", requests={"memory": "50Mi"})
    greedy = pod("greedy", requests={"memory": "10Mi"})
    important = pod("important", priority=100)
    critical = pod("critical", priority=2_000_000_000)
    usage = {p.metadata.uid: PodUsage(memory=40 * MI) for p in (modest, greedy, important, critical)}
    order = compute_victims("memory", [modest, critical, important, greedy], usage)
    assert [p.metadata.name for p in order] == ["greedy", "important", "modest"]


def test_the_message_names_what_outgrew_its_request() -> None:
    (threshold,) = parse_thresholds("memory.available<100Mi")
    usage = PodUsage(memory=64 * MI, container_memory={"c": 64 * MI})
    text = render_message(threshold, Amount(50 * MI, 1 << 30), pod("p"), usage)
    assert text.startswith("The node was low on resource: memory. Threshold quantity: 102400Ki, available: 51200Ki. ")
    assert "Container c was using 65536Ki, request is 0, has larger consumption of memory. " in text


def test_limits_of_volumes_containers_and_pods() -> None:
    scratch = [{"name": "s", "emptyDir": {"sizeLimit": "10Mi"}}]
    limited = pod("p", volumes=scratch)
    assert is_limited(limited) and not is_limited(pod("free"))
    assert compute_breach(limited, PodUsage(empty_dirs={"s": 10 * MI})) == ""
    assert compute_breach(limited, PodUsage(empty_dirs={"s": 11 * MI})) == (
        'Usage of EmptyDir volume "s" exceeds the limit "10Mi". '
    )
    assert "EmptyDir" in compute_breach(limited, PodUsage(memory_dirs={"s": 11 * MI}))
    capped = pod("q", limits={"ephemeral-storage": "5Mi"})
    assert compute_breach(capped, PodUsage(container_disk={"c": 5 * MI})) == ""
    assert compute_breach(capped, PodUsage(container_disk={"c": 6 * MI})) == (
        "Pod ephemeral local storage usage exceeds the total limit of containers 5Mi. "
    )
    capped.spec.containers.append(core.Container(name="free", image="i"))
    assert compute_breach(capped, PodUsage(container_disk={"c": 6 * MI})) == (
        'Container c exceeded its local ephemeral storage limit "5Mi". '
    )


def test_disk_is_counted_once_per_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * MI)
    os.link(tmp_path / "a", tmp_path / "b")
    (tmp_path / "gone").symlink_to("/nowhere")
    assert MI <= disk_usage(tmp_path) < MI + 64 * 1024


def test_a_pods_disk_is_layers_logs_and_empty_dirs(tmp_path: Path) -> None:
    place = tmp_path / "pod/volumes/kubernetes.io~empty-dir/s"
    logs = tmp_path / "logs"
    for directory in (place, logs / "c"):
        directory.mkdir(parents=True)
    (place / "f").write_bytes(b"x" * MI)
    (logs / "c/0.log").write_bytes(b"x" * MI)
    usage = measure_disk(pod("p", volumes=[{"name": "s", "emptyDir": {}}]), tmp_path / "pod", logs, {}, [])
    assert usage.empty_dirs["s"] >= MI and usage.container_disk["c"] >= MI and usage.disk >= 2 * MI


def test_images_go_only_when_the_disk_is_full() -> None:
    assert bytes_to_free(Usage(0, 20, 1.0, 1), machine(100)) == 0
    assert bytes_to_free(Usage(0, 10, 1.0, 1), machine(100)) == 10


def test_only_images_that_were_pulled_and_are_unused_and_old() -> None:
    images = [ImageInfo(id=name) for name in ("mine", "older", "used", "built", "new")]
    used = {"mine": 50.0, "older": 10.0, "used": 0.0, "built": 0.0, "new": 990.0}
    found = removable(images, {"mine", "older", "used", "new"}, {"used"}, used, 1000.0)
    assert [image.id for image in found] == ["older", "mine"]


async def test_what_was_pulled_is_remembered_and_forgotten(tmp_path: Path) -> None:
    clock = VirtualClock()
    runtime = FakeRuntime(RuntimeOptions("n", tmp_path), clock)
    await runtime.start()
    image = await runtime.pull_image("busybox:1")
    collector = ImageCollector(runtime, clock, tmp_path, machine(100), lambda: Usage(0, 0, 1.0, 1))
    assert await collector.collect(everything=True) == 0, "not ours"
    collector.note_pull(image.id)
    await collector.collect()
    await clock.advance("5m")
    assert await collector.collect(everything=True) == image.size
    assert await collector.collect(everything=True) == 0, "gone"
