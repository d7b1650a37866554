"""The ledger over random histories: each hit has one stored reason a subscription, each non-hit one computed reason.

A history edits topics, silences and subscriptions, lets items appear and change, decides, and lets what waited go. What
must come out of it is kept beside, in a model that asks the queries of the revisions in force by itself.
"""

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from monitor.deliver import SenderIdentity
from monitor.desk.explain import explain_found, gather
from monitor.desk.nonhit import NonHitReason
from monitor.desk.why_alert import answers_of
from monitor.match import ENGINE, Watchlist, compile_watchlist
from monitor.model import (
    Cadence,
    Channel,
    ChannelKind,
    Feed,
    FetchState,
    HitReason,
    ItemDraft,
    ItemText,
    Matcher,
    Priority,
    Quiet,
    Silence,
    Subscriber,
    Subscription,
    Timing,
    Topic,
)
from monitor.pipeline.assign import StoryAssigner
from monitor.pipeline.context import Context
from monitor.pipeline.dispatch import dispatch
from monitor.pipeline.keep import Judged, keep_hits
from monitor.pipeline.release import release
from monitor.store import (
    Sealer,
    Store,
    Transaction,
    feeds,
    items,
    open_store,
    recipients,
    silences,
    watchlist,
)

WORDS = ("tariff", "wall", "fentanyl", "bridge", "asylum", "drone")
QUERIES = ("tariff", "wall OR fentanyl", "bridge AND NOT drone", "asylum NEAR/2 drone", "tariff AND wall")
TOPICS = ("one", "two", "three")
TIMINGS = (
    Timing(),
    Timing(cadence=Cadence.HOURLY),
    Timing(quiet=Quiet(begins=0, ends=600)),
    Timing(budget=1),
    Timing(bundle_minutes=60),
)
IDENTITY = SenderIdentity(instance="test", mail_from="a@b.example", mail_domain="b.example", version="1")
EXAMPLES = 30


@dataclass
class Counted:
    """What all histories had in them, so that the claim cannot hold for want of cases."""

    stored: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    computed: Counter[str] = field(default_factory=Counter)


