"""What a publisher sees of us, third part: who turns us away is left alone, and found again when it is back."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.model import Outcome
from tests.conftest import small_stage
from tests.flow.checklist import checklist
from tests.flow.publisher import (
    TITLES,
    answer,
    document,
    living,
    ok,
    publishing,
    reading,
    subscribe,
)

LONG = 4 * 3600
DAY = 86400
NEIGHBOUR = "127.0.0.2"


def doubling(waits: Sequence[float]) -> bool:
    """Whether each wait is twice the one before, until a day."""
    return all(later == min(DAY, 2 * sooner) or later == DAY for sooner, later in pairwise(waits))


@checklist(28, 31)
@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_what_retry_after_asks_is_obeyed(tmp_path: Path, status: str) -> None:
    async with reading(tmp_path, answer(status, "Retry-After: 14400")) as life:
        await life.polls(3)
        assert life.publisher.waits("/feed") == [LONG, LONG]


@checklist(30)
async def test_a_bare_429_waits_ten_minutes_at_least_and_twice_as_long_each_time(tmp_path: Path) -> None:
    async with reading(tmp_path, answer("429 Too Many Requests")) as life:
        await life.polls(7)
        waits = life.publisher.waits("/feed")
        assert waits[0] >= 600
        assert waits[-1] == DAY
        assert doubling(waits)


@checklist(32)
async def test_a_host_that_is_busy_is_left_alone_by_all_its_feeds_and_others_go_on(tmp_path: Path) -> None:
    async with publishing("127.0.0.1", NEIGHBOUR) as publisher, small_stage(tmp_path) as stage:
        feeds = {
            "first": publisher.on(
                "/first", ok(), answer("429 Too Many Requests", "Retry-After: 21600"), ok()
            ),
            "second": publisher.on("/second", ok()),
            "neighbour": publisher.on("/neighbour", ok(), host=NEIGHBOUR),
        }
        subscribe(stage, feeds)
        async with living(stage, publisher) as life:
            await life.live(hours=9)
        home = [each.at for each in publisher.asked if each.host == "127.0.0.1"]
        refused = [each.at for each in publisher.asked if each.target == "/first"][1]
        quiet = [moment for moment in home if 0 < (moment - refused).total_seconds() < 21600]
        assert quiet == [], "nobody of that host is asked while it waits"
        assert [moment for moment in home if (moment - refused).total_seconds() >= 21600]
        assert max(publisher.waits("/neighbour")) < 21600


@checklist(33)
async def test_ten_feeds_of_one_host_are_asked_one_at_a_time_with_a_pause_between(tmp_path: Path) -> None:
    pause = 0.1  # real seconds, in place of the usual one
    async with publishing() as publisher, small_stage(tmp_path) as stage:
        publisher.pause = 0.02
        subscribe(stage, {f"paper-{n}": publisher.on(f"/{n}", ok()) for n in range(10)}, spacing=pause)
        async with living(stage, publisher) as life:
            life.clock.advance(hours=1)  # all of them are due
            await life.app.poller.poll_due()
        assert len(publisher.asked) == 10
        assert publisher.most_busy == 1
        rests = [began - ended for ended, began in zip(publisher.ended, publisher.began[1:], strict=False)]
        assert min(rests) >= pause


@checklist(33)
async def test_feeds_that_fail_together_do_not_come_back_together(tmp_path: Path) -> None:
    async with publishing() as publisher, small_stage(tmp_path) as stage:
        subscribe(
            stage,
            {
                f"paper-{n}": publisher.on(f"/{n}", answer("500 Broken"), answer("500 Broken"))
                for n in range(8)
            },
        )
        async with living(stage, publisher) as life:
            life.by_chance(seed=7)
            await life.polls(3 * 8)
        first = [each.at for each in publisher.asked[:8]]
        third = [each.at for each in publisher.asked[16:]]
        assert (max(first) - min(first)).total_seconds() < 20
        assert (max(third) - min(third)).total_seconds() > 600
        gaps = [(later - sooner).total_seconds() for sooner, later in pairwise(third)]
        assert min(gaps) > 1, "not two in one second"


@checklist(34)
async def test_a_block_is_named_and_nobody_is_tricked(tmp_path: Path) -> None:
    block = answer("403 Forbidden", "cf-mitigated: challenge", body=b"Just a moment...")
    async with reading(tmp_path, block) as life:
        await life.polls(8)
        state = await life.state()
        assert state.outcome is Outcome.BLOCKED
        assert "blocked by Cloudflare challenge" in state.reason
        waits = life.publisher.waits("/feed")
        assert doubling(waits)
        assert waits[-1] == DAY
        agents = {each.fields["user-agent"] for each in life.publisher.asked}
        assert len(agents) == 1
        assert agents.pop().startswith("news-monitor/")


@checklist(35)
async def test_a_404_is_asked_ever_more_seldom(tmp_path: Path) -> None:
    async with reading(tmp_path, answer("404 Not Found")) as life:
        await life.polls(7)
        waits = life.publisher.waits("/feed")
        assert doubling(waits)
        assert waits[-1] == DAY


@checklist(35)
async def test_a_feed_that_is_gone_twice_is_looked_for_once_a_month_and_kept(tmp_path: Path) -> None:
    gone = answer("410 Gone")
    async with reading(tmp_path, ok(), gone, gone, gone, ok()) as life:
        with capture_logs() as logged:
            await life.polls(4, within=40)
        _, first, second = life.publisher.waits("/feed")
        assert first >= 3600, "one 410 may be an accident"
        assert second == 30 * DAY
        assert [line["event"] for line in logged].count("feed.retired") == 1
        feed = await life.feed()
        assert feed.enabled
        assert feed.fetch.retired_at is not None
        assert await life.titles() == set(TITLES)
        await life.polls(1, within=31)
        assert (await life.state()).retired_at is None, "it returned by itself"


@checklist(36)
async def test_a_401_says_what_to_configure_and_is_not_hammered(tmp_path: Path) -> None:
    async with reading(tmp_path, answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"')) as life:
        await life.polls(7)
        assert doubling(life.publisher.waits("/feed"))
        assert "asks for credentials, and none are configured" in (await life.state()).reason
        assert all("authorization" not in each.fields for each in life.publisher.asked)


@checklist(37)
@pytest.mark.parametrize("status", ["500 Internal Server Error", "502 Bad Gateway", "504 Gateway Timeout"])
async def test_a_server_that_is_well_again_is_polled_as_before_at_once(tmp_path: Path, status: str) -> None:
    bad, news = answer(status), ok(body=document("News", *TITLES))
    async with reading(tmp_path, ok(), bad, bad, bad, news, fetch="max_interval_hours = 1") as life:
        await life.polls(6)
        usual, *backing_off, again = life.publisher.waits("/feed")
        assert usual <= 3600
        assert backing_off == [2 * usual, 4 * usual, 8 * usual]
        assert again <= 3600
        assert (await life.state()).failures == 0
        assert "News" in await life.titles()


@checklist(38)
@pytest.mark.parametrize(
    ("said", "reason"),
    [(answer("400 Bad Request"), "TLS: no secure connection"), (b"", "hung up before the connection stood")],
    ids=["plain words", "nothing"],
)
async def test_a_failed_handshake_leads_to_no_request_in_clear(
    tmp_path: Path, said: bytes, reason: str
) -> None:
    """The publisher of this test speaks plain HTTP only, and would answer."""
    async with publishing() as publisher, small_stage(tmp_path) as stage:
        publisher.to_tls = said
        url = publisher.on("/feed", ok()).replace("http:", "https:")
        subscribe(stage, {"paper": url})
        async with living(stage, publisher) as life:
            for _ in range(3):
                life.clock.advance(days=1)
                await life.app.poller.poll_due()
            state = await life.state()
        assert state.outcome is Outcome.UNREACHABLE
        assert state.failures == 3
        assert reason in state.reason
        assert publisher.connections >= 3
        assert publisher.asked == []
