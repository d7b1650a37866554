"""What a publisher sees of us, second part: we come no sooner than asked, whatever restarts and however many feeds."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import small_stage
from tests.flow.checklist import checklist
from tests.flow.publisher import (
    Asked,
    answer,
    document,
    http_date,
    living,
    ok,
    publishing,
    reading,
    reading_each,
    subscribe,
)

LONG = 4 * 3600  # more than the hour of a new feed
USUAL = (1800, 2 * 3600)  # a new feed's first wait, when nobody asks for another
SERVER_TIME = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)  # not ours
SY = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'

NO_WISH = (
    ["Cache-Control: s-maxage=80000"],
    ["Expires: 0"],
    ["Expires: -1"],
    ["Expires: Thu, 01 Jan 1970 00:00:00 GMT"],
    ["Cache-Control: max-age=0"],
    ["Cache-Control: no-cache, no-store", "Pragma: no-cache"],
    ["Cache-Control: max-age=-5"],
    ["Cache-Control: max-age=soon"],
    ["Cache-Control: max-age=" + "9" * 40],
    ["Expires: tomorrow", "Age: old"],
    ["Cache-Control: max-age=3600", "Age: 99999"],
)


@checklist(15, 16, 18, 19)
@pytest.mark.parametrize(
    ("fields", "wait"),
    [
        (["Cache-Control: max-age=14400"], LONG),
        (['Cache-Control: public, MAX-AGE="14400", must-revalidate'], LONG),
        (["Cache-Control: public", "Cache-Control: max-age=14400"], LONG),
        (["Cache-Control: max-age=15000", "Age: 600"], LONG),
        (["Cache-Control: s-maxage=80000, max-age=14400"], LONG),
        (
            [f"Expires: {http_date(datetime.now(UTC) + timedelta(days=9))}", "Cache-Control: max-age=14400"],
            LONG,
        ),
        (
            [f"Date: {http_date(SERVER_TIME)}", f"Expires: {http_date(SERVER_TIME + timedelta(hours=4))}"],
            LONG,
        ),
    ],
    ids=["max-age", "quoted", "two lines", "age", "s-maxage beside it", "expires beside it", "expires alone"],
)
async def test_a_document_is_fresh_for_as_long_as_its_server_says(
    tmp_path: Path, fields: list[str], wait: int
) -> None:
    async with reading(tmp_path, ok(*fields)) as life:
        await life.polls(3)
        assert life.publisher.waits("/feed") == [wait, wait]


@checklist(18, 19, 20, 22)
async def test_what_says_nothing_of_freshness_leaves_the_usual_wait(tmp_path: Path) -> None:
    served = {f"paper-{n}": ok(*fields) for n, fields in enumerate(NO_WISH)}
    async with reading_each(tmp_path, served, hours=5) as life:
        for slug, fields in zip(served, NO_WISH, strict=True):
            waits = life.publisher.waits(f"/{slug}")
            assert USUAL[0] <= waits[0] <= USUAL[1], fields
            assert min(waits) >= USUAL[0], (fields, "no tight loop")


@checklist(21)
async def test_ten_years_are_obeyed_for_a_day_and_people_are_told(tmp_path: Path) -> None:
    async with reading(tmp_path, ok("Cache-Control: max-age=315360000")) as life:
        await life.polls(2)
        assert life.publisher.waits("/feed") == [86400]
        assert "server asks 3650 days (max-age), obeyed up to 24 h" in (await life.state()).plan


@checklist(23, 29)
@pytest.mark.parametrize("off", [timedelta(days=3), timedelta(days=-3)], ids=["ahead", "behind"])
@pytest.mark.parametrize("field", ["Expires", "Retry-After"])
async def test_dates_count_by_the_servers_clock_and_not_by_ours(
    tmp_path: Path, field: str, off: timedelta
) -> None:
    def served(asked: Asked) -> bytes:
        theirs = asked.at - off
        fields = f"Date: {http_date(theirs)}", f"{field}: {http_date(theirs + timedelta(hours=4))}"
        return ok(*fields) if field == "Expires" else answer("429 Too Many Requests", *fields)

    async with reading(tmp_path, served) as life:
        await life.polls(3)
        assert life.publisher.waits("/feed") == [LONG, LONG]


@checklist(24)
@pytest.mark.parametrize(
    "served",
    [ok("Cache-Control: max-age=14400"), answer("503 Busy", "Retry-After: 14400")],
    ids=["fresh", "refused"],
)
async def test_a_restart_during_a_wait_asks_nothing(tmp_path: Path, served: bytes) -> None:
    async with publishing() as publisher, small_stage(tmp_path) as stage:
        subscribe(stage, {"paper": publisher.on("/feed", served)})
        async with living(stage, publisher) as life:
            await life.polls(1)
            await life.live(hours=1)
        for _ in range(2):
            async with living(stage, publisher, now=life.clock.now) as life:
                await life.live(hours=1)
        async with living(stage, publisher, now=life.clock.now) as life:
            await life.polls(1)
        assert publisher.waits("/feed") == [LONG]


@checklist(25)
async def test_twenty_restarts_in_ten_minutes_ask_each_feed_once(tmp_path: Path) -> None:
    async with publishing() as publisher, small_stage(tmp_path) as stage:
        served = {"good": ok(), "broken": answer("500 Broken"), "page": ok(body=b"<!doctype html><title>Hi")}
        subscribe(stage, {slug: publisher.on(f"/{slug}", each) for slug, each in served.items()})
        now = None
        for _ in range(20):
            async with living(stage, publisher, now=now) as life:
                await life.live(seconds=30)
                now = life.clock.now
        assert Counter(each.target for each in publisher.asked) == {f"/{slug}": 1 for slug in served}


@checklist(26)
async def test_two_hundred_new_feeds_are_not_asked_all_at_once(tmp_path: Path) -> None:
    """Of any five seconds none has more than one in twenty: that is stricter than any one second."""
    addresses = [f"127.0.0.{number}" for number in range(1, 21)]
    async with publishing(*addresses) as publisher, small_stage(tmp_path) as stage:
        feeds = {
            f"paper-{n}": publisher.on(f"/{n}", ok(), host=addresses[n % len(addresses)]) for n in range(200)
        }
        subscribe(stage, feeds)
        async with living(stage, publisher) as life:
            begin = life.clock.now
            for _ in range(65):
                await life.app.poller.poll_due()
                life.clock.advance(seconds=5)
        assert len(publisher.asked) == 200
        per_step = Counter(each.at for each in publisher.asked)
        assert max(per_step.values()) <= 10
        assert max(per_step) - begin > timedelta(minutes=4)


@checklist(27)
@pytest.mark.parametrize(
    ("channel", "wait"),
    [
        ("<ttl>240</ttl>", LONG),
        (
            f"<sy:updatePeriod {SY}>daily</sy:updatePeriod><sy:updateFrequency {SY}>6</sy:updateFrequency>",
            LONG,
        ),
        ("<ttl>1</ttl>", None),
        (
            f"<sy:updatePeriod {SY}>hourly</sy:updatePeriod><sy:updateFrequency {SY}>60</sy:updateFrequency>",
            None,
        ),
    ],
    ids=["ttl", "sy", "a hasty ttl", "a hasty sy"],
)
async def test_what_a_feed_says_of_its_rhythm_can_only_slow_us_down(
    tmp_path: Path, channel: str, wait: int | None
) -> None:
    async with reading(tmp_path, ok(body=document(channel=channel)), answer("304 Not Modified")) as life:
        await life.polls(2)
        (first,) = life.publisher.waits("/feed")
        assert first == wait if wait else USUAL[0] <= first <= USUAL[1]


@checklist(27)
@pytest.mark.parametrize(
    ("channel", "begin", "expected"),
    [
        (
            "<skipHours>" + "".join(f"<hour>{hour}</hour>" for hour in range(1, 6)) + "</skipHours>",
            datetime(2031, 5, 5, 0, 30, tzinfo=UTC),
            datetime(2031, 5, 5, 6, 0, tzinfo=UTC),
        ),
        (
            "<skipDays><day>Tuesday</day><day>Wednesday</day></skipDays>",
            datetime(2031, 5, 5, 23, 30, tzinfo=UTC),  # a Monday
            datetime(2031, 5, 8, 0, 0, tzinfo=UTC),
        ),
    ],
    ids=["hours", "days"],
)
async def test_hours_and_days_to_skip_are_skipped(
    tmp_path: Path, channel: str, begin: datetime, expected: datetime
) -> None:
    async with reading(tmp_path, ok(body=document(channel=channel))) as life:
        life.clock.now = begin
        await life.polls(2)
        assert [each.at for each in life.publisher.asked] == [begin, expected]
