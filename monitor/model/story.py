"""A story: a cluster of items about one happening."""

from dataclasses import dataclass
from datetime import datetime

from monitor.model.topic import Priority


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a subscription was told of a story.

    `subject` heads its mails. `alerts` counts them, `lately` those of the last 24 hours. `facts` are keys of what the
    told items said (`monitor.route.news`), `languages` those they were in, `independent` how many outlets had texts of
    their own when it was last told, and `priority` the highest of the topics that told it.
    """

    subscription_id: int
    story_id: int
    subject: str
    first_at: datetime
    last_at: datetime
    alerts: int = 1
    lately: int = 1
    facts: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    independent: int = 0
    priority: Priority = Priority.NORMAL
