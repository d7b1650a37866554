"""From feeds on the wire to the alert about a surge, on a clock that the test moves."""

import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from monitor.app import App
from monitor.config import load_settings
from monitor.demo.recordings import RecordedItem, Recording
from monitor.demo.stage import DemoStage
from monitor.errors import StoreFull
from monitor.match.surge import CALM, SENSITIVE, SurgeRules
from monitor.options import surge_options
from monitor.pipeline import SendOptions, Shipper, SurgeOptions, Surges
from monitor.pipeline.surges import CHECKED
from monitor.store import hits, meta, places, stories, surges
from monitor.store.told import told_of_story
from tests.conftest import TOPICS, opened, pass_time, poll_all, recorded, recording, small_stage
from tests.pipeline.conftest import Clock, by_clock, fill_up, make_room

PLACES = """
[[place]]
slug = "tijuana"
name = "Tijuana"
query = "Tijuana"

[[place]]
slug = "laredo"
name = "Laredo"
query = "Laredo"
"""
OLD = recorded("old", "Council meets in Douglas")
WORDS = ("alpha", "bravo", "cargo", "delta", "eagle", "fleet", "grain", "hotel", "ivory", "joker")


def story(number: int, *, at: float, about: str = "fentanyl", place: str = "") -> RecordedItem:
    """Make an item that shares no word but the topic's with any other."""
    own = [f"{word}{number}" for word in WORDS]
    return recorded(f"s-{number}", f"{' '.join(own)} {about} {place}".strip(), " ".join(reversed(own)), at=at)


@dataclass
class Newsroom:
    """An installation with its clock; `seconds` of the feeds' script have passed."""

    stage: DemoStage
    app: App
    clock: Clock
    seconds: float = 0.0

    async def live(self, hours: int, *, step: int = 6, stories_at: float | None = None) -> None:
        """Let hours pass with a poll every few of them and a check after each."""
        if stories_at is not None:
            self.seconds = stories_at
        for _ in range(0, hours, step):
            self.clock.advance(hours=step)
            pass_time(self.stage, self.seconds)
            await poll_all(self.app)
            await self.app.surges.check_due()
            while await self.app.shipper.fill():
                await self.app.shipper.crew.drain()

    def told(self) -> list[dict[str, Any]]:
        """Return what webhooks said of surges."""
        bodies = [json.loads(body)["data"] for body in self.stage.receiver.messages.values()]
        return [data for data in bodies if "surges" in data]


@asynccontextmanager
async def newsroom(
    folder: Path, *papers: Recording, watchlist: str = TOPICS + PLACES
) -> AsyncIterator[Newsroom]:
    async with small_stage(folder, *papers) as stage:
        stage.watchlist.write_text(watchlist)
        async with opened(stage) as app:
            clock = by_clock(app)
            clock.now = datetime.now(UTC).replace(minute=20)
            # Signatures carry the real time, which receivers compare with their own clock.
            app.tools = replace(app.tools, clock=lambda: datetime.now(UTC))
            app.shipper = Shipper(
                app.context, tools=app.tools, options=SendOptions(owner="test"), identity=app.identity
            )
            app.surges = Surges(app.context, identity=app.identity, options=SurgeOptions())
            room = Newsroom(stage, app, clock)
            await poll_all(app)
            yield room


BURST = [story(number, at=100, place="in Tijuana" if number < 6 else "") for number in range(9)]


async def test_nine_stories_where_next_to_none_is_usual_are_told_once_with_their_places(
    tmp_path: Path,
) -> None:
    async with newsroom(tmp_path, recording("gazette", OLD, story(50, at=5), *BURST)) as room:
        await room.live(9 * 24, stories_at=10)
        assert room.told() == []
        with capture_logs() as logged:
            await room.live(12, stories_at=200)
        (data,) = room.told()
        (mail,) = [each for each in room.stage.mailbox.mails if each.subject.startswith("Repunte")]
        place, topic = await room.app.store.read(surges.list_surges, limit=9)
    assert data["reason"] == (
        "9 stories in 6 h, usually less than 0.1; Tijuana: 6 stories in 6 h, usually less than 0.1"
    )
    assert [(each["topic"], each["place"]) for each in data["surges"]] == [
        ("fentanyl", None),
        ("fentanyl", "tijuana"),
    ]
    assert len({hit["item"]["title"] for hit in data["hits"]}) == 9
    assert "lo habitual es menos de 0.1" in mail.text
    assert (topic.place, topic.stories, place.place, place.stories) == ("", 9, "tijuana", 6)
    events = [(each["event"], each["place"]) for each in logged if each["event"].startswith("surge.")]
    assert events == [("surge.found", None), ("surge.found", "tijuana")]


async def test_stories_of_a_feed_that_was_away_are_muted_and_the_reason_names_it(tmp_path: Path) -> None:
    async with newsroom(tmp_path, recording("gazette", OLD, *BURST)) as room:
        await room.live(9 * 24)
        await room.live(15, step=15, stories_at=200)
        with capture_logs() as logged:
            await room.live(3, step=1)
        assert room.told() == []
        found = await room.app.store.read(surges.list_surges, limit=9)
    assert {each.muted for each in found if not each.place} == {
        "9 of 9 stories come only from a feed that just came back after an outage: gazette"
    }
    assert [each["event"] for each in logged if each["event"].startswith("surge.")] == ["surge.muted"] * 2


