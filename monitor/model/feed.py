"""A feed: a polled URL, what is known about it, and where its polling stands."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchState:
    """Where polling of one feed stands; `next_poll_at` is the schedule.

    Validators are the exact bytes a server sent (RFC 9110, 8.8), kept as latin-1 text, and are valid only
    for `validator_url`. `interval` is the one in force, in seconds. `failures` counts polls in a row that
    were not ok; a 304 does not reset it.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A polled URL and what people said about it.

    `slug` is its stable name; `owner` is `file:NAME`, `ui` or `api`; `min_interval` in seconds raises (never
    undercuts) the configured floor. A feed that is not `enabled` is not polled, and `disabled_reason` says why.
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
