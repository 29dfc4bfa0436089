"""CRI log lines: parsing, tail, since, partial lines, following a file through a rotation."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minik8s.kubelet.runtimes.base import LogOptions
from minik8s.kubelet.runtimes.logs import (
    LogEntry,
    find_tail,
    format_line,
    format_stamp,
    parse_line,
    parse_stamp,
    read_log,
    select,
)

SECOND = 1_000_000_000


async def no() -> bool:
    return False


async def collect(path: Path, **options: object) -> bytes:
    return b"".join([piece async for piece in read_log(path, LogOptions(**options), no)])  # type: ignore[arg-type]


def lines(*texts: str, start: int = 1000) -> bytes:
    return b"".join(format_line((start + i) * SECOND, "stdout", text.encode()) for i, text in enumerate(texts))


@pytest.mark.parametrize(
    ("text", "epoch"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01T00:00:01.5Z", 1.5),
        ("1970-01-01T01:00:00.25+01:00", 0.25),
        ("1969-12-31T23:30:00-00:30", 0.0),
    ],
)
def test_stamps(text: str, epoch: float) -> None:
    assert parse_stamp(text) == epoch


@pytest.mark.parametrize("text", ["", "yesterday", "1970-01-01T00:00:01", "1970-01-01T00:00:01.5"])
def test_stamps_without_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_stamp(text)


def test_a_stamp_has_nine_decimals() -> None:
    assert format_stamp(1_500_000_007) == "1970-01-01T00:00:01.500000007Z"


def test_lines_round_trip() -> None:
    assert parse_line(format_line(SECOND, "stderr", b"a b  c")) == LogEntry(
        b"1970-01-01T00:00:01.000000000Z", 2, False, b"a b  c"
    )
    assert parse_line(b"garbage") is None and parse_line(b"2020 stdin F x") is None
    empty = parse_line(format_line(SECOND, "stdout", b""))
    assert empty is not None and empty.content == b""


@given(st.lists(st.text(alphabet="ab\u00e9 ", max_size=70), max_size=40), st.integers(0, 50))
def test_find_tail_counts_lines_from_the_end(texts: list[str], wanted: int) -> None:
    data = "".join(text + "\n" for text in texts).encode()
    offset = find_tail(io.BytesIO(data), wanted)
    kept = texts[len(texts) - min(wanted, len(texts)) :]
    assert data[offset:] == "".join(text + "\n" for text in kept).encode()


def test_find_tail_over_many_blocks() -> None:
    data = b"".join(b"%06d " % i + b"x" * 100 + b"\n" for i in range(5000))
    assert data[find_tail(io.BytesIO(data), 2000) :][:6] == b"003000"


def test_partial_lines_are_joined_and_stamped_once() -> None:
    parts = ((b"ab", True), (b"c", False))
    entries = [parse_line(format_line(SECOND, "stdout", part, partial)) for part, partial in parts]
    found = [entry for entry in entries if entry is not None]
    assert b"".join(select(found, LogOptions())) == b"abc\n"
    assert b"".join(select(found, LogOptions(timestamps=True))) == b"1970-01-01T00:00:01.000000000Z abc\n"


async def test_reading_a_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(lines("one", "two", "three") + format_line(1010 * SECOND, "stderr", b"four") + b"torn")
    assert await collect(path) == b"one\ntwo\nthree\nfour\n"
    assert await collect(path, tail=0) == b""
    assert await collect(path, since=1001.0) == b"two\nthree\nfour\n"
    assert await collect(path, stdout=False) == b"four\n"
    assert await collect(tmp_path / "none") == b""


async def test_following_through_a_rotation_until_the_end(tmp_path: Path) -> None:
    path, running = tmp_path / "log", True
    path.write_bytes(lines("old"))

    async def is_running() -> bool:
        return running

    pieces = read_log(path, LogOptions(follow=True), is_running)
    assert await anext(pieces) == b"old\n"
    path.rename(tmp_path / "log.1")
    with (tmp_path / "log.1").open("ab") as late:
        late.write(lines("late"))
    path.write_bytes(lines("new"))
    assert await asyncio.wait_for(anext(pieces), 5) == b"late\n"
    assert await asyncio.wait_for(anext(pieces), 5) == b"new\n"
    with path.open("ab") as file:
        file.write(lines("last"))
    running = False
    assert [piece async for piece in pieces] == [b"last\n"]
