"""A rehearsal counts what dispatch and release really send, and an edit's alerts a day rest on it."""

import asyncio
import random
import shutil
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from monitor.desk.volume import First, Volume, foretell
from monitor.model import Cadence, Quiet, Timing
from monitor.pipeline.release import release
from monitor.route.hours import local_day
from monitor.store import Sealer, Transaction, open_store, recipients
from monitor.store.columns import moment, moment_or_none
from tests.desk.test_reasons import IDENTITY, History

TIMINGS = (
    Timing(),
    Timing(bundle_minutes=90),
    Timing(quiet=Quiet(begins=22 * 60, ends=7 * 60)),
    Timing(budget=2),
    Timing(cadence=Cadence.DAILY),
)
ZONES = ("UTC", "America/Tijuana", "Asia/Kolkata")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database to copy."""
    path = tmp_path_factory.mktemp("empty") / "empty.db"

    async def make() -> None:
        await (await open_store(f"sqlite:{path}", sealer=Sealer(b"k" * 32), backup_dir=None)).close()

    asyncio.run(make())
    return path


class Promptly(History):
    """A history in which each item is decided at once, and each thing that waits goes at its minute."""

    async def live(self, steps: int) -> None:
        await self.store.write(self.begin)
        for _ in range(3):
            await self.store.write(self.edit_topic)
        await self.store.write(self.reload)
        await self.store.write(self.subscribe)
        await release(self.context(), identity=IDENTITY)
        for _ in range(steps):
            await self.store.write(self.appear)
            await self.decide()
            await self.pass_until(self.now + timedelta(minutes=self.chance.randint(1, 200)))
        await self.pass_until(self.now + timedelta(days=2))

    def subscribe(self, tx: Transaction) -> None:
        for slug in ("ana", "bob"):
            self.edit_recipients(tx, slug)
        for each in recipients.list_subscriptions(tx, enabled_only=False):
            recipients.put_subscriber(tx, replace(each.subscriber, zone=self.chance.choice(ZONES)))
            timing = self.chance.choice(TIMINGS)
            recipients.put_subscription(tx, replace(each, timing=timing, enabled=True))

    async def pass_until(self, at: datetime) -> None:
        while (due := await self.store.read(next_due)) is not None and due <= at:
            self.now = max(self.now, due)
            await release(self.context(), identity=IDENTITY)
        self.now = at


def next_due(tx: Transaction) -> datetime | None:
    row = tx.one(
        "SELECT min(due) AS due FROM (SELECT held_until AS due FROM decisions WHERE held_until IS NOT NULL "
        "UNION ALL SELECT next_digest_at FROM subscriptions)"
    )
    assert row is not None
    return moment_or_none(row["due"])


def sent(tx: Transaction) -> dict[str, tuple[int, int, int]]:
    """Return of each subscriber the alerts that were no digests, the most of a local day, and the hits in digests."""
    found = {}
    for each in recipients.list_subscriptions(tx):
        days = Counter(
            local_day(moment(row["created_at"]), each.subscriber.zone)
            for row in tx.rows(
                "SELECT created_at FROM alerts WHERE subscription_id = :id AND kind <> 'digest'", id=each.id
            )
        )
        row = tx.one(
            "SELECT count(*) AS number FROM decisions WHERE subscription_id = :id AND verdict = 'digest'",
            id=each.id,
        )
        assert row is not None
        found[each.subscriber.slug] = (sum(days.values()), max(days.values(), default=0), row["number"])
    return found


def firsts(tx: Transaction, slug: str, *, after: bool) -> list[First]:
    """Return the recorded hits of a topic as the side before, and after too or not."""
    return [
        First(item=row["item_id"], before=row["item_version"], after=row["item_version"] if after else None)
        for row in tx.rows(
            "SELECT item_id, item_version FROM hits h JOIN topics t ON t.id = h.topic_id WHERE t.slug = :slug",
            slug=slug,
        )
    ]


def test_a_rehearsal_of_what_was_counts_what_was_sent(empty: Path, tmp_path: Path) -> None:
    compared = Counter[str]()

    def check(tx: Transaction, history: Promptly, began: datetime) -> None:
        really = sent(tx)
        days = (history.now - began) / timedelta(days=1)
        for slug in ("one", "two", "three"):
            if not (own := firsts(tx, slug, after=True)):
                continue
            said: Volume = foretell(tx, slug, own, since=began, until=history.now)
            for each in said.subscribers:
                alerts, busiest, in_digests = really[each.subscriber]
                assert each.before == each.after == round(alerts / days, 2), each
                assert (each.busiest_before, each.in_digests_before) == (busiest, in_digests), each
                compared["alerts"] += alerts
                compared["in digests"] += in_digests
            without = foretell(tx, slug, firsts(tx, slug, after=False), since=began, until=history.now)
            assert [each.before for each in without.subscribers] == [each.before for each in said.subscribers]
            compared["fewer"] += sum(each.after < each.before for each in without.subscribers)

    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**32), st.integers(10, 30))
    def histories(seed: int, steps: int) -> None:
        async def live() -> None:
            path = tmp_path / f"{seed}-{steps}.db"
            shutil.copyfile(empty, path)
            store = await open_store(f"sqlite:{path}", sealer=Sealer(b"k" * 32), backup_dir=None)
            try:
                history = Promptly(store, random.Random(seed))
                began = history.now
                await history.live(steps)
                await store.read(check, history, began)
            finally:
                await store.close()

        asyncio.run(live())

    with capture_logs():
        histories()
    assert compared["alerts"] > 50
    assert compared["in digests"] > 50
    assert compared["fewer"] > 5
