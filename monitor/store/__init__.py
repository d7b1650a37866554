"""Where everything is kept: one seam for transactions, two engines behind it, and portable SQL cut by noun.

Callers use `open_store` and pass the noun modules' functions to `Store.write` and `Store.read`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.errors import StoreError
from monitor.store.connector import Store, Transaction
from monitor.store.seal import Sealer

__all__ = ["Sealer", "Store", "Transaction", "open_store", "read_only"]


async def open_store(url: str, *, sealer: Sealer, backup_dir: Path | None) -> Store:
    """Open the database at `url` and bring it to this version's schema.

    `url` is `sqlite:/absolute/path.db` or `postgresql://…`. A SQLite database that holds anything is copied
    to `backup_dir` before a migration; None means no copy. Raises `StoreError` and its kinds, with what to
    do.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite":
        # Imported here so that a process loads only the driver it uses.
        from monitor.store.sqlite import SqliteStore  # noqa: PLC0415

        path = Path(rest)
        if not path.is_absolute():
            raise StoreError(
                "a SQLite store needs an absolute path, like sqlite:/var/lib/news-monitor/monitor.db"
            )
        return await SqliteStore.open(path, sealer=sealer, backup_dir=backup_dir)
    if scheme in {"postgresql", "postgres"}:
        try:
            from monitor.store.postgres import PostgresStore  # noqa: PLC0415
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith("psycopg"):
                raise
            raise StoreError(
                "a PostgreSQL store needs the extra `postgres`: pip install 'news-monitor[postgres]'"
            ) from error
        return await PostgresStore.open(url, sealer=sealer)
    raise StoreError(f"unknown kind of store {scheme!r}; use sqlite:/absolute/path.db or postgresql://…")


@contextmanager
def read_only(url: str) -> Iterator[Transaction]:
    """Open one transaction that reads, in a process beside the one that has the store open; it can unseal nothing.

    Raises `StoreError`.
    """
    sealer = Sealer(Sealer.new_key())
    if url.startswith("sqlite:"):
        from monitor.store import sqlite  # noqa: PLC0415

        with sqlite.read_only(Path(url.removeprefix("sqlite:")), sealer=sealer) as tx:
            yield tx
    else:
        from monitor.store import postgres  # noqa: PLC0415

        with postgres.read_only(url, sealer=sealer) as tx:
            yield tx
