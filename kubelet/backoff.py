"""How long to wait before trying a failing thing again: an image that cannot be pulled, a sync that ends in an error.

Mirrors client-go's flowcontrol.Backoff as pkg/kubelet uses it: 10 s, doubled at each failure up to 5 min, forgotten
when twice the maximum passed without a failure (so 10 minutes). Time is handed in; nothing sleeps here. The restarts
of crashed containers are timed by `actions.restart_delay` instead: their memory is a label.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class _Entry:
    delay: float
    updated: float


@dataclass
class Backoff:
    initial: float = 10.0
    maximum: float = 300.0
    entries: dict[str, _Entry] = field(default_factory=dict)

    def remaining(self, key: str, now: float) -> float:
        """Seconds still to wait since the last failure; 0 = go."""
        entry = self.entries.get(key)
        return 0.0 if entry is None else max(0.0, entry.updated + entry.delay - now)

    def failed(self, key: str, now: float) -> None:
        """Count one more failure at `now`."""
        entry = self.entries.get(key)
        if entry is None or now - entry.updated > 2 * self.maximum:
            self.entries[key] = _Entry(self.initial, now)
        else:
            entry.delay, entry.updated = min(entry.delay * 2, self.maximum), now

    def forget(self, key: str) -> None:
        self.entries.pop(key, None)

    def collect(self, now: float) -> None:
        """Drop what would count as forgotten, so that the table does not grow for ever."""
        for key in [key for key, entry in self.entries.items() if now - entry.updated > 2 * self.maximum]:
            del self.entries[key]


def format_duration(seconds: float) -> str:
    """Go's time.Duration text, as the messages show it: 10s, 2m40s, 5m0s."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60}s"
    return f"{whole // 3600}h{whole % 3600 // 60}m{whole % 60}s"
