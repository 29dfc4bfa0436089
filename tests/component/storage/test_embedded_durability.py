"""The embedded store under kill -9, a second process, a full disk, restarts."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from store_backends import Collector, embedded, opened

from minik8s.apiserver.storage.base import CompactedError, StoreLocked, StoreUnavailable
from minik8s.apiserver.storage.embedded import EmbeddedStore

WRITER = """
    import asyncio, os, sys
    from minik8s.apiserver.storage.embedded import EmbeddedStore

    async def write(store, writer, offset):
        for number in range(10**9):
            key = f"/registry/pods/{writer}/{number % 50}"
            value = f"{offset}:{number}".encode() + b"x" * 3000
            if number % 7 == 6:
                result = await store.txn(key, None)
                value = b""
            else:
                result = await store.txn(key, value)
            if result.succeeded:
                os.write(1, f"{result.revision} {key} {value[:20].decode()}\\n".encode())

    async def main():
        store = EmbeddedStore(sys.argv[1])
        await store.start()
        await asyncio.gather(*(write(store, writer, sys.argv[2]) for writer in range(16)))

    asyncio.run(main())
"""


def run_and_kill(path: Path, round: int, seconds: float) -> list[tuple[int, str, str]]:
    """A writer process, killed; what it had acknowledged, as (revision, key, start of value or "")."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(path), str(round)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    timer = subprocess.Popen(["sleep", str(seconds)])
    while timer.poll() is None:
        lines.append(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.read().splitlines(keepends=True)
    process.wait()
    process.stdout.close()
    acknowledged = []
    for line in lines:
        if line.endswith(b"\n"):  # the kill may cut the last one
            revision, key, *value = line.decode().split()
            acknowledged.append((int(revision), key, value[0] if value else ""))
    return acknowledged


async def test_every_acknowledged_write_survives_kill_9(tmp_path: Path) -> None:
    path, rng = tmp_path / "state.db", random.Random(7)
    everything: dict[int, tuple[str, str]] = {}
    highest = 0
    for round in range(12):
        acknowledged = await asyncio.to_thread(run_and_kill, path, round, rng.uniform(0.02, 0.2))
        assert acknowledged
        for revision, key, value in acknowledged:
            assert revision > highest and revision not in everything, "a revision was given twice"
            everything[revision] = (key, value)
        async with opened(EmbeddedStore(path)) as store:
            highest = store.revision
            past = Collector()
            (await store.watch("", 2, past)).cancel()
            kept = {event.revision: event for event in past.events}
            state: dict[str, int] = {}
            for event in past.events:
                state[event.key] = event.revision if event.kv is not None else 0
            for revision, (key, value) in everything.items():
                event = kept[revision]
                assert event.key == key and (event.kv.value[: len(value)].decode() if event.kv else "") == value
            found = {kv.key: kv.mod_revision for kv in (await store.list("")).kvs}
            assert found == {key: revision for key, revision in state.items() if revision}
    assert len(everything) > 500


async def test_a_second_process_is_refused(tmp_path: Path) -> None:
    async with opened(embedded(tmp_path)) as store:
        with pytest.raises(StoreLocked, match="in use by process"):
            await embedded(tmp_path).start()
        await store.txn("/a", b"1")
    async with opened(embedded(tmp_path)) as store:
        assert await store.get("/a") is not None


async def test_a_restart_keeps_state_revisions_history_and_leases(tmp_path: Path) -> None:
    now = 1000.0
    async with opened(EmbeddedStore(tmp_path / "s.db", now=lambda: now)) as store:
        first = await store.txn("/a", b"1")
        await store.txn("/a", b"2")
        await store.txn("/b", b"x")
        gone = await store.txn("/b", None)
        lease = await store.grant_lease(60)
        await store.txn("/leased", b"x", lease=lease)
        revision = store.revision
    now += 30
    async with opened(EmbeddedStore(tmp_path / "s.db", now=lambda: now)) as again:
        assert again.revision == revision
        old = await again.get("/a", revision=first.revision)
        assert old is not None and old.value == b"1"
        sink = Collector()
        (await again.watch("/", first.revision + 1, sink)).cancel()
        assert [event.revision for event in sink.events] == list(range(first.revision + 1, revision + 1))
        assert sink.events[2].revision == gone.revision and sink.events[2].type == "DELETE"
        await again.expire_leases()  # type: ignore[attr-defined]
        assert await again.get("/leased") is not None
        now += 40
        await again.expire_leases()  # type: ignore[attr-defined]
        assert await again.get("/leased") is None
        assert (await again.txn("/c", b"1")).revision == revision + 2


async def test_compaction_shrinks_the_file_and_survives_a_restart(tmp_path: Path) -> None:
    async with opened(embedded(tmp_path)) as store:
        for number in range(50):
            await store.txn("/a", b"%d" % number)
        await store.txn("/b", b"x")
        await store.txn("/b", None)
        mark = store.revision
        await store.compact(mark)
        await store.txn("/after", b"x")
    rows = sqlite3.connect(tmp_path / "state.db").execute("SELECT key FROM log ORDER BY revision").fetchall()
    assert rows == [("/a",), ("/after",)]
    async with opened(embedded(tmp_path)) as store:
        assert store.revision == mark + 1
        with pytest.raises(CompactedError):
            await store.get("/a", revision=mark - 1)
        kv = await store.get("/a", revision=mark)
        assert kv is not None and kv.value == b"49" and await store.get("/b") is None


async def test_the_revision_never_goes_back_even_when_all_is_deleted(tmp_path: Path) -> None:
    async with opened(embedded(tmp_path)) as store:
        await store.txn("/a", b"1")
        last = await store.txn("/a", None)
        await store.compact(last.revision)
    async with opened(embedded(tmp_path)) as store:
        assert store.revision == last.revision
        assert (await store.txn("/a", b"1")).revision == last.revision + 1


async def test_a_compaction_cut_short_is_finished_later(tmp_path: Path) -> None:
    async with opened(embedded(tmp_path)) as store:
        for value in (b"1", b"2", b"3"):
            last = await store.txn("/a", value)
    with sqlite3.connect(tmp_path / "state.db") as db:  # the mark was written, no row deleted yet
        db.execute("INSERT OR REPLACE INTO meta VALUES ('compact_revision', ?)", (last.revision,))
    async with opened(embedded(tmp_path)) as store:
        kv = await store.get("/a")
        assert kv is not None and kv.value == b"3"
    assert sqlite3.connect(tmp_path / "state.db").execute("SELECT count(*) FROM log").fetchone() == (1,)


async def test_a_failed_write_fails_all_that_wait_and_the_store_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(embedded(tmp_path)) as store:
        before = await store.txn("/a", b"1")
        log: Any = store._log  # type: ignore[attr-defined]
        write = log._write

        def full(rows: Any, statements: Any) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr(log, "_write", full)
        results = await asyncio.gather(*(store.txn("/a", b"2") for _ in range(5)), return_exceptions=True)
        assert all(isinstance(result, StoreUnavailable) and "disk is full" in str(result) for result in results)
        kv = await store.get("/a")
        assert kv is not None and kv.value == b"1" and store.revision == before.revision
        monkeypatch.setattr(log, "_write", write)
        after = await store.txn("/a", b"3", expected=before.revision)
        assert after.succeeded and after.revision == before.revision + 1


async def test_a_closed_store_refuses(tmp_path: Path) -> None:
    store = embedded(tmp_path)
    sink = Collector()
    async with opened(store):
        await store.watch("/", 0, sink)
        waiting = [asyncio.ensure_future(store.txn(f"/{n}", b"x")) for n in range(10)]
        await asyncio.sleep(0)
    assert all(result.succeeded for result in await asyncio.gather(*waiting))
    assert isinstance(sink.lost, StoreUnavailable) and len(sink.events) == 10
    with pytest.raises(StoreUnavailable):
        await store.txn("/a", b"1")
    with pytest.raises(StoreUnavailable):
        await store.get("/a")
    assert not await store.healthy()


async def test_history_is_bounded_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minik8s.apiserver.storage.embedded.HISTORY_BYTES", 100_000)
    async with opened(embedded(tmp_path)) as store:
        for _ in range(60):
            await store.txn("/a", b"x" * 5000)
        assert store.history_start > 2
        assert store._state.history_bytes <= 110_000  # type: ignore[attr-defined]


async def test_a_sink_that_fails_loses_its_watch_and_nobody_else(tmp_path: Path) -> None:
    class Broken(Collector):
        def on_events(self, events: Any) -> None:
            raise ValueError("no")

    async with opened(embedded(tmp_path)) as store:
        broken, good = Broken(), Collector()
        await store.watch("/", 0, broken)
        await store.watch("/", 0, good)
        assert (await store.txn("/a", b"1")).succeeded
        assert (await store.txn("/a", b"2")).succeeded
        assert broken.lost is not None and len(good.events) == 2


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database, surely" * 100)
    with pytest.raises(StoreUnavailable, match="cannot open"):
        await embedded(tmp_path).start()
    (tmp_path / "state.db").unlink()
    async with opened(embedded(tmp_path)) as store:
        await store.txn("/a", b"1")
    for file in tmp_path.iterdir():  # noqa: ASYNC240
        assert file.stat().st_mode & 0o077 == 0, f"others can read {file.name}"
