"""Why an item did or did not become an alert, as it was decided and as it would be now."""

from pathlib import Path

import pytest

from monitor.desk.explain import explain
from monitor.desk.feeds import poll_now
from monitor.errors import NotFound
from tests.conftest import TOPICS, opened, pass_time, poll_all, recorded, recording, round_trip, small_stage

OLD = recorded("old", "Council meets in Douglas")
NEW = recorded("new", "Agents seize fentanyl at Otay Mesa", at=5)


async def test_a_topic_made_later_says_that_it_would_match_now(tmp_path: Path) -> None:
    async with small_stage(tmp_path, recording("gazette", OLD)) as stage, opened(stage) as app:
        await poll_all(app)
        stage.watchlist.write_text(TOPICS.replace("fentanyl OR fentanilo", "council"))
        await app.apply_files(actor="test")
        (item,) = await explain(app, OLD.link, "fentanyl")
        (verdict,) = item.verdicts
        assert not verdict.hit
        assert not verdict.recorded
        assert "would match now" in verdict.sentence
        assert verdict.words == ("Council",)


async def test_a_hit_stays_as_it_was_made_when_its_topic_changes(tmp_path: Path) -> None:
    async with small_stage(tmp_path, recording("gazette", OLD, NEW)) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        stage.watchlist.write_text(TOPICS.replace("fentanyl OR fentanilo", "xylazine"))
        await app.apply_files(actor="test")
        (item,) = await explain(app, NEW.link, "fentanyl")
        (verdict,) = item.verdicts
        assert verdict.hit
        assert "revision 1" in verdict.sentence
        assert item.story == "Agents seize fentanyl at Otay Mesa"
        assert item.coverage.endswith(" independent")
        assert item.why_story


async def test_a_hit_that_is_not_decided_yet_says_so(tmp_path: Path) -> None:
    async with small_stage(tmp_path, recording("gazette", OLD, NEW)) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await poll_now(app, ["gazette"])
        await app.poller.fill()
        await app.poller.finish()
        (item,) = await explain(app, NEW.link, "fentanyl")
        assert item.verdicts[0].decisions == ("not decided yet",)
        await round_trip(app)
        (item,) = await explain(app, NEW.link, "fentanyl")
        assert all("sent_now" in decision for decision in item.verdicts[0].decisions)


async def test_a_hit_that_nobody_subscribed_to_says_so(tmp_path: Path) -> None:
    async with small_stage(tmp_path, recording("gazette", OLD, NEW)) as stage:
        recipients = stage.folder / "recipients.toml"
        recipients.write_text(
            recipients.read_text().replace(
                'slug = "newsroom-hook"', 'slug = "newsroom-hook"\nenabled = false'
            )
            + 'topics = ["border-wall"]\n'
        )
        async with opened(stage) as app:
            await poll_all(app)
            pass_time(stage)
            await poll_all(app)
            (item,) = await explain(app, NEW.link, "fentanyl")
            (line,) = item.verdicts[0].decisions
            assert line.endswith("unasked, the subscription does not include the topic fentanyl")


async def test_tracking_parameters_and_item_ids_lead_to_the_same_item(tmp_path: Path) -> None:
    async with small_stage(tmp_path, recording("gazette", OLD)) as stage, opened(stage) as app:
        await poll_all(app)
        (by_link,) = await explain(app, OLD.link)
        assert await explain(app, f"{OLD.link}?utm_source=mail#top") == [by_link]
        assert await explain(app, str(by_link.item)) == [by_link]
        for unknown in ("9" * 30, "12345", "no address at all", ""):
            with pytest.raises(NotFound, match="no stored item"):
                await explain(app, unknown)
