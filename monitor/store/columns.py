"""How model values become column values and back: times as integers (µs since 1970, UTC), lists as JSON text.

Knows no table and runs no SQL.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar, overload

T = TypeVar("T")

SECOND: Final = 1_000_000  # in the unit of every time column
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
_KEY_LIMIT: Final = 512  # code points: PostgreSQL refuses index entries beyond 2,704 bytes
_BATCH: Final = 500


@overload
def micros(value: datetime) -> int: ...
@overload
def micros(value: datetime | None) -> int | None: ...
def micros(value: datetime | None) -> int | None:
    """Return an aware datetime as integer µs since 1970, exactly. A naive one is a TypeError."""
    return None if value is None else (value - _EPOCH) // MICROSECOND


def moment(value: int) -> datetime:
    """Return the UTC datetime of a stored time."""
    return _EPOCH + timedelta(microseconds=value)


def moment_or_none(value: int | None) -> datetime | None:
    """Return the UTC datetime of a stored time that may be absent."""
    return None if value is None else moment(value)


def to_json(value: Any) -> str:
    """Return compact JSON text with sorted keys, so that equal values are equal text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def from_json(text: str) -> Any:
    """Return the value of a JSON column."""
    return json.loads(text)


def index_key(text: str) -> str:
    """Return `text`, or for one longer than an index can hold its head and a digest of all of it."""
    if len(text) <= _KEY_LIMIT:
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{text[: _KEY_LIMIT - len(digest) - 1]}#{digest}"


def in_batches(values: Iterable[T]) -> Iterator[tuple[T, ...]]:
    """Yield the values in tuples small enough for one `IN (…)` list on every engine."""
    batch: list[T] = []
    for value in values:
        batch.append(value)
        if len(batch) == _BATCH:
            yield tuple(batch)
            batch.clear()
    if batch:
        yield tuple(batch)
