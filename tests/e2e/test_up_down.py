"""Coming up, being asked, going down without a trace."""

from __future__ import annotations

import subprocess

from tests.e2e.cluster import Cluster, eventually

COMPONENTS = {"apiserver", "controller-manager", "scheduler", "kubelet", "proxy"}


def test_status_names_every_component(process_cluster: Cluster) -> None:
    status = process_cluster.status()
    assert set(status) == COMPONENTS
    for component in status.values():
        assert component["ready"] and component["pid"] > 1 and component["rss_bytes"] > 5e6, component
        assert component["restarts"] == 0


def test_up_again_changes_nothing(process_cluster: Cluster) -> None:
    before = process_cluster.status()
    assert "already up" in process_cluster.up()
    assert {n: c["pid"] for n, c in process_cluster.status().items()} == {n: c["pid"] for n, c in before.items()}


def test_a_killed_component_comes_back_and_is_counted(process_cluster: Cluster) -> None:
    before = process_cluster.status()["scheduler"]
    subprocess.run(["kill", "-9", str(before["pid"])], check=True)

    def restarted() -> bool:
        now = process_cluster.status()["scheduler"]
        return now["pid"] not in (0, before["pid"]) and now["ready"] and now["restarts"] == before["restarts"] + 1

    eventually(restarted, "a new scheduler", timeout=20)


def test_a_wrong_choice_names_the_option(process_cluster: Cluster) -> None:
    done = process_cluster.minik8s("up", "--nodes", "0", check=False)
    assert done.returncode == 1 and "--nodes 0: must be between 1 and 5000" in done.stderr


def test_down_leaves_no_rule_no_container_and_no_process(docker: None, root: None, tmp_path_factory) -> None:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), "--runtime", "docker")
    before = _iptables()
    cluster.up()
    try:
        cluster.kubectl("create", "deployment", "web", "--image=minik8s/web", "--replicas=2")
        cluster.kubectl("expose", "deployment", "web", "--port=80")
        eventually(lambda: "KUBE-SVC" in "".join(_iptables()), "our rules")
        eventually(lambda: _containers(), "our containers")
        pids = [component["pid"] for component in cluster.status().values()]
    finally:
        cluster.down()
    assert _iptables() == before
    assert not _containers()
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
