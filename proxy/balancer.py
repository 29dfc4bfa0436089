"""Which endpoint next: round robin with optional client affinity; pure but for its own memory.

Mirrors ``pkg/proxy/userspace/roundrobin.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from minik8s.proxy.model import Endpoint


class Balancer:
    """Round robin per service port; a client with affinity stays where it was while that endpoint lives."""

    def __init__(self) -> None:
        self.turn: dict[str, int] = {}
        self.affinity: dict[str, dict[str, tuple[Endpoint, float]]] = {}

    def choose(
        self, key: str, endpoints: Sequence[Endpoint], client: str, affinity_seconds: int, now: float
    ) -> Endpoint | None:
        """The endpoint for a new flow; ``now`` in seconds of any steady clock. None without endpoints."""
        if not endpoints:
            return None
        if affinity_seconds:
            known = self.affinity.setdefault(key, {}).get(client)
            if known and known[0] in endpoints and now - known[1] < affinity_seconds:
                self.affinity[key][client] = (known[0], now)
                return known[0]
        index = self.turn.get(key, 0)
        self.turn[key] = index + 1
        chosen = endpoints[index % len(endpoints)]
        if affinity_seconds:
            self.affinity[key][client] = (chosen, now)
        return chosen

    def keep(self, keys: Iterable[str]) -> None:
        """Forget service ports that are not among ``keys``."""
        wanted = set(keys)
        for memory in (self.turn, self.affinity):
            for key in [key for key in memory if key not in wanted]:
                del memory[key]
