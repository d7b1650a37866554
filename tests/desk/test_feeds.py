"""Feeds as people handle them: names made for them, what is refused, and when they are polled."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.desk.feeds import NewFeed, add_feed, import_feeds, list_feeds, poll_now, slugify
from monitor.errors import NotFound, Refused
from monitor.store import Transaction, audit, hits
from tests.conftest import opened, poll_all, recorded, recording, round_trip, small_stage, switch_off

PAPER = recording("gazette", recorded("old", "Fentanyl case goes to court"))
QUIET = recording("quiet", recorded("other", "A bakery opens in Laredo"), language="es")


@given(st.text())
def test_a_made_name_is_a_slug_or_empty(text: str) -> None:
    assert re.fullmatch(r"(?:[a-z0-9]+(?:-[a-z0-9]+)*)?", slugify(text))
    assert len(slugify(text)) <= 60


@pytest.mark.parametrize(
    ("title", "slug"),
    [("El Diario de Juárez", "el-diario-de-juarez"), ("  A & B | News! ", "a-b-news"), ("Новости", "")],
)
def test_names_are_readable(title: str, slug: str) -> None:
    assert slugify(title) == slug


async def test_a_feed_added_by_hand_alerts_nobody_with_its_first_poll(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        (stage.folder / "feeds.toml").write_text("")
        async with opened(stage) as app:
            added = await add_feed(app, NewFeed(url=stage.feeds.url("gazette")), actor="cli:ana")
            assert added.added[0].slug == "the-gazette"
            await round_trip(app)
            (line,) = await list_feeds(app)
            assert line.state == "ok"
            (hit,) = await app.store.read(hits.recent_hits, limit=5)
            assert hit.reason.value == "baseline"
        assert stage.receiver.requests == []


async def test_two_feeds_of_one_title_get_two_names(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        url = stage.feeds.url("gazette")
        made = [
            (await add_feed(app, NewFeed(url=f"{url}?{n}"), actor="t", unchecked=n == 3)).added[0].slug
            for n in range(3)
        ]
    assert made == ["the-gazette", "the-gazette-2", "the-gazette-3"]


async def test_what_the_feed_says_of_itself_fills_in_what_nobody_said(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER, QUIET) as stage, opened(stage) as app:
        url = stage.feeds.url("quiet")
        (own,) = (await add_feed(app, NewFeed(url=f"{url}?1"), actor="t")).added
        new = NewFeed(url=f"{url}?2", slug="mine", title="Mine", language="en", publisher="P", region="R")
        (said,) = (await add_feed(app, new, actor="t")).added
    assert (own.title, own.language, own.publisher) == ("The Quiet", "es", "The Quiet")
    assert (said.slug, said.title, said.language, said.publisher, said.region) == (
        "mine",
        "Mine",
        "en",
        "P",
        "R",
    )


async def test_an_import_adds_what_is_new_and_names_the_rest(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        known = stage.feeds.url("gazette")
        done = await import_feeds(
            app,
            [
                NewFeed(url=known),
                NewFeed(url="ftp://127.0.0.1/f"),
                NewFeed(url="http://127.0.0.1:9/f", title="New"),
            ],
            actor="cli:ana",
        )
        assert [line.slug for line in done.added] == ["new"]
        assert len(done.left_out) == 2
        assert "gazette" in done.left_out[0]
        assert "ftp://127.0.0.1/f" in done.left_out[1]
        newest, *_ = await app.store.read(audit.recent_audit, limit=1)
        assert "cli:ana" in str(newest)


async def test_polling_now_means_the_named_feeds_or_else_those_never_polled(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER, QUIET) as stage, opened(stage) as app:
        assert sorted(await poll_now(app, [])) == ["gazette", "quiet"]
        await round_trip(app)
        assert await poll_now(app, []) == []
        assert await poll_now(app, ["quiet"]) == ["quiet"]
        with pytest.raises(NotFound, match="no feed is named nowhere"):
            await poll_now(app, ["gazette", "nowhere"])
        await app.store.write(switch_off, "quiet", reason="asked to stop")
        with pytest.raises(Refused, match="asked to stop"):
            await poll_now(app, ["quiet"])


async def test_failing_feeds_are_listed_first_and_switched_off_ones_last(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER, QUIET) as stage, opened(stage) as app:
        await poll_all(app)
        await add_feed(app, NewFeed(url="http://127.0.0.1:9/f", slug="z-bad"), actor="t", unchecked=True)
        await poll_now(app, ["z-bad"])
        await round_trip(app)
        await add_feed(app, NewFeed(url="http://127.0.0.1:9/g", slug="y-new"), actor="t", unchecked=True)
        await app.store.write(switch_off, "gazette", reason="asked to stop")
        lines = await list_feeds(app)
        assert [(line.slug, line.state) for line in lines] == [
            ("z-bad", "failing"),
            ("y-new", "waiting"),
            ("quiet", "ok"),
            ("gazette", "off"),
        ]
        assert "(1 failure in a row)" in lines[0].reason
        assert (lines[3].reason, lines[3].next_poll_at) == ("asked to stop", None)


@pytest.mark.parametrize(("failures", "words"), [(1, "1 failure in a row"), (3, "3 failures in a row")])
async def test_a_304_after_failures_says_that_the_feed_was_not_read_since(
    tmp_path: Path, failures: int, words: str
) -> None:
    """A 304 heals nothing, so it stays among the failing; but its reason is not an answer of 304."""
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        await poll_all(app)
        await app.store.write(_failed, failures)
        await poll_all(app)
        (line,) = await list_feeds(app)
        said = f"unchanged (304) since it failed: not read whole again yet ({words})"
        assert (line.state, line.reason) == ("failing", said)


def _failed(tx: Transaction, times: int) -> None:
    tx.run("UPDATE feeds SET failures = :times, outcome = 'timeout', reason = 'slow'", times=times)


@pytest.mark.parametrize("language", ["english", "no idea", "e", "es-", "es\x00", "ñe", "12", " "])
async def test_what_is_no_language_tag_is_refused(tmp_path: Path, language: str) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        new = NewFeed(url="http://127.0.0.1:9/f", language=language)
        with pytest.raises(Refused, match="no language tag"):
            await add_feed(app, new, actor="t", unchecked=True)
        assert [line.slug for line in await list_feeds(app)] == ["gazette"]


@pytest.mark.parametrize(("said", "kept"), [("es-MX", "es"), ("EN_us", "en"), ("und", "und"), ("", "und")])
async def test_of_a_language_tag_the_primary_subtag_is_kept(tmp_path: Path, said: str, kept: str) -> None:
    async with small_stage(tmp_path) as stage, opened(stage) as app:
        new = NewFeed(url="http://127.0.0.1:9/f", language=said)
        (line,) = (await add_feed(app, new, actor="t", unchecked=True)).added
    assert line.language == kept
