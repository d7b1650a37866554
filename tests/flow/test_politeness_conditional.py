"""What a publisher sees of us, first part: validators are returned as given, and hide no item."""

from pathlib import Path

import pytest

from monitor.model import Outcome
from tests.flow.checklist import checklist
from tests.flow.publisher import (
    TITLES,
    Asked,
    answer,
    document,
    ok,
    reading,
    reading_each,
)

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


def sent(asked: Asked) -> tuple[str | None, str | None]:
    return asked.fields.get("if-none-match"), asked.fields.get("if-modified-since")


@checklist(1, 2, 50)
async def test_a_tag_goes_back_byte_for_byte_and_never_with_the_first_request(tmp_path: Path) -> None:
    tags = ['"MiXeD"', 'W/"weak"', "unquoted", '"with  spaces"', '"a,b"', '"abc-gzip"', '"caf\xe9"', '""']
    served = {f"paper-{n}": ok(f"ETag: {tag}", f"Last-Modified: {DATE}") for n, tag in enumerate(tags)}
    async with reading_each(tmp_path, served, hours=3) as life:
        for slug, tag in zip(served, tags, strict=True):
            first, *later = life.publisher.of(f"/{slug}")
            assert not first.conditional
            assert len(later) >= 2
            assert {sent(each) for each in later} == {(tag, DATE)}


@checklist(3)
@pytest.mark.parametrize("date", ["Sat, 1 Jan 2000 0:0:0 GMT", "2026-11-28T05:00:00Z", "yesterday", "0"])
async def test_a_date_in_an_odd_form_goes_back_as_it_came(tmp_path: Path, date: str) -> None:
    async with reading(tmp_path, ok(f"Last-Modified: {date}")) as life:
        await life.polls(2)
        assert sent(life.publisher.asked[-1]) == (None, date)


@checklist(4)
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (['ETag: "x"'], ('"x"', None)),
        ([f"Last-Modified: {DATE}"], (None, DATE)),
        ([], (None, None)),
    ],
    ids=["tag", "date", "neither"],
)
async def test_only_what_was_given_is_sent(
    tmp_path: Path, fields: list[str], expected: tuple[str | None, str | None]
) -> None:
    async with reading(tmp_path, ok(*fields)) as life:
        await life.polls(3)
        assert [sent(each) for each in life.publisher.asked[1:]] == [expected] * 2


@checklist(5, 6)
@pytest.mark.parametrize(
    ("tag", "date"),
    [('"2"', DATE), ('"1"', "Mon, 07 Nov 1994 08:49:37 GMT")],
    ids=["tag alone", "date alone"],
)
async def test_a_validator_that_changes_while_the_body_stays_is_taken_over(
    tmp_path: Path, tag: str, date: str
) -> None:
    first = ok('ETag: "1"', f"Last-Modified: {DATE}")
    async with reading(tmp_path, first, ok(f"ETag: {tag}", f"Last-Modified: {date}")) as life:
        await life.polls(3)
        assert sent(life.publisher.asked[1]) == ('"1"', DATE)
        assert sent(life.publisher.asked[2]) == (tag, date)


@checklist(7)
@pytest.mark.parametrize("body", [document(), document(*TITLES, "Another")], ids=["same body", "new body"])
async def test_a_document_without_validators_ends_the_old_ones(tmp_path: Path, body: bytes) -> None:
    first = ok('ETag: "1"', f"Last-Modified: {DATE}")
    async with reading(tmp_path, first, ok(body=body)) as life:
        await life.polls(3)
        assert [each.conditional for each in life.publisher.asked] == [False, True, False]


@checklist(8, 17)
async def test_a_304_may_bring_new_validators_and_a_new_wait(tmp_path: Path) -> None:
    unchanged = answer(
        "304 Not Modified", 'ETag: "2"', "Last-Modified: later", "Cache-Control: max-age=14400"
    )
    first = ok('ETag: "1"', f"Last-Modified: {DATE}")
    async with reading(tmp_path, first, unchanged, answer("304 Not Modified")) as life:
        await life.polls(4)
        assert [sent(each) for each in life.publisher.asked[1:]] == [
            ('"1"', DATE),
            ('"2"', "later"),
            ('"2"', "later"),
        ]
        before, after, _ = life.publisher.waits("/feed")
        assert before < 14400 == after


@checklist(9)
async def test_new_items_under_an_old_tag_are_found(tmp_path: Path) -> None:
    tag = 'ETag: "never changes"'
    async with reading(tmp_path, ok(tag), ok(tag, body=document("Fresh news", *TITLES))) as life:
        await life.polls(2)
        assert "Fresh news" in await life.titles()
        assert (await life.state()).outcome is Outcome.NEW


@checklist(10)
async def test_the_same_bytes_are_not_parsed_and_their_validators_are_kept(tmp_path: Path) -> None:
    """Without a parser process any attempt to parse would leave the poll unfinished."""
    async with reading(tmp_path, ok('ETag: "1"'), ok('ETag: "2"')) as life:
        await life.polls(1)
        await life.app.parsers.close()
        await life.polls(2)
        state = await life.state()
        assert (state.outcome, state.etag, state.failures) == (Outcome.SAME, '"2"', 0)
        assert sent(life.publisher.asked[-1]) == ('"2"', None)


@checklist(11)
async def test_a_server_stuck_at_304_is_asked_for_the_whole_once_in_eight_days(tmp_path: Path) -> None:
    fresh = "Cache-Control: max-age=86400"

    def stuck(asked: Asked) -> bytes:
        if asked.conditional:
            return answer("304 Not Modified", fresh)
        return ok('ETag: "x"', fresh, body=document(f"News of {asked.at:%d %B}", *TITLES))

    async with reading(tmp_path, stuck) as life:
        await life.live(days=20)
        whole = [each.at for each in life.publisher.asked if not each.conditional]
        assert [(later - whole[0]).days for later in whole] == [0, 8, 16]
        assert min(life.publisher.waits("/feed")) >= 86400
        assert {each.target for each in life.publisher.asked} == {"/feed"}, "no cache is tricked"
        assert len(await life.titles()) == len(TITLES) + 3


@checklist(12)
@pytest.mark.parametrize(
    "bad",
    [b"<!doctype html><title>Maintenance</title>", document("Lost", *TITLES)[:90]],
    ids=["a page", "torn"],
)
async def test_validators_of_what_could_not_be_read_are_not_kept(tmp_path: Path, bad: bytes) -> None:
    def real(asked: Asked) -> bytes:
        if asked.fields.get("if-none-match") == '"2"':
            return answer("304 Not Modified")
        return ok('ETag: "2"', body=document("Lost", *TITLES))

    async with reading(tmp_path, ok('ETag: "1"'), ok('ETag: "2"', body=bad), real) as life:
        await life.polls(3)
        assert sent(life.publisher.asked[-1]) == ('"1"', None)
        assert "Lost" in await life.titles()


@checklist(14)
async def test_no_delta_is_asked_for_and_one_that_comes_is_no_window(tmp_path: Path) -> None:
    delta = answer("226 IM Used", "IM: feed", 'ETag: "2"', body=document("Delta"))
    async with reading(
        tmp_path, ok('ETag: "1"'), delta, ok('ETag: "3"', body=document("Delta", *TITLES))
    ) as life:
        await life.polls(2)
        assert (await life.state()).outcome is Outcome.HTTP_ERROR
        assert await life.titles() == set(TITLES)
        await life.polls(1)
        assert sent(life.publisher.asked[-1]) == ('"1"', None)
        assert await life.titles() == {"Delta", *TITLES}
        assert all("a-im" not in each.fields for each in life.publisher.asked)
