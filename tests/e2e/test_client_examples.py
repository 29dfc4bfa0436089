"""What client libraries show in their examples: leader election, custom resources, exec, operators with peering.

Everything here is unmodified from PyPI; only kubeconfig and names are ours.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster import Cluster, eventually

CANDIDATE = textwrap.dedent(
    """
    import sys, time
    from kubernetes import client, config
    from kubernetes.leaderelection import electionconfig, leaderelection
    from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock

    config.load_kube_config()
    name = sys.argv[1]

    def lead():
        sys.stdout.write(f"<leads:{name}>\\n")
        sys.stdout.flush()
        time.sleep(600)

    lock = ConfigMapLock("examplepython", "default", name)
    election = electionconfig.Config(
        lock, lease_duration=4, renew_deadline=3, retry_period=1, onstarted_leading=lead, onstopped_leading=None
    )
    leaderelection.LeaderElection(election).run()
    """
)

WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.lab.example"},
    "spec": {
        "group": "lab.example",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wd"]},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
                    }
                },
            }
        ],
    },
}


@contextmanager
def running(cluster: Cluster, log: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process against the cluster; killed at the end, its output in a file."""
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, *command], env=cluster.environment, stdout=stream, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def widgets(fake_cluster: Cluster) -> Cluster:
    fake_cluster.apply(WIDGETS)
    fake_cluster.kubectl("wait", "crd/widgets.lab.example", "--for=condition=Established", "--timeout=20s")
    return fake_cluster


def test_leader_election(fake_cluster: Cluster, tmp_path: Path) -> None:
    file, first, second = tmp_path / "candidate.py", tmp_path / "first", tmp_path / "second"
    file.write_text(CANDIDATE)
    with running(fake_cluster, first, str(file), "one") as leader:
        eventually(lambda: "<leads:one>" in first.read_text(), "the first to lead", 30)
        with running(fake_cluster, second, str(file), "two"):
            held = "control-plane.alpha.kubernetes.io/leader"
            record = fake_cluster.get("configmap", "examplepython")["metadata"]["annotations"][held]
            assert re.search(r"'holderIdentity': 'one'|\"holderIdentity\": ?\"one\"", record)
            assert "<leads:" not in second.read_text()
            os.kill(leader.pid, signal.SIGKILL)
            eventually(lambda: "<leads:two>" in second.read_text(), "the second to take over", 30)


def test_dynamic_client_on_a_custom_resource(widgets: Cluster) -> None:
    from kubernetes import client, config, dynamic

    config.load_kube_config(str(widgets.kubeconfig))
    api = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="lab.example/v1", kind="Widget")
    body: dict[str, Any] = {
        "apiVersion": "lab.example/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {"size": 1}
    }  # fmt: skip
    api.create(body=body, namespace="default")
    patch = {"spec": {"size": 2}}
    api.patch(body=patch, name="one", namespace="default", content_type="application/merge-patch+json")
    api.status.patch(
        body={"status": {"seen": True}}, name="one", namespace="default", content_type="application/merge-patch+json"
    )
    assert api.get(name="one", namespace="default").to_dict()["status"] == {"seen": True}
    applied = {**body, "spec": {"size": 3}}
    api.server_side_apply(body=applied, name="one", namespace="default", field_manager="example", force_conflicts=True)
    api.delete(name="one", namespace="default")
    events = [
        (event["type"], event["object"].spec.size)
        for event in api.watch(namespace="default", name="one", resource_version="0", timeout=2)
    ]
    assert events == [] or events[-1] == ("DELETED", 3)
    with pytest.raises(client.ApiException) as refused:
        api.create(body={**body, "spec": {"size": "big"}}, namespace="default")
    assert refused.value.status == 422 and "spec.size" in str(refused.value.body)


OPERATOR = textwrap.dedent(
    """
    import kopf

    @kopf.on.startup()
    def configure(settings, **_):
        settings.peering.name = "lab"
        settings.peering.lifetime = 6

    @kopf.on.create("lab.example", "v1", "widgets")
    @kopf.on.resume("lab.example", "v1", "widgets")
    def made(name, spec, patch, **_):
        patch.status["by"] = WHO
        patch.status["size"] = spec.get("size")

    @kopf.on.update("lab.example", "v1", "widgets", field="spec.size")
    def resized(new, patch, **_):
        patch.status["by"] = WHO
        patch.status["size"] = new

    @kopf.timer("lab.example", "v1", "widgets", interval=1, labels={"tick": "yes"})
    def tick(patch, status, **_):
        patch.status["ticks"] = status.get("ticks", 0) + 1
    """
)
KOPF_PEERING = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "kopfpeerings.kopf.dev"},
    "spec": {
        "group": "kopf.dev",
        "scope": "Namespaced",
        "names": {"kind": "KopfPeering", "plural": "kopfpeerings", "singular": "kopfpeering"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                    }
                },
            }
        ],
    },
}


