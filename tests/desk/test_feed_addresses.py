"""Feeds whose address holds a password: the lists are open to everybody on this machine."""

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.config import load_desired, make_plan
from monitor.desk.feeds import NewFeed, add_feed, list_feeds
from monitor.errors import Refused
from monitor.store import feeds
from tests.conftest import opened, recorded, recording, small_stage

PAPER = recording("gazette", recorded("old", "Council meets"))


async def test_no_list_and_no_plan_shows_a_password(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        secret = stage.feeds.url("gazette").replace("://", "://ana:s3cr%40t@")
        desired = load_desired(app.settings)
        (listed,) = desired.feeds
        await app.store.write(feeds.put_feed, replace(listed, url=secret, slug="own", owner="api"))
        assert "s3cr" not in repr(await list_feeds(app))
        wanted = replace(desired, feeds=(replace(listed, url=secret), replace(listed, slug="b", url=secret)))
        plan = await app.store.read(make_plan, wanted)
        assert {change.action for change in plan.changes} == {"change", "add"}
        assert "s3cr" not in repr(plan)


async def test_an_address_with_a_password_is_not_added(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        address = stage.feeds.url("gazette") + "?two"
        for secret in ("ana:s3cr%40t@", "ana@", ":s3cr@"):
            new = NewFeed(url=address.replace("://", f"://{secret}"), slug="own")
            with pytest.raises(Refused, match=r"must not carry a user name or password.* auth = ") as caught:
                await add_feed(app, new, actor="test", unchecked=True)
            assert "s3cr" not in str(caught.value)
        assert [each.slug for each in await app.store.read(feeds.list_feeds)] == ["gazette"]
