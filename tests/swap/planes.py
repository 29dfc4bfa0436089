"""A control plane put together from our processes and upstream's, one by one, over one set of certificates.

Upstream's binaries are looked for in $MINIK8S_UPSTREAM_BIN, on PATH, and in /opt/upstream/bin. Command lines of ours
are the launcher's own (`minik8s.cluster.programs`); upstream's carry the same flags, as far as 1.20 knows them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from minik8s.cluster import lifecycle, pki
from minik8s.cluster.config import ClusterConfig
from minik8s.cluster.programs import compute_programs
from minik8s.cluster.readiness import is_ready
from tests.e2e.cluster import Cluster, eventually

#: What upstream's 1.20 asks for and v1.33 has dropped.
RUNTIME_CONFIG = "--runtime-config=policy/v1beta1=true,discovery.k8s.io/v1beta1=true,batch/v1beta1=true"


def find_upstream(name: str) -> str:
    """The path of one of upstream's binaries; empty where it is absent."""
    folders = [os.environ.get("MINIK8S_UPSTREAM_BIN", ""), os.environ.get("PATH", ""), "/opt/upstream/bin"]
    return shutil.which(name, path=os.pathsep.join(filter(None, folders))) or ""


class Plane(Cluster):
    """Processes of one cluster, each started by name, ours or upstream's; none under a supervisor."""

    def __init__(self, folder: Path, runtime: str, nodes: int = 1) -> None:
        super().__init__(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.config = lifecycle.resolve(ClusterConfig(folder, runtime=runtime, proxy="none", nodes=nodes), None)
        pki.ensure(self.config)
        self.programs = {program.name: program for program in compute_programs(self.config)}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        (folder / "logs").mkdir(exist_ok=True)

    # -- processes

    def start(self, name: str, *command: str) -> None:
        """Start a process that logs to logs/NAME.log."""
        log = (self.data_dir / "logs" / f"{name}.log").open("ab")
        self.running[name] = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.environment
        )

    def ours(self, name: str, *flags: str, wait: bool = True) -> None:
        """Start one of our components as the launcher would, with more flags; return once it does its work."""
        program = self.programs[name]
        self.start(name, *program.command, *flags)
        if wait:
            eventually(lambda: self.alive(name) and is_ready(program.health_url), f"our {name}", 40)

    def upstream(self, binary: str, *flags: str, name: str = "") -> None:
        """Start one of upstream's binaries."""
        self.start(name or binary, find_upstream(binary), *flags)

    def alive(self, name: str) -> bool:
        code = self.running[name].poll()
        if code is not None:
            raise RuntimeError(f"{name} ended with {code}\n{self.log(name)[-3000:]}")
        return True

    def log(self, name: str) -> str:
        return (self.data_dir / "logs" / f"{name}.log").read_text(errors="replace")

    def stop(self, *names: str) -> None:
        """Stop processes, in that order, and wait for each."""
        for name in names:
            process = self.running.pop(name)
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def down(self) -> None:
        """Stop everything, last started first, and unmount what a kubelet of upstream's leaves mounted."""
        self.stop(*reversed(self.running))
        for line in Path("/proc/self/mounts").read_text().splitlines():
            target = line.split()[1]
            if target.startswith(f"{self.data_dir}/"):
                subprocess.run(["umount", target], check=False)

    # -- upstream's command lines

    def upstream_etcd_and_apiserver(self) -> None:
        """Upstream's kube-apiserver on an etcd of its own, with RBAC; returns when it is ready."""
        client, peer = (f"http://127.0.0.1:{self.config.ports[name]}" for name in ("etcd", "etcd-peer"))
        self.start(
            "etcd", shutil.which("etcd") or "etcd", f"--data-dir={self.data_dir}/etcd",
            f"--listen-client-urls={client}", f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}",
        )  # fmt: skip
        folder = self.config.pki
        self.upstream(
            "kube-apiserver", f"--etcd-servers={client}", f"--secure-port={self.config.ports['apiserver']}",
            f"--advertise-address={self.config.advertise_address}",
            f"--service-cluster-ip-range={self.config.service_cidr}",
            f"--client-ca-file={folder}/ca.crt", f"--tls-cert-file={folder}/apiserver.crt",
            f"--tls-private-key-file={folder}/apiserver.key", f"--service-account-key-file={folder}/sa.pub",
            f"--service-account-signing-key-file={folder}/sa.key",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--kubelet-client-certificate={folder}/apiserver-kubelet-client.crt",
            f"--kubelet-client-key={folder}/apiserver-kubelet-client.key",
            f"--kubelet-certificate-authority={folder}/ca.crt",
            "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
        )  # fmt: skip
        ready = f"{self.config.server_url}/readyz"
        eventually(lambda: self.alive("kube-apiserver") and is_ready(ready), "upstream's apiserver", 60)

    def upstream_controllers(self, content_type: str) -> None:
        """Upstream's controller manager and scheduler, as leaders."""
        folder = self.config.pki
        common = (
            f"--kube-api-content-type={content_type}",
            "--leader-elect=true",
            "--secure-port=0",
            "--port=0",
            "--v=2",
        )
        self.upstream(
            "kube-controller-manager", f"--kubeconfig={folder}/controller-manager.kubeconfig",
            f"--service-account-private-key-file={folder}/sa.key", f"--root-ca-file={folder}/ca.crt",
            f"--cluster-signing-cert-file={folder}/ca.crt", f"--cluster-signing-key-file={folder}/ca.key", *common,
        )  # fmt: skip
        self.upstream("kube-scheduler", f"--kubeconfig={folder}/scheduler.kubeconfig", *common)

    def upstream_kubelet(self, node: str, index: int) -> None:
        """Upstream's kubelet with its Docker shim."""
        folder, ports = self.config.pki, self.config.ports
        self.upstream(
            "kubelet", f"--kubeconfig={folder}/kubelet-{node}.kubeconfig", f"--hostname-override={node}",
            f"--node-ip={self.config.advertise_address}", f"--port={ports[f'kubelet-{index}']}",
            f"--healthz-port={ports[f'kubelet-{index}-healthz']}", "--read-only-port=0",
            f"--tls-cert-file={folder}/kubelet-{node}.crt", f"--tls-private-key-file={folder}/kubelet-{node}.key",
            f"--client-ca-file={folder}/ca.crt", "--authorization-mode=AlwaysAllow", "--container-runtime=docker",
            "--cgroup-driver=cgroupfs", "--network-plugin=", "--fail-swap-on=false", "--cluster-domain=cluster.local",
            f"--root-dir={self.data_dir}/kubelet/{node}", "--pod-infra-container-image=k8s.gcr.io/pause:3.2",
            "--cgroups-per-qos=false", "--enforce-node-allocatable=", "--eviction-hard=", "--v=2",
        )  # fmt: skip


