"""Volumes and the node's keeping of limits, end to end: every process, real containers, no proxy."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster import Cluster, eventually, find_kubectls

IMAGE = "minik8s/web"  # a busybox that `up` builds from this machine's own


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if not find_kubectls():
        pytest.skip("no kubectl")
    if subprocess.run(["docker", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker engine")
    made = Cluster(tmp_path_factory.mktemp("volumes") / "data", "--runtime", "docker", "--proxy", "none")
    try:
        made.up()
        yield made
    finally:
        made.down()


def pod(name: str, script: str, volumes: list[Any] | None = None, **container: Any) -> dict[str, Any]:
    mounts = [{"name": v["name"], "mountPath": f"/{v['name']}"} for v in volumes or []]
    one = {"name": "c", "image": IMAGE, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", script],
           "volumeMounts": mounts, **container}  # fmt: skip
    spec = {"containers": [one], "volumes": volumes or [], "restartPolicy": "Never", "terminationGracePeriodSeconds": 0}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def claim(name: str, size: str = "1Mi", **spec: Any) -> dict[str, Any]:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": wanted}


def uses(claim_name: str) -> list[Any]:
    return [{"name": "data", "persistentVolumeClaim": {"claimName": claim_name}}]


def phase(cluster: Cluster, kind: str, name: str) -> str:
    return str(cluster.get(kind, name)["status"].get("phase", ""))


def wait_phase(cluster: Cluster, name: str, wanted: str, kind: str = "pod", timeout: float = 60) -> None:
    eventually(lambda: phase(cluster, kind, name) == wanted, f"{kind} {name} {wanted}", timeout)


def test_a_claim_of_the_default_class_outlives_its_pods_and_goes_with_its_data(cluster: Cluster) -> None:
    cluster.apply(claim("kept"))
    eventually(lambda: "waiting for first consumer" in cluster.kubectl("describe", "pvc", "kept"), "the event")
    cluster.apply(pod("writer", "echo hello >/data/f", uses("kept")))
    wait_phase(cluster, "writer", "Succeeded")
    volume = cluster.get("pvc", "kept")["spec"]["volumeName"]
    place = Path(cluster.get("pv", volume)["spec"]["hostPath"]["path"])
    assert (place / "f").read_text() == "hello\n"
    cluster.apply(pod("reader", "cat /data/f; sleep 600", uses("kept")))
    wait_phase(cluster, "reader", "Running")
    eventually(lambda: cluster.kubectl("logs", "reader") == "hello\n", "the reader's output")
    cluster.kubectl("delete", "pvc", "kept", "--wait=false")
    assert cluster.get("pvc", "kept")["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    cluster.kubectl("delete", "pod", "reader", "writer", "--now")
    eventually(lambda: volume not in cluster.kubectl("get", "pv", "-o", "name"), "the volume is gone")
    assert not place.exists()


def test_a_claim_grows(cluster: Cluster) -> None:
    cluster.apply(claim("grows"))
    cluster.apply(pod("grower", "true", uses("grows")))
    wait_phase(cluster, "grower", "Succeeded")
    body = json.dumps({"spec": {"resources": {"requests": {"storage": "5Mi"}}}})
    cluster.kubectl("patch", "pvc", "grows", "-p", body)
    eventually(lambda: cluster.get("pvc", "grows")["status"]["capacity"] == {"storage": "5Mi"}, "the new size")
    cluster.kubectl("delete", "pod/grower", "pvc/grows", "--now")


def test_a_static_volume_is_bound_retained_and_made_available_again(cluster: Cluster, tmp_path: Path) -> None:
    spec = {"capacity": {"storage": "10Mi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "manual",
            "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": str(tmp_path)}}  # fmt: skip
    cluster.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "static"}, "spec": spec})
    wait_phase(cluster, "static", "Available", "pv")
    cluster.apply(claim("manual", storageClassName="manual"))
    wait_phase(cluster, "manual", "Bound", "pvc")
    cluster.apply(pod("static-user", "echo x >/data/x", uses("manual")))
    wait_phase(cluster, "static-user", "Succeeded")
    assert (tmp_path / "x").read_text() == "x\n"
    cluster.kubectl("delete", "pod/static-user", "pvc/manual", "--now")
    wait_phase(cluster, "static", "Released", "pv")
    assert (tmp_path / "x").exists()
    cluster.kubectl("patch", "pv", "static", "--type=merge", "-p", '{"spec":{"claimRef":null}}')
    wait_phase(cluster, "static", "Available", "pv")
    cluster.kubectl("delete", "pv", "static")


def test_an_ephemeral_volume_lives_and_dies_with_its_pod(cluster: Cluster) -> None:
    template = {"spec": claim("x")["spec"]}
    cluster.apply(pod("brief", "sleep 600", [{"name": "data", "ephemeral": {"volumeClaimTemplate": template}}]))
    wait_phase(cluster, "brief", "Running")
    assert phase(cluster, "pvc", "brief-data") == "Bound"
    cluster.kubectl("delete", "pod", "brief", "--now")
    eventually(lambda: "brief-data" not in cluster.kubectl("get", "pvc", "-o", "name"), "the claim is collected")


def test_a_stateful_set_finds_its_data_again(cluster: Cluster) -> None:
    script = "echo $(hostname) >>/data/log; sleep 600"
    template = pod("t", script, [{"name": "data"}])["spec"]
    template = {**template, "restartPolicy": "Always", "volumes": []}
    cluster.apply({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
        "spec": {"serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"a": "db"}},
                 "template": {"metadata": {"labels": {"a": "db"}}, "spec": template},
                 "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim("x")["spec"]}]},
    })  # fmt: skip
    eventually(lambda: cluster.get("sts", "db")["status"].get("readyReplicas") == 2, "two replicas")
    uid = cluster.get("pod", "db-1")["metadata"]["uid"]
    cluster.kubectl("delete", "pod", "db-1", "--now")

    def back() -> bool:
        found = cluster.get("pod", "db-1")
        return bool(found["metadata"]["uid"] != uid and found["status"]["phase"] == "Running")

    eventually(back, "db-1 again")
    eventually(lambda: cluster.kubectl("exec", "db-1", "--", "cat", "/data/log") == "db-1\ndb-1\n", "both lines")
    cluster.kubectl("delete", "sts", "db", "--now")
    assert phase(cluster, "pvc", "data-db-0") == "Bound", "claims of a set stay"
    cluster.kubectl("delete", "pvc", "data-db-0", "data-db-1")


def test_one_pod_only(cluster: Cluster) -> None:
    cluster.apply(claim("alone", accessModes=["ReadWriteOncePod"]))
    cluster.apply(pod("first", "sleep 600", uses("alone")))
    wait_phase(cluster, "first", "Running")
    cluster.apply(pod("second", "sleep 600", uses("alone")))
    text = "ReadWriteOncePod access mode"
    eventually(lambda: text in cluster.kubectl("describe", "pod", "second"), "the refusal")
    cluster.kubectl("delete", "pod", "first", "--now")
    wait_phase(cluster, "second", "Running")
    cluster.kubectl("delete", "pod/second", "pvc/alone", "--now")


def evicted(cluster: Cluster, name: str) -> str:
    status = cluster.get("pod", name)["status"]
    return str(status.get("message", "")) if status.get("reason") == "Evicted" else ""


def test_disk_hogs_are_evicted_and_their_neighbour_stays(cluster: Cluster) -> None:
    fill = "dd if=/dev/zero of={}/f bs=1M count=20; sleep 600"
    limits = {"limits": {"ephemeral-storage": "10Mi"}}
    cluster.apply(pod("neighbour", "sleep 600", resources=limits))
    cluster.apply(pod("layer-hog", fill.format("/tmp"), resources=limits))
    cluster.apply(pod("volume-hog", fill.format("/s"), [{"name": "s", "emptyDir": {"sizeLimit": "10Mi"}}]))
    eventually(lambda: "ephemeral local storage usage exceeds" in evicted(cluster, "layer-hog"), "eviction", 60)
    eventually(lambda: 'EmptyDir volume "s" exceeds the limit "10Mi"' in evicted(cluster, "volume-hog"), "eviction", 60)
    assert phase(cluster, "pod", "neighbour") == "Running"
    assert phase(cluster, "pod", "layer-hog") == "Failed"
    cluster.kubectl("delete", "pod", "neighbour", "layer-hog", "volume-hog", "--now")


def test_secrets_stay_in_memory_and_mounts_are_sealed(cluster: Cluster) -> None:
    cluster.kubectl("create", "secret", "generic", "key", "--from-literal=k=v")
    script = "grep ' /s ' /proc/mounts; touch /s/new || echo sealed; cat /s/k"
    cluster.apply(pod("holder", script, [{"name": "s", "secret": {"secretName": "key"}}]))
    wait_phase(cluster, "holder", "Succeeded")
    said = cluster.kubectl("logs", "holder")
    assert "tmpfs /s tmpfs ro" in said and "sealed" in said and said.endswith("v")
    cluster.kubectl("delete", "pod/holder", "secret/key", "--now")


def test_readiness_gate_sidecar_and_hooks(cluster: Cluster) -> None:
    made = pod("gated", "trap 'exit 0' TERM; sleep 600 & wait", [{"name": "s", "emptyDir": {}}])
    spec = made["spec"]
    spec["terminationGracePeriodSeconds"] = 10
    spec["readinessGates"] = [{"conditionType": "example.com/gate"}]
    spec["containers"][0]["lifecycle"] = {
        "postStart": {"exec": {"command": ["sh", "-c", "test -e /s/sidecar && echo post >>/s/log"]}},
        "preStop": {"exec": {"command": ["sh", "-c", "echo pre >>/s/log"]}},
    }
    side = "touch /s/sidecar; trap 'cp /s/log /s/seen; exit 0' TERM; sleep 600 & wait"
    spec["initContainers"] = [{
        **spec["containers"][0], "name": "side", "lifecycle": None, "restartPolicy": "Always",
        "command": ["sh", "-c", side],
        "startupProbe": {"exec": {"command": ["sh", "-c", "test -e /s/sidecar"]}, "periodSeconds": 1},
    }]  # fmt: skip
    cluster.apply(made)
    wait_phase(cluster, "gated", "Running")

    def ready() -> dict[str, Any]:
        conditions = cluster.get("pod", "gated")["status"]["conditions"]
        return {c["type"]: c for c in conditions}["Ready"]  # type: ignore[no-any-return]

    eventually(lambda: ready().get("reason") == "ReadinessGatesNotReady", "the gate holds")
    body = json.dumps({"status": {"conditions": [{"type": "example.com/gate", "status": "True"}]}})
    cluster.kubectl("patch", "pod", "gated", "--subresource=status", "-p", body)
    eventually(lambda: ready()["status"] == "True", "the gate opens")
    assert cluster.kubectl("exec", "gated", "-c", "c", "--", "cat", "/s/log") == "post\n"
    cluster.kubectl("delete", "pod", "gated")


def test_memory_is_resized_in_place(cluster: Cluster) -> None:
    made = pod("resized", "sleep 600", resources={"limits": {"memory": "64Mi", "cpu": "100m"}})
    cluster.apply(made)
    wait_phase(cluster, "resized", "Running")
    more = {"limits": {"memory": "128Mi", "cpu": "200m"}, "requests": {"memory": "128Mi", "cpu": "200m"}}
    body = json.dumps({"spec": {"containers": [{"name": "c", "resources": more}]}})
    cluster.kubectl("patch", "pod", "resized", "--subresource=resize", "-p", body)

    def told() -> dict[str, Any]:
        return cluster.get("pod", "resized")["status"]["containerStatuses"][0]  # type: ignore[no-any-return]

    eventually(lambda: told().get("resources", {}).get("limits") == more["limits"], "the new limits")
    assert told()["restartCount"] == 0
    cgroup = "cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes"
    assert cluster.kubectl("exec", "resized", "--", "sh", "-c", cgroup).strip() == str(128 << 20)
    cluster.kubectl("patch", "pod", "resized", "--subresource=resize", "-p", body.replace("200m", "9999"))

    def pending() -> str:
        conditions = {c["type"]: c for c in cluster.get("pod", "resized")["status"]["conditions"]}
        return str(conditions.get("PodResizePending", {}).get("reason", ""))

    eventually(lambda: pending() == "Infeasible", "the refusal")
    cluster.kubectl("patch", "pod", "resized", "--subresource=resize", "-p", body)
    eventually(lambda: pending() == "", "the refusal is taken back")
    cluster.kubectl("delete", "pod", "resized", "--now")
