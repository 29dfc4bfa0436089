"""Cores in use now, from counters of CPU time at two moments. Pure.

Mirrors getAndUpdateContainerUsageNanoCores of upstream pkg/kubelet/stats/cri_stats_provider.go.
"""

from __future__ import annotations

from dataclasses import dataclass, field

#: two looks nearer than this say little; older than that, nothing about now
LEAST_SECONDS, MOST_SECONDS = 0.2, 120.0

Sample = tuple[float, int]  # when, cumulative nanoseconds


@dataclass
class Rates:
    """Remembers two samples of each id: the last, and one that is old enough to compare with."""

    _samples: dict[str, tuple[Sample, ...]] = field(default_factory=dict)

    def nano_cores(self, identifier: str, time: float, cpu_ns: int) -> int | None:
        """Note a sample; the rate since an earlier one, None when there is none that serves."""
        kept = tuple(s for s in self._samples.get(identifier, ()) if time - s[0] <= MOST_SECONDS and s[1] <= cpu_ns)
        base = next((s for s in reversed(kept) if time - s[0] >= LEAST_SECONDS), None)
        if base is None:
            self._samples[identifier] = kept or ((time, cpu_ns),)
            return None
        self._samples[identifier] = (base, (time, cpu_ns))
        return int((cpu_ns - base[1]) / (time - base[0]))

    def keep_only(self, identifiers: set[str]) -> None:
        self._samples = {key: value for key, value in self._samples.items() if key in identifiers}
