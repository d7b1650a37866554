"""Who is who from one document to the next, against a naive model: nothing is stored, or is news, twice or never.

The documents are real ones, parsed, identified, looked up and kept as a poll does it, in a real database. The model
is simple: an article is its link.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from monitor.fetch.identity import identify
from monitor.fetch.parse import parse
from monitor.fetch.request import Fetched
from monitor.fetch.window import unsure
from monitor.match import compile_watchlist
from monitor.model import Feed, HitReason, Outcome, Poll
from monitor.pipeline.ending import conclude, gap_of, reasons
from monitor.pipeline.intake import take_in
from monitor.pipeline.keep import Judged, Polled, keep
from monitor.pipeline.lookup import look_up
from monitor.pipeline.reading import Reading
from monitor.store import Sealer, Store, Transaction, feeds, items, open_store, windows
from tests.contract.conftest import Clock, Seed
from tests.flow.site import entry, rss

T = TypeVar("T")
MOST = 7  # articles at a time: fewer than make a flood, which is another matter
NOTHING = compile_watchlist([], revision=1)
FEEDS = count()


@dataclass
class Article:
    """What the publisher has, and what of it the last document that had it showed."""

    name: str
    guid: str
    edits: int = 0
    first: str | None = None  # the guid it was first shown under
    shown: tuple[str, int] | None = None  # guid and edits when it was last shown
    versions: int = 0
    live: int = 0

    @property
    def title(self) -> str:
        return " ".join(f"{word}{self.name}" for word in ("council", "votes", "again")) + f" {self.edits}"


class Documents(RuleBasedStateMachine):
    """Rules are what a publisher does; a poll may come after any number of them."""

    def __init__(self, runner: asyncio.Runner, store: Store) -> None:
        super().__init__()
        self.runner, self.store = runner, store
        self.now = Clock()()
        self.numbers = count()
        self.document: list[Article] = []
        self.dropped: list[Article] = []
        self.last: set[str] = set()  # the guids of the last document
        self.polls = 0
        self.feed = self.run(store.write(self._subscribe))

    def _subscribe(self, tx: Transaction) -> Feed:
        tx.run("UPDATE feeds SET enabled = 0")  # those of earlier examples
        return Seed(Clock()).feed(tx, f"paper-{next(FEEDS)}")

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @precondition(lambda self: len(self.document) < MOST)
    @rule(at=st.integers(0, MOST), with_guid=st.booleans())
    def publish(self, at: int, *, with_guid: bool) -> None:
        number = next(self.numbers)
        self.document.insert(at, Article(str(number), f"g{number}" if with_guid else ""))

    @precondition(lambda self: 0 < len(self.document) < MOST)
    @rule(at=st.integers(0, MOST), of=st.integers(0, MOST))
    def publish_under_a_guid_in_use(self, at: int, of: int) -> None:
        guid = self.document[of % len(self.document)].guid
        self.document.insert(at, Article(str(next(self.numbers)), guid))

    @precondition(lambda self: self.document)
    @rule(at=st.integers(0, MOST))
    def drop(self, at: int) -> None:
        self.dropped.append(self.document.pop(at % len(self.document)))

    @precondition(lambda self: self.dropped and len(self.document) < MOST)
    @rule(at=st.integers(0, MOST), which=st.integers(0, MOST))
    def show_again(self, at: int, which: int) -> None:
        self.document.insert(at, self.dropped.pop(which % len(self.dropped)))

    @precondition(lambda self: self.document)
    @rule(at=st.integers(0, MOST))
    def edit(self, at: int) -> None:
        """Edit an article, unless neither its guid nor its text would then be the one that we know."""
        article = self.document[at % len(self.document)]
        if article.guid in {article.first, *self.last} or article.first is None:
            article.edits += 1

    @precondition(lambda self: self.document)
    @rule(at=st.integers(0, MOST))
    def issue_again(self, at: int) -> None:
        """Give an article another guid, unless its text was edited since it was shown."""
        article = self.document[at % len(self.document)]
        if article.shown is None or article.shown[1] == article.edits:
            article.guid = f"again{next(self.numbers)}"

    @rule(order=st.randoms(use_true_random=False))
    def reorder(self, order: Any) -> None:
        order.shuffle(self.document)

    @precondition(lambda self: self.document)
    @rule()
    def poll(self) -> None:
        self.now += timedelta(hours=1)
        entries = (entry(each.name, guid=each.guid, title=each.title) for each in self.document)
        self.run(self.store.write(self._poll, rss(*entries)))
        for article in self.document:
            if article.first is None:
                article.first, article.versions, article.live = article.guid, 1, int(self.polls > 0)
            elif article.shown is not None and article.shown[1] != article.edits:
                article.versions += 1
            article.shown = (article.guid, article.edits)
        self.polls += 1
        self.last = {each.guid for each in self.document if each.guid}
        self.run(self.store.read(self._compare))

    def _poll(self, tx: Transaction, body: bytes) -> None:
        """Do what a poll does, from the body to the commit."""
        feeds.hasten(tx, self.feed.slug, now=self.now)
        (feed,) = feeds.claim_due(tx, now=self.now, limit=1)
        before = windows.get_window(tx, feed.id)
        reading = self._read(feed, body, before)
        looked = look_up(tx, feed.id, reading.identified.drafts, before=reading.slots_before)
        intake = take_in(looked.drafts, looked.known, window=len(reading.parsed.pieces))
        ending = conclude(feed, reading, looked, intake, now=self.now)
        why = reasons(feed, intake, ending)
        found = (*intake.new, *intake.changed)
        state = replace(
            feed.fetch,
            baseline_at=feed.fetch.baseline_at or self.now,
            last_ok_at=self.now,
            next_poll_at=self.now + timedelta(days=9),
            window=len(reading.parsed.pieces),
            outcome=ending.outcome,
        )
        polled = Polled(
            feed=feed,
            state=state,
            poll=Poll(started_at=self.now, ended_at=self.now, outcome=ending.outcome, reason=ending.reason),
            judged=[Judged(draft=draft, reason=why[draft.key], matches=()) for draft in found],
            known=intake.known,
            slots=ending.slots,
            touched_at=ending.touched_at or self.now,
            shown=ending.shown,
            gap=gap_of(ending, now=self.now),
        )
        assert keep(tx, polled, watchlist=NOTHING, pusher=None, now=self.now) == []

    def _read(self, feed: Feed, body: bytes, before: windows.Window | None) -> Reading:
        slots = before.slots if before else ()
        seen = {slot.piece for slot in slots}
        parsed = parse(body, headers={}, url=feed.url, now=self.now, seen=seen)
        if unsure(parsed, slots):
            parsed = parse(body, headers={}, url=feed.url, now=self.now)
        assert parsed.outcome is Outcome.NEW
        assert len(parsed.pieces) == len(self.document)
        return Reading(
            fetched=Fetched(outcome=None, reason="", url=feed.url, status=200, headers={}),
            parsed=parsed,
            before=before,
            identified=identify(parsed, feed_language="en", source="Paper"),
        )

    def _compare(self, tx: Transaction) -> None:
        stored = [item for item in items.recent_items(tx, limit=9999) if item.feed_id == self.feed.id]
        live = Counter(
            row["item_id"]
            for row in tx.rows(
                "SELECT item_id FROM item_versions WHERE reason = :live", live=HitReason.LIVE.value
            )
        )
        told = sorted((item.link or "", item.version, live[item.id]) for item in stored)
        known = [each for each in (*self.document, *self.dropped) if each.first is not None]
        assert told == sorted(
            (f"https://paper.example/{each.name}", each.versions, each.live) for each in known
        )
        titles = {item.link: item.text.title for item in stored}
        for each in self.document:
            assert titles[f"https://paper.example/{each.name}"] == each.title
        window = windows.get_window(tx, self.feed.id)
        assert window is not None
        keys = {item.link: item.key for item in stored}
        assert [slot.key for slot in window.slots] == [
            keys[f"https://paper.example/{each.name}"] for each in self.document
        ]


@contextmanager
def running(folder: Path) -> Iterator[tuple[asyncio.Runner, Store]]:
    with asyncio.Runner() as runner:
        url = f"sqlite:{folder / 'monitor.db'}"
        store = runner.run(open_store(url, sealer=Sealer(b"k" * 32), backup_dir=None))
        try:
            yield runner, store
        finally:
            runner.run(store.close())


def test_every_article_is_kept_once_and_news_once_at_most(tmp_path: Path) -> None:
    with running(tmp_path) as (runner, store):
        run_state_machine_as_test(
            lambda: Documents(runner, store),  # type: ignore[arg-type]  # any factory will do
            settings=settings(
                max_examples=150,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
