"""Pods and nodes as the scheduler sees them: small records, made from the wire's dicts without full models.

Mirrors framework.PodInfo and NodeInfo (pkg/scheduler/framework/types.go) and the resource arithmetic of
component-helpers/resource. cpu counts in milli-CPUs, everything else in whole units.

Invariant: `SchedPod` and `SchedNode` are never changed once made; `dataclasses.replace` or `assigned` make another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from minik8s.api.meta import parse_time
from minik8s.api.quantity import parse_bytes, parse_cpu_millis

Requests = dict[str, int]

DEFAULT_CPU = 100  # what a container without a request counts for in scores, never in filters
DEFAULT_MEMORY = 200 * 1024 * 1024
DEFAULT_SCHEDULER = "default-scheduler"
HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"


@dataclass(frozen=True, slots=True)
class HostPort:
    """A port that a container takes on its node."""

    protocol: str
    ip: str
    port: int

    def collides(self, other: HostPort) -> bool:
        if (self.protocol, self.port) != (other.protocol, other.port):
            return False
        return self.ip == other.ip or "0.0.0.0" in (self.ip, other.ip)


@dataclass(frozen=True, slots=True)
class SchedPod:
    """A pod, as far as scheduling goes. `affinity` and `spread` are as they came: their plugins read them."""

    key: str
    namespace: str
    name: str
    uid: str
    labels: Mapping[str, str]
    priority: int = 0
    node: str = ""
    requests: Mapping[str, int] = field(default_factory=dict)
    scoring: tuple[int, int] = (DEFAULT_CPU, DEFAULT_MEMORY)
    ports: tuple[HostPort, ...] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    affinity: Mapping[str, Any] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()
    spread: tuple[Mapping[str, Any], ...] = ()
    scheduler: str = DEFAULT_SCHEDULER
    gates: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    terminating: bool = False
    finished: bool = False
    nominated_node: str = ""
    preempts: bool = True
    created: str = ""
    started: str = ""
    condition: tuple[str, str, str, str] = ("", "", "", "")  # PodScheduled: status, reason, message, since
    resource_version: str = ""

    def assigned(self, node: str) -> SchedPod:
        """This pod on a node."""
        return replace(self, node=node, nominated_node="")

    def counts_like(self, other: SchedPod) -> bool:
        """Does `other`, the same pod later on, weigh the same on its node?"""
        return self.node == other.node and self._weight() == other._weight()

    def _weight(self) -> tuple[Any, ...]:
        return self.requests, self.scoring, self.labels, self.terminating, self.priority, self.ports, self.affinity

    @property
    def concerns_scheduling(self) -> tuple[Any, ...]:
        """What of a waiting pod, if changed, may make it schedulable."""
        return (
            self.labels, self.requests, self.node_selector, self.affinity, self.tolerations, self.spread, self.gates,
            self.claims, self.priority, self.terminating,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taint:
    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True)
class SchedNode:
    """A node, as far as scheduling goes."""

    name: str
    labels: Mapping[str, str]
    allocatable: Mapping[str, int]
    taints: tuple[Taint, ...] = ()
    unschedulable: bool = False
    images: Mapping[str, int] = field(default_factory=dict)  # name → bytes


def pod_of(obj: Mapping[str, Any]) -> SchedPod:
    """A pod from the wire."""
    meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    containers, inits = spec.get("containers") or [], spec.get("initContainers") or []
    name, namespace = meta["name"], meta.get("namespace") or ""
    return SchedPod(
        key=f"{namespace}/{name}",
        namespace=namespace,
        name=name,
        uid=meta.get("uid") or "",
        labels=meta.get("labels") or {},
        priority=spec.get("priority") or 0,
        node=spec.get("nodeName") or "",
        requests=total_requests(spec),
        scoring=scoring_requests(spec),
        ports=_host_ports(containers, inits),
        node_selector=spec.get("nodeSelector") or {},
        affinity=spec.get("affinity") or {},
        tolerations=tuple(spec.get("tolerations") or ()),
        spread=tuple(spec.get("topologySpreadConstraints") or ()),
        scheduler=spec.get("schedulerName") or DEFAULT_SCHEDULER,
        gates=tuple(gate["name"] for gate in spec.get("schedulingGates") or ()),
        images=tuple(_normal_image(c.get("image") or "") for c in [*inits, *containers]),
        claims=_claims(name, spec.get("volumes") or ()),
        terminating=bool(meta.get("deletionTimestamp")),
        finished=status.get("phase") in ("Succeeded", "Failed"),
        nominated_node=status.get("nominatedNodeName") or "",
        preempts=spec.get("preemptionPolicy") != "Never",
        created=meta.get("creationTimestamp") or "",
        started=status.get("startTime") or "",
        condition=_scheduled_condition(status),
        resource_version=meta.get("resourceVersion") or "",
    )


def node_of(obj: Mapping[str, Any]) -> SchedNode:
    """A node from the wire."""
    meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    return SchedNode(
        name=meta["name"],
        labels=meta.get("labels") or {},
        allocatable={name: amount(name, value) for name, value in (status.get("allocatable") or {}).items()},
        taints=tuple(Taint(t["key"], t.get("value") or "", t["effect"]) for t in spec.get("taints") or ()),
        unschedulable=bool(spec.get("unschedulable")),
        images={
            _normal_image(name): image.get("sizeBytes") or 0
            for image in status.get("images") or ()
            for name in image.get("names") or ()
        },
    )


def amount(resource: str, value: str | int | float) -> int:
    """A quantity as the scheduler counts it."""
    return parse_cpu_millis(value) if resource == "cpu" else parse_bytes(value)


def total_requests(spec: Mapping[str, Any]) -> Requests:
    """What the pod takes of a node: the containers' sum, or an init container's need where that is more, plus overhead.

    A restartable init container (a sidecar) runs on beside all that come after it.
    """
    return _sum_requests(spec, lambda container: _amounts(_container_requests(container)))


def scoring_requests(spec: Mapping[str, Any]) -> tuple[int, int]:
    """(cpu, memory) for scores, where a container that asks for nothing counts as a small one."""

    def defaulted(container: Mapping[str, Any]) -> Requests:
        amounts = _amounts(_container_requests(container))
        return {"cpu": amounts.get("cpu", DEFAULT_CPU), "memory": amounts.get("memory", DEFAULT_MEMORY)}

    total = _sum_requests(spec, defaulted)
    return total.get("cpu", 0), total.get("memory", 0)


def _sum_requests(spec: Mapping[str, Any], requests_of: Callable[[Mapping[str, Any]], Requests]) -> Requests:
    total: Requests = {}
    for container in spec.get("containers") or ():
        _add(total, requests_of(container))
    sidecars: Requests = {}
    peak: Requests = {}
    for container in spec.get("initContainers") or ():
        needs = requests_of(container)
        if container.get("restartPolicy") == "Always":
            _add(total, needs)
            _add(sidecars, needs)
            needs = dict(sidecars)
        else:
            _add(needs, sidecars)
        _raise(peak, needs)
    _raise(total, peak)
    _add(total, _amounts(spec.get("overhead") or {}))
    return total


def _container_requests(container: Mapping[str, Any]) -> Mapping[str, Any]:
    requests: Mapping[str, Any] = (container.get("resources") or {}).get("requests") or {}
    return requests


def _amounts(requests: Mapping[str, Any]) -> Requests:
    return {name: amount(name, value) for name, value in requests.items()}


def _add(total: Requests, more: Mapping[str, int]) -> None:
    for name, value in more.items():
        total[name] = total.get(name, 0) + value


def _raise(total: Requests, least: Mapping[str, int]) -> None:
    for name, value in least.items():
        total[name] = max(total.get(name, 0), value)


def _host_ports(containers: list[Any], inits: list[Any]) -> tuple[HostPort, ...]:
    sidecars = [c for c in inits if c.get("restartPolicy") == "Always"]
    return tuple(
        HostPort(port.get("protocol") or "TCP", port.get("hostIP") or "0.0.0.0", port["hostPort"])
        for container in [*containers, *sidecars]
        for port in container.get("ports") or ()
        if port.get("hostPort")
    )


def _claims(pod: str, volumes: Any) -> tuple[str, ...]:
    """Names of the claims that the pod mounts; an ephemeral volume's claim is named after pod and volume."""
    found = []
    for volume in volumes:
        if volume.get("persistentVolumeClaim"):
            found.append(volume["persistentVolumeClaim"]["claimName"])
        elif volume.get("ephemeral"):
            found.append(f"{pod}-{volume['name']}")
    return tuple(found)


def _normal_image(name: str) -> str:
    return name if name.rfind(":") > name.rfind("/") else f"{name}:latest"


def _scheduled_condition(status: Mapping[str, Any]) -> tuple[str, str, str, str]:
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled":
            since = condition.get("lastTransitionTime") or ""
            return condition["status"], condition.get("reason") or "", condition.get("message") or "", since
    return "", "", "", ""


def start_of(pod: SchedPod) -> float:
    """When a pod started, for preemption's preferences; one that has not is the newest."""
    return parse_time(pod.started) if pod.started else float("inf")
