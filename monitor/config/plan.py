"""The difference between desired state and the store, and applying it in the caller's one transaction.

Nothing is ever deleted: what vanished from its file is switched off. Objects that the web pages or the API own are
left alone. What people or the program switched on or off since the last apply stays so, until the file itself says
something new about it; the last applied state is kept for that comparison.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Literal, TypeAlias

from monitor.config.desired import Desired
from monitor.config.feed_access import access_change
from monitor.config.recipients import BUILTIN
from monitor.deliver.hook.signature import GRACE, generate_secret
from monitor.errors import ConfigError, Problem
from monitor.model import Channel, ChannelKind, Feed, Forecast, Place, Subscriber, Subscription, Topic
from monitor.store import Transaction, audit, feeds, meta, places, recipients, watchlist
from monitor.text.gate import without_credentials

APPLIED = "config.applied"  # meta: what the last apply asked for

Action: TypeAlias = Literal["add", "change", "disable", "enable"]
Record: TypeAlias = Topic | Place | Forecast | Feed | Subscriber | Channel | Subscription

_COMPARED: Mapping[str, tuple[str, ...]] = {
    "subscriber": ("name", "language", "zone", "owner"),
    "channel": ("kind", "address", "secret", "format", "owner", "enabled"),
    "topic": (
        "name",
        "description",
        "priority",
        "query",
        "groups",
        "tags",
        "examples",
        "watchlist",
        "owner",
        "enabled",
    ),
    "feed": (
        *("url", "title", "language", "region", "publisher", "kind", "min_interval", "priority", "full_text"),
        *("alert_newest", "alert_since", "access", "owner", "enabled", "disabled_reason"),
    ),
    "place": ("name", "query", "groups", "latitude", "longitude", "watchlist", "owner", "enabled"),
    "forecast": (
        *(
            "topics",
            "places",
            "begins",
            "ends",
            "direction",
            "text",
            "source",
            "watchlist",
            "owner",
            "enabled",
        ),
    ),
    "subscription": (
        *(
            "subscriber",
            "channel",
            "fallback",
            "topics",
            "tags",
            "priorities",
            "languages",
            "publishers",
            "regions",
        ),
        *("timing", "surges", "owner", "enabled"),
    ),
}
_SHOWN_WITH_VALUES = {
    "format",
    "url",
    "title",
    "name",
    "language",
    "region",
    "publisher",
    "priority",
    "min_interval",
    "full_text",
    "alert_newest",
    "owner",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference; `detail` says in words what differs and holds no secret."""

    action: Action
    kind: str
    slug: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All differences, in the order they are applied. An empty plan is false."""

    changes: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A change with the record it leads to, and the record it starts from (None for a new one)."""

    change: Change
    stored: Record | None
    target: Record


def make_plan(tx: Transaction, desired: Desired) -> Plan:
    """Compare desired state with the store, changing nothing.

    Raises ConfigError when a slug in a file belongs to somebody else.
    """
    return Plan(changes=tuple(step.change for step in _steps(tx, desired)))


def apply_plan(
    tx: Transaction, desired: Desired, *, actor: str, now: datetime, floor: int, spread: float
) -> Plan:
    """Make the store what the files say, with an audit row for each change; return what was done.

    `floor` is the shortest polling interval and `spread` the span over which the first polls of new feeds are
    strewn, both in seconds. Raises ConfigError like `make_plan`, before anything is written.
    """
    steps, files = _steps(tx, desired), desired.revision
    apply = _Apply(tx=tx, actor=actor, now=now, floor=floor, spread=spread)
    for step in steps:
        apply.run(step)
        change = step.change
        audit.record(
            tx,
            actor=actor,
            action=change.action,
            object=f"{change.kind}:{change.slug}",
            detail={"detail": change.detail, "files": files},
            now=now,
        )
    meta.put_meta(tx, APPLIED, _applied_state(desired))
    return Plan(changes=tuple(step.change for step in steps))


def applied_revision(tx: Transaction) -> str | None:
    """Return the `Desired.revision` that was applied last, or None before the first apply."""
    stored = meta.get_meta(tx, APPLIED)
    return None if stored is None else str(json.loads(stored)["revision"])


def _applied_state(desired: Desired) -> str:
    enabled = {
        kind: {each.slug: getattr(each, "enabled", True) for each in wanted}
        for kind, wanted in _wanted(desired)
    }
    return json.dumps({"revision": desired.revision, "enabled": enabled}, sort_keys=True)


