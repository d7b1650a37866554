"""A host that refuses one of its feeds is left alone by all of them, for as long as it asks."""

from pathlib import Path

from monitor.demo.loopback import Response
from monitor.desk.feeds import list_feeds
from monitor.desk.why import why_feed
from monitor.store import hosts
from tests.conftest import poll_all
from tests.flow.site import entry, publisher

PATHS = {"first": "/first", "second": "/second"}


async def test_one_refusal_holds_the_hosts_feeds_and_an_answer_releases_them(tmp_path: Path) -> None:
    async with publisher(tmp_path, paths=PATHS) as (site, app, clock):
        for path in PATHS.values():
            site.show(entry(path), path=path)
        await poll_all(app)
        site.answers["/first"] = Response(status=429, headers={"Retry-After": "7200"})
        site.answers["/second"] = Response(status=429, headers={"Retry-After": "7200"})
        await poll_all(app)
        for path in PATHS.values():
            site.show(entry(path), path=path)
        asked = site.asked.total()
        clock.advance(minutes=119)
        await poll_all(app)
        assert site.asked.total() == asked
        line = (await why_feed(app, "second")).feed
        assert line.state == "failing"
        assert line.then.endswith("until then its host asks us to wait")
        clock.advance(minutes=2)
        await poll_all(app)
        assert site.asked.total() == asked + 2
        assert await app.store.read(hosts.held) == {}
        assert {line.state for line in await list_feeds(app)} == {"ok"}


async def test_a_short_wait_is_not_made_as_long_as_the_feeds_own_interval(tmp_path: Path) -> None:
    async with publisher(tmp_path) as (site, app, clock):
        site.answers["/feed"] = Response(status=429, headers={"Retry-After": "60"})
        await poll_all(app)
        wait = (await app.store.read(hosts.waits))["127.0.0.1"]
        assert (wait.until - clock.now).total_seconds() == 60
