"""Counts of webhook calls and admission steps, under upstream's names.

Mirrors staging/src/k8s.io/apiserver/pkg/admission/metrics/metrics.go. Counted in plain dicts; ``samples`` gives them to
the server's /metrics page.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

Sample = tuple[str, dict[str, str], float]
BUCKETS = (0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 10.0, 25.0)
CALLING_ERROR, SERVER_ERROR, NO_ERROR = "calling_webhook_error", "apiserver_internal_error", "no_error"
DURATION = "apiserver_admission_webhook_admission_duration_seconds"


class WebhookMetrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self._durations: dict[tuple[str, str, str, bool], list[float]] = {}
        self._requests: dict[tuple[str, str, str, str, bool], int] = {}
        self._rejections: dict[tuple[str, str, str, str, str], int] = {}
        self._fail_open: dict[tuple[str, str], int] = {}

    def observe(self, name: str, step: str, operation: str, code: int, rejected: bool, seconds: float) -> None:
        """One call; ``step``: admit (mutating) or validating, as upstream names them."""
        buckets = self._durations.setdefault((name, step, operation, rejected), [0.0] * (len(BUCKETS) + 2))
        buckets[bisect_left(BUCKETS, seconds)] += 1
        buckets[-1] += seconds
        counted = (name, step, operation, str(min(code, 600)), rejected)
        self._requests[counted] = self._requests.get(counted, 0) + 1

    def rejected(self, name: str, step: str, operation: str, error: str, code: int) -> None:
        counted = (name, step, operation, error, str(min(code, 600)))
        self._rejections[counted] = self._rejections.get(counted, 0) + 1

    def failed_open(self, name: str, step: str) -> None:
        self._fail_open[name, step] = self._fail_open.get((name, step), 0) + 1

    def samples(self) -> Iterator[Sample]:
        """Everything, for /metrics."""
        for (name, step, operation, rejected), buckets in self._durations.items():
            yield from _histogram(_labels(name, step, operation) | {"rejected": str(rejected).lower()}, buckets)
        for (name, step, operation, code, rejected), count in self._requests.items():
            labels = _labels(name, step, operation) | {"code": code, "rejected": str(rejected).lower()}
            yield "apiserver_admission_webhook_request_total", labels, count
        for (name, step, operation, error, code), count in self._rejections.items():
            labels = _labels(name, step, operation) | {"error_type": error, "rejection_code": code}
            yield "apiserver_admission_webhook_rejection_count", labels, count
        for (name, step), count in self._fail_open.items():
            yield "apiserver_admission_webhook_fail_open_count", {"name": name, "type": step}, count


def _labels(name: str, step: str, operation: str) -> dict[str, str]:
    return {"name": name, "type": step, "operation": operation}


def _histogram(labels: dict[str, str], buckets: list[float]) -> Iterator[Sample]:
    running = 0.0
    for bound, count in zip((*map(str, BUCKETS), "+Inf"), buckets, strict=False):
        running += count
        yield DURATION + "_bucket", labels | {"le": bound}, running
    yield DURATION + "_sum", labels, round(buckets[-1], 6)
    yield DURATION + "_count", labels, running
