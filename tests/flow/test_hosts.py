"""A host that refuses one of its feeds is left alone by all of them, for as long as it asks."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.demo.loopback import Response
from monitor.desk.feeds import list_feeds
from monitor.desk.why import why_feed
from monitor.store import hosts
from tests.conftest import poll_all, small_stage
from tests.flow.publisher import answer, living, ok, publishing, subscribe
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


async def test_a_hosts_wait_outlasts_a_restart_for_all_its_feeds(tmp_path: Path) -> None:
    async with publishing() as site, small_stage(tmp_path) as stage:
        busy = answer("429 Too Many Requests", "Retry-After: 21600")
        whichever_is_first = iter([busy])
        served = [lambda _: next(whichever_is_first, ok())]
        subscribe(stage, {"first": site.on("/first", *served), "second": site.on("/second", *served)})
        async with living(stage, site) as life:
            await life.polls(1)
            (refused,) = site.asked
        for _ in range(3):
            async with living(stage, site, now=life.clock.now) as life:
                await life.live(hours=1, minutes=59)
        assert site.asked == [refused]
        async with living(stage, site, now=life.clock.now) as life:
            await life.polls(2)
        waited = [each.at - refused.at for each in site.asked[1:]]
        assert min(waited) >= timedelta(hours=6)
        assert {each.target for each in site.asked[1:]} == {"/first", "/second"}


@pytest.mark.parametrize("restart", [False, True], ids=["in one run", "after a restart"])
async def test_each_feed_of_a_host_that_refuses_goes_on_with_the_doubling(
    tmp_path: Path, *, restart: bool
) -> None:
    """Ten feeds that each begin anew would ask a busy host every ten minutes."""
    async with publishing() as site, small_stage(tmp_path) as stage:
        busy = answer("429 Too Many Requests")
        subscribe(stage, {f"paper-{n}": site.on(f"/{n}", busy) for n in range(4)})
        async with living(stage, site) as life:
            await life.polls(2)
            if not restart:
                await life.polls(2)
        if restart:
            async with living(stage, site, now=life.clock.now) as life:
                await life.polls(2)
    assert len({each.target for each in site.asked}) == 4, "no feed was asked twice"
    waits = [(later.at - sooner.at) / timedelta(minutes=10) for sooner, later in pairwise(site.asked)]
    assert waits == [1, 2, 4]


async def test_ten_feeds_of_a_slow_host_leave_the_other_slots_to_others(tmp_path: Path) -> None:
    """Two polls at a time: the tenth feed of one host is overtaken by another host's only one."""
    async with publishing("127.0.0.1", "127.0.0.2") as site, small_stage(tmp_path) as stage:
        site.pause = 0.05
        many = {f"big-{n}": site.on(f"/{n}", ok()) for n in range(10)}
        subscribe(
            stage,
            many | {"small": site.on("/small", ok(), host="127.0.0.2")},
            fetch="concurrency = 2",
        )
        async with living(stage, site) as life:
            life.clock.advance(hours=1)  # all of them are due, the small one last
            await life.app.poller.poll_due()
    assert len(site.asked) == 11
    assert "/small" in {each.target for each in site.asked[:2]}
