"""Coming up, being asked, coming back."""

from __future__ import annotations

import subprocess

from tests.e2e.cluster import Cluster, eventually

COMPONENTS = {"apiserver", "controller-manager", "scheduler", "kubelet", "proxy", "dns"}


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
