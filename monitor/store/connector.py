"""The seam between SQL and an engine: what a transaction can do, and what a store promises.

Noun modules (feeds, items, outbox, …) are plain functions over `Transaction` and know nothing of an engine;
an engine is one class per protocol and knows nothing of nouns. This module opens nothing and runs no SQL.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Concatenate, Final, Literal, ParamSpec, Protocol, TypeVar

from monitor.errors import Unstorable
from monitor.store.seal import Sealer

P = ParamSpec("P")
T = TypeVar("T")

Row = Mapping[str, Any]
Dialect = Literal["sqlite", "postgres"]

# String literals, quoted names, comments and casts come first, so that a colon inside them is no parameter.
SQL_TOKEN: Final = re.compile(
    r"""(?P<opaque>'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|::)|:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<percent>%)"""
)


class Transaction(Protocol):
    """One open transaction, handed to the functions that `Store.write` and `Store.read` run.

    SQL is portable text with `:name` parameters; a tuple as a value stands for a list inside `IN (:name)`
    (an empty one matches nothing). Errors are `StoreError`s; after one, the whole transaction is lost.
    """

    dialect: Dialect
    sealer: Sealer

    def rows(self, sql: str, **params: Any) -> list[Row]:
        """Return every row of a query, or of a write with RETURNING."""
        ...

    def one(self, sql: str, **params: Any) -> Row | None:
        """Return the first row, or None."""
        ...

    def run(self, sql: str, **params: Any) -> int:
        """Run a statement that returns no rows; return the number of rows it changed."""
        ...

    def many(self, sql: str, params: Iterable[Mapping[str, Any]]) -> None:
        """Run one statement once for each set of parameters."""
        ...


class Store(Protocol):
    """A database that runs whole transactions: all of the function's writes are kept, or none."""

    async def write(
        self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(tx, …)` as one durable transaction on the single writer; any exception undoes all of it.

        A caller cancelled while it waits does not know whether the transaction was kept.
        """
        ...

    async def read(
        self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(tx, …)` on one unchanging view of the data; a write inside it is a `StoreError`."""
        ...

    async def hold(self) -> None:
        """Keep the store for this process alone until it closes it, or dies.

        Raises `StoreBusy` when another process holds it, wherever that keeps its state.
        """
        ...

    async def backup(self, path: Path) -> None:
        """Write a whole, verified copy to `path`, which must not exist.

        Raises `Refused` where the engine brings its own tool.
        """
        ...

    async def close(self) -> None:
        """Finish what is running and let go of the database. Closing twice is harmless."""
        ...


def bind(sql: str, params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the statement and its parameters with each tuple spread over numbered ones.

    Raises `Unstorable` for text with a NUL character: PostgreSQL has no way to keep one, so neither store
    does.
    """
    lists: dict[str, int] = {}
    flat = dict(params)
    for (
        name,
        value,
    ) in params.items():  # by exact type: nothing else is ever handed over, and this runs for every value
        if type(value) is str:
            if "\x00" in value:
                raise _with_nul(name)
        elif type(value) is tuple:
            lists[name] = len(value)
            del flat[name]
            for index, each in enumerate(value):
                if type(each) is str and "\x00" in each:
                    raise _with_nul(name)
                flat[f"{name}_{index}"] = each
    return (_spread(sql, tuple(lists.items())) if lists else sql), flat


def _with_nul(name: str) -> Unstorable:
    return Unstorable(f"{name}: text with a NUL character cannot be stored; clean it before it gets here")


@lru_cache(maxsize=256)
def _spread(sql: str, lists: tuple[tuple[str, int], ...]) -> str:
    sizes = dict(lists)

    def replace(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in sizes:
            return found[0]
        return ", ".join(f":{name}_{index}" for index in range(sizes[name])) or "NULL"

    return SQL_TOKEN.sub(replace, sql)


def skip_locked(tx: Transaction, sql: str, *, of: str) -> str:
    """Return a query that takes the rows of table `of` for this transaction and passes over those already taken.

    SQLite has one writer by nature and no such clause; PostgreSQL needs it wherever processes claim side by
    side.
    """
    return f"{sql} FOR UPDATE OF {of} SKIP LOCKED" if tx.dialect == "postgres" else sql