def _wanted(desired: Desired) -> tuple[tuple[str, Sequence[Record]], ...]:
    """List what is wanted by kind, in the order it must be stored: referred-to things first."""
    return (
        ("subscriber", desired.subscribers),
        ("channel", desired.channels),
        ("topic", desired.topics),
        ("place", desired.places),
        ("forecast", desired.forecasts),
        ("feed", desired.feeds),
        ("subscription", desired.subscriptions),
    )


def _stored(tx: Transaction) -> Mapping[str, Mapping[str, Record]]:
    found: Mapping[str, Sequence[Record]] = {
        "subscriber": recipients.list_subscribers(tx),
        "channel": recipients.list_channels(tx, enabled_only=False),
        "topic": watchlist.list_topics(tx, enabled_only=False),
        "place": places.list_places(tx, enabled_only=False),
        "forecast": places.list_forecasts(tx, enabled_only=False),
        "feed": feeds.list_feeds(tx),
        "subscription": recipients.list_subscriptions(tx, enabled_only=False),
    }
    return {kind: {each.slug: each for each in records} for kind, records in found.items()}


def _steps(tx: Transaction, desired: Desired) -> list[_Step]:
    kept = meta.get_meta(tx, APPLIED)
    applied: Mapping[str, Mapping[str, bool]] | None = json.loads(kept)["enabled"] if kept else None
    stored = _stored(tx)
    problems: list[Problem] = []
    steps: list[_Step] = []
    for kind, wanted in _wanted(desired):
        for want in wanted:
            have = stored[kind].get(want.slug)
            if have is not None and not _from_files(have):
                problems.append(_taken(desired, kind, have))
                continue
            last = (applied or {}).get(kind, {}).get(want.slug)
            steps.extend(_difference(kind, have, _target(have, want, last_enabled=last)))
    if problems:
        raise ConfigError(problems)
    for kind, wanted in reversed(_wanted(desired)):
        present = {want.slug for want in wanted}
        gone = (each for slug, each in stored[kind].items() if slug not in present and _from_files(each))
        steps.extend(_switched_off(kind, gone, None if applied is None else applied.get(kind, {})))
    return steps


def _from_files(record: Record) -> bool:
    return record.owner.startswith("file:") or record.owner == BUILTIN


def _taken(desired: Desired, kind: str, have: Record) -> Problem:
    origin = desired.origins.get((kind, have.slug))
    by = {"ui": "the web pages", "api": "the API"}.get(have.owner, have.owner)
    return Problem(
        file=origin.file if origin else "configuration",
        line=origin.line if origin else None,
        message=f"the {kind} '{have.slug}' exists already and belongs to {by}",
        hint="choose another slug in the file",
    )


def _target(have: Record | None, want: Record, *, last_enabled: bool | None) -> Record:
    """Settle what to store: the file's word, but for switches thrown since the last apply and for made keys."""
    if have is None or isinstance(want, Subscriber) or isinstance(have, Subscriber):
        return want
    if last_enabled == want.enabled and have.enabled != want.enabled:
        if isinstance(want, Feed | Channel) and isinstance(have, Feed | Channel):
            want = replace(want, enabled=have.enabled, disabled_reason=have.disabled_reason)
        else:
            want = replace(want, enabled=have.enabled)
    if isinstance(want, Channel) and isinstance(have, Channel) and not want.secret and have.kind is want.kind:
        want = replace(want, secret=have.secret)
    return want


def _difference(kind: str, have: Record | None, target: Record) -> Iterator[_Step]:
    if have is None:
        change = Change(action="add", kind=kind, slug=target.slug, detail=_introduction(target))
        yield _Step(change=change, stored=None, target=target)
        return
    fields = [name for name in _COMPARED[kind] if _value(have, name) != _value(target, name)]
    if not fields:
        return
    action: Action = "change"
    if set(fields) <= {"enabled", "disabled_reason"} and "enabled" in fields:
        action = "enable" if getattr(target, "enabled", True) else "disable"
    detail = ", ".join(_described(name, have, target) for name in fields)
    yield _Step(
        change=Change(action=action, kind=kind, slug=target.slug, detail=detail), stored=have, target=target
    )


def _switched_off(kind: str, gone: Iterator[Record], applied: Mapping[str, bool] | None) -> Iterator[_Step]:
    """Switch off what its file no longer names, once: someone may switch it on again afterwards."""
    for have in gone:
        known = applied is None or have.slug in applied
        if isinstance(have, Subscriber) or not have.enabled or not known:
            continue
        reason = f"no longer in {have.owner.removeprefix('file:')}"
        if isinstance(have, Feed | Channel):
            target: Record = replace(have, enabled=False, disabled_reason=reason)
        else:
            target = replace(have, enabled=False)
        change = Change(action="disable", kind=kind, slug=have.slug, detail=reason)
        yield _Step(change=change, stored=have, target=target)


