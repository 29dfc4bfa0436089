"""Reads the few families of a kubelet's /metrics/resource that usage is made of. Pure.

Mirrors metrics-server pkg/scraper/client/resource/decode.go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+(-?\d+))?$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(slots=True)
class Point:
    """One moment of a node or container."""

    time: float = 0.0  # of the sample, epoch seconds
    cpu_seconds: float = 0.0  # cumulative
    memory: int = 0
    started: float = 0.0

    @property
    def complete(self) -> bool:
        return self.time > 0 and self.memory > 0


#: namespace, pod → container → point
Pods = dict[tuple[str, str], dict[str, Point]]


@dataclass(slots=True)
class Sample:
    """One page."""

    node: Point = field(default_factory=Point)
    pods: Pods = field(default_factory=dict)


def parse_page(text: str, now: float) -> Sample:
    """`now` stands for samples without a time. Lines that are not understood are passed over."""
    sample = Sample()
    for line in text.splitlines():
        if not line or line[0] == "#" or (match := _LINE.match(line)) is None:
            continue
        name, labels, value, stamp = match.groups()
        if name.startswith("node_"):
            point = sample.node
        elif name.startswith("container_"):
            found = dict(_LABEL.findall(labels or ""))
            pod = sample.pods.setdefault((found.get("namespace", ""), found.get("pod", "")), {})
            point = pod.setdefault(found.get("container", ""), Point())
        else:
            continue
        _set(point, name.partition("_")[2], float(value), int(stamp) / 1000 if stamp else now)
    return sample


def _set(point: Point, name: str, value: float, time: float) -> None:
    if name == "cpu_usage_seconds_total":
        point.cpu_seconds, point.time = value, time
    elif name == "memory_working_set_bytes":
        point.memory = int(value)
    elif name == "start_time_seconds":
        point.started = value
