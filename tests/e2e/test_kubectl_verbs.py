"""kubectl's rarer verbs, by the oldest, a middle and the newest kubectl at hand: each asserts on what it prints.

Pods are plain processes (no engine needed) and no proxy runs, so this needs root and nothing else. Daily verbs are in
test_kubectl.py, against Docker.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.cluster import Cluster, eventually, find_kubectls
from tests.e2e.test_kubectl import Kubectl

VERSIONS = find_kubectls()
MIDDLE = [version for version in VERSIONS if version.startswith("v1.30.")]
CHOSEN = {v: VERSIONS[v] for v in dict.fromkeys([*list(VERSIONS)[:1], *MIDDLE, *list(VERSIONS)[-1:]])}

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: c, image: minik8s/web, imagePullPolicy: IfNotPresent, ports: [{containerPort: 80}]}
  - name: side
    image: busybox
    imagePullPolicy: IfNotPresent
    command: [sh, -c, "echo side is up; exec cat"]
    stdin: true
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  replicas: 1
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: c, image: minik8s/web, imagePullPolicy: IfNotPresent, ports: [{containerPort: 80}]}]
"""


@pytest.fixture(scope="module")
def cluster(root: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("verbs"), "--runtime", "process", "--proxy", "none")
    try:
        cluster.up()
        yield cluster
    finally:
        print(cluster.logs())
        cluster.down()


@pytest.fixture(scope="module", params=list(CHOSEN))
def kubectl(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[Kubectl]:
    namespace = "v" + re.sub(r"\D", "", request.param)
    kubectl = Kubectl(cluster, CHOSEN[request.param], namespace)
    kubectl("create", "namespace", namespace)
    # the account comes a moment after its namespace, and a bare pod is not retried by anybody
    eventually(lambda: kubectl("get", "serviceaccount", "default", "-o", "name", check=False).startswith("service"), "")
    kubectl("apply", "-f", "-", stdin=POD)
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT)
    kubectl("wait", "pod/web", "--for=condition=Ready", "--timeout=30s")
    kubectl("rollout", "status", "deploy/app", "--timeout=30s")
    yield kubectl
    kubectl("delete", "namespace", namespace, "--timeout=60s")


