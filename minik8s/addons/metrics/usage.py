"""From points to usage: cores from two points of time, memory from the last. Pure.

Mirrors metrics-server pkg/storage/{node,pod,types}.go. A container that has just started has one point; its other one
is its start, with nothing used. A pod counts only when all containers of the last page have two points, since half of
its usage would mislead an autoscaler.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from minik8s.addons.metrics.exposition import Point, Sample

#: two points nearer than this say nothing
LEAST_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Usage:
    """`window`: the time that `nano_cores` is the mean of."""

    time: float
    window: float
    nano_cores: int
    memory: int


def compute_usage(last: Point, before: Point | None, resolution: float) -> Usage | None:
    if before is None or before.cpu_seconds > last.cpu_seconds or before.started != last.started:
        fresh = LEAST_SECONDS <= last.time - last.started <= 2 * resolution
        if not last.started or not fresh:
            return None
        before = Point(time=last.started)
    window = last.time - before.time
    if window < LEAST_SECONDS or not last.complete:
        return None
    return Usage(last.time, window, int((last.cpu_seconds - before.cpu_seconds) / window * 1e9), last.memory)


@dataclass
class NodePoints:
    """The last two pages of one node."""

    last: Sample
    before: Sample | None = None

    def add(self, sample: Sample) -> None:
        """A page that tells nothing new (the kubelet still had the old look) changes nothing."""
        if sample.node.time - self.last.node.time >= LEAST_SECONDS:
            self.before, self.last = self.last, sample


@dataclass
class Store:
    """What is known of all nodes."""

    resolution: float = 15.0
    nodes: dict[str, NodePoints] = field(default_factory=dict)

    def add(self, node: str, sample: Sample) -> None:
        if node in self.nodes:
            self.nodes[node].add(sample)
        else:
            self.nodes[node] = NodePoints(sample)

    def keep_only(self, nodes: set[str]) -> None:
        self.nodes = {name: points for name, points in self.nodes.items() if name in nodes}

    def has_one_point(self, node: str) -> bool:
        """There will be usage once the node is asked again."""
        return node in self.nodes and self.nodes[node].before is None

    def node_usage(self, node: str) -> Usage | None:
        points = self.nodes.get(node)
        if points is None or points.before is None:
            return None
        return compute_usage(points.last.node, points.before.node, self.resolution)

    def pod_usage(self, namespace: str, pod: str) -> dict[str, Usage] | None:
        """Container → usage; None as long as one of them has none."""
        key = (namespace, pod)
        points = next((p for p in self.nodes.values() if key in p.last.pods), None)
        if points is None:
            return None
        before = points.before.pods.get(key, {}) if points.before else {}
        containers = points.last.pods[key].items()
        found = {name: compute_usage(point, before.get(name), self.resolution) for name, point in containers}
        whole = {name: usage for name, usage in found.items() if usage is not None}
        return whole if len(whole) == len(found) else None


def format_cpu(nano_cores: int) -> str:
    """As metrics-server writes it: `1234n`, `0`."""
    return f"{nano_cores}n" if nano_cores else "0"


def format_memory(count: int) -> str:
    return f"{count // 1024}Ki"


def format_window(seconds: float) -> str:
    """Go's Duration, to the millisecond."""
    text = f"{seconds:.3f}".rstrip("0").rstrip(".")
    minutes, rest = divmod(float(text), 60)
    if not minutes:
        return f"{text}s"
    shown = f"{rest:.3f}".rstrip("0").rstrip(".")
    return f"{int(minutes)}m{shown}s"