async def test_a_new_installation_goes_by_a_fixed_number_and_says_so(tmp_path: Path) -> None:
    burst = [story(number, at=100) for number in range(10)]
    async with newsroom(tmp_path, recording("gazette", OLD, *burst)) as room:
        await room.live(3, step=1)
        await room.live(2, step=1, stories_at=200)
        (data,) = room.told()
    assert data["reason"] == "10 stories in 6 h; what is usual is not known yet (0 days of history)"
    assert data["surges"][0]["usual"] is None


async def test_a_check_cut_short_keeps_nothing_and_is_done_again_as_a_whole(tmp_path: Path) -> None:
    burst = [story(number, at=100) for number in range(10)]
    async with newsroom(tmp_path, recording("gazette", OLD, *burst)) as room:
        pass_time(room.stage, 200)
        room.clock.advance(hours=1)
        await poll_all(room.app)
        room.clock.advance(hours=1)
        before = await room.app.store.read(meta.get_meta, CHECKED)
        await room.app.store.write(fill_up)
        with contextlib.suppress(StoreFull):
            for number in range(1000):
                await room.app.store.write(meta.put_meta, f"filler-{number}", "x" * 2000)
        with pytest.raises(StoreFull):
            await room.app.surges.check_due()
        assert await room.app.store.read(surges.list_surges, limit=9) == []
        assert await room.app.store.read(meta.get_meta, CHECKED) == before
        await room.app.store.write(make_room)
        assert await room.app.surges.check_due() == 2
        assert await room.app.surges.check_due() == 0
        assert len(await room.app.store.read(surges.list_surges, limit=9)) == 1


async def test_who_switched_surges_off_gets_stories_alone_and_the_ledger_has_no_entry_of_them(
    tmp_path: Path,
) -> None:
    burst = [story(number, at=100) for number in range(10)]
    async with newsroom(tmp_path, recording("gazette", OLD, *burst)) as room:
        recipients = room.stage.folder / "recipients.toml"
        text = recipients.read_text().replace(
            'slug = "newsroom-hook"', 'slug = "newsroom-hook"\nsurges = false'
        )
        recipients.write_text(text)
        await room.app.apply_files(actor="test")
        await room.live(2, step=1, stories_at=200)
        assert room.told() == []
        subjects = [mail.subject for mail in room.stage.mailbox.mails]
        rows = await room.app.store.read(
            lambda tx: tx.rows(
                "SELECT a.surge_id, d.hit_id FROM alerts a LEFT JOIN decisions d ON d.alert_id = a.id"
            )
        )
        newest = await room.app.store.read(hits.recent_hits, limit=1)
        told_story = await room.app.store.read(stories.story_of_item, newest[0].item.id)
        assert told_story is not None
        told = await room.app.store.read(told_of_story, told_story.id, since=told_story.first_seen)
        assert [each.alerts for each in told.values()] == [1, 1], "by the story's own alerts"
    assert sum(subject.startswith("Repunte: Fentanyl: 10 en 6 h") for subject in subjects) == 1
    assert len(subjects) == 11
    assert [row["hit_id"] for row in rows if row["surge_id"] is not None] == [None]
    assert all(row["hit_id"] for row in rows if row["surge_id"] is None)


async def test_a_place_with_another_query_is_asked_about_all_that_there_is(tmp_path: Path) -> None:
    async with newsroom(tmp_path, recording("gazette", OLD, *BURST)) as room:
        await room.live(1, step=1, stories_at=200)
        counts = (
            "SELECT p.slug, COUNT(*) AS items FROM item_places x JOIN places p ON p.id = x.place_id "
            "GROUP BY p.slug"
        )
        assert await room.app.store.read(lambda tx: tx.rows(counts)) == [{"slug": "tijuana", "items": 6}]
        changed = room.stage.watchlist.read_text().replace('query = "Laredo"', 'query = "alpha0 OR bravo1"')
        room.stage.watchlist.write_text(changed)
        await room.app.apply_files(actor="test")
        await room.app.surges.place_items()
        rows = await room.app.store.read(lambda tx: tx.rows(counts + " ORDER BY p.slug"))
        assert [tuple(row.values()) for row in rows] == [("laredo", 2), ("tijuana", 6)]
        assert await room.app.store.read(places.unplaced, limit=5) is None


@pytest.mark.parametrize(("sensitive", "rules"), [("true", SENSITIVE), ("false", CALM)])
def test_the_settings_say_how_sure_a_surge_has_to_be_and_whether_any_is_looked_for(
    tmp_path: Path, sensitive: str, rules: SurgeRules
) -> None:
    file = tmp_path / "monitor.toml"
    file.write_text("")
    settings = load_settings(
        file, {"MONITOR__SURGES__SENSITIVE": sensitive, "MONITOR__SURGES__ENABLED": "false"}
    )
    assert surge_options(settings) == SurgeOptions(enabled=False, rules=rules)
    assert surge_options(load_settings(file, {})) == SurgeOptions(enabled=True, rules=CALM)


async def test_where_surges_are_switched_off_places_are_still_asked(tmp_path: Path) -> None:
    burst = [story(number, at=100, place="in Tijuana") for number in range(10)]
    async with newsroom(tmp_path, recording("gazette", OLD, *burst)) as room:
        off = SurgeOptions(enabled=False)
        room.app.surges = Surges(room.app.context, identity=room.app.identity, options=off)
        await room.live(2, step=1, stories_at=200)
        assert room.told() == []
        assert await room.app.store.read(surges.list_surges, limit=9) == []
        placed = await room.app.store.read(lambda tx: tx.rows("SELECT item_id FROM item_places"))
        assert len(placed) == 10
