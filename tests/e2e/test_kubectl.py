"""Unmodified kubectl, the oldest and the newest at hand, against a cluster on Docker: every verb of daily work.

Each test asserts on what kubectl prints and that it prints no error; a client-side stall shows as a time-out.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.cluster import Cluster, eventually, find_kubectls, run

VERSIONS = find_kubectls()
CHOSEN = {v: VERSIONS[v] for v in list(VERSIONS)[:1] + list(VERSIONS)[-1:]}

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: front}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: c
        image: minik8s/web
        imagePullPolicy: IfNotPresent
        ports: [{containerPort: 80}]
        readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


class Kubectl:
    """One kubectl in one namespace."""

    def __init__(self, cluster: Cluster, binary: str, namespace: str) -> None:
        self.cluster, self.binary, self.namespace = cluster, binary, namespace

    def __call__(self, *arguments: str, check: bool = True, stdin: str = "", timeout: float = 60) -> str:
        command = [self.binary, "-n", self.namespace, *arguments]
        done = run(command, self.cluster.environment, check, timeout, stdin)
        return done.stdout + done.stderr

    def get(self, *arguments: str) -> dict:
        return json.loads(self("get", *arguments, "-o", "json"))


@pytest.fixture(scope="module", params=list(CHOSEN))
def kubectl(request: pytest.FixtureRequest, docker_cluster: Cluster) -> Iterator[Kubectl]:
    from minik8s.cluster import images

    images.ensure_web_image()
    namespace = "k" + re.sub(r"\D", "", request.param)
    kubectl = Kubectl(docker_cluster, CHOSEN[request.param], namespace)
    kubectl("create", "namespace", namespace)
    kubectl("apply", "-f", "-", stdin=WEB)
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    yield kubectl
    kubectl("delete", "namespace", namespace, "--timeout=60s")


def test_apply_says_what_it_did(kubectl: Kubectl) -> None:
    assert kubectl("apply", "-f", "-", stdin=WEB).splitlines() == [
        "deployment.apps/web unchanged",
        "service/web unchanged",
    ]
    changed = WEB.replace("tier: front", "tier: back")
    assert "deployment.apps/web configured" in kubectl("apply", "-f", "-", stdin=changed)
    assert kubectl.get("deployment", "web")["metadata"]["labels"] == {"tier": "back"}


def test_get_in_every_form(kubectl: Kubectl) -> None:
    header, *rows = kubectl("get", "pods", "-o", "wide").splitlines()
    assert re.sub(" +", " ", header) == "NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES"
    assert len(rows) >= 2 and all(re.match(r"web-\S+ +1/1 +Running +0 ", row) for row in rows)
    assert re.search(r"^web +2/2 +2 +2 +\d+s", kubectl("get", "deployment"), re.M)
    assert "kind: Deployment" in kubectl("get", "deployment", "web", "-o", "yaml")
    assert kubectl("get", "svc", "web", "-o", "jsonpath={.spec.ports[0].port}") == "80"
    assert kubectl("get", "svc", "web", "-o", "custom-columns=N:.metadata.name", "--no-headers").strip() == "web"
    assert "web" in kubectl("get", "all", "--show-labels")
    assert kubectl("get", "pods", "-l", "app=none").strip() == f"No resources found in {kubectl.namespace} namespace."


def test_describe_tells_the_story(kubectl: Kubectl) -> None:
    told = kubectl("describe", "deployment", "web")
    assert re.search(r"Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable", told)
    assert "ScalingReplicaSet" in told
    told = kubectl("describe", "pods", "-l", "app=web")
    assert "Successfully assigned" in told and "Started container c" in told.replace("Started container: ", "")
    assert "Ready:          True" in told


def test_logs_and_their_options(kubectl: Kubectl) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "talker"},
        "spec": {
            "restartPolicy": "Never",
            "containers": [
                {
                    "name": "c",
                    "image": "minik8s/web",
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.3; done"],
                }
            ],
        },
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(pod))
    eventually(lambda: kubectl.get("pod", "talker")["status"]["phase"] != "Pending", "its start")
    assert kubectl("logs", "-f", "talker").splitlines() == ["line 1", "line 2", "line 3"]
    assert kubectl("logs", "talker", "--tail=1").strip() == "line 3"
    assert re.match(r"\d{4}-\d\d-\d\dT\S+Z line 1", kubectl("logs", "talker", "--timestamps"))
    assert 'container "x"' in kubectl("logs", "talker", "-c", "x", check=False) or "x is not valid" in kubectl(
        "logs", "talker", "-c", "x", check=False
    )
    kubectl("delete", "pod", "talker")


def test_exec(kubectl: Kubectl) -> None:
    pod = kubectl.get("pods", "-l", "app=web")["items"][0]["metadata"]["name"]
    assert kubectl("exec", pod, "--", "hostname").strip() == pod
    assert kubectl("exec", "-i", pod, "--", "cat", stdin="over and out\n") == "over and out\n"
    done = subprocess.run(
        [kubectl.binary, "-n", kubectl.namespace, "exec", pod, "--", "sh", "-c", "echo no >&2; exit 7"],
        env=kubectl.cluster.environment, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.returncode == 7 and done.stderr.startswith("no\n")


def test_scale_and_wait(kubectl: Kubectl) -> None:
    assert "deployment.apps/web scaled" in kubectl("scale", "deployment/web", "--replicas=3")
    kubectl("wait", "deployment/web", "--for=jsonpath={.status.readyReplicas}=3", "--timeout=30s")
    kubectl("scale", "deployment/web", "--replicas=2")
    eventually(lambda: len(kubectl.get("pods", "-l", "app=web")["items"]) == 2, "two pods")
    assert "condition met" in kubectl("wait", "pod", "-l", "app=web", "--for=condition=Ready", "--timeout=30s")


def test_rollout(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "roll", "--image=minik8s/web")
    containers = [{"name": "web", "imagePullPolicy": "IfNotPresent"}]
    template = {"spec": {"terminationGracePeriodSeconds": 0, "containers": containers}}
    kubectl("patch", "deployment", "roll", "-p", json.dumps({"spec": {"template": template}}))
    assert 'deployment "roll" successfully rolled out' in kubectl("rollout", "status", "deploy/roll", "--timeout=60s")
    assert "image updated" in kubectl("set", "image", "deploy/roll", "web=minik8s/web:latest")
    kubectl("rollout", "status", "deploy/roll", "--timeout=60s")
    history = kubectl("rollout", "history", "deploy/roll")
    assert re.search(r"^3 +<none>", history, re.M), history
    assert "rolled back" in kubectl("rollout", "undo", "deploy/roll")
    kubectl("rollout", "status", "deploy/roll", "--timeout=60s")
    assert kubectl("get", "deploy", "roll", "-o", "jsonpath={..image}").strip() == "minik8s/web"
    assert "paused" in kubectl("rollout", "pause", "deploy/roll")
    kubectl("set", "env", "deploy/roll", "A=B")
    conditions = eventually(
        lambda: {c["type"]: c["reason"] for c in kubectl.get("deploy", "roll")["status"]["conditions"]}, "conditions"
    )
    assert conditions["Progressing"] in ("DeploymentPaused", "NewReplicaSetAvailable")
    assert "resumed" in kubectl("rollout", "resume", "deploy/roll")
    kubectl("rollout", "status", "deploy/roll", "--timeout=60s")
    assert "restarted" in kubectl("rollout", "restart", "deploy/roll")
    kubectl("rollout", "status", "deploy/roll", "--timeout=60s")
    kubectl("delete", "deploy", "roll")


def test_label_annotate_and_three_kinds_of_patch(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "cm", "--from-literal=a=1")
    assert "configmap/cm labeled" in kubectl("label", "configmap", "cm", "x=y")
    assert "configmap/cm annotate" in kubectl("annotate", "configmap", "cm", "note=this is it")
    kubectl("patch", "configmap", "cm", "--type=merge", "-p", '{"data":{"a":null,"b":"2"}}')
    kubectl("patch", "configmap", "cm", "--type=json", "-p", '[{"op":"add","path":"/data/c","value":"3"}]')
    kubectl("patch", "configmap", "cm", "--type=strategic", "-p", '{"metadata":{"labels":{"z":"1"}}}')
    found = kubectl.get("configmap", "cm")
    assert found["data"] == {"b": "2", "c": "3"}
    assert found["metadata"]["labels"] == {"x": "y", "z": "1"}
    assert found["metadata"]["annotations"] == {"note": "this is it"}
    kubectl("label", "configmap", "cm", "x-")
    assert kubectl.get("configmap", "cm")["metadata"]["labels"] == {"z": "1"}
    kubectl("delete", "configmap", "cm")


def test_edit_without_hands(kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl("create", "configmap", "edited", "--from-literal=a=before")
    monkeypatch.setitem(kubectl.cluster.environment, "KUBE_EDITOR", "sed -i s/before/after/")
    assert "configmap/edited edited" in kubectl("edit", "configmap", "edited")
    assert kubectl.get("configmap", "edited")["data"] == {"a": "after"}
    kubectl("delete", "configmap", "edited")


@pytest.mark.parametrize("cascade", ["foreground", "orphan"])
def test_delete_cascades(kubectl: Kubectl, cascade: str) -> None:
    kubectl("create", "deployment", "casc", "--image=minik8s/web")
    eventually(lambda: kubectl.get("rs", "-l", "app=casc")["items"], "its replica set")
    kubectl("delete", "deployment", "casc", f"--cascade={cascade}", "--timeout=40s")
    sets = kubectl.get("rs", "-l", "app=casc")["items"]
    if cascade == "foreground":
        assert sets == [] and kubectl.get("pods", "-l", "app=casc")["items"] == []
        return
    eventually(lambda: not kubectl.get("rs", "-l", "app=casc")["items"][0]["metadata"].get("ownerReferences"), "orphan")
    kubectl("delete", "rs", "-l", "app=casc")
    eventually(lambda: not kubectl.get("pods", "-l", "app=casc")["items"], "its pods gone")


def test_explain_and_api_resources(kubectl: Kubectl) -> None:
    told = kubectl("explain", "pod.spec.containers")
    assert re.search(r"KIND: +Pod", told) and "livenessProbe" in told and "terminationMessagePolicy" in told
    assert "FIELD: containers" in told or "RESOURCE: containers" in told
    listed = kubectl("api-resources")
    assert re.search(r"^deployments +deploy +apps/v1 +true +Deployment", listed, re.M)
    assert re.search(r"^pods +po +v1 +true +Pod", listed, re.M)
    assert "apps/v1" in kubectl("api-versions").split()


def test_events_and_top(kubectl: Kubectl) -> None:
    assert re.search(r"Normal +Scheduled +pod/web-", kubectl("get", "events"))
    assert "Metrics API not available" in kubectl("top", "pods", check=False)
    assert "Metrics API not available" in kubectl("top", "nodes", check=False)


def test_cluster_info_version_and_nodes(kubectl: Kubectl) -> None:
    assert "control plane" in kubectl("cluster-info").lower()
    version = json.loads(run([kubectl.binary, "version", "-o", "json"], kubectl.cluster.environment, True, 30).stdout)
    assert version["serverVersion"]["minor"] == "33"
    assert re.search(r" Ready +", kubectl("get", "nodes"))
    told = kubectl("describe", "nodes")
    assert "KubeletReady" in told and "Allocated resources" in told


def test_refusals_are_upstreams(kubectl: Kubectl) -> None:
    assert 'Error from server (NotFound): pods "nobody" not found' in kubectl("get", "pod", "nobody", check=False)
    assert "the server doesn't have a resource type" in kubectl("get", "unicorns", check=False)
    assert "already exists" in kubectl("create", "deployment", "web", "--image=x", check=False)
    bad = WEB.replace("replicas: 2", "replicas: -2").replace("name: web,", "name: bad,")
    refused = kubectl("apply", "-f", "-", stdin=bad, check=False)
    assert "spec.replicas: Invalid value: -2: must be greater than or equal to 0" in refused
    unknown = WEB.replace("replicas: 2", "replicaz: 2").replace("name: web,", "name: bad,")
    refused = kubectl("apply", "--validate=strict", "-f", "-", stdin=unknown, check=False)
    assert 'unknown field "spec.replicaz"' in refused or 'unknown field "replicaz"' in refused
