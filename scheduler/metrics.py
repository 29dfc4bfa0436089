"""The scheduler's figures, in Prometheus' text form and under upstream's names (pkg/scheduler/metrics)."""

from __future__ import annotations

from collections.abc import Mapping


class Metrics:
    """Counts attempts and preemptions."""

    def __init__(self, profile: str) -> None:
        self._profile = profile
        self.attempts = {"scheduled": 0, "unschedulable": 0}
        self.seconds = 0.0
        self.preemptions = 0
        self.victims = 0

    def attempt(self, scheduled: bool, seconds: float) -> None:
        self.attempts["scheduled" if scheduled else "unschedulable"] += 1
        self.seconds += seconds

    def preemption(self, victims: int) -> None:
        self.preemptions += 1
        self.victims += victims

    def render(self, pending: Mapping[str, int]) -> bytes:
        lines = ["# TYPE scheduler_schedule_attempts_total counter"]
        for result, count in self.attempts.items():
            lines.append(f'scheduler_schedule_attempts_total{{profile="{self._profile}",result="{result}"}} {count}')
        lines.append("# TYPE scheduler_scheduling_algorithm_duration_seconds summary")
        lines.append(f"scheduler_scheduling_algorithm_duration_seconds_sum {self.seconds:.6f}")
        lines.append(f"scheduler_scheduling_algorithm_duration_seconds_count {sum(self.attempts.values())}")
        lines.append("# TYPE scheduler_preemption_attempts_total counter")
        lines.append(f"scheduler_preemption_attempts_total {self.preemptions}")
        lines.append("# TYPE scheduler_pending_pods gauge")
        lines += [f'scheduler_pending_pods{{queue="{queue}"}} {count}' for queue, count in pending.items()]
        return ("\n".join(lines) + "\n").encode()
