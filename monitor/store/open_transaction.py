"""What the transactions of both engines share: how one begins, ends, and is lost.

PostgreSQL refuses everything after a failed statement, so SQLite's transactions do too and both engines behave
alike. This module knows no driver: an engine says how to run, translate, begin, commit and roll back.
"""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

from monitor.errors import StoreError, StoreFull
from monitor.store.connector import Dialect, Row
from monitor.store.seal import Sealer


class OpenTransaction(ABC):
    """A transaction on one connection, for the function that it was made for and no longer."""

    dialect: Dialect

    def __init__(self, sealer: Sealer, *, readonly: bool) -> None:
        self.sealer = sealer
        self._readonly = readonly
        self._lost: StoreError | None = None

    @abstractmethod
    def rows(self, sql: str, **params: Any) -> list[Row]:
        """Return every row."""

    def one(self, sql: str, **params: Any) -> Row | None:
        """Return the first row, or None."""
        found = self.rows(sql, **params)
        return found[0] if found else None

    @abstractmethod
    def run(self, sql: str, **params: Any) -> int:
        """Run a statement and return the number of rows it changed."""

    @abstractmethod
    def many(self, sql: str, params: Iterable[Mapping[str, Any]]) -> None:
        """Run one statement for each set of parameters."""

    @contextlib.contextmanager
    def whole(self) -> Iterator[Self]:
        """Begin, and keep all of it if the block ends well.

        Undo it on any exception, even one that the block swallowed.
        """
        with self._translated():
            self._begin()
        try:
            yield self
            self._keep()
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._lost = self._lost or StoreError("its function has returned")

    def _keep(self) -> None:
        if self._lost is not None:
            raise self._lost
        with self._translated():
            self._commit()

    def _statement(self) -> "_Statement":
        """Run one statement in the engine (`with`); whatever it raises ends the transaction."""
        return _Statement(self)

    def _check_open(self) -> None:
        if self._lost is not None:
            raise StoreError(f"this transaction is over: {self._lost}") from self._lost

    def _end_with(self, error: BaseException) -> None:
        """Let a failed statement end the transaction, and raise its error as the store's."""
        try:
            with self._translated():
                raise error
        except StoreError as translated:
            self._lost = translated
            if self._readonly and isinstance(translated, StoreFull):
                raise StoreError(
                    "a function that writes was given to Store.read; give it to Store.write"
                ) from translated
            raise

    @abstractmethod
    def _translated(self) -> AbstractContextManager[None]:
        """Turn the driver's errors into the store's."""

    @abstractmethod
    def _begin(self) -> None: ...

    @abstractmethod
    def _commit(self) -> None: ...

    @abstractmethod
    def _roll_back(self) -> None:
        """Roll back where there is still something to undo; the first error is the one to be told."""


class _Statement:
    """What stands around one statement; a class, since a generator costs as much as a small statement itself."""

    __slots__ = ("_tx",)

    def __init__(self, tx: OpenTransaction) -> None:
        self._tx = tx

    def __enter__(self) -> None:
        self._tx._check_open()  # noqa: SLF001 - a part of it

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._tx._end_with(error)  # noqa: SLF001
