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


def canonical_time(text: str) -> str:
    """Any RFC 3339 text → the same moment as Go writes it: whole seconds, in UTC, with a Z. ValueError for others."""
    if not text:  # a required time that a client left out is filled so, like Go's zero time
        return text
    if len(text) == 20 and text[19] == "Z" and text[10] == "T":  # as nearly always: cut short, and not looked at closer
        return text
    return format_time(parse_time(text))


def canonical_micro_time(text: str) -> str:
    """The same with microseconds."""
    if not text:
        return text
    if len(text) == 27 and text[26] == "Z" and text[10] == "T":
        return text
    return format_micro_time(parse_time(text))


def parse_time(text: str) -> float:
    """Seconds since the epoch; ValueError where the text is not RFC 3339 with a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or len(text) < 20:
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    return moment.timestamp()
