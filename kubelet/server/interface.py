"""What the kubelet's HTTP server needs of the kubelet: pods to look up, and the runtime.

The server decides nothing: it finds a container by the pod's status, and hands streams between the client and the
runtime.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from minik8s.api import core
from minik8s.clock import Clock, SystemClock
from minik8s.kubelet.runtimes.base import Runtime


class PodSource(Protocol):
    """The kubelet's own view of its pods, with the status it last computed."""

    def pods(self) -> list[core.Pod]:
        """All pods of this node."""
        ...

    def find(self, namespace: str, name: str) -> core.Pod | None:
        """One pod by name."""
        ...


@dataclass(frozen=True, slots=True)
class ServerContext:
    """Handed to every handler."""

    node_name: str
    pods: PodSource
    runtime: Runtime
    metrics: Callable[[], bytes] = lambda: b""  # the kubelet's own metrics, in Prometheus' text form
    configz: Callable[[], dict[str, object]] = dict
    authorized_names: frozenset[str] = frozenset({"kube-apiserver-kubelet-client", "kube-apiserver"})
    authorized_groups: frozenset[str] = frozenset({"system:masters"})
    insecure: bool = False  # tests over plain HTTP: nobody is asked who they are
    gpu_metrics: Callable[[], str] = lambda: ""  # under DCGM's names
    root: Path = Path("/")  # the kubelet's folder: its disk is the node's
    clock: Clock = field(default_factory=SystemClock)
    sandbox_ids: Callable[[core.Pod], str] = field(default=lambda pod: "")  # "": asked of the runtime by the pod's uid
