"""Times: RFC 3339 both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minik8s.api.meta import format_micro_time, format_time, parse_time


def test_format() -> None:
    assert format_time(1767225600.9) == "2026-01-01T00:00:00Z"
    assert format_micro_time(1767225600.25) == "2026-01-01T00:00:00.250000Z"


def test_parse() -> None:
    assert parse_time("2026-01-01T00:00:00Z") == 1767225600
    assert parse_time("2026-01-01T01:00:00+01:00") == 1767225600
    assert parse_time("2026-01-01T00:00:00.5Z") == 1767225600.5


@pytest.mark.parametrize("text", ["", "2026-01-01", "2026-01-01T00:00:00", "yesterday", "1767225600"])
def test_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_time(text)


@given(st.integers(0, 4_000_000_000))
def test_round_trip(seconds: int) -> None:
    assert parse_time(format_time(seconds)) == seconds


@given(st.integers(0, 4_000_000_000_000_000))
def test_micro_round_trip(micros: int) -> None:
    assert round(parse_time(format_micro_time(micros / 1e6)) * 1e6) == pytest.approx(micros, abs=1)


def test_gos_zero_time_keeps_its_leading_zeros() -> None:
    assert format_micro_time(parse_time("0001-01-01T00:00:02Z")) == "0001-01-01T00:00:02.000000Z"
