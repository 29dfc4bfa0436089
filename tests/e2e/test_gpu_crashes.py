"""The kubelet is killed fifty times while pods with GPUs, and with a third-party plugin's devices, come and go.

What holds what is read where it counts: in the environments of the processes that run.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from minik8s.cluster.config import ClusterConfig, port_names
from tests.e2e.cluster import Cluster, eventually

KILLS, GPUS, TOYS = 50, 4, 2
TOY = "toy.example.com/thing"
PREFIX = f"churn{os.getpid()}"


@pytest.fixture(scope="module")
def cluster(root: None, tmp_path_factory) -> Iterator[Cluster]:
    options = ("--runtime", "process", "--proxy", "none", "--fake-gpus", str(GPUS))
    cluster = Cluster(tmp_path_factory.mktemp("c"), *options)
    # while a kubelet is dead, another cluster on this machine may take a port that everybody tries first
    ports = random.SystemRandom().sample(range(33000, 39000), 12)
    ClusterConfig(cluster.data_dir, ports=dict(zip(port_names(1, "process"), ports, strict=False))).save()
    try:
        cluster.up()
        yield cluster
    finally:
        print(cluster.logs())
        cluster.down()


@pytest.fixture(scope="module")
def toy(cluster: Cluster) -> Iterator[subprocess.Popen[bytes]]:
    """The plugin's own process, registered; it outlives the kubelets."""
    [folder] = (cluster.data_dir / "kubelet").glob("*/device-plugins")
    command = [sys.executable, "-m", "tests.component.devices.toy_plugin", str(folder), TOY, str(TOYS)]
    process = subprocess.Popen(command)
    try:
        eventually(lambda: allocatable(cluster).get(TOY) == str(TOYS), "the toy's devices on the node")
        yield process
    finally:
        process.kill()
        process.wait()


def allocatable(cluster: Cluster) -> dict[str, str]:
    return cluster.get("nodes")["items"][0]["status"]["allocatable"]


def pod(name: str, gpus: int, toys: int = 0, seconds: float = 0) -> dict:
    limits = {key: str(count) for key, count in (("nvidia.com/gpu", gpus), (TOY, toys)) if count}
    command = ["sh", "-c", f"sleep {seconds}" if seconds else "sleep 1000"]
    container = {"name": "c", "image": "minik8s/web", "imagePullPolicy": "IfNotPresent", "command": command,
                 "resources": {"limits": limits}}  # fmt: skip
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0,
            "restartPolicy": "Never" if seconds else "Always"}  # fmt: skip
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def held() -> dict[str, set[str]]:
    """Device → the pods (their processes say so themselves) that hold it."""
    found: dict[str, set[str]] = {}
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            words = place.read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        env = dict(word.partition("=")[::2] for word in words)
        if env.get("HOSTNAME", "").startswith(PREFIX):
            for device in f"{env.get('NVIDIA_VISIBLE_DEVICES', '')},{env.get('TOY_DEVICES', '')}".split(","):
                if device and device != "void":
                    found.setdefault(device, set()).add(env["HOSTNAME"])
    return found


def lives_since(pid: int) -> float:
    """Seconds; for ever when it has died by itself: the kill then finds nobody."""
    try:
        return time.time() - Path(f"/proc/{pid}").stat().st_mtime
    except OSError:
        return float("inf")


def churn(cluster: Cluster, dice: random.Random, number: int, ended: dict[str, dict]) -> int:
    """A few pods more, one less; → devices held twice just now."""
    made = [
        pod(f"{PREFIX}-{number}-{n}", dice.choice([1, 1, 2]), dice.choice([0, 0, 1]), dice.choice([0, 0, 0.3]))
        for n in range(2)
    ]
    cluster.apply("\n---\n".join(json.dumps(one) for one in made))
    pods = cluster.get("pods")["items"]
    for one in pods:
        if one["status"].get("phase") in ("Succeeded", "Failed"):
            told = ended.setdefault(one["metadata"]["uid"], one["status"])
            assert told == one["status"], f"{one['metadata']['name']} had ended"
    victims = [one["metadata"]["name"] for one in dice.sample(pods, max(1, len(pods) // 3))]
    cluster.kubectl("delete", "pod", "--wait=false", *victims)
    return sum(len(holders) > 1 for holders in held().values())


@pytest.mark.timeout(600)
def test_nothing_is_held_twice_and_nothing_leaks(cluster: Cluster, toy: subprocess.Popen[bytes]) -> None:
    dice, double, most, last = random.Random(4), 0, 0, 0
    ended: dict[str, dict] = {}
    for number in range(KILLS):
        double += churn(cluster, dice, number, ended)
        most = max(most, len(held()))
        pid = eventually(lambda: (p := cluster.status()["kubelet"]["pid"]) and p != last and p, "a kubelet")  # noqa: B023
        # supervisord grows slow in starting what never lived a second; younger than two, it has hardly begun
        age = dice.uniform(1.1, 3.0)
        eventually(lambda: lives_since(pid) > age, "a kubelet of that age")  # noqa: B023
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        last = pid
        double += sum(len(holders) > 1 for holders in held().values())
    eventually(lambda: allocatable(cluster).get(TOY) == str(TOYS), "the plugin, registered again")
    cluster.kubectl("delete", "pod", "--all", "--wait=true")
    eventually(lambda: not held(), "no process left")
    cluster.apply(pod(f"{PREFIX}-all", GPUS, TOYS))
    eventually(lambda: len(held()) == GPUS + TOYS, "one pod with every device")
    leaked = GPUS + TOYS - len(held())
    print(f"kills={KILLS} pods={2 * KILLS} ended={len(ended)} most_held={most} double={double} leaked={leaked}")
    assert (double, leaked) == (0, 0)
    assert most >= GPUS - 1 and ended
    [node] = cluster.get("nodes")["items"]
    assert node["status"]["capacity"][TOY] == str(TOYS) and toy.poll() is None
