"""How the feeds stand, as digests say it: counted, and the worrying ones by name, in the reader's language."""

from datetime import timedelta
from pathlib import Path

from monitor.fetch.rhythm import seed
from monitor.pipeline.feed_health import feed_health
from monitor.store import Transaction
from monitor.store.columns import micros
from tests.conftest import opened, poll_all, recorded, recording, small_stage
from tests.pipeline.conftest import by_clock

OLD = recorded("old", "Council meets in Douglas")


async def test_feeds_are_counted_and_those_to_worry_about_are_named(tmp_path: Path) -> None:
    papers = [recording(slug, OLD) for slug in ("gazette", "herald", "courier")]
    async with small_stage(tmp_path, *papers) as stage, opened(stage) as app:
        clock = by_clock(app)
        await poll_all(app)
        now = clock.now
        last = now - timedelta(hours=19)
        hourly = seed([last - n * timedelta(hours=1) for n in range(400)], last).to_text()

        def spoil(tx: Transaction) -> None:
            tx.run(
                "UPDATE feeds SET rhythm = :rhythm, last_new_at = :last, last_ok_at = :now WHERE slug = 'herald'",
                rhythm=hourly,
                last=micros(last),
                now=micros(now),
            )
            tx.run(
                "UPDATE feeds SET failures = 3, failing_since = :since WHERE slug = 'courier'",
                since=micros(now - timedelta(hours=5)),
            )

        await app.store.write(spoil)
        english = await app.store.read(feed_health, now=now, since=last, language="en")
        spanish = await app.store.read(feed_health, now=now, since=last, language="es")
    assert (english.feeds, english.healthy, english.gaps) == (3, 1, 0)
    assert english.silent == ("The Herald: nothing new for 19 h, expected within 5 h",)
    assert english.failing == ("The Courier: failing for 5 h",)
    assert spanish.silent == ("The Herald: sin novedades desde hace 19 h, se esperaban en 5 h",)
    assert spanish.failing == ("The Courier: falla desde hace 5 h",)
