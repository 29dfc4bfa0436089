"""Times on the wire: RFC 3339 text in UTC, seconds for metav1.Time, microseconds for metav1.MicroTime.

Mirrors apimachinery pkg/apis/meta/v1/time.go and micro_time.go. Inside minik8s a time is a float of seconds since the
epoch, as the clock gives it. Invariant: `parse_time(format_time(t)) == int(t)`.
"""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=8)
def _second(seconds: int) -> str:
    # not strftime: its year 1, which Go's zero time is, has no leading zeros
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")[:19] + "Z"


def format_time(seconds: float) -> str:
    """`1767225600.7` → `2026-01-01T00:00:00Z`; fractions are cut off, as upstream does."""
    return _second(int(seconds // 1))


def format_micro_time(seconds: float) -> str:
    """`1767225600.5` → `2026-01-01T00:00:00.500000Z`."""
    micros = round(seconds * 1_000_000)
    return f"{_second(micros // 1_000_000)[:-1]}.{micros % 1_000_000:06d}Z"


def parse_time(text: str) -> float:
    """Seconds since the epoch; ValueError where the text is not RFC 3339 with a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or len(text) < 20:
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    return moment.timestamp()
