"""Every error this package raises on purpose.

The tree::

    MonitorError                 base; `str()` says what is wrong, where, and what to do
    ├── ConfigError              one or more `Problem`s in configuration files
    ├── QueryError               a topic's query is refused (line, column, hint)
    ├── StoreError
    │   ├── StoreBusy            another process holds the store
    │   ├── StoreFull            the disk is full or read-only
    │   ├── StoreTooNew          the database was written by a newer version
    │   ├── StoreConflict        the row changed under us, or breaks a uniqueness rule
    │   └── Unstorable           a value that no database can keep: a NUL character, half a surrogate pair
    ├── NotFound                 nothing has that name or id
    ├── Refused                  the request is understood and not allowed; says why
    └── GuardError               a connection to a forbidden address was stopped

Nothing here imports anything of the package: every layer may raise these.
"""

from dataclasses import dataclass


class MonitorError(Exception):
    """Base of all errors raised on purpose; its text is fit for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in a file: where it is and what to do about it.

    `path` is the place inside the file (`topic[3].query`), `line` and `column` count from 1.
    """

    file: str
    message: str
    path: str = ""
    hint: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = self.file
        if self.line is not None:
            place += f":{self.line}"
            if self.column is not None:
                place += f":{self.column}"
        where = f"{place}: {self.path}" if self.path else place
        text = f"{where}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class ConfigError(MonitorError):
    """Configuration files cannot be used; holds every problem found, not only the first."""

    def __init__(self, problems: "list[Problem] | tuple[Problem, ...]") -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class QueryError(MonitorError):
    """A query is refused.

    `line` and `column` count from 1 and point into the query's own text, or into that of the named `group` that the
    query uses; `hint` says what would be right.
    """

    def __init__(
        self, message: str, *, line: int = 1, column: int = 1, hint: str = "", group: str = ""
    ) -> None:
        self.message = message
        self.line = line
        self.column = column
        self.hint = hint
        self.group = group
        where = f"line {line}, column {column}{f' of @{group}' if group else ''}"
        super().__init__(f"{where}: {message}" + (f" ({hint})" if hint else ""))


class StoreError(MonitorError):
    """The store cannot do what was asked."""


class StoreBusy(StoreError):  # noqa: N818 - a state, read as one
    """Another process holds the store."""


class StoreFull(StoreError):  # noqa: N818
    """The disk is full or the store is read-only; nothing of the transaction was kept."""


class StoreTooNew(StoreError):  # noqa: N818
    """The database was written by a newer version of this program."""


class StoreConflict(StoreError):  # noqa: N818
    """A uniqueness rule or an expected revision does not hold."""


class Unstorable(StoreError):  # noqa: N818
    """A value cannot be stored, nor looked for: text with a NUL character or a lone surrogate, a number too large."""


class NotFound(MonitorError):  # noqa: N818
    """Nothing has that name or id."""


class Refused(MonitorError):  # noqa: N818
    """The request is understood and not allowed; the text says why and what to do instead."""


class GuardError(MonitorError):
    """A connection to a forbidden address or scheme was stopped before it was made."""
