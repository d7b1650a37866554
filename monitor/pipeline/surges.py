"""The surge stage: once an hour each topic, and each place within it, is held against its own past.

Between two checks it asks the places about new items with a hit. A check reads and judges first, then keeps the
surges, their alerts and the hour in one transaction: one cut short is done again as a whole, one kept is never
repeated. Hours that the program missed are not made up for: what is late is no news.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from monitor.deliver import SenderIdentity
from monitor.match import Watchlist, compile_watchlist
from monitor.match.surge import CALM, SurgeRules
from monitor.model import Alert, AlertKind, Cadence, Place, Priority, Subscription, Surge, Topic
from monitor.pipeline.context import Context, Stage
from monitor.pipeline.outgoing import Outlook, raise_alert, tell
from monitor.pipeline.surge_search import Draft, search_surges
from monitor.route import next_digest, quiet_until, tell_surge
from monitor.store import Transaction, meta, places, recipients, silences, stories, surges
from monitor.store.subscribers import opt_outs

log = structlog.get_logger()

CHECKED = "surges.checked"  # meta: the full hour of the last check
BATCH_HITS = 500
MOST_TOLD = 8  # surges in one alert: a topic's own, and those of its places that are least likely by chance


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgeOptions:
    """Whether surges are looked for, and by which rules."""

    enabled: bool = True
    rules: SurgeRules = CALM


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What one check made; `unwritten` alerts come with the reason why."""

    surges: tuple[Surge, ...] = ()
    alerts: tuple[Alert, ...] = ()
    unwritten: tuple[tuple[Alert, str], ...] = ()


class Surges:
    """The stage: `check_due` at every tick."""

    def __init__(self, context: Context, *, identity: SenderIdentity, options: SurgeOptions) -> None:
        self._context = context
        self._identity = identity
        self._options = options
        self._compiled: dict[tuple[tuple[int, int], ...], Watchlist] = {}

    async def check_due(self) -> int:
        """Ask places about new items, and once in each hour look for surges; return how many alerts were made."""
        await self.place_items()
        now = self._context.clock()
        until = now.replace(minute=0, second=0, microsecond=0)
        if not self._options.enabled or await self._context.store.read(_checked, until):
            return 0
        drafts = await self._context.store.read(
            search_surges, until=until, now=now, rules=self._options.rules
        )
        kept = await self._context.store.write(
            _keep, drafts, until=until, context=self._context, identity=self._identity
        )
        for surge in kept.surges:
            _tell_surge(surge)
        for alert in kept.alerts:
            tell(alert)
        for alert, reason in kept.unwritten:
            log.error("delivery.dead", delivery=alert.uid, alert=alert.uid, reason=reason)
        if kept.alerts:
            self._context.wake(Stage.SEND)
        return len(kept.alerts)

    async def place_items(self) -> None:
        """Ask every place about every item with a hit that it was not asked about."""
        store = self._context.store
        while asked := await store.read(places.unplaced, limit=BATCH_HITS):
            compiled = await asyncio.to_thread(self._compile, asked.places)
            found = await asyncio.to_thread(_places_of, compiled, asked)
            await store.write(places.keep_placed, asked, found)

    def _compile(self, wanted: Sequence[Place]) -> Watchlist:
        key = tuple((place.id, place.revision) for place in wanted)
        if key not in self._compiled:
            self._compiled = {key: compile_watchlist(map(place_topic, wanted), revision=0)}
        return self._compiled[key]


def place_topic(place: Place) -> Topic:
    """Let the one matcher read a place's query."""
    return Topic(
        slug=place.slug,
        watchlist=place.watchlist,
        name=place.name,
        description="",
        priority=Priority.NORMAL,
        query=place.query,
        groups=place.groups,
        owner=place.owner,
    )


def _places_of(compiled: Watchlist, asked: places.Unplaced) -> Mapping[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for item_id, text in asked.texts.items():
        for match in compiled.match(text):
            found[match.topic.slug].append(item_id)
    return found


def _checked(tx: Transaction, until: datetime) -> bool:
    last = meta.get_meta(tx, CHECKED)
    return last is not None and datetime.fromisoformat(last) >= until


def _keep(
    tx: Transaction, drafts: Sequence[Draft], *, until: datetime, context: Context, identity: SenderIdentity
) -> _Kept:
    """Keep the surges of one hour with their alerts: one for each topic and subscription, led by the topic's own."""
    if _checked(tx, until):
        return _Kept()
    meta.put_meta(tx, CHECKED, until.isoformat())
    stored: list[Draft] = []
    for draft in drafts:
        number = surges.add_surge(tx, draft.surge)
        if number is not None:
            stored.append(replace(draft, surge=replace(draft.surge, id=number)))
    of_topic: defaultdict[str, list[Draft]] = defaultdict(list)
    for draft in stored:
        if not draft.surge.muted:
            of_topic[draft.surge.topic].append(draft)
    subscriptions = recipients.list_subscriptions(tx)
    alerts: list[Alert] = []
    unwritten: list[tuple[Alert, str]] = []
    for group in of_topic.values():
        for alert in _alerts(tx, group, subscriptions, context=context):
            due_at = _told_at(alert.subscription, now=alert.created_at)
            outlook = Outlook(identity=identity, new_uid=context.new_uid, due_at=due_at)
            kept, problem = raise_alert(tx, alert, told={}, outlook=outlook)
            alerts.append(kept)
            if problem:
                unwritten.append((kept, problem))
    return _Kept(
        surges=tuple(draft.surge for draft in stored), alerts=tuple(alerts), unwritten=tuple(unwritten)
    )


def _alerts(
    tx: Transaction, group: Sequence[Draft], subscriptions: Sequence[Subscription], *, context: Context
) -> list[Alert]:
    """Make the alerts about the surges of one topic."""
    ordered = sorted(group, key=lambda draft: (bool(draft.surge.place), draft.surge.chance or 0.0))
    told = tuple(draft.surge for draft in ordered[:MOST_TOLD])
    made = []
    hushed = silences.list_silences(tx, now=told[0].found_at)
    for subscription, shown in tell_surge(
        ordered[0].stories, subscriptions, opt_outs=opt_outs(tx), silences=hushed
    ):
        story = stories.story_of_item(tx, shown[0].hit.item.id)
        assert story is not None  # only hits of stories are counted
        alert = Alert(
            uid=context.new_uid(),
            kind=AlertKind.SURGE,
            subscription=subscription,
            story=story,
            hits=shown,
            reason=_reason(told),
            created_at=told[0].found_at,
            surges=told,
        )
        made.append(alert)
    return made


def _told_at(subscription: Subscription, *, now: datetime) -> datetime:
    """Return when a surge may be told: after quiet hours, and with the next digest to those who take digests only."""
    if subscription.timing.cadence is not Cadence.INSTANT:
        return next_digest(now, subscription.timing, subscription.subscriber.zone)
    return quiet_until(now, subscription.timing.quiet, subscription.subscriber.zone) or now


def _reason(told: Sequence[Surge]) -> str:
    """Say all surges of a topic: "9 stories in 6 h, usually 1.2; Tijuana: 7 stories in 6 h, usually 0.3"."""
    return "; ".join(f"{each.place_name}: {each.reason}" if each.place else each.reason for each in told)


def _tell_surge(surge: Surge) -> None:
    place = surge.place or None
    if surge.muted:
        log.info("surge.muted", topic=surge.topic, place=place, reason=surge.reason, muted=surge.muted)
    else:
        log.info("surge.found", topic=surge.topic, place=place, reason=surge.reason)
