"""Our controller manager, scheduler and kubelet on upstream's kube-apiserver 1.20, with RBAC and etcd.

That server has neither discovery.k8s.io/v1 nor policy/v1 nor batch/v1 cron jobs: ours say so, once, and do the rest.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.swap.planes import Plane, check_deployment, check_job, check_namespace


@pytest.fixture(scope="module", params=["process", "docker"])
def plane(
    request: pytest.FixtureRequest, root: None, etcd: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plane]:
    if request.param == "docker":
        request.getfixturevalue("docker")
        from minik8s.cluster import images

        images.ensure_web_image()
    plane = Plane(tmp_path_factory.mktemp("plane"), request.param)
    try:
        plane.upstream_etcd_and_apiserver()
        # our controllers act as one user; upstream's would have an account each
        admin = f"--kubeconfig={plane.kubeconfig}"
        plane.ours("controller-manager", admin, wait=False)
        plane.ours("scheduler", wait=False)
        plane.ours("kubelet")
        yield plane
    finally:
        remove_pods(plane)
        plane.down()
        print(plane.logs())


def remove_pods(plane: Plane) -> None:
    """What the launcher does on `down`: leave no container behind."""
    if "kubelet" in plane.running:
        plane.stop("kubelet")
        command = [word for word in plane.programs["kubelet"].command if "--port" not in word]
        subprocess.run([*command, "--cleanup"], check=False, timeout=60)


def test_a_deployment_lives_its_life(plane: Plane) -> None:
    check_deployment(plane, slices=False)


def test_jobs_and_namespaces(plane: Plane) -> None:
    check_job(plane)
    check_namespace(plane)


def test_our_kubelet_answers_upstreams_server(plane: Plane) -> None:
    plane.kubectl(
        "run", "talker", "--image=minik8s/web", "--image-pull-policy=IfNotPresent", "--restart=Never", "--command",
        "--", "sh", "-c", "echo up and talking; sleep 99",
    )  # fmt: skip
    plane.kubectl("wait", "pod/talker", "--for=condition=Ready", "--timeout=40s")
    assert plane.kubectl("logs", "talker") == "up and talking\n"
    assert plane.kubectl("exec", "-i", "talker", "--", "cat", stdin="through both\n") == "through both\n"
    node = plane.get("nodes")["items"][0]
    assert node["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.33")
    assert plane.get("leases", "-n", "kube-node-lease")["items"][0]["metadata"]["name"] == node["metadata"]["name"]
    plane.kubectl("delete", "pod", "talker", "--now")


def test_what_is_not_served_is_said_once(plane: Plane) -> None:
    said = re.findall(r"not served by this server.* resource=(\S+)", plane.log("controller-manager"))
    assert sorted(said) == ["cronjobs.batch", "endpointslices.discovery.k8s.io", "poddisruptionbudgets.policy"]
    assert "poddisruptionbudgets.policy" in plane.log("scheduler")
    assert "reconcile failed" not in plane.log("controller-manager")
