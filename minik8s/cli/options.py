"""Options that several verbs share."""

from __future__ import annotations

import argparse
from pathlib import Path

from minik8s.cluster.config import default_data_dir


def parser(verb: str, description: str) -> argparse.ArgumentParser:
    """An argument parser for ``minik8s VERB`` with ``--data-dir``."""
    result = argparse.ArgumentParser(prog=f"minik8s {verb}", description=description)
    result.add_argument(
        "--data-dir",
        type=lambda text: Path(text).absolute(),
        default=default_data_dir(),
        metavar="DIR",
        help="where the cluster keeps everything (default: $MINIK8S_DATA_DIR or ~/.minik8s)",
    )
    return result


def add_cluster_options(to: argparse.ArgumentParser) -> None:
    """The choices ``up`` and ``demo`` take."""
    to.add_argument("--store", default="embedded", help="embedded, etcd (started for you), or etcd=URL[,URL]")
    to.add_argument("--runtime", default="auto", help="auto, docker, process or fake")
    to.add_argument("--nodes", type=int, default=1, metavar="N", help="how many nodes, all on this machine")
    to.add_argument("--proxy", default="auto", help="auto, iptables, userspace or none")
    to.add_argument("--dns", action=argparse.BooleanOptionalAction, help="DNS for the cluster's names (default: yes)")
    to.add_argument("--addons", default="", metavar="NAME,…", help="metrics: serve metrics.k8s.io, for kubectl top")
    to.add_argument("--fake-gpus", type=int, default=0, metavar="N", help="declare N NVIDIA GPUs on each node")
    to.add_argument("--service-cidr", default="10.96.0.0/16", help="addresses of services")
    to.add_argument("--v", type=int, default=1, dest="verbosity", metavar="N", help="log verbosity of components")
