"""Thirty SIGKILLs: nothing acknowledged is lost, everything converges, nothing is left over, no pod notices.

A writer creates, scales and deletes objects and keeps a ledger of what was acknowledged. A write that got no answer
may have happened or not, so the ledger forgets what it knew of that object until the next answer.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess

import pytest

from minik8s.api import apps, core
from minik8s.api.status import AlreadyExists, ApiError, NotFound
from minik8s.client.kubeconfig import load_kubeconfig
from minik8s.client.rest import Client
from tests.e2e.cluster import Cluster, eventually

KILLS = 30
SEED = 20261123
COMPONENTS = ("apiserver", "controller-manager", "scheduler", "kubelet", "proxy", "dns")


class Ledger:
    """What the server has acknowledged: ``name → present?``; a name without an answer is not in it."""

    def __init__(self) -> None:
        self.known: dict[str, bool] = {}
        self.acknowledged = 0
        self.unanswered = 0

    def answered(self, name: str, present: bool) -> None:
        self.known[name] = present
        self.acknowledged += 1

    def no_answer(self, name: str) -> None:
        self.known.pop(name, None)
        self.unanswered += 1


async def write_until(done: asyncio.Event, client: Client, ledger: Ledger, rng: random.Random) -> None:
    """Create and delete ConfigMaps without pause."""
    number = 0
    while not done.is_set():
        number += 1
        name = f"note-{number % 200}"
        try:
            if ledger.known.get(name) and rng.random() < 0.7:
                await client.delete(core.ConfigMap, name, "default")
                ledger.answered(name, present=False)
            else:
                await client.create(core.ConfigMap.from_dict({"metadata": {"name": name, "namespace": "default"}}))
                ledger.answered(name, present=True)
        except AlreadyExists:
            ledger.answered(name, present=True)
        except NotFound:
            ledger.answered(name, present=False)
        except (ApiError, OSError):
            ledger.no_answer(name)
            await asyncio.sleep(0.02)


async def scale_until(done: asyncio.Event, client: Client, rng: random.Random) -> int:
    """Scale the deployment `churn` up and down; returns the last acknowledged count."""
    acknowledged = 2
    while not done.is_set():
        wanted = rng.randint(0, 4)
        try:
            await client.patch(apps.Deployment, "churn", "default", {"spec": {"replicas": wanted}})
            acknowledged = wanted
        except (ApiError, OSError):
            acknowledged = -1
        await asyncio.sleep(0.5)
    while acknowledged < 0:
        try:
            await client.patch(apps.Deployment, "churn", "default", {"spec": {"replicas": 2}})
            acknowledged = 2
        except (ApiError, OSError):
            await asyncio.sleep(0.1)
    return acknowledged


async def kill_thirty(cluster: Cluster, rng: random.Random) -> dict[str, int]:
    """SIGKILL components at random times; returns how often each was hit."""
    hits = dict.fromkeys(COMPONENTS, 0)
    while sum(hits.values()) < KILLS:
        await asyncio.sleep(rng.uniform(0.2, 1.2))
        name = rng.choice(COMPONENTS)
        status = await asyncio.to_thread(cluster.status)
        if pid := status[name]["pid"]:
            os.kill(pid, signal.SIGKILL)
            hits[name] += 1
    return hits


async def storm(cluster: Cluster, ledger: Ledger) -> tuple[dict[str, int], int]:
    """Writers and killer together."""
    rng = random.Random(SEED)
    done = asyncio.Event()
    async with Client(load_kubeconfig(str(cluster.kubeconfig)), user_agent="crash-test") as client:
        async with asyncio.TaskGroup() as group:
            group.create_task(write_until(done, client, ledger, rng))
            scaler = group.create_task(scale_until(done, client, rng))
            hits = await kill_thirty(cluster, rng)
            done.set()
        return hits, scaler.result()


def pods_of(cluster: Cluster, app: str) -> list[dict]:
    """The pods of an app that are not being deleted."""
    pods = cluster.get("pods", "-l", f"app={app}")["items"]
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def ready(cluster: Cluster, app: str, count: int) -> bool:
    """Whether a deployment and its pods all agree on ``count``."""
    status = cluster.get("deployment", app)["status"]
    return (
        status.get("readyReplicas", 0) == count
        and status.get("replicas", 0) == count
        and len(cluster.get("pods", "-l", f"app={app}")["items"]) == count
    )


def deployment(name: str, replicas: int) -> dict:
    container = {"name": "c", "image": "minik8s/web", "imagePullPolicy": "IfNotPresent"}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": spec},
        },
    }


@pytest.mark.timeout(400)
@pytest.mark.parametrize("store", ["embedded", "etcd"])
def test_thirty_kills(store: str, docker: None, root: None, request: pytest.FixtureRequest, tmp_path_factory) -> None:
    if store == "etcd":
        request.getfixturevalue("etcd")
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), "--runtime", "docker", "--store", store)
    try:
        cluster.up()
        survive(cluster)
    finally:
        print(cluster.logs())
        cluster.down()


def own_label(container_id: str) -> str:
    """The label that tells this cluster's containers from those of others on the same engine."""
    form = '{{index .Config.Labels "minik8s.io/cluster"}}'
    command = ["docker", "inspect", "-f", form, container_id.removeprefix("docker://")]
    value = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert value
    return f"minik8s.io/cluster={value}"


def survive(cluster: Cluster) -> None:
    """The storm and its aftermath."""
    from minik8s.cluster import images

    images.ensure_web_image()
    cluster.apply(deployment("steady", 3))
    cluster.apply(deployment("churn", 2))
    eventually(lambda: ready(cluster, "steady", 3) and ready(cluster, "churn", 2), "both deployments")
    before = {pod["metadata"]["uid"]: pod["status"] for pod in pods_of(cluster, "steady")}

    ledger = Ledger()
    hits, wanted = asyncio.run(storm(cluster, ledger))
    print(f"kills {hits}; {ledger.acknowledged} writes acknowledged, {ledger.unanswered} unanswered")
    assert ledger.acknowledged > 100

    eventually(lambda: all(c["ready"] for c in cluster.status().values()), "all components ready")
    present = {item["metadata"]["name"] for item in cluster.get("configmaps")["items"]}
    lost = [name for name, there in ledger.known.items() if there and name not in present]
    undead = [name for name, there in ledger.known.items() if not there and name in present]
    assert not lost and not undead, f"lost {lost}, undead {undead}"

    eventually(lambda: ready(cluster, "churn", wanted) and ready(cluster, "steady", 3), "convergence", timeout=90)
    after = {pod["metadata"]["uid"]: pod["status"] for pod in pods_of(cluster, "steady")}
    assert set(after) == set(before), "a pod was replaced because a control-plane process died"
    for uid, status in after.items():
        assert [c["containerID"] for c in status["containerStatuses"]] == [
            c["containerID"] for c in before[uid]["containerStatuses"]
        ]
    for pod in pods_of(cluster, "steady") + pods_of(cluster, "churn"):
        assert pod["status"]["containerStatuses"][0]["restartCount"] == 0, pod["metadata"]["name"]

    cluster_label = own_label(after[next(iter(after))]["containerStatuses"][0]["containerID"])

    def nothing_left_over() -> bool:
        pods = cluster.get("pods", "--all-namespaces")["items"]
        alive = {pod["metadata"]["uid"] for pod in pods}
        labelled = subprocess.run(
            ["docker", "ps", "-a", "--filter", f"label={cluster_label}",
             "--format", '{{.Label "io.kubernetes.pod.uid"}}'],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return set(labelled.stdout.split()) == alive

    eventually(nothing_left_over, "no container without a pod")
