"""The PostgreSQL engine: psycopg 3 over a small pool, one writer thread and a few readers per process.

Runs the same SQL text as SQLite; `placeholders` turns its parameters into the driver's. Several processes may write
at once here, so claims lock rows (see `connector.skip_locked`). Backups are the server's own business.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

import psycopg
import structlog
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from monitor.errors import Refused, StoreBusy, StoreConflict, StoreError, StoreFull, Unstorable
from monitor.store import migrate
from monitor.store.connector import SQL_TOKEN, Dialect, Row, Transaction, bind
from monitor.store.open_transaction import OpenTransaction
from monitor.store.seal import Sealer

P = ParamSpec("P")
T = TypeVar("T")
Connection = psycopg.Connection[DictRow]

log = structlog.get_logger()

_READERS: Final = 3
_CONNECT_SECONDS: Final = 10
_LOCK_MS: Final = 5_000

# What a database error means to a caller, most particular first.
_ERRORS: Final[tuple[tuple[tuple[type[psycopg.Error], ...], type[StoreError], str], ...]] = (
    ((errors.UniqueViolation, errors.ForeignKeyViolation), StoreConflict, "{error}"),
    (
        (
            errors.SerializationFailure,
            errors.DeadlockDetected,
            errors.LockNotAvailable,
            errors.TooManyConnections,
        ),
        StoreBusy,
        "another process holds what this change needs in {place} ({error}): try again",
    ),
    (
        (errors.DiskFull,),
        StoreFull,
        "no room left in {place}: free some space there; nothing of the change was kept",
    ),
    (
        (errors.ReadOnlySqlTransaction,),
        StoreFull,
        "{place} is read-only ({error}): connect to the primary server; nothing of the change was kept",
    ),
    ((PoolTimeout,), StoreError, "{place} does not answer: check that the server runs and can be reached"),
    (
        (psycopg.OperationalError, psycopg.InterfaceError),
        StoreError,
        "the connection to {place} failed ({error}): check that the server runs and can be reached",
    ),
)


_LOCK = "SELECT pg_try_advisory_lock(hashtext('news-monitor'), hashtext(current_schema()))"


class PostgresStore:
    """One schema of a PostgreSQL database. Open it with `PostgresStore.open`."""

    def __init__(self, pool: ConnectionPool[Connection], url: str, *, place: str, sealer: Sealer) -> None:
        self.place = place
        self._url = url
        self._holder: psycopg.Connection[tuple[bool]] | None = None
        self.sealer = sealer
        self._pool = pool
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._read_threads = ThreadPoolExecutor(_READERS, thread_name_prefix="store-reader")
        self._closed = threading.Event()

    @classmethod
    async def open(
        cls, url: str, *, sealer: Sealer, migrations: Sequence[migrate.Migration] | None = None
    ) -> "PostgresStore":
        """Connect and bring the schema (the first of the search path) to this version.

        Raises `StoreError` when the server cannot be reached or does not keep UTF-8, and `StoreTooNew`.
        """
        place = _place(url)
        pool = ConnectionPool(
            url,
            connection_class=Connection,
            kwargs={"autocommit": True, "row_factory": dict_row, "connect_timeout": _CONNECT_SECONDS},
            min_size=1,
            max_size=_READERS + 1,
            open=False,
            configure=_configure,
            check=ConnectionPool.check_connection,
            timeout=_CONNECT_SECONDS,
            name="store",
        )
        store = cls(pool, url, place=place, sealer=sealer)
        try:
            await store._in_writer(store._start, url, migrate.shipped() if migrations is None else migrations)
        except BaseException:
            await store.close()
            raise
        return store

    async def write(
        self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn` as one transaction on this process's writer thread: see `Store.write`."""
        return await self._in_writer(self._run, lambda tx: fn(tx, *args, **kwargs), readonly=False)

    async def read(
        self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn` on one snapshot in a reader thread: see `Store.read`."""
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(
            self._read_threads, lambda: self._run(lambda tx: fn(tx, *args, **kwargs), readonly=True)
        )

    async def backup(self, path: Path) -> None:
        """Refuse: PostgreSQL brings tools that copy a running server, and they know more than we do."""
        raise Refused(
            f"{self.place} is a PostgreSQL database: make the copy with pg_dump --format=custom --file={path}, "
            "or with the server's own continuous archiving"
        )

    async def hold(self) -> None:
        """Take an advisory lock on the schema, on a connection of its own: see `Store.hold`."""
        await self._in_writer(self._hold)

    def _hold(self) -> None:
        with _translated(self.place):
            if self._holder is None:
                self._holder = psycopg.connect(self._url, autocommit=True, connect_timeout=_CONNECT_SECONDS)
            (held,) = self._holder.execute(_LOCK).fetchone() or (False,)
        if not held:
            raise StoreBusy(f"another monitor process has {self.place} for itself; stop it first")

    async def close(self) -> None:
        """Let running transactions end, then close every connection."""
        if self._closed.is_set():
            return
        self._closed.set()
        await asyncio.to_thread(self._read_threads.shutdown)
        await asyncio.to_thread(self._write_thread.shutdown)
        await asyncio.to_thread(self._pool.close)
        if self._holder is not None:
            await asyncio.to_thread(_let_go, self._holder)

    async def _in_writer(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(
            self._write_thread, lambda: fn(*args, **kwargs)
        )

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise StoreError("the store is closed")

    def _start(self, url: str, migrations: Sequence[migrate.Migration]) -> None:
        # A pool only says that nobody answered; a plain connection says why.
        with _translated(self.place), psycopg.connect(url, connect_timeout=_CONNECT_SECONDS) as first:
            encoding = first.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise StoreError(
                f"{self.place} keeps its text as {encoding}: create the database with ENCODING 'UTF8'"
            )
        self._pool.open()
        done = self._run(lambda tx: _migrate(tx, migrations), readonly=False)
        if done:
            log.info("store.migrated", path=self.place, migrations=done)

    def _run(self, fn: Callable[[Transaction], T], *, readonly: bool) -> T:
        with contextlib.ExitStack() as stack:
            with _translated(self.place):
                connection = stack.enter_context(self._pool.connection())
            with PostgresTransaction(connection, self.place, self.sealer, readonly=readonly).whole() as tx:
                return fn(tx)


@contextlib.contextmanager
def read_only(url: str, *, sealer: Sealer) -> Iterator[Transaction]:
    """Connect for one transaction that reads, on one snapshot; raises `StoreError` when the server is not there."""
    place = _place(url)
    with _translated(place):
        connection = psycopg.connect(
            url, autocommit=True, row_factory=dict_row, connect_timeout=_CONNECT_SECONDS
        )
    try:
        with PostgresTransaction(connection, place, sealer, readonly=True).whole() as tx:
            yield tx
    finally:
        connection.close()


def _let_go(holder: psycopg.Connection[Any]) -> None:
    """Give the lock back before the connection goes: a server may notice the end of a connection later."""
    with contextlib.suppress(psycopg.Error):
        holder.execute("SELECT pg_advisory_unlock_all()")
    holder.close()


class PostgresTransaction(OpenTransaction):
    """A transaction of PostgreSQL: a reader's is one snapshot from its first statement on."""

    dialect: Dialect = "postgres"

    def __init__(self, connection: Connection, place: str, sealer: Sealer, *, readonly: bool) -> None:
        super().__init__(sealer, readonly=readonly)
        self._connection = connection
        self._place = place

    def rows(self, sql: str, **params: Any) -> list[Row]:
        """Return every row."""
        with self._statement():
            return cast("list[Row]", self._execute(sql, params).fetchall())

    def run(self, sql: str, **params: Any) -> int:
        """Run a statement and return the number of rows it changed."""
        with self._statement():
            return max(0, self._execute(sql, params).rowcount)

    def many(self, sql: str, params: Iterable[Mapping[str, Any]]) -> None:
        """Run one statement for each set of parameters."""
        with self._statement(), self._connection.cursor() as cursor:
            cursor.executemany(_query(placeholders(sql)), [bind(sql, each)[1] for each in params])

    def _execute(self, sql: str, params: Mapping[str, Any]) -> psycopg.Cursor[DictRow]:
        text, values = bind(sql, params)
        return self._connection.execute(_query(placeholders(text)), values)

    def _translated(self) -> contextlib.AbstractContextManager[None]:
        return _translated(self._place)

    def _begin(self) -> None:
        self._connection.execute(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if self._readonly else "BEGIN"
        )

    def _commit(self) -> None:
        self._connection.execute("COMMIT")

    def _roll_back(self) -> None:
        # On a connection that is gone the server has rolled back already.
        with contextlib.suppress(psycopg.Error):
            self._connection.execute("ROLLBACK")


@lru_cache(maxsize=512)
def placeholders(statement: str) -> str:
    """Return portable SQL with psycopg's parameters: `:name` becomes `%(name)s`, and a percent sign is doubled.

    Casts (`::text`), literals, quoted names and comments keep their colons; a percent sign is doubled everywhere,
    since the driver looks for it everywhere.
    """
    return SQL_TOKEN.sub(
        lambda found: f"%({found['name']})s" if found["name"] else found[0].replace("%", "%%"), statement
    )


def _query(text: str) -> sql.SQL:
    # psycopg asks for literal strings; ours come from constants of the noun modules by way of a cache.
    return sql.SQL(cast("Any", text))


def _migrate(tx: Transaction, migrations: Sequence[migrate.Migration]) -> list[str]:
    tx.run("SET LOCAL lock_timeout = 0")  # another process may be migrating for a while: wait for it
    tx.rows("SELECT pg_advisory_xact_lock(hashtext('news-monitor migrations in ' || current_schema()))")
    return migrate.apply(tx, migrations, now=datetime.now(UTC))


def _configure(connection: Connection) -> None:
    connection.execute(f"SET lock_timeout = {_LOCK_MS}")


def _place(url: str) -> str:
    """Return what messages call the database: never its password."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise StoreError(
            "the URL of the PostgreSQL store cannot be read; it looks like postgresql://user@host:5432/database"
        ) from None  # the driver's text may quote the password
    host, port = parts.get("host") or "this machine", parts.get("port")
    return f"the database {parts.get('dbname') or '(default)'} at {host}" + (f":{port}" if port else "")


@contextlib.contextmanager
def _translated(place: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise _store_error(error, place) from error
    except UnicodeEncodeError as error:
        raise Unstorable(f"a value cannot be stored: {error}") from error


def _store_error(error: psycopg.Error, place: str) -> StoreError:
    # The primary message only: details quote values.
    text = error.diag.message_primary or " ".join(str(error).split())
    for classes, kind, message in _ERRORS:
        if isinstance(error, classes):
            return kind(message.format(error=text, place=place))
    return StoreError(f"{place} refused a statement: {text}")
