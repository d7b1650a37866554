"""A feed: a polled URL, what is known about it, and where its polling stands."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.model.access import DIRECT, Access
from monitor.model.topic import Priority


class Outcome(StrEnum):
    """How a poll ended. The set is closed: every poll ends in exactly one of these, with a reason in words."""

    NEW = "new"  # 200, parsed, at least one unseen or changed item
    SAME = "same"  # 200, parsed or identical bytes, nothing unseen
    NOT_MODIFIED = "not_modified"  # 304
    EMPTY = "empty"  # 200 or 204 without a byte of content
    NOT_A_FEED = "not_a_feed"  # 200 whose body is no feed (HTML, JSON of another kind, text)
    MALFORMED = "malformed"  # a feed that cannot be read to its end (truncated, broken encoding)
    HOSTILE = "hostile"  # entity bombs, or a body that killed or outlasted its parser process
    TOO_LARGE = "too_large"  # raw or decoded size beyond the limit (gzip bombs included)
    BAD_ENCODING = "bad_encoding"  # Content-Encoding unknown, stacked or broken; body cut short
    UNREACHABLE = "unreachable"  # DNS, connection refused or reset, TLS
    TIMEOUT = "timeout"  # the total time for one poll ran out
    REDIRECT_LOOP = "redirect_loop"  # too many redirects, a loop, or one without a usable Location
    FORBIDDEN_ADDRESS = "forbidden_address"  # the guard stopped the connection
    UNAUTHORIZED = "unauthorized"  # 401, 407
    BLOCKED = "blocked"  # 403, 451
    NOT_FOUND = "not_found"  # 404
    GONE = "gone"  # 410
    RATE_LIMITED = "rate_limited"  # 429
    SERVER_ERROR = "server_error"  # 5xx
    HTTP_ERROR = "http_error"  # any other status

    @property
    def ok(self) -> bool:
        """Whether the feed was delivered or declared unchanged."""
        return self in {Outcome.NEW, Outcome.SAME, Outcome.NOT_MODIFIED}


class HealthState(StrEnum):
    """How a feed is doing. The set is closed; `monitor.fetch.health` judges, first match from the top."""

    OFF = "off"  # switched off by a person
    RETIRED = "retired"  # gone or dead: only probed, returns by itself
    FAILING = "failing"  # the last readable document is older than the last failure
    LATE = "late"  # due for long and not polled: the daemon is behind or was off
    WAITING = "waiting"  # not polled yet
    EMPTY = "empty"  # answers with a document without items
    STALE = "stale"  # answers, but nothing new for so long that nobody may be writing it
    SILENT = "silent"  # answers, but nothing new for longer than its own rhythm explains
    OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What the last readable document says of its own polling and whereabouts; all of it is optional.

    `min_interval` in seconds is the larger of `ttl` and `sy:updatePeriod / updateFrequency`; `skip_hours` are
    hours of the day in GMT (0-23), `skip_days` days of the week in GMT (Monday 0, Sunday 6). `hub` and
    `self_url` are for WebSub, `older` is the next page or archive of older items (RFC 5005); all absolute.
    """

    min_interval: int = 0
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    hub: str | None = None
    self_url: str | None = None
    older: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchState:
    """Where polling of one feed stands; `next_poll_at` is the schedule.

    Validators are the exact bytes a server sent (RFC 9110, 8.8), kept as latin-1 text, and are valid only
    for `validator_url`. `interval` is the one in force, in seconds, and `plan` says in words why the next poll is
    when it is. `failures` counts polls in a row that were not ok since `failing_since`; a 304 does not reset it.

    `rhythm` is what was learnt of the feed's publishing (`monitor.fetch.rhythm`), `last_new_at` when an unseen item
    was last found after the baseline, `window` how many items the last readable document had (None: none read yet),
    `empty_since` since when it has had none, `full_at` when a 200 was last answered. A `retired_at` feed is only
    probed. `moved_to` is where permanent redirects have led without a break, `moved_polls` times since
    `moved_since`; once `follows_move`, the new address is asked.
    """

    next_poll_at: datetime
    etag: str | None = None
    last_modified: str | None = None
    validator_url: str | None = None
    body_hash: str | None = None
    last_polled_at: datetime | None = None
    last_ok_at: datetime | None = None
    baseline_at: datetime | None = None
    failures: int = 0
    gone: int = 0
    outcome: Outcome | None = None
    reason: str = ""
    interval: int = 3600
    claimed_at: datetime | None = None
    plan: str = ""
    rhythm: str = ""
    last_new_at: datetime | None = None
    window: int | None = None
    failing_since: datetime | None = None
    empty_since: datetime | None = None
    full_at: datetime | None = None
    retired_at: datetime | None = None
    moved_to: str | None = None
    moved_since: datetime | None = None
    moved_polls: int = 0
    follows_move: bool = False
    hints: Hints = Hints()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A polled URL and what people said about it.

    `slug` is its stable name; `owner` is `file:NAME`, `ui` or `api`; `min_interval` in seconds raises (never
    undercuts) the configured floor; `priority` shifts its share of the request budget. A feed that is not
    `enabled` is not polled, and `disabled_reason` says why. `access` says how it is reached, `full_text` that its
    items' pages are read too. Of its first window, which is a baseline and alerts nobody, the `alert_newest`
    newest items may alert, and those published at or after `alert_since`.
    `id` is 0 before the feed is stored.
    """

    id: int = 0
    slug: str
    url: str
    title: str
    language: str = "und"
    region: str = ""
    publisher: str = ""
    kind: str = "news"
    enabled: bool = True
    disabled_reason: str = ""
    min_interval: int = 0
    priority: Priority = Priority.NORMAL
    full_text: bool = False
    alert_newest: int = 0
    alert_since: datetime | None = None
    access: Access = DIRECT
    owner: str
    revision: int = 1
    fetch: FetchState = field(kw_only=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One finished poll, as the history keeps it.

    `size` counts body bytes on the wire, `items` those in the document.
    """

    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    reason: str
    status: int | None = None
    size: int = 0
    items: int = 0
    new_items: int = 0
