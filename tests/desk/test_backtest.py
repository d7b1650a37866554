"""Back-tests and near misses over what an installation has polled, done in a process of their own."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from monitor.app import App
from monitor.desk import sweep
from monitor.desk.apart import run_apart, silent
from monitor.desk.backtest import Asked, backtest, near_misses
from monitor.desk.tally import Mode, Sweep
from monitor.errors import MonitorError, NotFound, Refused
from monitor.pipeline import folding
from monitor.store import Transaction, read_only, recipients
from tests.conftest import opened, pass_time, poll_all, recorded, recording, small_stage

TITLES = {
    "seized": "Agents seize fentanyl at the bridge",
    "court": "Fentanyl case goes to court",
    "bakery": "A bakery opens in Laredo",
    "cocaine": "Cocaine found on the bridge",
}
PAPER = recording("gazette", *(recorded(name, title) for name, title in TITLES.items()))
GROUPED = """
name = "test"
[groups]
drugs = 'fentanyl OR cocaine'
[[topic]]
slug = "fentanyl"
name = "Fentanyl"
query = '@drugs AND bridge'
"""


@asynccontextmanager
async def polled(folder: Path, watchlist: str | None = None) -> AsyncIterator[App]:
    async with small_stage(folder, PAPER) as stage:
        if watchlist is not None:
            stage.watchlist.write_text(watchlist)
        async with opened(stage) as app:
            await poll_all(app)
            await app.index_archive()
            yield app


async def test_another_query_tells_what_it_gains_and_loses(tmp_path: Path) -> None:
    async with polled(tmp_path) as app:
        told = await backtest(app, "fentanyl", Asked(query="(fentanyl OR cocaine) AND bridge"))
    assert (told.kept, told.gained, told.lost) == (1, 1, 1)
    assert (told.items, told.versions, told.examined) == (4, 4, 3), "the bakery was not even looked at"
    (gained,), (lost,) = told.gained_samples, told.lost_samples
    assert (gained.title, gained.words, gained.feed) == (TITLES["cocaine"], ("Cocaine", "bridge"), "gazette")
    assert gained.link == "https://paper.example/cocaine"
    assert (lost.title, lost.words) == (TITLES["court"], ("Fentanyl",))
    (day,) = told.days
    assert (day.feed, day.kept, day.gained, day.lost) == ("gazette", 1, 1, 1)
    assert day.day == gained.seen_at.date().isoformat()
    assert told.before == "the query in force (revision 1)"


async def test_without_a_query_the_one_in_force_is_held_against_what_was_recorded(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        await poll_all(app)
        stage.watchlist.write_text(stage.watchlist.read_text().replace("fentanyl OR fentanilo", "bridge"))
        await app.apply_files(actor="test")
        told = await backtest(app, "fentanyl", Asked())
    assert (told.kept, told.gained, told.lost) == (1, 1, 1)
    assert [sample.title for sample in told.lost_samples] == [TITLES["court"]]
    assert "4 versions are not indexed yet" in " ".join(told.notes)


async def test_a_query_may_use_the_groups_of_the_topics_watchlist_or_bring_its_own(tmp_path: Path) -> None:
    async with polled(tmp_path, GROUPED) as app:
        told = await backtest(app, "fentanyl", Asked(query="@drugs"))
        assert (told.kept, told.gained, told.lost) == (2, 1, 0)
        own = await backtest(app, "fentanyl", Asked(query="@drugs", groups=(("drugs", "bakery"),)))
        assert (own.kept, own.gained, own.lost) == (0, 1, 2)
        with pytest.raises(Refused, match="@dregs"):
            await backtest(app, "fentanyl", Asked(query="@dregs"))


async def test_what_cannot_be_asked_is_refused_before_any_work(tmp_path: Path) -> None:
    async with polled(tmp_path) as app:
        with pytest.raises(NotFound, match="no topic is named nothing"):
            await backtest(app, "nothing", Asked())
        with pytest.raises(NotFound, match="no topic is named nothing"):
            await near_misses(app, "nothing")
        with pytest.raises(Refused, match="line 1, column 5"):
            await backtest(app, "fentanyl", Asked(query="NOT fentanyl"))
        with pytest.raises(Refused, match="leave one of the two out"):
            await backtest(app, "fentanyl", Asked(query="fentanyl", as_recorded=True))
        now = app.started_at
        with pytest.raises(Refused, match="since must be before until"):
            await backtest(app, "fentanyl", Asked(since=now, until=now))


async def test_nothing_stored_of_a_time_is_said_and_no_error(tmp_path: Path) -> None:
    async with polled(tmp_path) as app:
        late = app.started_at + timedelta(days=9)
        told = await backtest(app, "fentanyl", Asked(query="bridge", since=late))
    assert (told.kept, told.gained, told.lost, told.items) == (0, 0, 0, 0)
    assert told.notes == ("nothing is stored of that time",)


async def test_samples_are_as_many_as_asked_for_newest_first(tmp_path: Path) -> None:
    async with polled(tmp_path) as app:
        told = await backtest(app, "border-wall", Asked(query="fentanyl OR bridge", samples=2))
        none = await backtest(app, "border-wall", Asked(query="fentanyl OR bridge", samples=0))
    assert (told.gained, len(told.gained_samples)) == (3, 2)
    assert told.gained_samples[0].item > told.gained_samples[1].item
    assert (none.gained, none.gained_samples) == (3, ())


async def test_near_misses_name_the_clause_and_come_in_order(tmp_path: Path) -> None:
    async with polled(tmp_path, GROUPED.replace("@drugs AND", "(agents OR @drugs) AND")) as app:
        told = await near_misses(app, "fentanyl")
        one = await near_misses(app, "fentanyl", limit=1, since=app.started_at - timedelta(days=1))
    (miss,) = told.misses
    assert (miss.title, miss.sentence) == (TITLES["court"], "bridge does not occur")
    assert miss.excerpts == ("[[Fentanyl]] case goes to court",)
    assert (told.total, told.hits) == (1, 2)
    assert one.misses == told.misses


async def test_two_processes_find_the_same_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with polled(tmp_path) as app:
        url = app.settings.store_url
        asked = Sweep(topic="fentanyl", mode=Mode.QUERY, query="bridge OR bakery", folding=folding())
        with read_only(url) as tx:
            alone = sweep.sweep(tx, asked, silent, lambda: read_only(url))
        monkeypatch.setattr(sweep, "WORTH_A_FORK", 2)
        with read_only(url) as tx:
            together = sweep.sweep(tx, asked, silent, lambda: read_only(url))
    assert together == alone
    assert (together.kept, together.gained, together.lost) == (1, 2, 1)


async def test_what_is_read_apart_cannot_be_written(tmp_path: Path) -> None:
    async with polled(tmp_path) as app:
        with pytest.raises(MonitorError), read_only(app.settings.store_url) as tx:
            tx.run("DELETE FROM items")


def children() -> list[psutil.Process]:
    return [
        each
        for each in psutil.Process().children(recursive=True)
        if "monitor.desk.worker" in " ".join(each.cmdline())
    ]


async def test_what_takes_too_long_or_is_given_up_is_ended(tmp_path: Path) -> None:
    async with polled(tmp_path) as app:
        with pytest.raises(Refused, match=r"did not end within 0\.05 s"):
            await run_apart(app.settings.store_url, "sweep", {}, places=app.apart, seconds=0.05)
        given_up = asyncio.create_task(backtest(app, "fentanyl", Asked(query="bridge")))
        async with asyncio.timeout(10):
            while not children():  # noqa: ASYNC110 - it lives in another process
                await asyncio.sleep(0.01)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert children() == []
        assert (await backtest(app, "fentanyl", Asked(query="bridge"))).gained == 1


async def test_the_loop_goes_on_and_hears_how_far_it_is(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    async with polled(tmp_path) as app:
        work = asyncio.create_task(
            backtest(app, "fentanyl", Asked(query="bridge"), tell=lambda done, of: heard.append((done, of)))
        )
        longest = 0.0
        while not work.done():
            began = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - began)
        assert (await work).gained == 1
    assert heard[0] == (0, 3)
    assert longest < 0.5


async def test_errors_of_the_child_are_told_in_its_words(tmp_path: Path) -> None:
    def break_it(tx: Transaction) -> None:
        tx.run("UPDATE topics SET query = 'NOT x'")

    async with polled(tmp_path) as app:
        await app.store.write(break_it)
        with pytest.raises(MonitorError, match="line 1"):
            await backtest(app, "fentanyl", Asked(query="bridge"))
        with pytest.raises(MonitorError, match="ended by itself"):
            await run_apart(app.settings.store_url, "no such task", {}, places=app.apart)


async def test_alerts_a_day_are_told_before_and_after_an_edit(tmp_path: Path) -> None:
    """What another query gains is grouped as dispatch would have: two reports of one lab are one story."""
    first = recorded("first", "Agents seize fentanyl at Otay Mesa", at=5)
    lab = recorded("lab", "Cocaine lab found by soldiers near Culiacan airport", at=5)
    papers = (
        recording("gazette", recorded("old", "Council meets"), first, lab),
        recording(
            "herald", recorded("other", "A bakery opens"), replace(lab, link="https://herald.example/lab")
        ),
    )
    async with small_stage(tmp_path, *papers) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        edit = await backtest(app, "fentanyl", Asked(query="fentanyl OR cocaine"))
        assert (edit.kept, edit.gained) == (1, 2)
        assert edit.days_rehearsed == 1, "less than a day counts as one"
        assert {each.subscriber: (each.before, each.after, each.busiest_after) for each in edit.alerts} == {
            "newsroom": (1, 2, 2),
            "redaccion": (1, 2, 2),
        }
        assert edit.alerts[0].subscriptions == ("newsroom-hook",)
        assert any("stored stories for 1 items and on grouping anew for 2" in note for note in edit.notes)
        less = await backtest(app, "fentanyl", Asked(query="xylazine"))
        assert {(each.before, each.after) for each in less.alerts} == {(1, 0)}
        assert (await backtest(app, "fentanyl", Asked())).alerts[0].after == 1
        assert (await backtest(app, "fentanyl", Asked(as_recorded=True))).alerts == ()
        for each in await app.store.read(recipients.list_subscriptions):
            await app.store.write(recipients.put_subscription, replace(each, topics=("border-wall",)))
        nobody = await backtest(app, "fentanyl", Asked(query="fentanyl OR cocaine"))
        assert (nobody.gained, nobody.alerts) == (2, ())
