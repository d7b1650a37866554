"""What the transactions of both engines share: how one begins, ends, and is lost.

PostgreSQL refuses everything after a failed statement, so SQLite's transactions do too and both engines behave
alike. This module knows no driver: an engine says how to run, translate, begin, commit and roll back.
"""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
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

    @contextlib.contextmanager
    def _statement(self) -> Iterator[None]:
        """Run one statement in the engine; whatever it raises ends the transaction."""
        if self._lost is not None:
            raise StoreError(f"this transaction is over: {self._lost}") from self._lost
        try:
            with self._translated():
                yield
        except StoreError as error:
            self._lost = error
            if self._readonly and isinstance(error, StoreFull):
                raise StoreError(
                    "a function that writes was given to Store.read; give it to Store.write"
                ) from error
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
