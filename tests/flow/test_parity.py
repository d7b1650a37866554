"""Over a time polled live, a back-test with the revisions then in force makes the recorded hits again, exactly."""

import random
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from monitor.app import App
from monitor.desk.backtest import Asked, backtest, parity
from monitor.desk.feeds import poll_now
from monitor.model import Hit, HitReason, Priority, Topic
from monitor.pipeline import index_archive
from monitor.store import Transaction, hits, watchlist
from monitor.store.watchlist import topic_history
from tests.conftest import poll_all
from tests.fetch.news_pages import ENGLISH, page
from tests.flow.test_full_text import OLD, Scene, scene
from tests.pipeline.conftest import Clock, by_clock

QUERIES = (
    "fentanyl OR fentanilo",
    '"border wall" OR muro',
    "fentanyl NEAR/3 bridge",
    "council AND NOT water",
    "title:truck OR smuggl*",
    "ATLEAST/2(council, bridge, fentanyl)",
    "lang:en AND (wall OR bridge)",
)
WORDS = (
    "fentanyl",
    "bridge",
    "council",
    "water",
    "truck",
    "border wall",
    "muro",
    "smugglers",
    "Douglas",
    "meets",
)
SLUGS = ("one", "two", "three")
WINDOW = 14


def topics(chosen: dict[str, str]) -> str:
    return 'name = "t"\n' + "".join(
        f'[[topic]]\nslug = "{slug}"\nname = "{slug}"\nquery = \'{query}\'\n'
        for slug, query in chosen.items()
    )


def put(tx: Transaction, slug: str, query: str, *, now: datetime) -> None:
    changed = Topic(
        slug=slug,
        watchlist="t",
        name=slug,
        description="",
        priority=Priority.NORMAL,
        query=query,
        owner="ui",
    )
    watchlist.put_topic(tx, changed, actor="test", now=now)


def show(it: Scene, *entries: tuple[str, str, str], pages: random.Random | None = None) -> None:
    """Let the feed have these items; by chance some have a page with more text."""
    for name, _, _ in entries:
        if pages and pages.random() < 0.2:
            it.page(name, page(ENGLISH))
        elif f"/{name}" not in it.site.scripts:
            it.site.on(f"/{name}", "404 Not Found")
    it.show(*entries)


class Newsroom:
    """Publishes, edits and issues again by chance, while its topics change."""

    def __init__(self, it: Scene, clock: Clock, rng: random.Random) -> None:
        self.it, self.clock, self.rng = it, clock, rng
        self.entries: dict[str, tuple[str, str]] = {}
        self.turn = 0

    def text(self) -> str:
        return " ".join(self.rng.choices(WORDS, k=self.rng.randint(2, 6)))

    def publish(self) -> None:
        for number in range(self.rng.randint(1, 4)):
            name = f"n{self.turn}-{number}"
            self.entries[name] = (self.text(), self.text())
        for name in self.rng.sample(sorted(self.entries), k=min(3, len(self.entries))):
            if self.rng.random() < 0.6:
                self.entries[name] = (self.text(), self.text())

    def issue_again(self) -> None:
        """Give every item another guid and link: the window is held."""
        self.entries = {f"again{self.turn}-{n}": text for n, text in enumerate(self.entries.values())}

    async def change_files(self) -> None:
        chosen = {slug: self.rng.choice(QUERIES) for slug in SLUGS if self.rng.random() < 0.8}
        self.it.stage.watchlist.write_text(topics(chosen))
        await self.it.app.apply_files(actor="test")

    async def change_behind(self) -> None:
        """Change a topic in the store; the daemon judges by the snapshot before until it takes notice."""
        await self.it.app.store.write(put, "own", self.rng.choice(QUERIES), now=self.clock.now)

    async def go_on(self) -> None:
        self.turn += 1
        self.clock.advance(minutes=self.rng.randint(5, 500))
        if self.turn % 6 == 0:
            self.issue_again()
        else:
            self.publish()
        newest = list(self.entries.items())[-WINDOW:]
        show(
            self.it, *((name, title, summary) for name, (title, summary) in reversed(newest)), pages=self.rng
        )
        if self.rng.random() < 0.3:
            await self.change_files()
        elif self.rng.random() < 0.3:
            await self.change_behind()
        await poll_all(self.it.app)
        if self.rng.random() < 0.5:
            await self.it.app.reload_watchlist()
        if self.rng.random() < 0.3:
            await index_archive(self.it.app.context, limit=5)


async def poll_only(it: Scene) -> None:
    await poll_now(it.app, ["paper"])
    await it.app.poller.poll_due()


async def every_hit(app: App) -> list[Hit]:
    return await app.store.read(hits.recent_hits, limit=100_000)


async def revisions(app: App) -> int:
    def count(tx: Transaction) -> int:
        known = watchlist.list_topics(tx, enabled_only=False)
        return sum(len(topic_history(tx, topic.id)) for topic in known)

    return await app.store.read(count)


