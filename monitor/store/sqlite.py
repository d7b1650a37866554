"""The SQLite engine: sqlite-utils over our own connections, one writer thread, a few read-only readers.

The connections are ours because sqlite-utils' defaults are not durable ones, and because the driver must be
the very one sqlite-utils uses: two SQLite libraries on one file break each other's locks. No noun's SQL
stands here.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar
from urllib.parse import quote

import structlog
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]  # the driver it chose, not re-exported

from monitor.errors import StoreBusy, StoreConflict, StoreError, StoreFull, Unstorable
from monitor.store import database_file, migrate
from monitor.store.connector import Dialect, Row, Transaction, bind
from monitor.store.open_transaction import OpenTransaction
from monitor.store.seal import Sealer

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger()

_READERS: Final = 3
_BUSY_SECONDS: Final = 5.0
_OLDEST: Final = (3, 43, 0)  # the archive index deletes from an FTS5 table that holds no texts
_WRITER_CACHE_KIB: Final = 32_768
_READER_CACHE_KIB: Final = (
    8_192  # each; what they read was mostly written a moment ago, and is in the file cache
)
_STATEMENTS: Final = 512  # kept prepared: a list of ids makes a statement of its own for each length
_WAL_LIMIT_BYTES: Final = 64 * 1024 * 1024

# Primary result codes (https://sqlite.org/rescode.html) that mean something to a person.
_CONSTRAINT: Final = 19
_BUSY_TEXT: Final = (
    "another process holds the database {path}: stop it, or send the change to the running daemon"
)
_READONLY_TEXT: Final = (
    "the database {path} is read-only here ({error}): let the service's user write to the file and its folder; "
    "nothing of the change was kept"
)
_DAMAGED_TEXT: Final = "{path} is damaged or not a database ({error}): restore a backup, or set another path"
_ERRORS: Final[Mapping[int, tuple[type[StoreError], str]]] = {
    3: (StoreFull, _READONLY_TEXT),
    5: (StoreBusy, _BUSY_TEXT),
    6: (StoreBusy, _BUSY_TEXT),
    8: (StoreFull, _READONLY_TEXT),
    10: (
        StoreError,
        "the disk failed under the database {path} ({error}): check the disk, then restore a backup",
    ),
    11: (StoreError, _DAMAGED_TEXT),
    13: (
        StoreFull,
        "no room left for the database {path}: free some space on its disk; nothing of the change was kept",
    ),
    14: (
        StoreError,
        "cannot open the database {path}: let the service's user read and write the file and its folder",
    ),
    26: (StoreError, _DAMAGED_TEXT),
}


class SqliteStore:
    """One database file. Open it with `SqliteStore.open`."""

    def __init__(self, path: Path, *, sealer: Sealer, busy_seconds: float) -> None:
        self.path = path
        self.busy_seconds = busy_seconds
        self.sealer = sealer
        self._writer: Database | None = None
        self._readers: queue.SimpleQueue[Database] = queue.SimpleQueue()
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._read_threads = ThreadPoolExecutor(_READERS, thread_name_prefix="store-reader")
        self._closed = threading.Event()
        self._lock_file = database_file.LockFile(path)

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        sealer: Sealer,
        backup_dir: Path | None,
        migrations: Sequence[migrate.Migration] | None = None,
        busy_seconds: float = _BUSY_SECONDS,
    ) -> "SqliteStore":
        """Open or create the file and bring it to this version's schema, after a backup if it holds anything.

        Raises `StoreError` for what is no database of ours, `StoreFull` when it cannot be written,
        `StoreBusy` while another process holds its lock, and `StoreTooNew`.
        """
        store = cls(path, sealer=sealer, busy_seconds=busy_seconds)
        try:
            await store._in_writer(
                store._start, migrate.shipped() if migrations is None else migrations, backup_dir
            )
        except BaseException:
            await store.close()
            raise
        return store

    async def write(
        self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn` as one transaction on the writer thread: see `Store.write`."""
        return await self._in_writer(self._write, lambda tx: fn(tx, *args, **kwargs))

    async def read(
        self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn` on one snapshot in a reader thread: see `Store.read`."""
        self._check_open()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._read_threads, self._read, lambda tx: fn(tx, *args, **kwargs))

    async def backup(self, path: Path) -> None:
        """Write a compact, verified copy of the database to `path` beside the running writer."""
        self._check_open()
        await asyncio.get_running_loop().run_in_executor(self._read_threads, copy_database, self.path, path)

    async def hold(self) -> None:
        """Take the lock file beside the database: see `Store.hold`."""
        await asyncio.to_thread(self._lock_file.take)

    async def close(self) -> None:
        """Let running transactions end, then close every connection, the writer last so that the WAL is folded in."""
        if self._closed.is_set():
            return
        self._closed.set()
        await asyncio.to_thread(self._read_threads.shutdown)
        while not self._readers.empty():
            self._readers.get().close()
        if self._writer is not None:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._write_thread, self._finish, self._writer)
        await asyncio.to_thread(self._write_thread.shutdown)
        self._lock_file.give_back()

    async def _in_writer(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(
            self._write_thread, partial(fn, *args, **kwargs)
        )

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise StoreError("the store is closed")

    def _start(self, migrations: Sequence[migrate.Migration], backup_dir: Path | None) -> None:
        database_file.prepare(self.path)
        with _translated(self.path):
            self._writer = connect(self.path, busy_seconds=self.busy_seconds)
        _migrate(self._writer, self.path, self.sealer, migrations, backup_dir)

    def _finish(self, writer: Database) -> None:
        with contextlib.suppress(sqlite3.Error):  # closing keeps its word even on a full disk
            writer.execute("PRAGMA optimize")
        writer.close()

    def _write(self, fn: Callable[[Transaction], T]) -> T:
        assert self._writer is not None
        with SqliteTransaction(self._writer, self.path, self.sealer).whole() as tx:
            return fn(tx)

    def _read(self, fn: Callable[[Transaction], T]) -> T:
        try:
            reader = self._readers.get_nowait()
        except queue.Empty:
            with _translated(self.path):
                reader = connect(self.path, busy_seconds=self.busy_seconds, readonly=True)
        try:
            with SqliteTransaction(reader, self.path, self.sealer, readonly=True).whole() as tx:
                return fn(tx)
        finally:
            self._readers.put(reader)


class SqliteTransaction(OpenTransaction):
    """A transaction of SQLite, begun by hand."""

    dialect: Dialect = "sqlite"

    def __init__(self, db: Database, path: Path, sealer: Sealer, *, readonly: bool = False) -> None:
        super().__init__(sealer, readonly=readonly)
        self._db = db
        self._path = path

    def rows(self, sql: str, **params: Any) -> list[Row]:
        """Return every row."""
        with self._statement():
            # Not Database.query: it sets a savepoint around each statement.
            cursor = self._db.conn.execute(*bind(sql, params))
            if cursor.description is None:
                raise StoreError("a statement that returns no rows was asked for rows; use run for it")
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def run(self, sql: str, **params: Any) -> int:
        """Run a statement and return the number of rows it changed."""
        with self._statement():
            return max(0, int(self._db.conn.execute(*bind(sql, params)).rowcount))

    def many(self, sql: str, params: Iterable[Mapping[str, Any]]) -> None:
        """Run one statement for each set of parameters."""
        with self._statement():
            self._db.conn.executemany(sql, (bind(sql, each)[1] for each in params))

    def _translated(self) -> contextlib.AbstractContextManager[None]:
        return _translated(self._path)

    def _begin(self) -> None:
        self._db.execute("BEGIN" if self._readonly else "BEGIN IMMEDIATE")

    def _commit(self) -> None:
        self._db.execute("COMMIT")

    def _roll_back(self) -> None:
        # A full disk makes SQLite roll back by itself; asking twice would hide the first error.
        if self._db.conn.in_transaction:
            with self._translated():
                self._db.execute("ROLLBACK")


@contextlib.contextmanager
def read_only(path: Path, *, sealer: Sealer) -> Iterator[Transaction]:
    """Open a database beside the process that writes it, for one transaction that reads, on one unchanging view.

    Raises `StoreError` when it cannot be opened.
    """
    with _translated(path):
        reader = connect(path, readonly=True)
    try:
        with SqliteTransaction(reader, path, sealer, readonly=True).whole() as tx:
            yield tx
    finally:
        reader.close()


def connect(path: Path, *, busy_seconds: float = _BUSY_SECONDS, readonly: bool = False) -> Database:
    """Return a connection with every pragma this program relies on. Raises the driver's errors, and `StoreError`.

    Transactions are begun by hand. A reader's connection may move between threads, one at a time.
    """
    check_library(sqlite3.sqlite_version_info)
    mode = "ro" if readonly else "rw"
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=busy_seconds,
        check_same_thread=not readonly,
        cached_statements=_STATEMENTS,
    )
    try:
        return _configure(connection, readonly=readonly)
    except BaseException:
        connection.close()
        raise


def check_library(version: tuple[int, int, int]) -> None:
    """Raise `StoreError` when the SQLite library is older than what the schema needs."""
    if version < _OLDEST:
        raise StoreError(
            f"SQLite {'.'.join(map(str, version))} is too old, {'.'.join(map(str, _OLDEST))} is needed: "
            "pip install pysqlite3, or use a newer Python"
        )


def _configure(connection: Any, *, readonly: bool) -> Database:
    for pragma in ("foreign_keys = ON", "trusted_schema = OFF", "mmap_size = 0"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB if readonly else _WRITER_CACHE_KIB}")
    if readonly:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
    else:
        # Counts only before the first page is written, and switching to WAL writes it.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StoreError(
                f"the database cannot use a write-ahead log here (journal mode {mode}); "
                "put it on a local disk, not on a network share"
            )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
    return Database(connection, recursive_triggers=False, execute_plugins=False)


def copy_database(source: Path, target: Path) -> None:
    """Write a compact copy of a database to `target`, which must not exist: whole, checked and on disk, or not at all.

    Raises `StoreError` (or `StoreFull`); a half-written copy is removed.
    """

    def fill(copy: Path) -> None:
        with _translated(copy):
            _vacuum_into(source, copy)
            _verify(copy)

    database_file.write_copy(target, fill)


def _vacuum_into(source: Path, target: Path) -> None:
    connection = sqlite3.connect(
        f"file:{quote(str(source))}?mode=ro", uri=True, isolation_level=None, timeout=_BUSY_SECONDS
    )
    try:
        connection.execute("VACUUM INTO ?", (str(target),))
    finally:
        connection.close()


def _verify(path: Path) -> None:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    try:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    finally:
        connection.close()
    if verdict != "ok":
        raise StoreError(
            f"the copy {path} did not pass its check ({verdict}); the disk or the database is damaged"
        )


def _migrate(
    writer: Database,
    path: Path,
    sealer: Sealer,
    migrations: Sequence[migrate.Migration],
    backup_dir: Path | None,
) -> None:
    with SqliteTransaction(writer, path, sealer, readonly=True).whole() as tx:
        todo = migrate.pending(tx, migrations)
        tables = tx.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        if tables and not migrate.applied(tx):
            raise StoreError(
                f"{path} is a database of another program (it has a table {tables[0]['name']}); choose another file"
            )
    if not todo:
        return
    now = datetime.now(UTC)
    if tables and backup_dir is not None:
        target = backup_dir / f"{path.stem}-before-{todo[0].name}-{now:%Y%m%dT%H%M%S%fZ}.db"
        copy_database(path, target)
        log.info("store.backed_up", path=str(target))
    with SqliteTransaction(writer, path, sealer).whole() as tx:
        done = migrate.apply(tx, migrations, now=now)
    log.info("store.migrated", path=str(path), migrations=done)


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _store_error(error, path) from error
    except (OverflowError, UnicodeEncodeError) as error:
        raise Unstorable(f"a value cannot be stored: {error}") from error


def _store_error(error: Exception, path: Path) -> StoreError:
    # The low byte is the primary code; drivers differ in whether they give the extended one.
    code = int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
    if code == _CONSTRAINT and str(error).startswith(("UNIQUE", "FOREIGN KEY")):
        return StoreConflict(str(error))
    kind, text = _ERRORS.get(code, (StoreError, "the database {path} refused a statement: {error}"))
    return kind(text.format(path=path, error=error))
