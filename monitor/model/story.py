"""A story: a cluster of items about one happening."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`title` is its first item's headline and stays; `last_seen` moves with each item that joins."""

    id: int = 0
    uid: str
    title: str
    language: str
    first_seen: datetime
    last_seen: datetime