@pytest.mark.xfail(strict=False, reason="seen to stall on a loaded machine: the second operator is late to take over")
def test_two_kopf_operators_agree_by_peering(widgets: Cluster, tmp_path: Path) -> None:
    """The one of lower priority pauses while the other lives, and takes over when it is killed."""
    widgets.apply(KOPF_PEERING)
    widgets.kubectl("wait", "crd/kopfpeerings.kopf.dev", "--for=condition=Established", "--timeout=20s")
    widgets.apply({"apiVersion": "kopf.dev/v1", "kind": "KopfPeering", "metadata": {"name": "lab"}})
    logs = {}
    for who in ("low", "high"):
        (tmp_path / f"{who}.py").write_text(f"WHO = {who!r}\n{OPERATOR}")
        logs[who] = tmp_path / f"{who}.log"

    def command(who: str, priority: int) -> tuple[str, ...]:
        file = str(tmp_path / f"{who}.py")
        return ("-m", "kopf", "run", "--namespace=default", f"--priority={priority}", "--peering=lab", file)

    def status(name: str) -> dict[str, Any]:
        return widgets.get("widgets", name).get("status") or {}

    def resumed() -> int:
        return logs["low"].read_text().count("Resuming operations")

    with running(widgets, logs["low"], *command("low", 10)):
        eventually(lambda: resumed() == 1, "the lower one at work", 30)  # every operator begins paused
        with running(widgets, logs["high"], *command("high", 100)) as high:
            eventually(lambda: "Pausing" in logs["low"].read_text(), "the lower one to pause", 30)
            widgets.apply(widget("w1", 1))
            eventually(lambda: status("w1").get("by") == "high", "the higher one's work", 30)
            assert len(widgets.get("kopfpeerings", "lab")["status"]) == 2
            high.kill()
        eventually(lambda: resumed() == 2, "the lower one to resume", 40)
        widgets.apply(widget("w1", 2))
        eventually(lambda: (status("w1").get("by"), status("w1").get("size")) == ("low", 2), "its work", 30)
        widgets.kubectl("label", "widget", "w1", "tick=yes")
        eventually(lambda: status("w1").get("ticks", 0) >= 2, "two ticks", 30)
        widgets.kubectl("delete", "widget", "w1", "--timeout=20s")


def widget(name: str, size: int) -> dict[str, Any]:
    return {"apiVersion": "lab.example/v1", "kind": "Widget", "metadata": {"name": name}, "spec": {"size": size}}


EXAMPLE_EXEC = textwrap.dedent(
    """
    from kubernetes import client, config
    from kubernetes.stream import stream

    config.load_kube_config()
    api = client.CoreV1Api()
    shell = stream(
        api.connect_get_namespaced_pod_exec, "stream", "default", command=["/bin/sh"],
        stderr=True, stdin=True, stdout=True, tty=False, _preload_content=False,
    )
    shell.write_stdin("echo out; echo err >&2\\n")
    print("OUT", shell.readline_stdout(timeout=5), "ERR", shell.readline_stderr(timeout=5), flush=True)
    shell.write_stdin("exit 3\\n")
    shell.run_forever(timeout=5)
    print("CODE", shell.returncode, flush=True)
    """
)


def test_exec_and_logs_of_the_official_client(process_cluster: Cluster, tmp_path: Path) -> None:
    container = {"name": "c", "image": "busybox", "command": ["sh", "-c", "echo said; exec sleep 600"]}
    spec = {"containers": [{**container, "imagePullPolicy": "IfNotPresent"}], "terminationGracePeriodSeconds": 0}
    eventually(lambda: process_cluster.kubectl("get", "sa", "default", check=False), "the account")
    process_cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "stream"}, "spec": spec})
    process_cluster.kubectl("wait", "pod/stream", "--for=condition=Ready", "--timeout=30s")
    (tmp_path / "exec.py").write_text(EXAMPLE_EXEC)
    with running(process_cluster, tmp_path / "log", str(tmp_path / "exec.py")) as process:
        assert process.wait(30) == 0, (tmp_path / "log").read_text()
    assert (tmp_path / "log").read_text().split() == ["OUT", "out", "ERR", "err", "CODE", "3"]
