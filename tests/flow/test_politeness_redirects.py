"""What a publisher sees of us, fourth part: which redirects are followed, for how long, and what goes along."""

from collections import Counter
from pathlib import Path

import pytest

from monitor.model import Outcome
from tests.conftest import small_stage
from tests.flow.checklist import checklist
from tests.flow.publisher import TITLES, Asked, answer, document, living, ok, publishing, reading, subscribe

DAILY = "Cache-Control: max-age=86400"
ELSEWHERE = "127.0.0.2"


def moved(status: str, to: str) -> bytes:
    return answer(status, f"Location: {to}")


@checklist(39)
async def test_a_move_is_followed_after_a_week_of_proofs_and_taken_back_when_it_fails(tmp_path: Path) -> None:
    async with publishing("127.0.0.1", ELSEWHERE) as publisher, small_stage(tmp_path) as stage:
        there = publisher.on("/new", ok(DAILY), host=ELSEWHERE)
        here = publisher.on("/old", moved("301 Moved Permanently", there))
        subscribe(stage, {"paper": here})
        async with living(stage, publisher) as life:
            await life.live(days=12, minutes=1)
            asked = [each.target for each in publisher.asked]
            assert asked == ["/old", "/new"] * 8 + ["/new"] * 5
            feed = await life.feed()
            assert (feed.url, feed.fetch.moved_to) == (here, there)
            publisher.on("/new", answer("404 Not Found"))
            publisher.on("/old", ok(DAILY))
            await life.polls(2)
            assert [each.target for each in publisher.asked[-2:]] == ["/new", "/old"]
            assert (await life.state()).failures == 0


@checklist(39)
async def test_fewer_than_five_polls_or_another_feed_prove_no_move(tmp_path: Path) -> None:
    async with publishing() as publisher, small_stage(tmp_path) as stage:
        weekly = "<ttl>1440</ttl><skipDays>" + "".join(
            f"<day>{day}</day>" for day in ("Monday", "Tuesday", "Thursday", "Friday", "Saturday", "Sunday")
        )
        seldom = publisher.on("/seldom", ok(body=document(channel=weekly + "</skipDays>")))
        numbers = iter(range(10**6))

        def other(_: Asked) -> bytes:
            return ok(DAILY, body=document(*(f"Other {next(numbers)}" for _ in range(12))))

        strange = publisher.on("/strange", other)
        publisher.on("/a", moved("301 Moved Permanently", seldom))
        publisher.on("/b", moved("308 Permanent Redirect", strange))
        subscribe(
            stage, {"seldom": seldom.replace("/seldom", "/a"), "strange": strange.replace("/strange", "/b")}
        )
        async with living(stage, publisher) as life:
            await life.live(days=12)
            assert 1 < len(publisher.times("/a")) < 5
            assert len(publisher.times("/b")) > 8
            for slug in ("seldom", "strange"):
                assert not (await life.state(slug)).follows_move


@checklist(39)
async def test_what_is_elsewhere_for_now_is_asked_here_for_ever(tmp_path: Path) -> None:
    statuses = {"302": "302 Found", "303": "303 See Other", "307": "307 Temporary Redirect"}
    async with publishing() as publisher, small_stage(tmp_path) as stage:
        there = publisher.on("/new", ok(DAILY))
        feeds = {f"paper-{n}": publisher.on(f"/{n}", moved(status, there)) for n, status in statuses.items()}
        subscribe(stage, feeds)
        async with living(stage, publisher) as life:
            await life.live(days=10, minutes=1)
            counts = Counter(each.target for each in publisher.asked)
            assert counts == {"/302": 11, "/303": 11, "/307": 11, "/new": 33}
            assert [(await life.state(slug)).moved_to for slug in feeds] == [None] * 3


@checklist(40)
async def test_a_move_to_a_page_is_neither_believed_nor_does_it_lose_the_feed(tmp_path: Path) -> None:
    page = answer("200 OK", "Content-Type: text/html", DAILY, body=b"<!doctype html><title>Log in</title>")
    async with reading(tmp_path, ok('ETag: "1"', DAILY), moved("301 Moved Permanently", "/login")) as life:
        life.publisher.on("/login", page)
        await life.live(days=12)
        state = await life.state()
        assert (state.outcome, state.moved_to, state.follows_move) == (Outcome.NOT_A_FEED, None, False)
        assert state.etag == '"1"'
        assert await life.titles() == set(TITLES)
        life.publisher.on("/feed", ok('ETag: "2"'))
        await life.polls(1)
        assert life.publisher.asked[-1].target == "/feed"
        assert (await life.state()).outcome is Outcome.SAME


@checklist(41)
@pytest.mark.parametrize("fields", [["Location: /feed"], [], ["Location: "]], ids=["loop", "none", "blank"])
async def test_a_useless_redirect_costs_one_request_a_poll(tmp_path: Path, fields: list[str]) -> None:
    async with reading(tmp_path, answer("302 Found", *fields)) as life:
        await life.polls(3)
        assert (await life.state()).outcome is Outcome.REDIRECT_LOOP
        assert min(life.publisher.waits("/feed")) > 3600


@checklist(41)
async def test_a_chain_ends_after_five_redirects(tmp_path: Path) -> None:
    async with reading(tmp_path, moved("302 Found", "/1")) as life:
        for number in range(1, 9):
            life.publisher.on(f"/{number}", moved("302 Found", f"/{number + 1}"))
        await life.polls(1)
        assert [each.target for each in life.publisher.asked] == ["/feed", "/1", "/2", "/3", "/4", "/5"]
        assert (await life.state()).outcome is Outcome.REDIRECT_LOOP


@checklist(43)
async def test_validators_go_to_the_address_that_issued_them_and_to_no_other(tmp_path: Path) -> None:
    async with publishing("127.0.0.1", ELSEWHERE) as publisher, small_stage(tmp_path) as stage:
        there = publisher.on("/new", ok('ETag: "there"', DAILY), host=ELSEWHERE)
        here = publisher.on("/old", ok('ETag: "here"', DAILY), moved("302 Found", there))
        subscribe(stage, {"paper": here})
        async with living(stage, publisher) as life:
            await life.live(days=2, minutes=1)
        seen = [(each.target, each.fields.get("if-none-match")) for each in publisher.asked]
        assert seen == [
            ("/old", None),
            ("/old", '"here"'),
            ("/new", None),
            ("/old", None),
            ("/new", '"there"'),
        ]