@pytest.mark.parametrize("chance", [1, 2, 3])
async def test_the_recorded_hits_are_made_again_exactly(tmp_path: Path, chance: int) -> None:
    async with scene(tmp_path) as it:
        clock = by_clock(it.app)
        room = Newsroom(it, clock, random.Random(chance))
        await room.change_files()
        for _ in range(18):
            await room.go_on()
        made = await every_hit(it.app)
        kinds = Counter(hit.reason for hit in made)
        assert kinds[HitReason.LIVE] > 5
        assert kinds[HitReason.UPDATED]
        assert await revisions(it.app) > 6, "topics were changed in the middle"
        asked = {hit.topic_slug for hit in made}
        for slug in asked:
            told = await parity(it.app, slug)
            assert (told.gained, told.lost, told.moved) == (0, 0, 0), (slug, told)
            assert told.kept == sum(hit.topic_slug == slug for hit in made)
        await it.app.index_archive()
        for slug in asked:
            assert (await parity(it.app, slug)).differences == 0


async def test_baseline_held_updated_and_full_text_hits_are_among_them(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.stage.watchlist.write_text(topics({"one": "fentanyl OR fentanilo OR council"}))
        await it.app.apply_files(actor="test")
        entries = [(f"n{number}", "Talks", f"part {number}") for number in range(15)]
        it.page("n3", page(ENGLISH))
        show(it, *entries)
        await poll_all(it.app)
        entries[4] = ("n4", "Talks on fentanyl", "part 4")
        show(it, *entries)
        await poll_all(it.app)
        show(it, *((f"other-{name}", title, summary) for name, title, summary in entries))
        await poll_all(it.app)
        made = await every_hit(it.app)
        told = await parity(it.app, "one")
        assert {hit.reason for hit in made} >= {HitReason.LIVE, HitReason.UPDATED, HitReason.HELD}
        assert any(hit.only_in_full_text for hit in made)
        assert (told.kept, told.differences) == (len(made), 0)


async def test_what_does_not_agree_is_seen(tmp_path: Path) -> None:
    """The comparison itself can fail: a hit taken away, one made up, one on another version."""

    def spoil(tx: Transaction) -> None:
        tx.run("DELETE FROM hits WHERE id = (SELECT MIN(id) FROM hits)")
        tx.run(
            """
            INSERT INTO hits
              (item_id, item_version, topic_id, topic_revision, engine, reason, spans, found_at)
            SELECT v.item_id, v.version, t.id, 1, '1', 'live', '[]', v.seen_at
            FROM item_versions v JOIN topics t ON t.slug = 'fentanyl' WHERE v.title = 'A bakery opens'
            """
        )
        tx.run(
            "UPDATE hits SET item_version = 1 WHERE item_id IN (SELECT item_id FROM item_versions WHERE version = 2)"
        )

    async with scene(tmp_path) as it:
        show(it, OLD, ("a", "Fentanyl found", ""), ("b", "A bakery opens", ""), ("c", "Talks", ""))
        await poll_only(it)
        show(
            it, OLD, ("a", "Fentanyl found", ""), ("b", "A bakery opens", ""), ("c", "Talks on fentanyl", "")
        )
        await poll_only(it)
        assert (await parity(it.app, "fentanyl")).differences == 0
        await it.app.store.write(spoil)
        told = await parity(it.app, "fentanyl")
        assert (told.gained, told.lost, told.moved) == (1, 1, 1)
        assert told.gained_samples[0].title == "Fentanyl found"
        assert told.gained_samples[0].words == ("Fentanyl",)
        assert told.lost_samples[0].title == "A bakery opens"


async def test_what_was_judged_before_revisions_were_written_down_is_left_out(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        show(it, ("a", "Fentanyl found", ""))
        await poll_all(it.app)
        await it.app.store.write(
            lambda tx: tx.run("UPDATE topic_states SET watchlist_revision = watchlist_revision + 50")
        )
        told = await parity(it.app, "fentanyl")
        assert (told.kept, told.differences) == (0, 0)
        assert "judged before it was written down" in " ".join(told.notes)


async def test_a_back_test_of_a_time_tells_its_hits_alone(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        clock = by_clock(it.app)
        show(it, ("a", "Fentanyl found", ""))
        await poll_all(it.app)
        clock.advance(days=3)
        since = clock.now
        show(it, ("a", "Fentanyl found again", ""), ("b", "More fentanyl", ""))
        await poll_all(it.app)
        late = await backtest(it.app, "fentanyl", Asked(as_recorded=True, since=since))
        early = await backtest(it.app, "fentanyl", Asked(as_recorded=True, until=since))
        assert (late.kept, late.differences) == (1, 0), "an item that was hit before is no hit of this time"
        assert (early.kept, early.differences) == (1, 0)