def spawn(kubectl: Kubectl, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [kubectl.binary, "-n", kubectl.namespace, *arguments], env={**kubectl.cluster.environment, **environment},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@contextmanager
def running(kubectl: Kubectl, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A kubectl that goes on until told to stop."""
    process = spawn(kubectl, *arguments, **environment)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], wanted: str, seconds: float = 20) -> str:
    """What a process prints up to the wanted text."""
    assert process.stdout is not None
    seen, deadline = "", time.monotonic() + seconds
    while wanted not in seen:
        ready, _, _ = select.select([process.stdout], [], [], max(deadline - time.monotonic(), 0))
        piece = os.read(process.stdout.fileno(), 4096).decode() if ready else ""
        assert piece, f"no {wanted!r} in {seen!r}"
        seen += piece
    return seen


# -- into containers


def test_cp_both_ways(kubectl: Kubectl, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "big").write_bytes(os.urandom(3_000_000))
    (folder / "small").write_text("small\n")
    kubectl("cp", str(folder), f"web:/tmp/{kubectl.namespace}", "-c", "c")
    assert kubectl("exec", "web", "-c", "c", "--", "cat", f"/tmp/{kubectl.namespace}/small") == "small\n"
    kubectl("cp", f"{kubectl.namespace}/web:/tmp/{kubectl.namespace}", str(tmp_path / "back"), "-c", "c")
    assert (tmp_path / "back/deep/big").read_bytes() == (folder / "deep/big").read_bytes()


@pytest.mark.parametrize("websockets", ["true", "false"])
def test_port_forward(kubectl: Kubectl, websockets: str) -> None:
    arguments = ("port-forward", "pod/web", ":80", "--address=127.0.0.1")
    with running(kubectl, *arguments, KUBECTL_PORT_FORWARD_WEBSOCKETS=websockets) as process:
        port = re.search(r"127.0.0.1:(\d+) -> 80", read_until(process, "-> 80"))[1]  # type: ignore[index]
        for _ in range(3):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                assert answer.read().strip() == b"web"
        read_until(process, "Handling connection")


def test_port_forward_to_a_service(kubectl: Kubectl) -> None:
    kubectl("expose", "pod", "web", "--name=fw", "--port=8080", "--target-port=80")
    with running(kubectl, "port-forward", "service/fw", ":8080", "--address=127.0.0.1") as process:
        port = re.search(r"127.0.0.1:(\d+) -> 80", read_until(process, "-> 80"))[1]  # type: ignore[index]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            assert answer.read().strip() == b"web"
    kubectl("delete", "service", "fw")


@pytest.mark.parametrize("websockets", ["true", "false"])
def test_exec_in_and_out(kubectl: Kubectl, websockets: str) -> None:
    big = "x" * 200_000 + "\n"
    command = ("exec", "-i", "web", "-c", "c", "--", "sh", "-c", "cat; echo done >&2; exit 3")
    done = subprocess.run(
        [kubectl.binary, "-n", kubectl.namespace, *command], input=big, capture_output=True, text=True, timeout=30,
        env={**kubectl.cluster.environment, "KUBECTL_REMOTE_COMMAND_WEBSOCKETS": websockets}, check=False,
    )  # fmt: skip
    assert done.stdout == big and done.stderr.startswith("done\n") and done.returncode == 3


def test_exec_with_a_terminal(kubectl: Kubectl) -> None:
    command = [kubectl.binary, "-n", kubectl.namespace, "exec", "-it", "web", "-c", "c", "--", "sh"]
    master, slave = pty.openpty()
    process = subprocess.Popen(command, env=kubectl.cluster.environment, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    try:
        os.write(master, b"tty && echo out-$((40+2)); exit 5\n")
        seen, deadline = "", time.monotonic() + 20
        # a terminal that nobody holds open any more reads as an error, not as an end
        with suppress(OSError):
            while time.monotonic() < deadline:
                if select.select([master], [], [], 0.1)[0]:
                    seen += os.read(master, 4096).decode()
        assert process.wait(5) == 5, seen
        assert "/dev/pts/" in seen and "out-42" in seen
    finally:
        os.close(master)


def test_attach(kubectl: Kubectl) -> None:
    with running(kubectl, "attach", "-i", "web", "-c", "side") as process:
        assert process.stdin is not None
        process.stdin.write("echo to you\n")
        process.stdin.flush()
        read_until(process, "echo to you")


def test_debug_with_an_ephemeral_container(kubectl: Kubectl) -> None:
    told = kubectl("debug", "web", "--image=busybox", "--target=c", "-c", "dbg", "--", "sh", "-c", "echo debugged")
    assert "Targeting container" in told
    ended = "{.status.ephemeralContainerStatuses[0].state.terminated.reason}"
    eventually(lambda: kubectl("get", "pod", "web", "-o", f"jsonpath={ended}") == "Completed", "its end")
    assert kubectl("logs", "web", "-c", "dbg") == "debugged\n"
    assert "Ephemeral Containers:\n  dbg:" in kubectl("describe", "pod", "web")


def test_debug_by_a_copy(kubectl: Kubectl) -> None:
    kubectl(
        "debug", "web", "--copy-to=copied", "--image=busybox", "-c", "dbg", "--share-processes", "--", "sleep", "99"
    )
    kubectl("wait", "pod/copied", "--for=condition=Ready", "--timeout=30s")
    copied = kubectl.get("pod", "copied")["spec"]
    assert [c["name"] for c in copied["containers"]] == ["c", "side", "dbg"] and copied["shareProcessNamespace"]
    kubectl("delete", "pod", "copied", "--now")


def test_run_and_remove(kubectl: Kubectl) -> None:
    arguments = ("run", "once", "--rm", "-i", "--image=busybox", "--restart=Never", "--command", "--", "cat")
    told = kubectl(*arguments, stdin="through a pod\n")
    assert "through a pod\n" in told and 'pod "once" deleted' in told
    assert "NotFound" in kubectl("get", "pod", "once", check=False)


def test_run_reports_the_exit_code(kubectl: Kubectl) -> None:
    process = spawn(
        kubectl, "run", "fails", "--rm", "-i", "--image=busybox", "--restart=Never", "--command", "--", "sh", "-c",
        "sleep 0.5; exit 9",
    )  # fmt: skip
    output, _ = process.communicate(timeout=40)
    assert process.returncode == 9, output


def test_logs_of_many_containers(kubectl: Kubectl) -> None:
    told = kubectl("logs", "-l", "app=web", "--all-containers", "--prefix")
    assert "[pod/web/side] side is up\n" in told and "[pod/web/c] listening" in told
    assert kubectl("logs", "deploy/app").startswith("listening")
    assert kubectl("logs", "web", "-c", "side", "--since=1h", "--limit-bytes=4") == "side"


# -- nodes


def test_cordon_and_drain(kubectl: Kubectl) -> None:
    node = kubectl.get("nodes")["items"][0]["metadata"]["name"]
    kubectl("create", "deployment", "moved", "--image=minik8s/web")
    kubectl("rollout", "status", "deploy/moved", "--timeout=30s")
    try:
        assert f"node/{node} cordoned" in kubectl("cordon", node)
        assert "SchedulingDisabled" in kubectl("get", "node", node)
        assert kubectl.get("node", node)["spec"]["taints"][0]["key"] == "node.kubernetes.io/unschedulable"
        refused = kubectl("drain", node, "--ignore-daemonsets", "--timeout=20s", check=False)
        assert "cannot delete" in refused and f"{kubectl.namespace}/web" in refused
        told = kubectl("drain", node, "--ignore-daemonsets", "--pod-selector=app=moved", "--timeout=30s")
        assert re.search(r"evicting pod \S+/moved-", told) and f"node/{node} drained" in told
        pods = eventually(lambda: kubectl.get("pods", "-l", "app=moved")["items"], "its replacement")
        eventually(lambda: "FailedScheduling" in kubectl("get", "events"), "the scheduler's complaint")
        assert pods[0]["status"]["phase"] == "Pending"
    finally:
        assert f"node/{node} uncordoned" in kubectl("uncordon", node)
    kubectl("rollout", "status", "deploy/moved", "--timeout=30s")
    kubectl("delete", "deploy", "moved")


def test_a_disruption_budget_holds_a_drain_up(kubectl: Kubectl) -> None:
    node = kubectl.get("nodes")["items"][0]["metadata"]["name"]
    kubectl("create", "poddisruptionbudget", "keep", "--selector=app=app", "--min-available=1")
    eventually(lambda: kubectl.get("pdb", "keep")["status"]["currentHealthy"] == 1, "the budget's count")
    assert re.search(r"^keep +1 +N/A +0 ", kubectl("get", "pdb"), re.M)
    try:
        told = kubectl("drain", node, "--pod-selector=app=app", "--timeout=3s", check=False)
        assert "Cannot evict pod as it would violate the pod's disruption budget." in told
    finally:
        kubectl("uncordon", node)
        kubectl("delete", "pdb", "keep")


def test_taint(kubectl: Kubectl) -> None:
    node = kubectl.get("nodes")["items"][0]["metadata"]["name"]
    assert f"node/{node} tainted" in kubectl("taint", "nodes", node, "lab=yes:PreferNoSchedule")
    assert "already has lab taint(s)" in kubectl("taint", "nodes", node, "lab=no:PreferNoSchedule", check=False)
    assert "modified" in kubectl("taint", "nodes", node, "lab=no:PreferNoSchedule", "--overwrite")
    assert "lab=no:PreferNoSchedule" in kubectl("describe", "node", node)
    assert f"node/{node} untainted" in kubectl("taint", "nodes", node, "lab-")


# -- workloads


def test_expose_autoscale_restart(kubectl: Kubectl) -> None:
    assert "service/app exposed" in kubectl("expose", "deploy/app", "--port=80", "--target-port=80")
    eventually(lambda: re.search(r"^app +\S+:80", kubectl("get", "endpoints", "app"), re.M), "its endpoints")
    assert "autoscaled" in kubectl("autoscale", "deploy/app", "--min=1", "--max=3", "--cpu-percent=80")
    assert kubectl.get("hpa", "app")["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 80
    assert re.search(r"^app +Deployment/app +\S.*80% +1 +3 ", kubectl("get", "hpa"), re.M)
    assert "restarted" in kubectl("rollout", "restart", "deploy/app")
    assert "successfully rolled out" in kubectl("rollout", "status", "deploy/app", "--timeout=30s")
    assert "kubectl.kubernetes.io/restartedAt" in kubectl("get", "deploy", "app", "-o", "yaml")
    kubectl("delete", "hpa,service", "app")


def test_set(kubectl: Kubectl) -> None:
    assert "resource requirements updated" in kubectl(
        "set", "resources", "deploy/app", "-c=c", "--limits=memory=64Mi", "--requests=cpu=10m"
    )
    kubectl("create", "serviceaccount", "robot")
    assert "serviceaccount updated" in kubectl("set", "serviceaccount", "deploy/app", "robot")
    assert "env updated" in kubectl("set", "env", "deploy/app", "MODE=test")
    spec = kubectl.get("deploy", "app")["spec"]["template"]["spec"]
    assert spec["serviceAccountName"] == "robot" and spec["containers"][0]["env"] == [{"name": "MODE", "value": "test"}]
    assert spec["containers"][0]["resources"] == {"limits": {"memory": "64Mi"}, "requests": {"cpu": "10m"}}
    kubectl("create", "service", "clusterip", "picks", "--tcp=80")
    assert "selector updated" in kubectl("set", "selector", "service", "picks", "app=app")
    assert kubectl.get("service", "picks")["spec"]["selector"] == {"app": "app"}
    kubectl("create", "rolebinding", "bound", "--clusterrole=view", "--serviceaccount=default:x")
    assert "subjects updated" in kubectl("set", "subject", "rolebinding", "bound", "--user=jane")
    kubectl("rollout", "status", "deploy/app", "--timeout=30s")


def test_create_of_many_kinds(kubectl: Kubectl) -> None:
    made = {
        "secret/s": ("secret", "generic", "s", "--from-literal=a=b"),
        "secret/reg": (
            "secret", "docker-registry", "reg", "--docker-server=r.example", "--docker-username=u",
            "--docker-password=p",
        ),
        "configmap/cm": ("configmap", "cm", "--from-literal=a=b"),
        "cronjob.batch/cj": ("cronjob", "cj", "--image=busybox", "--schedule=0 0 1 1 *", "--", "true"),
        "job.batch/j": ("job", "j", "--from=cronjob/cj"),
        "resourcequota/q": ("quota", "q", "--hard=configmaps=50,services=20"),
        "role.rbac.authorization.k8s.io/r": ("role", "r", "--verb=get,list", "--resource=pods,deployments.apps"),
        "rolebinding.rbac.authorization.k8s.io/rb": ("rolebinding", "rb", "--role=r", "--user=jane"),
        "poddisruptionbudget.policy/b": ("pdb", "b", "--selector=x=y", "--max-unavailable=50%"),
        "ingress.networking.k8s.io/i": ("ingress", "i", "--rule=a.example/path*=app:80,tls=cert"),
        "serviceaccount/sa": ("serviceaccount", "sa"),
        "service/np": ("service", "nodeport", "np", "--tcp=80:80"),
        "service/en": ("service", "externalname", "en", "--external-name=x.example"),
    }  # fmt: skip
    for said, arguments in made.items():
        assert kubectl("create", *arguments).splitlines()[-1] == f"{said} created"
    wide = (
        ("clusterrole", f"cr-{kubectl.namespace}", "--verb=get", "--non-resource-url=/x"),
        ("clusterrolebinding", f"crb-{kubectl.namespace}", "--clusterrole=view", "--group=g"),
        ("priorityclass", f"pc-{kubectl.namespace}", "--value=10", "--description=ten"),
    )
    for kind, name, *options in wide:
        assert kubectl("create", kind, name, *options).rstrip().endswith(f"{name} created")
        assert name in kubectl("get", kind) and kubectl("delete", kind, name)
    kubectl("wait", "job/j", "--for=condition=complete", "--timeout=30s")
    eventually(lambda: kubectl.get("quota", "q")["status"]["used"]["configmaps"] == "2", "the quota's count")
    assert re.search(r"configmaps +2 +50", kubectl("describe", "quota", "q"))
    assert re.search(r"^i +<none> +a.example +80, 443", kubectl("get", "ingress"), re.M)
    assert "kubernetes.io/dockerconfigjson" in kubectl("get", "secret", "reg")
    assert "jane" in kubectl("describe", "rolebinding", "rb")
    kubectl("delete", "--ignore-not-found", *made)  # the job goes with its cron job


def test_delete_by_label_and_wait_for_it(kubectl: Kubectl) -> None:
    for number in range(3):
        name = f"gone-{number}"
        kubectl("run", name, "--image=busybox", "--labels=group=gone", "--command", "--", "sleep", "99")
    waiting = spawn(kubectl, "wait", "pod/gone-0", "--for=delete", "--timeout=60s")
    told = kubectl("delete", "pods", "-l", "group=gone", "--grace-period=1")
    assert len(re.findall(r'^pod "gone-\d" deleted', told, re.M)) == 3
    output, _ = waiting.communicate(timeout=30)
    assert waiting.returncode == 0, output
    assert "No resources found" in kubectl("get", "pods", "-l", "group=gone")
    kubectl("wait", "pod", "-l", "group=gone", "--for=delete", "--timeout=5s")


# -- declared state


def test_diff(kubectl: Kubectl) -> None:
    assert kubectl("diff", "-f", "-", stdin=POD) == ""
    process = spawn(kubectl, "diff", "-f", "-")
    output, _ = process.communicate(POD.replace("app: web", "app: web, new: label"), timeout=30)
    assert process.returncode == 1 and re.search(r"^\+ +new: label", output, re.M), output
    assert "new" not in kubectl.get("pod", "web")["metadata"]["labels"]


def test_replace(kubectl: Kubectl) -> None:
    def config(value: str) -> str:
        return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "swap"}, "data": {"v": value}})

    assert "not found" in kubectl("replace", "-f", "-", stdin=config("0"), check=False)
    kubectl("create", "-f", "-", stdin=config("1"))
    before = kubectl.get("configmap", "swap")["metadata"]["uid"]
    assert "configmap/swap replaced" in kubectl("replace", "-f", "-", stdin=config("2"))
    assert kubectl.get("configmap", "swap")["metadata"]["uid"] == before
    told = kubectl("replace", "--force", "-f", "-", stdin=config("3"))
    assert 'configmap "swap" deleted' in told and "configmap/swap replaced" in told
    after = kubectl.get("configmap", "swap")
    assert after["metadata"]["uid"] != before and after["data"] == {"v": "3"}


def configs(*names: str) -> str:
    items = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"set": "pruned"}}}
        for name in names
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def test_prune(kubectl: Kubectl) -> None:
    arguments = ("apply", "-f", "-", "--prune", "-l", "set=pruned", "--prune-allowlist=core/v1/ConfigMap")
    kubectl(*arguments, stdin=configs("p1", "p2"))
    told = kubectl(*arguments, stdin=configs("p2"))
    assert "configmap/p1 pruned" in told and "configmap/p2 unchanged" in told
    assert kubectl("get", "cm", "-l", "set=pruned", "-o", "name").strip() == "configmap/p2"


def test_prune_by_an_applyset(kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kubectl.cluster.environment, "KUBECTL_APPLYSET", "true")
    arguments = ("apply", "-f", "-", "--prune", "--applyset=configmaps/parent")
    kubectl(*arguments, stdin=configs("a1", "a2"))
    told = kubectl(*arguments, stdin=configs("a2"))
    assert "configmap/a1 pruned" in told
    assert kubectl("get", "cm", "-l", "applyset.kubernetes.io/part-of", "-o", "name").strip() == "configmap/a2"


def test_kustomize(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text(
        "resources: [pod.yaml]\nnamePrefix: k-\nlabels: [{pairs: {made: kustomize}}]\n"
        "configMapGenerator: [{name: made, literals: [a=b]}]\n"
    )
    (tmp_path / "pod.yaml").write_text(POD)
    assert "name: k-web" in kubectl("kustomize", str(tmp_path))
    told = kubectl("apply", "-k", str(tmp_path))
    assert re.search(r"configmap/k-made-\w+ created", told) and "pod/k-web created" in told
    assert kubectl.get("pod", "k-web")["metadata"]["labels"]["made"] == "kustomize"
    assert 'pod "k-web" deleted' in kubectl("delete", "-k", str(tmp_path))


def test_labels_are_not_overwritten_unasked(kubectl: Kubectl) -> None:
    assert "--overwrite is false" in kubectl("label", "pod", "web", "app=other", check=False)
    assert "labeled" in kubectl("label", "pod", "web", "tier=a", "--overwrite")
    assert "labeled" in kubectl("label", "pod", "web", "tier=b", "--overwrite")
    assert "unlabeled" in kubectl("label", "pod", "web", "tier-")


def test_server_side_apply(kubectl: Kubectl) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ssa"}, "data": {"a": "1"}}
    arguments = ("apply", "--server-side", "-f", "-")
    assert "configmap/ssa serverside-applied" in kubectl(*arguments, "--field-manager=one", stdin=json.dumps(config))
    config["data"] = {"a": "2"}
    refused = kubectl(*arguments, "--field-manager=two", stdin=json.dumps(config), check=False)
    assert 'Apply failed with 1 conflict: conflict with "one": .data.a' in refused
    kubectl(*arguments, "--field-manager=two", "--force-conflicts", stdin=json.dumps(config))
    shown = kubectl("get", "configmap", "ssa", "-o", "json", "--show-managed-fields")
    owners = {one["manager"]: one["fieldsV1"] for one in json.loads(shown)["metadata"]["managedFields"]}
    assert owners["two"] == {"f:data": {"f:a": {}}} and "one" not in owners


# -- looking


def test_get_in_rarer_forms(kubectl: Kubectl) -> None:
    everywhere = kubectl("get", "pods", "-A")
    assert re.search(rf"^{kubectl.namespace} +web +2/2 +Running", everywhere, re.M)
    names = kubectl("get", "pods", "-A", "--sort-by=.metadata.name", "-o", "name").split()
    assert names == sorted(names) and "pod/web" in names
    raw = json.loads(kubectl("get", "--raw", f"/api/v1/namespaces/{kubectl.namespace}/pods/web"))
    assert raw["kind"] == "Pod"
    assert kubectl("get", "--raw", "/readyz") == "ok"
    assert "[+]" in kubectl("get", "--raw", "/livez?verbose")
    assert "apiserver_request_total" in kubectl("get", "--raw", "/metrics")
    picked = kubectl(
        "get", "pods", "--field-selector=metadata.name=web", "-o", "go-template={{range .items}}{{.kind}}{{end}}"
    )
    assert picked == "Pod"
    assert "APP" in kubectl("get", "pods", "-L", "app").splitlines()[0]
    assert "Running" not in kubectl("get", "pods", "--field-selector=status.phase!=Running")
    assert kubectl("get", "pod/web", "deploy/app", "-o", "name").split() == ["pod/web", "deployment.apps/app"]


def test_get_watch(kubectl: Kubectl) -> None:
    with running(kubectl, "get", "configmaps", "--watch-only", "--output-watch-events", "-l", "watched=yes") as process:
        # the watch says nothing until something happens, so it is made to happen until it is seen
        for number in range(20):
            kubectl("create", "configmap", f"w{number}")
            kubectl("label", "configmap", f"w{number}", "watched=yes")
            if select.select([process.stdout], [], [], 0.5)[0]:
                break
        read_until(process, "ADDED")
        kubectl("delete", "configmap", f"w{number}")
        assert re.search(rf"DELETED +w{number} ", read_until(process, "DELETED") + read_until_line(process))


def read_until_line(process: subprocess.Popen[str]) -> str:
    ready = select.select([process.stdout], [], [], 0.2)[0]
    return os.read(process.stdout.fileno(), 4096).decode() if ready and process.stdout else ""


def test_events_of_one_object(kubectl: Kubectl) -> None:
    told = kubectl("events", "--for=pod/web")
    assert "Scheduled" in told and "Started" in told and "app-" not in told
    assert "No events found" in kubectl("events", "--for=pod/nobody")
    assert re.search(r"Normal +ScalingReplicaSet +Deployment/app", kubectl("events", "--types=Normal"))


def test_explain_and_versions(kubectl: Kubectl) -> None:
    told = kubectl("explain", "deployment", "--recursive")
    assert re.search(r"terminationMessagePolicy\t<(string|enum)>", told) and "matchLabels" in told
    assert "autoscaling/v2" in kubectl("api-versions").split()
    told = kubectl("api-resources", "--verbs=list", "--namespaced", "-o", "name")
    assert "pods" in told.split() and "nodes" not in told.split()
    told = kubectl("explain", "hpa.spec", "--api-version=autoscaling/v1")
    assert "targetCPUUtilizationPercentage" in told


def test_cluster_info_dump(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl("cluster-info", "dump", f"--output-directory={tmp_path}", "--namespaces", kubectl.namespace)
    pods = json.loads((tmp_path / kubectl.namespace / "pods.json").read_text())
    assert "web" in [pod["metadata"]["name"] for pod in pods["items"]]
    assert "side is up" in (tmp_path / kubectl.namespace / "web" / "logs.txt").read_text()
    assert json.loads((tmp_path / "nodes.json").read_text())["items"]


def test_proxy(kubectl: Kubectl) -> None:
    with running(kubectl, "proxy", "--port=0") as process:
        port = re.search(r"127.0.0.1:(\d+)", read_until(process, "Starting to serve on"))[1]  # type: ignore[index]
        base = f"http://127.0.0.1:{port}/api/v1/namespaces/{kubectl.namespace}"
        with urllib.request.urlopen(f"{base}/pods/web/proxy/", timeout=10) as answer:
            assert answer.read().strip() == b"web"
        with urllib.request.urlopen(f"{base}/pods/web", timeout=10) as answer:
            assert json.loads(answer.read())["metadata"]["name"] == "web"


# -- who may, and who is who


def test_tokens_and_who_am_i(kubectl: Kubectl) -> None:
    token = kubectl(
        "create", "token", "default", "--duration=20m", "--audience=https://kubernetes.default.svc.cluster.local"
    )
    told = kubectl("--token", token.strip(), "auth", "can-i", "--list", check=False)
    assert "Resources" in told or "Forbidden" in told
    assert kubectl("auth", "can-i", "create", "pods").strip() == "yes"
    told = kubectl("auth", "whoami", check=False)
    # 1.27 asks for the beta only, which a 1.33 server does not serve
    assert re.search(r"Username +kubernetes-admin", told) or "selfsubjectreviews API is not enabled" in told
    assert re.search(r"Groups +\[system:masters system:authenticated\]", told) or "not enabled" in told
    assert 'serviceaccounts "nobody" not found' in kubectl("create", "token", "nobody", check=False)


def test_certificates(kubectl: Kubectl, tmp_path: Path) -> None:
    key = tmp_path / "jane.key"
    command = ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", "/O=lab/CN=jane"]
    pem = subprocess.run(command, capture_output=True, check=True).stdout
    import base64

    def request(name: str) -> str:
        spec = {
            "request": base64.b64encode(pem).decode(),
            "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth"],
            "expirationSeconds": 3600,
        }
        kind = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest"}
        return json.dumps({**kind, "metadata": {"name": name}, "spec": spec})

    good, bad = f"jane-{kubectl.namespace}", f"eve-{kubectl.namespace}"
    kubectl("apply", "-f", "-", stdin=request(good))
    kubectl("apply", "-f", "-", stdin=request(bad))
    assert re.search(rf"^{good} .* kubernetes-admin +60m +Pending", kubectl("get", "csr"), re.M)
    assert f"{good} approved" in kubectl("certificate", "approve", good)
    assert f"{bad} denied" in kubectl("certificate", "deny", bad)
    encoded = eventually(lambda: kubectl("get", "csr", good, "-o", "jsonpath={.status.certificate}"), "its signature")
    listed = kubectl("get", "csr")
    assert re.search(rf"^{good} .*Approved,Issued", listed, re.M) and re.search(rf"^{bad} .*Denied", listed, re.M)
    (tmp_path / "jane.crt").write_bytes(base64.b64decode(encoded))
    told = kubectl(
        "--client-certificate", str(tmp_path / "jane.crt"), "--client-key", str(key), "--kubeconfig",
        strip_users(kubectl.cluster, tmp_path), "get", "--raw",
        "/apis/authentication.k8s.io/v1", check=False,
    )  # fmt: skip
    assert "APIResourceList" in told or 'User "jane"' in told
    kubectl("delete", "csr", good, bad)


def strip_users(cluster: Cluster, folder: Path) -> str:
    """The cluster's kubeconfig without credentials."""
    config = json.loads(cluster.kubeconfig.read_text())
    config["users"] = [{"name": user["name"], "user": {}} for user in config["users"]]
    (folder / "bare.kubeconfig").write_text(json.dumps(config))
    return str(folder / "bare.kubeconfig")
