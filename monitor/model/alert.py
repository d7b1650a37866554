"""Decisions and the alerts they lead to."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from monitor.model.hit import Hit
from monitor.model.recipient import Subscription
from monitor.model.story import Story
from monitor.model.surge import Surge
from monitor.model.topic import Priority, Topic


class HoldCause(StrEnum):
    """Why a hit waits for a bundle or digest instead of going out at once."""

    CADENCE = "cadence"  # the subscription takes digests only
    QUIET = "quiet"  # it came in quiet hours
    BUDGET = "budget"  # the day's alerts were used up
    OLD = "old"  # it was published long before it was found
    NO_NEWS = "no_news"  # it adds nothing to a story that was told
    TOO_MUCH = "too_much"  # the story had its share of follow-ups today
    SOON = "soon"  # the story was told just now; it goes out in the story's bundle


class Verdict(StrEnum):
    """What became of one hit for one subscription.

    `bundled`, `deferred` (quiet hours) and `digest` wait until `Decision.held_until`; then an alert takes them with it,
    or they end as another verdict. `unasked`: the subscription does not ask for such hits.
    """

    SENT_NOW = "sent_now"
    BUNDLED = "bundled"
    DEFERRED = "deferred"
    DIGEST = "digest"
    SUPPRESSED = "suppressed"
    UNASKED = "unasked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The one answer for (hit, subscription), with its reason in words.

    `cause` and `held_until` are set for one that waits, or waited; `silence_id` names the silence that suppressed it.
    """

    hit_id: int
    subscription_id: int
    verdict: Verdict
    reason: str
    cause: HoldCause | None = None
    held_until: datetime | None = None
    silence_id: int | None = None


class AlertKind(StrEnum):
    """Why an alert is made, and so what it holds."""

    FIRST = "first"  # the first report of a story
    FOLLOW_UP = "follow_up"  # something new about a story that was told
    BUNDLE = "bundle"  # what waited: for the end of quiet hours, or of a story's bundle window; of one story or several
    DIGEST = "digest"  # what a period brought, by topic and story
    SURGE = "surge"


class Urgency(IntEnum):
    """In which order deliveries are sent."""

    URGENT = 0
    NORMAL = 1
    LATER = 2  # digests, and topics of low priority


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertHit:
    """A hit beside the topic it belongs to, as an alert shows them.

    `publisher` and `region` are those of its feed. `story` is set in alerts that tell of several, `cause` where it had
    to wait, and `note` then says so in the subscriber's language.
    """

    hit: Hit
    topic: Topic
    publisher: str = ""
    region: str = ""
    story: Story | None = None
    cause: HoldCause | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHealth:
    """How the feeds stood when a digest was made; `silent` and `failing` name those to worry about, in words.

    `gaps` counts windows with lost items since the digest before.
    """

    feeds: int
    healthy: int
    silent: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    gaps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The decision to tell one subscription about hits, with its reason.

    `uid` is what receivers see (webhook-id, Message-ID) and never changes over retries and restarts.
    `hits` is never empty. Of one story they are ordered by (first_seen, item id, topic slug), of a bundle or digest as
    they are to be shown, each with its own story; `story` is then that of the first.

    With `surges` it tells of a topic's surge and those of its places (the first leads), `story` is the newest of
    their stories and `hits` has one hit for each of the newest stories, newest first.

    `subject` is the frozen headline under which a story's mails form a thread; empty: the story's title.
    `news` says what is new in a follow-up or bundle, one phrase each. `notes` are remarks that belong on top: a silence
    that ended, a digest that is late. `held` counts what a digest holds by why it waited; `since` is the beginning of
    a digest's period, or when the subscription was last told of the story, and `health` how the feeds stood.
    `thread` counts the alerts that it had about the story before this one.
    """

    id: int = 0
    uid: str
    kind: AlertKind = AlertKind.FIRST
    subscription: Subscription
    story: Story
    hits: tuple[AlertHit, ...]
    reason: str
    created_at: datetime
    subject: str = ""
    news: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    held: tuple[tuple[HoldCause, int], ...] = ()
    since: datetime | None = None
    health: FeedHealth | None = None
    thread: int = 0
    surges: tuple[Surge, ...] = ()

    @property
    def urgency(self) -> Urgency:
        """How urgent its deliveries are: as its most urgent topic, a digest never is."""
        if self.kind is AlertKind.DIGEST:
            return Urgency.LATER
        priorities = {shown.topic.priority for shown in self.hits}
        if Priority.URGENT in priorities:
            return Urgency.URGENT
        return Urgency.NORMAL if Priority.NORMAL in priorities else Urgency.LATER
