"""The server's metrics, under upstream's names, in Prometheus' text format.

Mirrors staging/src/k8s.io/apiserver/pkg/endpoints/metrics. Counted in plain dicts (a labelled counter of the client
library costs more than the rest of a GET), rendered when asked for. ``collect`` callbacks add what others know.
"""

from __future__ import annotations

import resource
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable
from pathlib import Path

#: Seconds; upstream's buckets are finer, these keep their ends.
BUCKETS = (0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
LONG_RUNNING = frozenset({"WATCH", "CONNECT"})

Sample = tuple[str, dict[str, str], float]
#: verb, group, version, resource, subresource, scope
RequestKey = tuple[str, str, str, str, str, str]


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self.started = time.time()
        self.requests: dict[tuple[RequestKey, int], int] = {}
        self.durations: dict[RequestKey, list[float]] = {}
        self.inflight = {"mutating": 0, "readOnly": 0}
        self.watches: dict[tuple[str, str, str], int] = {}
        self.watch_events: dict[tuple[str, str, str], int] = {}
        self.terminations = 0
        self._collectors: list[Callable[[], Iterable[Sample]]] = []

    def collect(self, source: Callable[[], Iterable[Sample]]) -> None:
        """Ask ``source`` for gauges at every scrape."""
        self._collectors.append(source)

    def observe(self, key: RequestKey, code: int, seconds: float) -> None:
        """Count one answered request."""
        counted = (key, code)
        self.requests[counted] = self.requests.get(counted, 0) + 1
        if key[0] in LONG_RUNNING:
            return
        buckets = self.durations.get(key)
        if buckets is None:
            buckets = self.durations[key] = [0.0] * (len(BUCKETS) + 2)
        buckets[bisect_left(BUCKETS, seconds)] += 1
        buckets[-1] += seconds

    def render(self, more: Iterable[Sample] = ()) -> str:
        """The whole page; ``more`` are gauges that had to be asked for."""
        lines: list[str] = []
        self._render_requests(lines)
        self._render_durations(lines)
        _family(lines, "apiserver_current_inflight_requests", "gauge", "Requests being served, by kind")
        lines += [f'apiserver_current_inflight_requests{{request_kind="{k}"}} {n}' for k, n in self.inflight.items()]
        _family(lines, "apiserver_longrunning_requests", "gauge", "Open watches, by resource")
        for (group, version, plural), count in self.watches.items():
            labels = {"verb": "WATCH", "group": group, "version": version, "resource": plural}
            lines.append(_line("apiserver_longrunning_requests", labels, count))
        _render_gauges(lines, (*more, *(sample for source in self._collectors for sample in source())))
        _render_process(lines, self.started)
        return "\n".join(lines) + "\n"

    def _render_requests(self, lines: list[str]) -> None:
        _family(lines, "apiserver_request_total", "counter", "Requests, by verb, resource and HTTP code")
        for (key, code), count in self.requests.items():
            lines.append(_line("apiserver_request_total", {**_labels(key), "code": str(code)}, count))

    def _render_durations(self, lines: list[str]) -> None:
        name = "apiserver_request_duration_seconds"
        _family(lines, name, "histogram", "Time to answer, by verb and resource; without watches")
        for key, buckets in self.durations.items():
            labels, running = _labels(key), 0.0
            for bound, count in zip((*map(str, BUCKETS), "+Inf"), buckets, strict=False):
                running += count
                lines.append(_line(name + "_bucket", {**labels, "le": bound}, running))
            lines.append(_line(name + "_sum", labels, round(buckets[-1], 6)))
            lines.append(_line(name + "_count", labels, running))


def _render_gauges(lines: list[str], samples: Iterable[Sample]) -> None:
    seen: set[str] = set()
    for name, labels, value in samples:
        if name not in seen:
            seen.add(name)
            _family(lines, name, "gauge", "See upstream's metric of this name")
        lines.append(_line(name, labels, value))


def _labels(key: RequestKey) -> dict[str, str]:
    names = ("verb", "group", "version", "resource", "subresource", "scope")
    return {**dict(zip(names, key, strict=True)), "component": "apiserver"}


def _family(lines: list[str], name: str, kind: str, text: str) -> None:
    lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _line(name: str, labels: dict[str, str], value: float) -> str:
    inner = ",".join(f'{key}="{text}"' for key, text in labels.items())
    return f"{name}{{{inner}}} {value:g}" if inner else f"{name} {value:g}"


def _render_process(lines: list[str], started: float) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _family(lines, "process_cpu_seconds_total", "counter", "CPU time spent")
    lines.append(f"process_cpu_seconds_total {usage.ru_utime + usage.ru_stime:.2f}")
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    _family(lines, "process_resident_memory_bytes", "gauge", "Resident memory")
    lines.append(f"process_resident_memory_bytes {pages * resource.getpagesize()}")
    _family(lines, "process_start_time_seconds", "gauge", "Start, seconds since the epoch")
    lines.append(f"process_start_time_seconds {started:.2f}")
