"""The tables of the desired-state files as people write them: which keys there are and what each may hold.

One table at a time: what holds between tables and files (references, duplicates, queries) is `desired`'s.
"""

import difflib
import re
import zoneinfo
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, model_validator

from monitor.config.secret_refs import secret_ref
from monitor.config.values import Fault, Language, Line, MailAddress, Slug, WebAddress, refuse
from monitor.model import Cadence, ChannelKind, PayloadFormat, Priority, Quiet, SecretRef

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


def _time_of_day(value: Any) -> int:
    """Take a time of day as TOML or a person writes it (07:00, "07:00"); return minutes after midnight."""
    text = value.strftime("%H:%M") if isinstance(value, time) else value
    found = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise refuse(Fault("this is no time of day", 'write it as "07:00", from "00:00" to "23:59"'))
    return int(found[1]) * 60 + int(found[2])


def _quiet_hours(value: Any) -> Quiet | None:
    """Take "22:00-07:00", or "none" for no quiet hours."""
    if value == "none":
        return None
    begins, dash, ends = (
        (part.strip() for part in value.partition("-")) if isinstance(value, str) else ("", "", "")
    )
    if not dash or not _CLOCK.fullmatch(begins) or not _CLOCK.fullmatch(ends) or begins == ends:
        raise refuse(Fault("these are no quiet hours", 'write them as "22:00-07:00", or "none" to have none'))
    return Quiet(begins=_time_of_day(begins), ends=_time_of_day(ends))


def _weekday(value: Any) -> int:
    if value not in WEEKDAYS:
        raise refuse(Fault("this is no day of the week", f"it is one of: {', '.join(WEEKDAYS)}"))
    return WEEKDAYS.index(value)


def _zone(value: Any) -> str:
    if not isinstance(value, str) or value not in zoneinfo.available_timezones():
        near = difflib.get_close_matches(str(value), zoneinfo.available_timezones(), n=1)
        hint = f"did you mean '{near[0]}'?" if near else "write an IANA name such as America/Tijuana, or UTC"
        raise refuse(Fault(f"there is no time zone {value!r}", hint))
    return value


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")

TimeOfDay = Annotated[int, PlainValidator(_time_of_day)]
QuietHours = Annotated[Quiet | None, PlainValidator(_quiet_hours)]
Weekday = Annotated[int, PlainValidator(_weekday)]
Zone = Annotated[str, PlainValidator(_zone)]
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


class TimingForm(Form):
    """The keys that say when somebody is told; one that is absent is inherited."""

    cadence: Cadence | None = None
    bundle_minutes: Annotated[int, Field(ge=0, le=24 * 60)] | None = None
    digest_at: TimeOfDay | None = None
    digest_day: Weekday | None = None
    quiet_hours: QuietHours | None = None
    urgent_in_quiet_hours: bool | None = None
    alerts_per_day: Annotated[int, Field(ge=0, le=10_000)] | None = None
    max_age_hours: Annotated[int, Field(ge=1, le=24 * 365)] | None = None
    all_quiet: bool | None = None


class DefaultsForm(TimingForm):
    """`[defaults]` of a recipients file."""

    zone: Zone | None = None


class RecipientsFile(Form):
    """Top of a recipients file; what `defaults` says holds for every subscriber and subscription of the same file."""

    defaults: DefaultsForm = DefaultsForm()
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
    tags: tuple[Slug, ...] = ()
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


class SubscriberForm(TimingForm):
    """`[[subscriber]]`; its timing keys hold for all of its subscriptions that do not say otherwise."""

    slug: Slug
    name: Annotated[Line, Field(min_length=1, max_length=200)]
    language: Literal["en", "es"] = "en"
    zone: Zone | None = None


class ChannelForm(Form):
    """`[[channel]]`; `url` and `secret` may be secret references, which `channels` looks up."""

    slug: Slug
    kind: ChannelKind
    address: MailAddress | None = None
    url: Any = None
    secret: Any = None
    format: PayloadFormat | None = None
    enabled: bool = True

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> "ChannelForm":
        allowed = {
            ChannelKind.EMAIL: {"address"},
            ChannelKind.WEBHOOK: {"url", "secret", "format"},
            ChannelKind.APPRISE: {"url"},
        }.get(self.kind, set())
        written = {key for key in ("address", "url", "secret", "format") if getattr(self, key) is not None}
        article = "an" if self.kind in {ChannelKind.EMAIL, ChannelKind.APPRISE} else "a"
        needed = {ChannelKind.EMAIL: "address", ChannelKind.WEBHOOK: "url", ChannelKind.APPRISE: "url"}.get(
            self.kind
        )
        if extra := sorted(written - allowed):
            keys = " and ".join(sorted(allowed)) or "no address at all"
            raise refuse(Fault(f"{article} {self.kind} channel has no '{extra[0]}'", f"it takes {keys}"))
        if self.kind is ChannelKind.APPRISE and isinstance(self.url, str):
            raise refuse(
                Fault(
                    "the url of an apprise channel holds its password",
                    'write a reference: url = {env = "NAME"}',
                )
            )
        if needed and needed not in written:
            raise refuse(
                Fault(f"'{needed}' is missing", f"{article} {self.kind} channel needs a line: {needed} = …")
            )
        return self


class SubscriptionForm(TimingForm):
    """`[[subscription]]`; every filter that is empty or absent takes all."""

    slug: Slug
    subscriber: Slug
    channel: Slug
    fallback: Slug | None = None
    topics: tuple[Slug, ...] = ()
    tags: tuple[Slug, ...] = ()
    priorities: tuple[Priority, ...] = ()
    languages: tuple[Language, ...] = ()
    publishers: tuple[Line, ...] = ()
    regions: tuple[Line, ...] = ()
    surges: bool = True
    enabled: bool = True
