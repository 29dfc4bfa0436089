"""Two declared GPUs, three pods that ask for one each; the kubelet is killed and the same devices stay held."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.e2e.cluster import Cluster, eventually


@pytest.fixture(scope="module", params=["docker", "process"])
def cluster(request: pytest.FixtureRequest, root: None, tmp_path_factory) -> Iterator[Cluster]:
    if request.param == "docker":
        request.getfixturevalue("docker")
        from minik8s.cluster import images

        images.ensure_web_image()
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), "--runtime", request.param, "--fake-gpus", "2")
    try:
        cluster.up()
        yield cluster
    finally:
        print(cluster.logs())
        cluster.down()


def pod(name: str, gpus: int) -> dict:
    resources = {"limits": {"nvidia.com/gpu": gpus}} if gpus else {}
    container = {"name": "c", "image": "minik8s/web", "imagePullPolicy": "IfNotPresent", "resources": resources}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }


def visible_devices(cluster: Cluster, name: str) -> str:
    """What a running pod sees of GPUs."""
    printed = cluster.kubectl("exec", name, "--", "sh", "-c", "echo $NVIDIA_VISIBLE_DEVICES")
    return printed.strip()


def test_devices_are_held_apart_and_survive_the_kubelet(cluster: Cluster) -> None:
    for name in ("one", "two", "three"):
        cluster.apply(pod(name, 1))
    cluster.apply(pod("none", 0))
    eventually(lambda: {p["metadata"]["name"]: p["status"]["phase"] for p in cluster.get("pods")["items"]}.get("none")
               == "Running", "the pod without a GPU")  # fmt: skip

    def phases() -> list[str]:
        return [cluster.get("pod", name)["status"]["phase"] for name in ("one", "two", "three")]

    eventually(lambda: sorted(phases()) == ["Pending", "Running", "Running"], "two running, one pending")
    running = [n for n in ("one", "two", "three") if cluster.get("pod", n)["status"]["phase"] == "Running"]
    [pending] = {"one", "two", "three"} - set(running)
    condition = eventually(
        lambda: [c for c in cluster.get("pod", pending)["status"]["conditions"] if c["type"] == "PodScheduled"],
        "the reason",
    )[0]
    assert condition["status"] == "False" and condition["reason"] == "Unschedulable"
    assert "1 Insufficient nvidia.com/gpu" in condition["message"]

    held = {name: visible_devices(cluster, name) for name in running}
    assert len(set(held.values())) == 2 and all(uuid.startswith("GPU-") for uuid in held.values()), held
    assert visible_devices(cluster, "none") == "void"

    before = cluster.status()["kubelet"]
    os.kill(before["pid"], signal.SIGKILL)
    eventually(lambda: (now := cluster.status()["kubelet"])["ready"] and now["pid"] != before["pid"], "a new kubelet")
    assert {name: visible_devices(cluster, name) for name in running} == held
    assert all(cluster.get("pod", n)["status"]["containerStatuses"][0]["restartCount"] == 0 for n in running)

    cluster.kubectl("delete", "pod", running[0], "--wait=true")
    eventually(lambda: cluster.get("pod", pending)["status"]["phase"] == "Running", "the third pod")
    assert visible_devices(cluster, pending) == held[running[0]]
    assert visible_devices(cluster, running[1]) == held[running[1]]