def _value(record: Record, name: str) -> Any:
    value = getattr(record, name)
    return value.slug if isinstance(value, Subscriber | Channel) else value


def _described(name: str, have: Record, target: Record) -> str:
    if isinstance(have, Feed) and isinstance(target, Feed):
        if name == "access":
            return access_change(have.access, target.access)
        if name == "alert_since":
            before, after = (
                f"{each.alert_since:%Y-%m-%dT%H:%MZ}" if each.alert_since else "none"
                for each in (have, target)
            )
            return f"{name} {before} → {after}"
    if isinstance(have, Topic | Place) and isinstance(target, Topic | Place) and name == "groups":
        return _changed_groups(dict(have.groups), dict(target.groups))
    if name not in _SHOWN_WITH_VALUES:
        return name
    before, after = _value(have, name), _value(target, name)
    if name == "url":
        before, after = without_credentials(before), without_credentials(after)
    return f"{name} {_shown(before)} → {_shown(after)}"


def _changed_groups(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Name the groups that a topic uses now, no longer, or with another meaning."""
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    signs = {name: "+" if name not in before else "-" if name not in after else "" for name in names}
    return f"groups {' '.join(f'{signs[name]}@{name}' for name in names)}"


def _shown(value: Any) -> str:
    return repr(value.value if isinstance(value, Enum) else value)


def _introduction(target: Record) -> str:
    match target:
        case Feed():
            return (
                without_credentials(target.url)
                if target.enabled
                else f"switched off: {target.disabled_reason}"
            )
        case Channel():
            makes_key = target.kind is ChannelKind.WEBHOOK and not target.secret
            return f"{target.kind}, with a new signing key" if makes_key else str(target.kind)
        case Subscription():
            topics = ", ".join(target.topics) or "all topics"
            return f"{target.subscriber.slug} by {target.channel.slug}: {topics}"
        case Forecast():
            return f"{target.direction} from {target.begins} to {target.ends}: {', '.join(target.topics)}"
    return target.name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Apply:
    """Stores the targets of steps, one by one."""

    tx: Transaction
    actor: str
    now: datetime
    floor: int
    spread: float

    def run(self, step: _Step) -> None:
        match step.target:
            case Topic() as topic:
                watchlist.put_topic(self.tx, topic, actor=self.actor, now=self.now)
            case Place() as place:
                places.put_place(self.tx, place)
            case Forecast() as forecast:
                places.put_forecast(self.tx, forecast)
            case Feed() as feed:
                feeds.put_feed(self.tx, self._scheduled(feed))
            case Subscriber() as subscriber:
                recipients.put_subscriber(self.tx, subscriber)
            case Channel() as channel:
                self._channel(channel, step.stored)
            case Subscription() as subscription:
                recipients.put_subscription(self.tx, subscription)

    def _scheduled(self, feed: Feed) -> Feed:
        """Strew first polls by slug, so that a new installation does not ask everybody in one second.

        The store looks at the schedule only for a feed that is new or has a new address.
        """
        digest = hashlib.sha256(feed.slug.encode()).digest()
        share = int.from_bytes(digest[:4], "big") / 2**32
        due = self.now + timedelta(seconds=self.spread * share)
        interval = max(self.floor, feed.min_interval)
        return replace(feed, fetch=replace(feed.fetch, next_poll_at=due, interval=interval))

    def _channel(self, channel: Channel, stored: Record | None) -> None:
        if channel.kind is ChannelKind.WEBHOOK and not channel.secret:
            channel = replace(channel, secret=generate_secret())
        if isinstance(stored, Channel) and _key_changed(stored, channel):
            recipients.rotate_secret(self.tx, channel.slug, channel.secret, until=self.now + GRACE)
        recipients.put_channel(self.tx, channel)
        if not isinstance(stored, Channel) or stored.enabled == channel.enabled:
            return
        if channel.enabled:
            recipients.enable_channel(self.tx, channel.slug)
        else:
            recipients.disable_channel(self.tx, channel.slug, reason=channel.disabled_reason, now=self.now)


def _key_changed(stored: Channel, channel: Channel) -> bool:
    """Say whether a webhook has another key than before: receivers then need time to follow."""
    hooks = stored.kind is channel.kind is ChannelKind.WEBHOOK
    return hooks and bool(stored.secret) and stored.secret != channel.secret
