"""Log lines: what is quoted, what is escaped, which levels come through."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from minik8s.client import log

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    made = io.StringIO()
    log.configure(0, made)
    yield made
    log.configure()


def test_a_line_is_logfmt() -> None:
    line = log.render_line("info", "pod bound", {"pod": "default/web-1", "ms": 3, "final": False, "node": None}, NOW)
    assert line == (
        'timestamp=2026-01-01T00:00:00.000000Z level=info event="pod bound" pod=default/web-1 ms=3 final=false node='
    )


def test_values_never_break_the_line() -> None:
    line = log.render_line("error", "x", {"error": 'a "b"\nlevel=info \\', "pair": "a=b"}, NOW)
    assert line.endswith(r'error="a \"b\"\nlevel=info \\" pair="a=b"')
    assert "\n" not in line


def test_a_traceback_is_one_value() -> None:
    try:
        raise ValueError("no")
    except ValueError as error:
        line = log.render_line("debug", "x", {"exc_info": error}, NOW)
    assert "exc_info" not in line and "\n" not in line
    assert r'\nValueError: no"' in line


def test_levels_follow_verbosity(stream: io.StringIO) -> None:
    logger = log.get_logger("m").bind(pod="p")
    logger.debug("hidden")
    logger.warning("seen")
    log.configure(2, stream)
    logger.debug("seen too")
    assert [line.split(" ", 1)[1] for line in stream.getvalue().splitlines()] == [
        "level=warning event=seen logger=m pod=p",
        'level=debug event="seen too" logger=m pod=p',
    ]


def test_exception_takes_what_is_being_handled(stream: io.StringIO) -> None:
    try:
        raise KeyError("k")
    except KeyError:
        log.get_logger("m").exception("failed", key="a/b")
    assert "event=failed logger=m key=a/b exception=" in stream.getvalue() and "KeyError: 'k'" in stream.getvalue()
