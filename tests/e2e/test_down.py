"""Going down without a trace; in a file of its own, since one machine has room for one set of packet rules."""

from __future__ import annotations

import subprocess

from minik8s.cluster import images
from tests.e2e.cluster import Cluster, eventually


def test_down_leaves_no_rule_no_container_and_no_process(docker: None, root: None, tmp_path_factory) -> None:
    images.ensure_web_image()
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), "--runtime", "docker")
    before, others = _iptables(), set(_containers())
    cluster.up()
    try:
        cluster.kubectl("create", "deployment", "web", "--image=minik8s/web", "--replicas=2")
        cluster.kubectl("expose", "deployment", "web", "--port=80")
        eventually(lambda: "KUBE-SVC" in "".join(_iptables()), "our rules")
        eventually(lambda: set(_containers()) - others, "our containers")
        pids = [component["pid"] for component in cluster.status().values()]
    finally:
        cluster.down()
    assert _iptables() == before
    assert not set(_containers()) - others
    assert not cluster.data_dir.exists()
    alive = subprocess.run(["ps", "-o", "pid=", "-p", ",".join(map(str, pids))], capture_output=True, check=False)
    assert not alive.stdout.strip()


def _iptables() -> list[str]:
    """Every chain and rule but for counters."""
    done = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True)
    return sorted(line.split(" [")[0] for line in done.stdout.splitlines() if not line.startswith("#"))


def _containers() -> list[str]:
    command = ["docker", "ps", "-aq", "--filter", "label=io.kubernetes.pod.uid"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
