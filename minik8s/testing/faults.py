"""Faults that a test puts into the fake API server: errors, delays, cut and expired watches, a server that is away.

api.faults.fail("PATCH", "pods", Conflict.of("pods", "web-1"), times=2)
api.faults.delay("GET", "", seconds=3)
api.faults.down = True
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Fault:
    """One planned trouble: for which requests, what, how often."""

    method: str
    resource: str
    error: Exception | None = None
    seconds: float = 0.0
    times: int = 1
    after: bool = False  # the write is done, but the answer is lost

    def matches(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method in ("", method) and _mentions(path, self.resource)


@dataclass(slots=True)
class Faults:
    """What is planned. The newest plan that matches a request is taken."""

    down: bool = False
    planned: list[Fault] = field(default_factory=list)

    def fail(self, method: str, resource: str, error: Exception, times: int = 1, *, after: bool = False) -> None:
        """Let requests fail; empty method or resource: any. A resource may name a subresource: `pods/status`."""
        self.planned.append(Fault(method, resource, error, times=times, after=after))

    def delay(self, method: str, resource: str, seconds: float, times: int = 1) -> None:
        """Let requests take `seconds` of the clock before they are looked at."""
        self.planned.append(Fault(method, resource, seconds=seconds, times=times))

    def clear(self) -> None:
        self.planned.clear()
        self.down = False

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, if any; counts as used."""
        for fault in reversed(self.planned):
            if fault.matches(method, path):
                fault.times -= 1
                return fault
        return None


def _mentions(path: str, resource: str) -> bool:
    if not resource:
        return True
    segments = path.split("/")
    plural, _, subresource = resource.partition("/")
    return plural in segments and (not subresource or segments[-1] == subresource)