class History:
    """One store, and beside it what must be found in it."""

    def __init__(self, store: Store, chance: random.Random) -> None:
        self.store = store
        self.chance = chance
        self.now = datetime(2026, 1, 5, 9, tzinfo=UTC)
        self.numbers = iter(range(10**6))
        self.assigner = StoryAssigner()
        self.snapshot: Watchlist = compile_watchlist([], revision=0)
        # (item, topic) -> the one reason of a non-hit by the newest version; None: a hit
        self.expected: dict[tuple[int, str], NonHitReason | None] = {}
        self.texts: dict[int, ItemText] = {}
        self.asked: dict[int, set[str]] = {}  # hit -> the subscriptions that were there at its decision

    def context(self) -> Context:
        return Context(
            store=self.store,
            clock=lambda: self.now,
            random=lambda: 0.5,
            watchlist=lambda: self.snapshot,
            wake=lambda _: None,
            new_uid=lambda: f"uid-{next(self.numbers)}",
        )

    def begin(self, tx: Transaction) -> None:
        self.feed = feeds.put_feed(
            tx,
            Feed(
                slug="wire", url="https://wire.example/feed", title="Wire", owner="ui",
                fetch=FetchState(next_poll_at=self.now),
            ),
        )  # fmt: skip
        self.channel = recipients.put_channel(tx, Channel(slug="out", kind=ChannelKind.CONSOLE, owner="ui"))

    def edit_topic(self, tx: Transaction) -> None:
        slug = self.chance.choice(TOPICS)
        if self.chance.random() < 0.25 and slug in {topic.slug for topic in watchlist.list_topics(tx)}:
            watchlist.disable_topic(tx, slug, actor="ana", now=self.now)
        else:
            topic = Topic(
                slug=slug, watchlist="test", name=slug, description="", priority=Priority.NORMAL,
                query=self.chance.choice(QUERIES), owner="ui",
            )  # fmt: skip
            watchlist.put_topic(tx, topic, actor="ana", now=self.now)
        if self.chance.random() < 0.8:  # else polling goes on with the snapshot that it has, for a while
            self.reload(tx)

    def reload(self, tx: Transaction) -> None:
        self.snapshot = compile_watchlist(
            watchlist.list_topics(tx), revision=watchlist.watchlist_revision(tx)
        )

    def edit_recipients(self, tx: Transaction, named: str = "") -> None:
        slug = named or self.chance.choice(("ana", "bob"))
        recipients.put_subscription(
            tx,
            Subscription(
                slug=slug,
                subscriber=recipients.put_subscriber(tx, Subscriber(slug=slug, name=slug, owner="ui")),
                channel=self.channel,
                topics=self.chance.choice(((), ("one",), ("two", "three"))),
                timing=self.chance.choice(TIMINGS),
                enabled=self.chance.random() < 0.8,
                owner="ui",
            ),
        )

    def edit_silence(self, tx: Transaction) -> None:
        silences.add_silence(
            tx,
            Silence(
                uid=f"silence-{next(self.numbers)}",
                matcher=Matcher(topics=(self.chance.choice(TOPICS),)),
                owner="ana",
                reason="enough",
                begins_at=self.now,
                ends_at=self.now + timedelta(hours=self.chance.randint(1, 9)),
                created_at=self.now,
            ),
        )

    def appear(self, tx: Transaction) -> None:
        """Let an item appear, or one that is there change, and judge it by the snapshot in force."""
        known = self.chance.choice([0, *self.texts])
        words = self.chance.sample(WORDS, self.chance.randint(1, 3))
        number = next(self.numbers)
        text = ItemText(title=f"{' '.join(words)} in place {number}", language="en")
        draft = ItemDraft(
            key=f"guid:{number}", raw_id=None, fingerprint=str(number), link=f"https://wire.example/{number}",
            canonical_link=f"https://wire.example/{number}", text=text, published=self.now,
        )  # fmt: skip
        reason = self.chance.choice((HitReason.LIVE, HitReason.LIVE, HitReason.LIVE, HitReason.BASELINE))
        judged = {"now": self.now, "watchlist_revision": self.snapshot.revision, "engine": ENGINE}
        if known:
            reason = HitReason.UPDATED
            item = items.add_version(tx, known, draft, reason=reason, **judged)  # type: ignore[arg-type]
        else:
            item = items.add_item(tx, self.feed, draft, reason=reason, **judged)  # type: ignore[arg-type]
        entry = Judged(draft=draft, reason=reason, matches=tuple(self.snapshot.match(text)))
        keep_hits(tx, item, entry, now=self.now)
        self.texts[item.id] = text
        self._expect(item.id, text)

    def _expect(self, item: int, text: ItemText) -> None:
        by_slug = {topic.slug: topic for topic in self.snapshot.topics}
        for slug in TOPICS:
            if (item, slug) in self.expected and self.expected[item, slug] is None:
                continue  # a hit stays one
            if slug not in by_slug:
                self.expected[item, slug] = NonHitReason.NOT_WATCHED
            elif holds(by_slug[slug].query, text.title.split()):
                self.expected[item, slug] = None
            else:
                self.expected[item, slug] = NonHitReason.NOT_MATCHED

    async def decide(self) -> None:
        there = {each.slug for each in await self.store.read(recipients.list_subscriptions)}
        waiting = await self.store.read(
            lambda tx: [row["id"] for row in tx.rows("SELECT id FROM hits WHERE decided_at IS NULL")]
        )
        await dispatch(self.context(), identity=IDENTITY, assigner=self.assigner)
        for hit in waiting:
            self.asked[hit] = there

    async def run(self, steps: int) -> None:
        await self.store.write(self.begin)
        for _ in range(3):
            await self.store.write(self.edit_topic)
            await self.store.write(self.edit_recipients)
        actions: list[Callable[[Transaction], None]] = [
            self.edit_topic, self.edit_topic, self.edit_recipients, self.edit_silence, *[self.appear] * 6,
        ]  # fmt: skip
        for _ in range(steps):
            await self.store.write(self.chance.choice(actions))
            self.now += timedelta(minutes=self.chance.randint(1, 90))
            if self.chance.random() < 0.3:
                await self.decide()
                await release(self.context(), identity=IDENTITY)

    def check(self, tx: Transaction, counted: Counted) -> None:
        subscriptions = recipients.list_subscriptions(tx, enabled_only=False)
        slugs = {topic.slug for topic in watchlist.list_topics(tx, enabled_only=False)}
        for item in self.texts:
            for slug in slugs:
                asked, (found,) = gather(tx, str(item), slug)
                (verdict,) = explain_found(found, asked).verdicts
                expected = self.expected[item, slug]
                assert verdict.hit == (expected is None), (found.item.text.title, verdict)
                if expected is not None:
                    assert verdict.reason == expected.value, (found.item.text.title, verdict)
                    counted.computed[verdict.reason] += 1
            _, (found,) = gather(tx, str(item))
            for hit in found.hits:
                stored = Counter(each.subscription for each in found.decided if each.hit == hit.id)
                assert stored == Counter(self.asked.get(hit.id, ())), "one row for each that was there"
                answers = answers_of(tx, hit, found, subscriptions=subscriptions)
                assert [each.subscription for each in answers] == [each.slug for each in subscriptions]
                for answer in answers:
                    assert answer.reason
                    assert answer.stored == (answer.subscription in stored)
                    assert answer.stored or answer.verdict == (
                        "not_recorded" if hit.id in self.asked else "undecided"
                    )
                    counted.stored += answer.stored
                    counted.verdicts[answer.verdict] += 1


