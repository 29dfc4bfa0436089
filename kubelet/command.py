"""`minik8s kubelet`: flags as upstream's, one process per node; with the fake runtime, many nodes in one process.

Mirrors upstream cmd/kubelet/app. What upstream takes from a configuration file are flags here.
"""

from __future__ import annotations

import argparse
import hashlib
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from minik8s.component import flags
from minik8s.kubelet.config import KubeletConfig
from minik8s.kubelet.eviction.thresholds import DEFAULT as DEFAULT_EVICTION
from minik8s.kubelet.eviction.thresholds import parse_thresholds
from minik8s.kubelet.hosts import ClusterDns

FAKE_STARTS = 1000


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="minik8s kubelet", description="runs the pods that are bound to this node")
    flags.add_common(parser)
    add = parser.add_argument
    add("--hostname-override", default="", metavar="NAME", help="the node's name; otherwise the machine's")
    add("--root-dir", type=Path, default=Path("/var/lib/minik8s/kubelet"), metavar="DIR", help="volumes, logs, state")
    add("--container-runtime", choices=("docker", "process", "fake"), default="docker", help="what runs containers")
    add("--node-ip", default="", metavar="IP", help="the node's address; otherwise that of the default route")
    add("--address", default="0.0.0.0", metavar="IP", help="where the server listens")
    add("--port", type=int, default=10250, help="of the server for logs, exec, metrics; 0: none")
    add("--healthz-bind-address", default="127.0.0.1", metavar="IP")
    add("--healthz-port", type=int, default=10248, help="0: none")
    add("--node-labels", type=parse_labels, default={}, metavar="K=V,…", help="added when the node registers")
    add("--register-with-taints", type=parse_taints, default=(), metavar="K=V:EFFECT,…")
    add("--max-pods", type=int, default=110)
    add("--cluster-dns", default="", metavar="IP,…", help="DNS servers of pods with dnsPolicy ClusterFirst")
    add("--cluster-domain", default="cluster.local")
    add("--resolv-conf", type=Path, default=Path("/etc/resolv.conf"), metavar="FILE")
    add("--pod-manifest-path", type=Path, default=None, metavar="DIR", help="manifests of static pods")
    add("--tls-cert-file", default="", metavar="FILE")
    add("--tls-private-key-file", default="", metavar="FILE")
    add("--client-ca-file", default="", metavar="FILE", help="whose certificates the server trusts")
    add("--pod-cidr", default="10.244.0.0/24", help="process runtime: where pod addresses come from")
    flags.add_bool(parser, "--cleanup", False, "remove every container and volume of this node, and exit")
    add("--eviction-hard", type=parse_eviction, default=DEFAULT_EVICTION, metavar="SIGNAL<AMOUNT,…",
        help=f"when pods are evicted; default {DEFAULT_EVICTION.replace('%', '%%')}")  # fmt: skip
    add("--fake-gpus", type=int, default=0, metavar="N", help="declare N GPUs that do not exist, for labs")
    add("--gpu-replicas", type=int, default=1, metavar="N", help="offer each GPU N times, shared in time")
    add("--fake-nodes", type=int, default=1, metavar="N", help="fake runtime: so many nodes in this process")
    return parser


def parse_labels(text: str) -> dict[str, str]:
    pairs = (item.partition("=") for item in text.split(",") if item)
    return {key: value for key, _, value in pairs}


def parse_taints(text: str) -> tuple[tuple[str, str, str], ...]:
    taints = []
    for item in text.split(","):
        body, _, effect = item.rpartition(":")
        key, _, value = body.partition("=")
        if not key or effect not in ("NoSchedule", "PreferNoSchedule", "NoExecute"):
            raise argparse.ArgumentTypeError(f"invalid taint {item!r}: key=value:effect")
        taints.append((key, value, effect))
    return tuple(taints)


def parse_eviction(text: str) -> str:
    """The text, once it has been read without an error."""
    try:
        parse_thresholds(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc
    return text


def compute_configs(options: argparse.Namespace, hostname: str) -> list[KubeletConfig]:
    """One per node that this process plays."""
    servers = tuple(server for server in options.cluster_dns.split(",") if server)
    first = KubeletConfig(
        node_name=(options.hostname_override or hostname).lower(),
        root_dir=options.root_dir.absolute(),
        runtime=options.container_runtime,
        node_ip=options.node_ip,
        port=options.port,
        max_pods=options.max_pods,
        node_labels=options.node_labels,
        taints=options.register_with_taints,
        cluster_dns=ClusterDns(servers, options.cluster_domain),
        resolv_conf=options.resolv_conf,
        manifest_path=options.pod_manifest_path,
        fake_gpus=options.fake_gpus,
        gpu_replicas=options.gpu_replicas,
        pod_cidr=options.pod_cidr,
        eviction=parse_thresholds(options.eviction_hard),
        cluster_id=hashlib.sha256(str(options.root_dir.absolute()).encode()).hexdigest()[:12],
    )
    if options.container_runtime != "fake":
        return [first]
    first = replace(first, parallel_starts=FAKE_STARTS, simulated=True)
    if options.fake_nodes == 1:
        return [first]
    stem = options.hostname_override or "node"
    return [
        replace(
            first,
            node_name=f"{stem}-{n}",
            root_dir=first.root_dir / f"{stem}-{n}",
            status_workers=2,
            pod_cidr=compute_pod_cidr(options.pod_cidr, n),
        )
        for n in range(options.fake_nodes)
    ]


def compute_pod_cidr(first: str, number: int) -> str:
    """The range of the n-th simulated node: no two pods share an address. After 10.255 comes 10.0."""
    network = ipaddress.ip_network(first, strict=False)
    start = int(network.network_address)
    start = start >> 24 << 24 | (start + number * network.num_addresses) % 2**24
    return f"{ipaddress.ip_address(start)}/{network.prefixlen}"


def main(argv: Sequence[str]) -> int:
    parser = make_parser()
    options = parser.parse_args(argv)
    if options.cleanup:
        return _cleanup(options)
    if not options.kubeconfig:
        parser.error("--kubeconfig is needed")
    from minik8s.component import run_component
    from minik8s.kubelet.process import run_nodes

    configs = compute_configs(options, socket.gethostname())
    return run_component("kubelet", lambda: run_nodes(options, configs), options.v)


def _cleanup(options: argparse.Namespace) -> int:
    from minik8s.component import run_component
    from minik8s.kubelet.process import clean_up

    (config,) = compute_configs(options, socket.gethostname())
    return run_component("kubelet", lambda: clean_up(config), options.v)


if __name__ == "__main__":
    import sys

    sys.exit(main(sys.argv[1:]))
