"""`kubectl top` with the metrics add-on, and what a node tells of itself through the API server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.e2e.cluster import Cluster, eventually


@pytest.fixture(scope="module", params=["process", "docker"])
def cluster(request: pytest.FixtureRequest, root: None, tmp_path_factory) -> Iterator[Cluster]:
    if request.param == "docker":
        request.getfixturevalue("docker")
        from minik8s.cluster import images

        images.ensure_web_image()
    options = ("--runtime", request.param, "--proxy", "none", "--fake-gpus", "1", "--addons", "metrics")
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), *options)
    try:
        cluster.up()
        cluster.apply(pod("busy"))
        eventually(lambda: cluster.get("pod", "busy")["status"]["phase"] == "Running", "a running pod")
        yield cluster
    finally:
        print(cluster.logs())
        cluster.down()


def pod(name: str) -> dict:
    loop = {"command": ["sh", "-c", "while :; do :; done"]}
    limits = {"resources": {"limits": {"nvidia.com/gpu": 1, "cpu": "300m", "memory": "64Mi"}}}
    container = {"name": "c", "image": "minik8s/web", "imagePullPolicy": "IfNotPresent", **loop, **limits}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def raw(cluster: Cluster, page: str) -> str:
    node = cluster.get("nodes")["items"][0]["metadata"]["name"]
    return cluster.kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/{page}")


def test_top_tells_what_nodes_and_pods_use(cluster: Cluster) -> None:
    nodes = eventually(
        lambda: re.search(r"^\S+ +(\d+)m +(\d+)% +(\d+)Mi +(\d+)% *$", cluster.kubectl("top", "nodes"), re.M), "nodes"
    )
    assert int(nodes[1]) > 0 and int(nodes[3]) > 0
    found = eventually(
        lambda: re.search(r"^busy +(\d+)m +(\d+)Mi", cluster.kubectl("top", "pods", "-l", "app=busy"), re.M), "pods"
    )
    assert 30 <= int(found[1]) <= 450, "it may use 300 thousandths of a core"
    assert "busy" not in cluster.kubectl("top", "pods", "-l", "app=other")
    assert "c" in cluster.kubectl("top", "pods", "busy", "--containers").split()
    assert "metrics.k8s.io/v1beta1" in cluster.kubectl("api-versions")


def test_the_four_pages_agree_on_one_pod(cluster: Cluster) -> None:
    summary = json.loads(raw(cluster, "stats/summary"))
    [told] = [p for p in summary["pods"] if p["podRef"]["name"] == "busy"]
    assert 30_000_000 <= told["cpu"]["usageNanoCores"] <= 450_000_000
    assert told["memory"]["workingSetBytes"] > 0 and summary["node"]["fs"]["capacityBytes"] > 0
    labels = 'container="c",namespace="default",pod="busy"'
    resource = raw(cluster, "metrics/resource")
    assert f"container_cpu_usage_seconds_total{{{labels}}}" in resource and "resource_scrape_error 0" in resource
    cadvisor = raw(cluster, "metrics/cadvisor")
    assert re.search(r'container_cpu_usage_seconds_total\{cpu="total",container="c",id="/kubepods/', cadvisor)
    assert re.search(r'container_spec_memory_limit_bytes\{container="c".*\} 67108864$', cadvisor, re.M)
    own = raw(cluster, "metrics")
    assert re.search(r"^kubelet_running_pods 1$", own, re.M)
    assert re.search(r"^kubelet_pod_start_duration_seconds_count 1$", own, re.M)
    gpus = raw(cluster, "metrics/dcgm")
    assert re.search(r'^DCGM_FI_DEV_GPU_UTIL\{gpu="0",.*namespace="default",pod="busy",fake="true"\} 0$', gpus, re.M)
