"""Counters and histograms, as small as they can be: the client library costs start-up time and memory for little."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from minik8s.kubelet.stats.exposition import Page, render_value

#: Prometheus' default buckets, in seconds
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Counter:
    """Counts by label values."""

    def __init__(self, name: str, text: str, labels: Sequence[str] = ()) -> None:
        self.name, self._text, self._labels = name, text, tuple(labels)
        self.values: dict[tuple[str, ...], float] = {} if labels else {(): 0.0}

    def add(self, *labels: str, amount: float = 1.0) -> None:
        self.values[labels] = self.values.get(labels, 0.0) + amount

    def write(self, page: Page) -> None:
        for key, value in self.values.items():
            page.add(self.name, self._text, value, dict(zip(self._labels, key, strict=True)))


class Histogram:
    """Seconds, in buckets, by label values."""

    def __init__(self, name: str, text: str, labels: Sequence[str] = (), buckets: Sequence[float] = BUCKETS) -> None:
        self.name, self._text, self._labels, self._buckets = name, text, tuple(labels), tuple(buckets)
        #: label values → a count for each bucket, one for what is beyond, the sum
        self.values: dict[tuple[str, ...], list[float]] = {}

    def observe(self, seconds: float, *labels: str) -> None:
        found = self.values.get(labels)
        if found is None:
            found = self.values[labels] = [0.0] * (len(self._buckets) + 2)
        found[bisect_left(self._buckets, seconds)] += 1
        found[-1] += seconds

    def count(self, *labels: str) -> int:
        return int(sum(self.values.get(labels, [0.0])[:-1]))

    def write(self, page: Page) -> None:
        for key, found in self.values.items():
            labels, total = dict(zip(self._labels, key, strict=True)), 0.0
            for bound, number in zip((*self._buckets, float("inf")), found[:-1], strict=True):
                total += number
                edge = "+Inf" if bound == float("inf") else render_value(bound)
                self._write(page, "_bucket", total, {**labels, "le": edge})
            self._write(page, "_sum", found[-1], labels)
            self._write(page, "_count", total, labels)

    def _write(self, page: Page, suffix: str, value: float, labels: dict[str, str]) -> None:
        page.add(self.name, self._text, value, labels, kind="histogram", suffix=suffix)


def write_all(instruments: Iterable[Counter | Histogram], page: Page) -> None:
    for instrument in instruments:
        instrument.write(page)
