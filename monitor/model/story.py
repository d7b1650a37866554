"""A story: a cluster of items about one happening."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`title` is its first item's headline and stays; `last_seen` moves with each item that joins.

    `outlets` published it; `independent` of them were first with a text of their own: an outlet that only repeated
    what another had, as with a wire report, is not counted there. Both are 0 where nobody counted yet.
    """

    id: int = 0
    uid: str
    title: str
    language: str
    first_seen: datetime
    last_seen: datetime
    items: int = 0
    outlets: int = 0
    independent: int = 0
