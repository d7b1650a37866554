"""The tables of the desired-state files as people write them: which keys there are and what each may hold.

One table at a time: what holds between tables and files (references, duplicates, queries) is `desired`'s.
"""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, model_validator

from monitor.config.secret_refs import secret_ref
from monitor.config.values import Fault, Language, Line, MailAddress, Slug, WebAddress, refuse
from monitor.model import ChannelKind, Priority, SecretRef

Tables = tuple[Any, ...]


def _reference(value: Any) -> SecretRef:
    found = secret_ref(value)
    if isinstance(found, Fault):
        raise refuse(found)
    return found


def _text_or_reference(value: Any) -> str | SecretRef:
    return value if isinstance(value, str) else _reference(value)


def _instant(value: Any) -> datetime:
    """Take a TOML date (its midnight in UTC) or a TOML time with its offset."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise refuse(
            Fault("this is no date", "write it without quotes: 2026-01-31, or 2026-01-31T18:00:00-06:00")
        )
    if not 1990 <= value.year <= 2200:
        raise refuse(Fault(f"the year {value.year} cannot be meant", "write it as 2026-01-31"))
    return value.astimezone(UTC)


Reference = Annotated[SecretRef, PlainValidator(_reference)]
TextOrReference = Annotated[str | SecretRef, PlainValidator(_text_or_reference)]
Instant = Annotated[datetime, PlainValidator(_instant)]


class Form(BaseModel):
    """Base of all tables: unknown keys are problems."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class WatchlistFile(Form):
    """Top of a watchlist file."""

    name: Slug
    title: Line = ""
    description: str = ""
    groups: dict[Slug, str] = Field(default_factory=dict)
    topic: Tables = ()
    place: Tables = ()
    forecast: Tables = ()


class FeedsFile(Form):
    """Top of a feeds file."""

    feed: Tables = ()


class RecipientsFile(Form):
    """Top of a recipients file."""

    subscriber: Tables = ()
    channel: Tables = ()
    subscription: Tables = ()


class ExampleForm(Form):
    """`[[topic.must_match]]` or `[[topic.must_not_match]]`."""

    title: Annotated[Line, Field(min_length=1)]
    summary: Line = ""
    language: Language = "und"


class TopicForm(Form):
    """`[[topic]]`."""

    slug: Slug
    name: Annotated[Line, Field(min_length=1, max_length=200)]
    description: str = ""
    priority: Priority = Priority.NORMAL
    query: str
    enabled: bool = True
    must_match: tuple[ExampleForm, ...] = ()
    must_not_match: tuple[ExampleForm, ...] = ()


class BasicForm(Form):
    """`auth = {basic = {…}}`."""

    username: str
    password: Reference


class AuthForm(Form):
    """`auth`: one of `basic` and `bearer`."""

    basic: BasicForm | None = None
    bearer: Reference | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "AuthForm":
        if (self.basic is None) == (self.bearer is None):
            raise refuse(
                Fault(
                    "'auth' needs exactly one of basic and bearer",
                    'write auth = {bearer = {env = "NAME"}}, or '
                    'auth = {basic = {username = "…", password = {env = "NAME"}}}',
                )
            )
        return self


class FeedForm(Form):
    """`[[feed]]`; what its access keys may hold, and their secrets, `feed_access` checks."""

    slug: Slug
    url: WebAddress
    title: Line = ""
    language: Language = "und"
    region: Line = ""
    publisher: Line = ""
    kind: Slug = "news"
    enabled: bool = True
    disabled_reason: Line = ""
    min_interval_minutes: Annotated[int, Field(ge=0, le=7 * 24 * 60)] = 0
    priority: Priority = Priority.NORMAL
    full_text: bool = False
    alert_newest: Annotated[int, Field(ge=0, le=20)] = 0
    alert_since: Instant | None = None
    headers: dict[str, TextOrReference] = Field(default_factory=dict)
    auth: AuthForm | None = None
    cookie: Reference | None = None
    proxy: TextOrReference | None = None
    ca_file: str = ""

    @model_validator(mode="after")
    def _reason_belongs_to_disabled(self) -> "FeedForm":
        if self.enabled and self.disabled_reason:
            raise refuse(
                Fault(
                    f"feed '{self.slug}' is enabled, yet has a disabled_reason",
                    "add enabled = false, or remove disabled_reason",
                )
            )
        return self


class SubscriberForm(Form):
    """`[[subscriber]]`."""

    slug: Slug
    name: Annotated[Line, Field(min_length=1, max_length=200)]
    language: Literal["en", "es"] = "en"


class ChannelForm(Form):
    """`[[channel]]`; `url` and `secret` may be secret references, which `channels` looks up."""

    slug: Slug
    kind: ChannelKind
    address: MailAddress | None = None
    url: Any = None
    secret: Any = None
    enabled: bool = True

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> "ChannelForm":
        allowed = {ChannelKind.EMAIL: {"address"}, ChannelKind.WEBHOOK: {"url", "secret"}}.get(
            self.kind, set()
        )
        written = {key for key in ("address", "url", "secret") if getattr(self, key) is not None}
        article = "an" if self.kind is ChannelKind.EMAIL else "a"
        needed = {ChannelKind.EMAIL: "address", ChannelKind.WEBHOOK: "url"}.get(self.kind)
        if extra := sorted(written - allowed):
            keys = " and ".join(sorted(allowed)) or "no address at all"
            raise refuse(Fault(f"{article} {self.kind} channel has no '{extra[0]}'", f"it takes {keys}"))
        if needed and needed not in written:
            raise refuse(
                Fault(f"'{needed}' is missing", f"{article} {self.kind} channel needs a line: {needed} = …")
            )
        return self


class SubscriptionForm(Form):
    """`[[subscription]]`; empty or absent `topics` and `languages` mean all."""

    slug: Slug
    subscriber: Slug
    channel: Slug
    topics: tuple[Slug, ...] = ()
    languages: tuple[Language, ...] = ()
    surges: bool = True
    enabled: bool = True
