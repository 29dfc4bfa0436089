"""Upstream's controller manager and scheduler (1.20) take over from ours in mid-flight, against our apiserver.

Once as JSON speakers, once with their default, protobuf: we decode it and answer JSON. They need API versions that
v1.33 has dropped, which `--runtime-config` serves.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.cluster import eventually
from tests.swap.planes import RUNTIME_CONFIG, Plane, check_deployment, check_namespace


@pytest.fixture
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    plane = Plane(tmp_path_factory.mktemp("plane"), "fake", nodes=3)
    try:
        plane.ours("apiserver", RUNTIME_CONFIG)
        plane.ours("kubelet")
        yield plane
    finally:
        plane.down()
        print(plane.logs())


@pytest.mark.parametrize("content_type", ["application/json", "application/vnd.kubernetes.protobuf"])
def test_upstream_takes_over_and_gives_back(plane: Plane, content_type: str) -> None:
    elect = "--leader-elect=true"
    # without health ports: another cluster on this machine may take them meanwhile
    plane.ours("controller-manager", elect, "--secure-port=0", wait=False)
    plane.ours("scheduler", elect, "--secure-port=0", wait=False)
    plane.kubectl("create", "deployment", "kept", "--image=example/web", "--replicas=3", "--port=80")
    plane.kubectl("expose", "deployment/kept", "--port=80")
    plane.kubectl("create", "poddisruptionbudget", "kept", "--selector=app=kept", "--min-available=1")
    plane.kubectl("rollout", "status", "deployment/kept", "--timeout=40s")
    before = {pod["metadata"]["uid"] for pod in plane.get("pods", "-l", "app=kept")["items"]}

    plane.upstream_controllers(content_type)
    plane.stop("controller-manager", "scheduler")
    for name in ("kube-controller-manager", "kube-scheduler"):
        eventually(lambda name=name: "successfully acquired lease" in plane.log(name), f"{name} leads", 60)
    check_deployment(plane, "example/web")
    check_namespace(plane)
    check_cron_job(plane)
    eventually(lambda: plane.get("pdb", "kept")["status"]["disruptionsAllowed"] == 2, "the budget's count")
    assert {pod["metadata"]["uid"] for pod in plane.get("pods", "-l", "app=kept")["items"]} == before

    plane.ours("controller-manager", elect, "--secure-port=0", wait=False)
    plane.ours("scheduler", elect, "--secure-port=0", wait=False)
    plane.stop("kube-controller-manager", "kube-scheduler")
    check_deployment(plane, "example/web")
    assert {pod["metadata"]["uid"] for pod in plane.get("pods", "-l", "app=kept")["items"]} == before


def check_cron_job(plane: Plane) -> None:
    """The older controller finds cron jobs through batch/v1beta1; a job made by hand from one is its own."""
    plane.kubectl("create", "cronjob", "tick", "--image=example/x", "--schedule=* * * * *", "--", "true")
    plane.kubectl("create", "job", "tock", "--from=cronjob/tick")
    eventually(lambda: plane.get("pods", "-l", "job-name=tock")["items"], "the job's pod")
    eventually(lambda: plane.get("cronjob", "tick")["status"].get("active"), "the cron job sees its job")
    plane.kubectl("delete", "cronjob", "tick", "--timeout=30s")
    eventually(lambda: not plane.get("jobs")["items"], "its job collected")
