"""The embedded store's file: an append-only log in SQLite, written by one thread.

Mirrors: etcd's write-ahead log and bbolt backend. The file is only ever read at start: rows in revision order rebuild
the state. So one table without an index is enough, every write is an append at the end of one B-tree, and a compaction
deletes rows by their revision.

All writes that wait become ONE multi-row INSERT, which is one transaction and one sync. It is one statement for a
second reason: the sqlite3 module lets go of the interpreter lock around each step and must get it back after it,
which beside a busy event loop costs up to a switch interval (5 ms) each; one row per step would make 64 of them.

WAL with synchronous=FULL syncs the log on each commit: what was acknowledged survives kill -9 and a power cut.
A flock on a file beside it keeps a second process out; readers (the sqlite3 shell) are welcome.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from minik8s.apiserver.storage.base import StoreLocked, StoreUnavailable

Row = tuple[int, str, bytes | None, int, int]  # revision, key, value (None: deleted), create_revision, lease
Statement = tuple[str, tuple[object, ...]]
Done = Callable[[Exception | None], None]

SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    revision INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB,
    create_revision INTEGER NOT NULL, lease INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS lease (id INTEGER PRIMARY KEY, ttl INTEGER NOT NULL, expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
_ROW_COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
MAX_ROWS = _ROW_COUNTS[-1]
_NO_ROW = (None, None, None, None, None)


def insert_statement(rows: int) -> str:
    """An INSERT of up to `rows` rows; places that are not needed are bound to NULL and left out."""
    places = ",".join(["(?,?,?,?,?)"] * rows)
    return f"INSERT INTO log SELECT * FROM (VALUES {places}) WHERE column1 IS NOT NULL"


_INSERTS = {count: insert_statement(count) for count in _ROW_COUNTS}


class CommitLog:
    """The file and its thread. `open` and `close` block; `submit` does not."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._jobs: queue.SimpleQueue[tuple[Sequence[Row], Sequence[Statement], Done] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._db: sqlite3.Connection | None = None
        self._lock: int | None = None
        self._broken: Exception | None = None

    def open(self) -> tuple[int, list[Row], list[tuple[int, int, float]]]:
        """Lock and open the file; returns compact_revision, the log, and the leases (id, ttl, expires)."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            found = self._load()
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise StoreUnavailable(f"cannot open {self.path}: {error}") from error
        self._thread = threading.Thread(target=self._work, name="store-commit", daemon=True)
        self._thread.start()
        return found

    def _load(self) -> tuple[int, list[Row], list[tuple[int, int, float]]]:
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # it holds secrets
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._db = db
        db.execute("PRAGMA page_size=8192")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA wal_autocheckpoint=500")  # 4 MB: a checkpoint holds up the writes for some milliseconds
        db.executescript(SCHEMA)
        meta = dict(db.execute("SELECT name, value FROM meta"))
        rows = db.execute("SELECT revision, key, value, create_revision, lease FROM log ORDER BY revision").fetchall()
        leases = db.execute("SELECT id, ttl, expires FROM lease").fetchall()
        return meta.get("compact_revision", 0), rows, leases

    @property
    def broken(self) -> bool:
        """Writes are refused until a restart (see _recover)."""
        return self._broken is not None

    def submit(self, rows: Sequence[Row], statements: Sequence[Statement], done: Done) -> None:
        """Write all of it as one transaction; `done` is called from the thread."""
        self._jobs.put((rows, statements, done))

    def close(self) -> None:
        """Finish what was submitted, then close the file and let go of the lock."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None
        if self._db is not None:
            self._db.close()
            self._db = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_lock(self) -> None:
        lock = os.open(self.path.with_name(self.path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(lock, 32).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise StoreLocked(f"{self.path} is in use by process {owner}") from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            rows, statements, done = job
            error: Exception | None = self._broken
            if error is None:
                try:
                    self._write(rows, statements)
                except sqlite3.Error as failure:
                    error = StoreUnavailable(f"writing {self.path} failed: {failure}")
                    self._recover(rows)
            done(error)

    def _write(self, rows: Sequence[Row], statements: Sequence[Statement]) -> None:
        assert self._db is not None
        if not statements and len(rows) <= MAX_ROWS:
            self._insert(self._db, rows)  # autocommit: the statement is the transaction
            return
        self._db.execute("BEGIN IMMEDIATE")
        for at in range(0, len(rows), MAX_ROWS):
            self._insert(self._db, rows[at : at + MAX_ROWS])
        for sql, parameters in statements:
            self._db.execute(sql, parameters)
        self._db.execute("COMMIT")

    @staticmethod
    def _insert(db: sqlite3.Connection, rows: Sequence[Row]) -> None:
        count = next(count for count in _ROW_COUNTS if count >= len(rows))
        values: list[object] = [value for row in rows for value in row]
        values.extend(_NO_ROW * (count - len(rows)))
        db.execute(_INSERTS[count], values)

    def _recover(self, rows: Sequence[Row]) -> None:
        """After a failed write (disk full, I/O error): make sure that none of it is in the file, or stop for good.

        Revisions are handed out again after a failure, so a write that half happened must never be appended to.
        """
        assert self._db is not None
        with contextlib.suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        first = rows[0][0] if rows else None
        try:
            found = self._db.execute("SELECT count(*) FROM log WHERE revision >= ?", (first,)).fetchone()[0]
        except sqlite3.Error as failure:
            self._broken = StoreUnavailable(f"{self.path} cannot be read after a failed write: {failure}")
            return
        if found:
            self._broken = StoreUnavailable(f"{self.path}: a failed write is partly there; restart to recover")