# -- what every mixture must be able to do


def check_deployment(plane: Plane, image: str = "minik8s/web", slices: bool = True) -> None:
    """A Deployment behind a Service becomes ready, scales, rolls, and is deleted with its pods."""
    plane.apply(deployment(image, 2))
    plane.kubectl("expose", "deployment/up", "--port=80")
    roll_out(plane)
    check_backends(plane, 2, slices)
    plane.kubectl("scale", "deployment/up", "--replicas=4")
    roll_out(plane)
    check_backends(plane, 4, slices)
    before = {pod["metadata"]["name"] for pod in pods(plane)}
    plane.kubectl("rollout", "restart", "deployment/up")
    roll_out(plane)
    eventually(lambda: len(pods(plane)) == 4 and not before & {p["metadata"]["name"] for p in pods(plane)}, "new pods")
    check_backends(plane, 4, slices)
    plane.kubectl("delete", "deployment", "up", "--cascade=foreground", "--timeout=40s")
    assert pods(plane) == [] and plane.get("replicasets", "-l", "app=up")["items"] == []
    plane.kubectl("delete", "service", "up")
    if slices:
        eventually(lambda: not backends_by_slices(plane), "its slices gone")


def deployment(image: str, replicas: int) -> dict:
    """`up`, whose pods leave quickly."""
    labels = {"app": "up"}
    container = {"name": "c", "image": image, "imagePullPolicy": "IfNotPresent", "ports": [{"containerPort": 80}]}
    template = {"metadata": {"labels": labels}, "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    meta = {"name": "up", "labels": labels}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


def roll_out(plane: Plane) -> None:
    told = plane.kubectl("rollout", "status", "deployment/up", "--timeout=60s")
    assert "successfully rolled out" in told


def pods(plane: Plane) -> list[dict]:
    return plane.get("pods", "-l", "app=up")["items"]


def check_backends(plane: Plane, count: int, slices: bool) -> None:
    """Endpoints, and slices where they are kept, name as many ready pods."""

    def endpoints() -> bool:
        subsets = plane.get("endpoints", "up").get("subsets") or []
        return [len(one.get("addresses") or []) for one in subsets] == [count]

    eventually(endpoints, f"{count} endpoints")
    if slices:
        eventually(lambda: backends_by_slices(plane) == count, f"{count} endpoints in slices")


def backends_by_slices(plane: Plane) -> int:
    found = plane.get("endpointslices.discovery.k8s.io", "-l", "kubernetes.io/service-name=up")["items"]
    return sum(bool((one.get("conditions") or {}).get("ready")) for slice in found for one in slice["endpoints"] or [])


def check_namespace(plane: Plane) -> None:
    """A namespace gets its account and CA bundle, and is deleted with its content."""
    plane.kubectl("create", "namespace", "brief")
    eventually(lambda: plane.kubectl("-n", "brief", "get", "sa", "default", check=False), "its account")
    eventually(lambda: plane.kubectl("-n", "brief", "get", "cm", "kube-root-ca.crt", check=False), "its CA bundle")
    plane.kubectl("-n", "brief", "create", "configmap", "left")
    plane.kubectl("delete", "namespace", "brief", "--timeout=40s")
    assert "NotFound" in _refused(plane, "get", "namespace", "brief")


def check_job(plane: Plane, image: str = "minik8s/web") -> None:
    """A job runs to its end."""
    container = {"name": "c", "image": image, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", "echo done"]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": {"template": template}}
    plane.apply(job)
    plane.kubectl("wait", "job/once", "--for=condition=complete", "--timeout=60s")
    plane.kubectl("delete", "job", "once")


def _refused(plane: Plane, *arguments: str) -> str:
    done = subprocess.run(
        [plane.kubectl_binary, *arguments], env=plane.environment, capture_output=True, text=True, check=False
    )
    return done.stderr
