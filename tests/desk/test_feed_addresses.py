"""Feeds whose address holds a password: the lists are open to everybody on this machine."""

from dataclasses import replace
from pathlib import Path

from monitor.config import load_desired, make_plan
from monitor.desk.feeds import NewFeed, add_feed, list_feeds
from monitor.store import feeds
from tests.conftest import opened, recorded, recording, small_stage

PAPER = recording("gazette", recorded("old", "Council meets"))


async def test_no_list_and_no_plan_shows_a_password(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        secret = stage.feeds.url("gazette").replace("://", "://ana:s3cr%40t@")
        new = NewFeed(url=secret, slug="own", title="Own")
        added = await add_feed(app, new, actor="test", unchecked=True)
        assert (await app.store.read(feeds.get_feed, "own")).url == secret
        assert "s3cr" not in repr(added)
        assert "s3cr" not in repr(await list_feeds(app))
        desired = load_desired(app.settings)
        (listed,) = desired.feeds
        wanted = replace(desired, feeds=(replace(listed, url=secret), replace(listed, slug="b", url=secret)))
        plan = await app.store.read(make_plan, wanted)
        assert {change.action for change in plan.changes} == {"change", "add"}
        assert "s3cr" not in repr(plan)
