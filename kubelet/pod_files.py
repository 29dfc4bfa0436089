"""The kubelet's own files of a pod: /etc/hosts, /etc/resolv.conf, termination messages, logs.

Mirrors makeMounts and the termination log of upstream pkg/kubelet/kubelet_pods.go and kuberuntime_container.go.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from minik8s.api import core
from minik8s.kubelet.context import NodeContext
from minik8s.kubelet.hosts import (
    ResolvConf,
    compute_resolv_conf,
    parse_resolv_conf,
    pod_hostname,
    render_host_network_hosts,
    render_hosts,
)
from minik8s.kubelet.runtimes import base

MAX_MESSAGE = 4096
MAX_MESSAGE_FROM_LOGS, MAX_LINES_FROM_LOGS = 2048, 80


def log_directory(ctx: NodeContext, pod: core.Pod) -> Path:
    """The CRI layout: tools that collect logs know it."""
    meta = pod.metadata
    return ctx.config.root_dir / "logs" / "pods" / f"{meta.namespace}_{meta.name}_{meta.uid}"


def log_path(ctx: NodeContext, pod: core.Pod, name: str, attempt: int) -> str:
    if ctx.config.simulated:
        return ""
    directory = log_directory(ctx, pod) / name
    directory.mkdir(parents=True, exist_ok=True)
    return str(directory / f"{attempt}.log")


def termination_file(ctx: NodeContext, uid: str, name: str, attempt: int) -> Path:
    return ctx.volumes.pod_dir(uid) / "containers" / name / str(attempt)


def write_pod_files(
    ctx: NodeContext, pod: core.Pod, container: core.Container, sandbox: base.SandboxStatus, attempt: int
) -> dict[str, Path]:
    """/etc/hosts, /etc/resolv.conf and the termination log, as files to be mounted."""
    if "mounts" not in ctx.capabilities or ctx.config.simulated:
        return {}
    directory = ctx.volumes.pod_dir(pod.metadata.uid)
    directory.mkdir(parents=True, exist_ok=True)
    message = termination_file(ctx, pod.metadata.uid, container.name, attempt)
    message.parent.mkdir(parents=True, exist_ok=True)
    message.write_bytes(b"")
    message.chmod(0o666)  # the container's user, whoever it is, writes it
    hosts, resolv = directory / "etc-hosts", directory / "resolv.conf"
    hosts.write_text(_hosts_text(ctx, pod, sandbox))
    resolv.write_text(sandbox_dns(ctx, pod).render())
    for path in (hosts, resolv):
        path.chmod(0o644)
    return {
        "/etc/hosts": hosts,
        "/etc/resolv.conf": resolv,
        container.termination_message_path or "/dev/termination-log": message,
    }


def _hosts_text(ctx: NodeContext, pod: core.Pod, sandbox: base.SandboxStatus) -> str:
    if pod.spec.host_network:
        return render_host_network_hosts(Path("/etc/hosts").read_text(), pod.spec.host_aliases)
    hostname, domain = pod_hostname(pod, ctx.config.cluster_dns.domain)
    return render_hosts(list(sandbox.ips), hostname.partition(".")[0], domain, pod.spec.host_aliases)


def sandbox_dns(ctx: NodeContext, pod: core.Pod) -> ResolvConf:
    host = ResolvConf()
    with contextlib.suppress(FileNotFoundError):
        host = parse_resolv_conf(ctx.config.resolv_conf.read_text())
    return compute_resolv_conf(pod, host, ctx.config.cluster_dns)


async def termination_message(ctx: NodeContext, status: base.ContainerStatus) -> str:
    """What an exited container left to say: its file, or the end of its log where its policy allows that."""
    path = termination_file(ctx, status.pod_uid, status.name, status.attempt)
    text = ""
    with contextlib.suppress(OSError):
        text = path.read_bytes()[:MAX_MESSAGE].decode("utf-8", "replace")
    policy = status.labels.get(base.LABEL_TERMINATION_POLICY, "File")
    if text or policy != "FallbackToLogsOnError" or status.exit_code == 0:
        return text
    data = b""
    with contextlib.suppress(base.RuntimeFault):
        async for piece in ctx.runtime.logs(status.id, base.LogOptions(tail=MAX_LINES_FROM_LOGS)):
            data += piece
    return data[-MAX_MESSAGE_FROM_LOGS:].decode("utf-8", "replace")
