"""The kubelet's settings: what the command line gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from minik8s.kubelet.eviction.thresholds import DEFAULT as DEFAULT_EVICTION
from minik8s.kubelet.eviction.thresholds import Threshold, parse_thresholds
from minik8s.kubelet.hosts import ClusterDns

VERSION = "v1.33.0-minik8s"


@dataclass(frozen=True)
class KubeletConfig:
    node_name: str
    root_dir: Path
    runtime: str = "docker"
    node_ip: str = ""
    port: int = 10250
    max_pods: int = 110
    node_labels: dict[str, str] = field(default_factory=dict)
    taints: tuple[tuple[str, str, str], ...] = ()  # key, value, effect
    cluster_dns: ClusterDns = field(default_factory=ClusterDns)
    resolv_conf: Path = Path("/etc/resolv.conf")
    manifest_path: Path | None = None
    fake_gpus: int = 0
    #: containers that may share one GPU in time
    gpu_replicas: int = 1
    #: containers are records only: nothing is written to disk for them
    simulated: bool = False
    #: pods that are made at a time; more does not make an engine faster
    parallel_starts: int = 6
    status_workers: int = 8
    resync_seconds: float = 60.0
    lease_seconds: float = 10.0
    status_report_seconds: float = 300.0
    #: tells the containers of several clusters on one engine apart: made from the root directory
    cluster_id: str = ""
    #: --eviction-hard
    eviction: tuple[Threshold, ...] = parse_thresholds(DEFAULT_EVICTION)
    pod_cidr: str = "10.244.0.0/24"
