"""The tidy stage: what is past its retention goes, what has a hit stays."""

from pathlib import Path

from structlog.testing import capture_logs

from monitor.store import Transaction, feeds, hits, items
from tests.conftest import opened, poll_all, recorded, recording, small_stage
from tests.pipeline.conftest import by_clock

TITLES = [f"Council meets for the {n}th time" for n in range(3)]
PAPER = recording(
    "gazette",
    recorded("hit", "Fentanyl case goes to court"),
    *(recorded(f"item-{n}", title) for n, title in enumerate(TITLES)),
)


async def test_old_polls_and_old_items_without_a_hit_go_in_slices(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        clock = by_clock(app)
        await poll_all(app)
        await app.store.write(_more_polls, 1200)
        assert await app.tidy() == {
            "polls": 0,
            "items": 0,
            "decisions": 0,
            "old_secrets": 0,
            "story_window": 0,
            "confirmations": 0,
            "bounces": 0,
        }, "nothing is old yet"
        clock.advance(days=31)
        with capture_logs() as logged:
            assert await app.tidy() == {
                "polls": 1201,
                "items": 0,
                "decisions": 0,
                "old_secrets": 0,
                "story_window": 0,
                "confirmations": 0,
                "bounces": 0,
            }
        assert [line["polls"] for line in logged if line["event"] == "store.tidied"] == [1201]
        stage.feeds.recordings["gazette"] = recording("gazette", recorded("late", "More council"))
        await poll_all(app)
        clock.advance(days=60)
        assert await app.tidy() == {
            "polls": 1,
            "items": len(TITLES),
            "decisions": 0,
            "old_secrets": 0,
            "story_window": 0,
            "confirmations": 0,
            "bounces": 0,
        }
        _, kept = await app.store.read(items.recent_items, limit=9)
        (hit,) = await app.store.read(hits.recent_hits, limit=9)
        assert kept.id == hit.item.id
        assert (await app.store.read(feeds.get_feed, "gazette")).fetch.baseline_at is not None


async def test_an_item_still_in_its_feed_is_not_forgotten(tmp_path: Path) -> None:
    """Forgotten, it would come back as new."""
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        clock = by_clock(app)
        await poll_all(app)
        clock.advance(days=89)
        stage.feeds.recordings["gazette"] = recording(
            "gazette", *PAPER.items, recorded("late", "More council")
        )
        await poll_all(app)
        clock.advance(days=2)
        await app.tidy()
        assert len(await app.store.read(items.recent_items, limit=9)) == len(TITLES) + 2


def _more_polls(tx: Transaction, number: int) -> None:
    tx.many(
        """
        INSERT INTO polls (feed_id, started_at, ended_at, outcome, reason, size, items, new_items)
        SELECT feed_id, started_at, ended_at, outcome, reason, size, items, new_items + 0 * :n FROM polls LIMIT 1
        """,
        [{"n": n} for n in range(number)],
    )
