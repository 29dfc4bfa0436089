"""Leases, the commit log's statements, and the compactor."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from minik8s.apiserver.storage.base import KeyValue, LeaseNotFound
from minik8s.apiserver.storage.commit_log import MAX_ROWS, SCHEMA, CommitLog
from minik8s.apiserver.storage.compactor import Compactor
from minik8s.apiserver.storage.leases import Leases


def test_a_key_belongs_to_the_lease_of_its_last_write() -> None:
    leases = Leases()
    leases.add(1, expires=10)
    leases.add(2, expires=20)
    first = KeyValue("/a", b"", 1, 1, lease=1)
    second = KeyValue("/a", b"", 1, 2, lease=2)
    leases.moved("/a", None, first)
    leases.moved("/b", None, KeyValue("/b", b"", 3, 3, lease=1))
    leases.moved("/a", first, second)
    assert (leases.keys(1), leases.keys(2)) == (["/b"], ["/a"])
    leases.moved("/a", second, None)
    assert leases.keys(2) == []


def test_due_leases() -> None:
    leases = Leases()
    assert leases.next_expiry() is None
    leases.add(7, expires=10)
    leases.add(3, expires=20)
    assert leases.next_id() == 8
    assert (leases.due(9.9), leases.due(10), leases.due(25)) == ([], [7], [7, 3])
    assert leases.next_expiry() == 10
    leases.remove(7)
    with pytest.raises(LeaseNotFound):
        leases.check(7)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 64, 65, 255, 256])
def test_one_statement_inserts_any_number_of_rows(count: int) -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript(SCHEMA)
    rows = [(n + 2, f"/k/{n}", b"v" if n % 3 else None, n, 0) for n in range(count)]
    CommitLog._insert(db, rows)
    assert db.execute("SELECT * FROM log ORDER BY revision").fetchall() == rows


def test_more_rows_than_a_statement_takes_are_one_transaction(tmp_path: Path) -> None:
    log = CommitLog(tmp_path / "x.db")
    log.open()
    rows = [(n + 2, f"/k/{n}", b"v", n, 0) for n in range(MAX_ROWS + 10)]
    log._write(rows, [("INSERT INTO lease VALUES (?, ?, ?)", (1, 60, 5.0))])
    with pytest.raises(sqlite3.IntegrityError):
        log._write([(9999, "/new", b"v", 1, 0), rows[0]], [("SELECT 1", ())])
    log._recover([(9999, "/new", b"v", 1, 0)])
    log.close()
    _, found, leases = log.open()
    log.close()
    assert found == rows and leases == [(1, 60, 5.0)]


class FakeStore:
    def __init__(self) -> None:
        self.revision = 10
        self.compacted: list[int] = []

    async def current_revision(self) -> int:
        return self.revision

    async def compact(self, revision: int) -> None:
        self.compacted.append(revision)


async def test_the_compactor_forgets_what_is_an_interval_old() -> None:
    store, told = FakeStore(), list[int]()
    compactor = Compactor(store, 300, told.append)  # type: ignore[arg-type]
    noted = await compactor.compact_to(0)
    assert (noted, store.compacted) == (10, [])
    store.revision = 25
    noted = await compactor.compact_to(noted)
    assert (noted, store.compacted, told) == (25, [10], [10])
