"""Container logs in the CRI layout: writing lines, choosing them (tail, since), following a file.

Mirrors pkg/kubelet/kuberuntime/logs/logs.go. A line is `<RFC3339 nanoseconds> stdout|stderr F|P <content>`; `P` is a
piece of a line that was too long, joined by the reader. Leaves out: docker's json-file (the engine reads that itself),
inotify (a follower looks every `POLL_SECONDS`).

Invariants: `tail` counts whole lines, from the end; `since` drops earlier lines; a rotated file is read to its end
before the new one is begun; nothing is sent twice.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from minik8s.kubelet.runtimes.base import LogOptions

POLL_SECONDS = 0.1
BLOCK = 64 * 1024
STREAMS = {b"stdout": 1, b"stderr": 2}


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line (or piece of a line) of a container's log."""

    stamp: bytes  # as written
    stream: int  # 1 or 2
    partial: bool
    content: bytes  # without the line's end

    @property
    def epoch(self) -> float:
        """When it was written."""
        return parse_stamp(self.stamp)


def format_stamp(epoch_ns: int) -> str:
    """RFC3339 with nanoseconds, UTC."""
    seconds, nanos = divmod(epoch_ns, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{nanos:09d}Z"


def parse_stamp(stamp: bytes | str) -> float:
    """Epoch seconds of an RFC3339 stamp with any number of decimals; ValueError otherwise."""
    import calendar

    text = stamp.decode("ascii") if isinstance(stamp, bytes) else stamp
    date, offset = text[:19], text[19:]
    fraction = 0.0
    if offset.startswith("."):
        digits = len(offset) - len(offset[1:].lstrip("0123456789"))
        fraction = float("0" + offset[:digits])
        offset = offset[digits:]
    epoch = float(calendar.timegm(time.strptime(date, "%Y-%m-%dT%H:%M:%S"))) + fraction
    if offset in ("Z", "z"):
        return epoch
    if len(offset) == 6 and offset[0] in "+-":
        shift = int(offset[1:3]) * 3600 + int(offset[4:6]) * 60
        return epoch - shift if offset[0] == "+" else epoch + shift
    raise ValueError(f"no time zone in {text!r}")


def format_line(epoch_ns: int, stream: str, content: bytes, partial: bool = False) -> bytes:
    """A CRI line; `content` has no line end."""
    return f"{format_stamp(epoch_ns)} {stream} {'P' if partial else 'F'} ".encode("ascii") + content + b"\n"


def parse_line(line: bytes) -> LogEntry | None:
    """None for something that is no CRI line (a torn write after a crash)."""
    parts = line.rstrip(b"\n").split(b" ", 3)
    if len(parts) < 3 or parts[1] not in STREAMS:
        return None
    return LogEntry(parts[0], STREAMS[parts[1]], parts[2].startswith(b"P"), parts[3] if len(parts) > 3 else b"")


class LogSelector:
    """Turns entries into what the caller wants to read: pure, one per request."""

    def __init__(self, options: LogOptions) -> None:
        self._options = options
        self._middle = {1: False, 2: False}  # in the middle of a partial line, per stream

    def render(self, entry: LogEntry) -> bytes:
        """The bytes to send for it; b"" when it is not wanted."""
        options = self._options
        if not (options.stdout if entry.stream == 1 else options.stderr):
            return b""
        if options.since is not None and entry.epoch < options.since:
            return b""
        prefix = entry.stamp + b" " if options.timestamps and not self._middle[entry.stream] else b""
        self._middle[entry.stream] = entry.partial
        return prefix + entry.content + (b"" if entry.partial else b"\n")


def select(entries: Iterable[LogEntry], options: LogOptions) -> list[bytes]:
    """What is to be sent of a log that is wholly in memory."""
    chosen = list(entries)
    if options.tail is not None:
        chosen = chosen[len(chosen) - min(options.tail, len(chosen)) :]
    selector = LogSelector(options)
    return [piece for piece in map(selector.render, chosen) if piece]


def find_tail(file: BinaryIO, lines: int) -> int:
    """The offset where the last `lines` lines begin, reading blocks backwards."""
    file.seek(0, os.SEEK_END)
    end = position = file.tell()
    if lines <= 0:
        return end
    wanted = lines
    while position > 0:
        size = min(BLOCK, position)
        position -= size
        file.seek(position)
        block = file.read(size)
        if position + size == end and block.endswith(b"\n"):
            wanted += 1  # the last line's own end does not count
        breaks = block.count(b"\n")
        if breaks < wanted:
            wanted -= breaks
            continue
        index = len(block)
        for _ in range(wanted):
            index = block.rindex(b"\n", 0, index)
        return position + index + 1
    return 0


async def read_log(path: Path, options: LogOptions, is_running: Callable[[], Awaitable[bool]]) -> AsyncIterator[bytes]:
    """Yields pieces of a CRI log file; with follow until the container has ended and all of it was read."""
    selector = LogSelector(options)
    file = await _open(path, options, is_running)
    if file is None:
        return
    try:
        file.seek(0 if options.tail is None else find_tail(file, options.tail))
        rest = b""
        while True:
            alive = options.follow and await is_running()  # asked before reading: what came before its end is not lost
            block = file.read(BLOCK)
            if block:
                *lines, rest = (rest + block).split(b"\n")
                if piece := b"".join(selector.render(e) for e in map(parse_line, lines) if e is not None):
                    yield piece
                continue
            if (rotated := _reopened(path, file)) is not None:
                file.close()
                file, rest = rotated, b""
            elif not alive:
                return
            else:
                await asyncio.sleep(POLL_SECONDS)
    finally:
        file.close()


async def _open(path: Path, options: LogOptions, is_running: Callable[[], Awaitable[bool]]) -> BinaryIO | None:
    """The file; with follow it is waited for while the container runs."""
    while True:
        try:
            return path.open("rb")
        except FileNotFoundError:
            if not options.follow or not await is_running():
                return None
        await asyncio.sleep(POLL_SECONDS)


def _reopened(path: Path, file: BinaryIO) -> BinaryIO | None:
    """The new file when `path` was rotated away from under the open one."""
    try:
        if path.stat().st_ino == os.fstat(file.fileno()).st_ino:
            return None
        return path.open("rb")
    except FileNotFoundError:
        return None
