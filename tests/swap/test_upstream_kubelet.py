"""Upstream's kubelet (1.20, Docker) joins our control plane as a second node, next to ours, and runs pods."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from minik8s.cluster import images
from tests.e2e.cluster import eventually
from tests.swap.planes import Plane, deployment

IMAGE = "minik8s/web"


@pytest.fixture(scope="module")
def plane(root: None, docker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    images.ensure_web_image()
    plane = Plane(tmp_path_factory.mktemp("plane"), "docker", nodes=2)
    try:
        for name in ("apiserver", "controller-manager", "scheduler", "kubelet-node-1"):
            plane.ours(name)
        plane.upstream_kubelet("node-2", 1)
        plane.kubectl("wait", "node", "--all", "--for=condition=Ready", "--timeout=60s")
        eventually(lambda: len(plane.get("nodes")["items"]) == 2, "both nodes")
        plane.kubectl("wait", "node", "--all", "--for=condition=Ready", "--timeout=60s")
        yield plane
    finally:
        plane.kubectl("delete", "pods", "--all", "--grace-period=1", "--timeout=30s", check=False)
        plane.down()
        command = [word for word in plane.programs["kubelet-node-1"].command if "--port" not in word]
        subprocess.run([*command, "--cleanup"], check=False, timeout=60)
        print(plane.logs())


def pod(name: str, node: str, *command: str) -> dict:
    container = {"name": "c", "image": IMAGE, "imagePullPolicy": "IfNotPresent"}
    if command:
        container["command"] = list(command)
    spec = {"terminationGracePeriodSeconds": 1, "nodeName": node, "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "up"}}, "spec": spec}


def test_the_nodes_say_who_they_are(plane: Plane) -> None:
    nodes = {node["metadata"]["name"]: node["status"]["nodeInfo"] for node in plane.get("nodes")["items"]}
    assert nodes["node-1"]["kubeletVersion"].startswith("v1.33")
    assert not nodes["node-2"]["kubeletVersion"].startswith("v1.33")
    assert nodes["node-2"]["containerRuntimeVersion"].startswith("docker://")


def test_upstreams_kubelet_runs_a_pod_of_ours(plane: Plane) -> None:
    plane.apply(pod("there", "node-2", "sh", "-c", "echo there; exec sleep 99"))
    plane.kubectl("wait", "pod/there", "--for=condition=Ready", "--timeout=60s")
    assert plane.kubectl("logs", "there") == "there\n"
    assert plane.kubectl("exec", "-i", "there", "--", "cat", stdin="and back\n") == "and back\n"
    token = plane.kubectl("exec", "there", "--", "ls", "/var/run/secrets/kubernetes.io/serviceaccount")
    assert token.split() == ["ca.crt", "namespace", "token"]
    plane.kubectl("delete", "pod", "there", "--timeout=40s")


def test_a_deployment_spreads_over_both(plane: Plane) -> None:
    plane.apply(deployment(IMAGE, 4))
    plane.kubectl("rollout", "status", "deployment/up", "--timeout=80s")
    placed = {p["spec"]["nodeName"] for p in plane.get("pods", "-l", "app=up")["items"]}
    assert placed == {"node-1", "node-2"}
    plane.kubectl("delete", "deployment", "up", "--cascade=foreground", "--timeout=60s")


def test_a_node_that_falls_silent_is_noticed(plane: Plane) -> None:
    """Upstream's lease and status are read as our own kubelet's are: the node goes NotReady, and comes back."""
    plane.stop("kubelet")
    eventually(lambda: _ready(plane) == "Unknown", "its silence", 80)
    assert any(t["key"] == "node.kubernetes.io/unreachable" for t in plane.get("node", "node-2")["spec"]["taints"])
    plane.upstream_kubelet("node-2", 1)
    eventually(lambda: _ready(plane) == "True", "its return", 60)
    eventually(lambda: not plane.get("node", "node-2")["spec"].get("taints"), "its taints gone", 30)


def _ready(plane: Plane) -> str:
    conditions = plane.get("node", "node-2")["status"]["conditions"]
    return next(one["status"] for one in conditions if one["type"] == "Ready")
