"""The dispatch stage: every hit is decided once, in order, with the revision that made it."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import cast

from structlog.testing import capture_logs

from monitor.app import App
from monitor.desk.deliveries import list_deliveries
from monitor.desk.feeds import list_feeds, poll_now
from monitor.model import DeliveryState
from monitor.store import hits, recipients, stories
from tests.conftest import TOPICS, opened, pass_time, poll_all, recorded, recording, round_trip, small_stage
from tests.pipeline.conftest import by_clock, take_old_items

OLD = recorded("old", "Council meets in Douglas")


async def poll_only(app: App) -> None:
    await poll_now(app, [line.slug for line in await list_feeds(app)])
    await app.poller.fill()
    await app.poller.finish()


async def test_an_alert_shows_the_revision_that_made_its_hit_even_after_an_edit(tmp_path: Path) -> None:
    new = recorded("new", "Agents seize fentanyl", at=5)
    async with small_stage(tmp_path, recording("gazette", OLD, new)) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await poll_only(app)
        stage.watchlist.write_text(TOPICS.replace("fentanyl OR fentanilo", "xylazine"))
        await app.apply_files(actor="test")
        await round_trip(app)
        (hit,) = json.loads(stage.receiver.requests[0].body)["data"]["hits"]
        assert (hit["topic"], hit["revision"], hit["words"]) == ("fentanyl", 1, ["fentanyl"])


async def test_more_items_than_a_batch_holds_are_all_decided_in_order(tmp_path: Path) -> None:
    words = (
        "alpha",
        "bravo",
        "cargo",
        "delta",
        "eagle",
        "fleet",
        "grain",
        "hotel",
        "ivory",
        "joker",
        "koala",
    )
    titles = [f"Fentanyl {first}{second} {second}and{first}" for first in words for second in words][:75]
    new = [recorded(f"new-{n}", title, at=5 + n / 100) for n, title in enumerate(titles)]
    async with small_stage(tmp_path, recording("gazette", OLD, *new)) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await poll_only(app)
        assert await app.dispatch() == 2 * len(titles)
        assert await app.store.read(hits.undecided, limit_items=10) == []
        lines = await list_deliveries(app, limit=500)
        assert await app.dispatch() == 0
    assert [line.delivery.title for line in reversed(lines)][::2] == titles, "the oldest goes first"


async def test_hits_that_nobody_subscribed_to_are_decided_too(tmp_path: Path) -> None:
    new = recorded("new", "Agents seize fentanyl", at=5)
    async with small_stage(tmp_path, recording("gazette", OLD, new)) as stage, opened(stage) as app:
        for subscription in await app.store.read(recipients.list_subscriptions):
            await app.store.write(recipients.put_subscription, replace(subscription, enabled=False))
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        assert await app.store.read(hits.undecided, limit_items=10) == []
        assert len(await app.store.read(hits.recent_hits, limit=5)) == 1
        assert await list_deliveries(app) == []


async def test_an_alert_that_cannot_be_written_is_dead_with_the_reason_and_holds_up_no_other(
    tmp_path: Path,
) -> None:
    new = recorded("new", "Agents seize fentanyl", at=5)
    async with small_stage(tmp_path, recording("gazette", OLD, new)) as stage, opened(stage) as app:
        app.identity = replace(app.identity, mail_domain=cast("str", None))  # a fault of ours
        await poll_all(app)
        pass_time(stage)
        with capture_logs() as logged:
            await poll_all(app)
        states = {line.delivery.kind.value: line.delivery for line in await list_deliveries(app)}
        assert states["webhook"].state is DeliveryState.DONE
        assert states["email"].state is DeliveryState.DEAD
        assert "could not be written" in states["email"].reason
        assert [line["reason"] for line in logged if line["event"] == "delivery.dead"]


async def test_the_same_headline_after_three_days_is_a_new_story(tmp_path: Path) -> None:
    first = recorded("first", "Agents seize fentanyl at Otay Mesa", at=5)
    soon = recorded("soon", "Agents seize fentanyl at Otay Mesa", at=20)
    late = recorded("late", "Agents seize fentanyl at Otay Mesa", at=40)
    async with (
        small_stage(tmp_path, recording("gazette", OLD, first, soon, late)) as stage,
        opened(stage) as app,
    ):
        clock = by_clock(app)
        await take_old_items(app)
        await poll_all(app)
        told = []
        for seconds, hours in ((10, 1), (30, 70), (50, 80)):
            clock.advance(hours=hours)
            pass_time(stage, seconds)
            await poll_only(app)
            told.append(await app.dispatch())
        known = await app.store.read(hits.recent_hits, limit=9)
        found = [await app.store.read(stories.story_of_item, hit.item.id) for hit in known]
    assert told == [2, 0, 2]
    assert len({story.id for story in found if story}) == 2


async def test_an_alert_shows_when_its_story_was_last_seen_with_all_its_items(tmp_path: Path) -> None:
    """Two polls an hour apart bring two items of one story, and one round decides on both."""
    first = recorded("first", "Agents seize fentanyl at Otay Mesa", at=5)
    again = recorded("again", "Agents seize fentanyl at Otay Mesa", at=20)
    papers = (recording("gazette", OLD, first), recording("quiet", OLD, again))
    async with small_stage(tmp_path, *papers) as stage, opened(stage) as app:
        clock = by_clock(app)
        await poll_all(app)
        seen = []
        for seconds in (10, 30):
            clock.advance(hours=1)
            seen.append(clock.now)
            pass_time(stage, seconds)
            await poll_only(app)  # both items wait for one round of decisions
        await round_trip(app)
        (request,) = stage.receiver.requests
    story = json.loads(request.body)["data"]["story"]
    told = [datetime.fromisoformat(story[name]) for name in ("first_seen", "last_seen")]
    assert told == seen