def holds(query: str, title: list[str]) -> bool:
    """Judge a title by one of QUERIES, without the matcher."""
    words = set(title)
    match QUERIES.index(query):
        case 0:
            return "tariff" in words
        case 1:
            return bool({"wall", "fentanyl"} & words)
        case 2:
            return "bridge" in words and "drone" not in words
        case 3:
            return {"asylum", "drone"} <= words and abs(title.index("asylum") - title.index("drone")) <= 2
        case _:
            return {"tariff", "wall"} <= words


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database to copy."""
    path = tmp_path_factory.mktemp("empty") / "empty.db"

    async def make() -> None:
        store = await open_store(f"sqlite:{path}", sealer=Sealer(b"k" * 32), backup_dir=None)
        await store.close()

    asyncio.run(make())
    return path


def test_every_hit_has_one_stored_and_every_non_hit_one_computed_reason(
    empty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counted = Counted()

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**32), st.integers(60, 90))
    def histories(seed: int, steps: int) -> None:
        async def live() -> None:
            path = tmp_path / f"{seed}-{steps}.db"
            shutil.copyfile(empty, path)
            store = await open_store(f"sqlite:{path}", sealer=Sealer(b"k" * 32), backup_dir=None)
            try:
                history = History(store, random.Random(seed))
                await history.run(steps)
                await store.read(history.check, counted)
            finally:
                await store.close()

        asyncio.run(live())

    with capture_logs():
        histories()
    with capsys.disabled():
        print(
            f"\nledger: {EXAMPLES} histories; {counted.stored} hit x subscription with one stored reason "
            f"{dict(sorted(counted.verdicts.items()))}; {sum(counted.computed.values())} item x topic without a hit "
            f"with one computed reason {dict(sorted(counted.computed.items()))}"
        )
    assert counted.stored > 500
    assert set(counted.computed) == {"not_matched", "not_watched"}
    assert min(counted.computed.values()) > 50
    assert {"sent_now", "digest", "suppressed", "unasked", "not_recorded", "undecided"} <= set(
        counted.verdicts
    )
