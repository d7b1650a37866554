"""Silences: what is refused, what they keep back and how that is counted, and the preview that agrees with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.app import App
from monitor.demo.stage import DemoStage
from monitor.desk.silences import (
    HEADLINES,
    NewSilence,
    SilenceState,
    add_silence,
    end_silence,
    list_silences,
    preview,
)
from monitor.desk.why_alert import why
from monitor.errors import NotFound, Refused
from monitor.model import Matcher
from monitor.store import audit
from tests.conftest import opened, pass_time, poll_all, recorded, recording, small_stage
from tests.pipeline.conftest import Clock, by_clock

OLD = recorded("old", "Council meets in Douglas")
FIRST = recorded("first", "Agents seize fentanyl at Otay Mesa", at=5)
SECOND = recorded("second", "Governor visits the border wall near Nogales", at=20)
PAPER = recording("gazette", OLD, FIRST, SECOND, language="en", region="Sonora")


@dataclass
class Room:
    app: App
    stage: DemoStage
    clock: Clock

    async def appear(self, seconds: float) -> None:
        """Let what appears until then be polled, decided and sent."""
        pass_time(self.stage, seconds)
        await poll_all(self.app)

    def new(self, matcher: Matcher, *, hours: float = 24, begins: float | None = None) -> NewSilence:
        now = self.clock.now
        return NewSilence(
            matcher=matcher,
            reason=" a parade ",
            ends_at=now + timedelta(hours=hours),
            begins_at=None if begins is None else now + timedelta(hours=begins),
        )


@asynccontextmanager
async def room(folder: Path) -> AsyncIterator[Room]:
    async with small_stage(folder, PAPER) as stage, opened(stage) as app:
        here = Room(app, stage, by_clock(app))
        await poll_all(app)
        yield here


async def test_a_silence_keeps_back_what_it_covers_and_is_counted_for_it(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        line = await add_silence(here.app, here.new(Matcher(topics=("fentanyl",))), actor="cli:ana")
        assert (line.state, line.owner, line.reason) == (SilenceState.IN_FORCE, "cli:ana", "a parade")
        assert line.covers == {"topics": ("fentanyl",)}
        await here.appear(30)
        (listed,) = await list_silences(here.app)
        assert (listed.uid, listed.hits) == (line.uid, 1)
        (item,) = (await why(here.app, FIRST.link)).items
        assert {(answer.verdict, answer.silence) for answer in item.answers} == {("suppressed", line.uid)}
        assert "a parade" in item.answers[0].reason
        assert (await why(here.app, SECOND.link)).items[0].alerts, "the other topic is told"
        ended = await end_silence(here.app, line.uid, actor="cli:bob")
        assert (ended.state, ended.hits, ended.ends_at) == (SilenceState.ENDED, 1, here.clock.now)
        assert await list_silences(here.app) == []
        assert [each.uid for each in await list_silences(here.app, everything=True)] == [line.uid]
        trail = [
            (entry.actor, entry.action)
            for entry in await here.app.store.read(audit.recent_audit, limit=50)
            if entry.object == f"silence:{line.uid}"
        ]
        assert trail == [("cli:bob", "end"), ("cli:ana", "add")]
        with pytest.raises(Refused, match="ended at"):
            await end_silence(here.app, line.uid, actor="cli:bob")
        with pytest.raises(NotFound):
            await end_silence(here.app, "sil_none", actor="cli:bob")


async def test_one_that_begins_later_is_coming(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        line = await add_silence(here.app, here.new(Matcher(topics=("fentanyl",)), begins=2), actor="api")
        assert line.state is SilenceState.COMING
        await here.appear(30)
        assert (await list_silences(here.app))[0].hits == 0
        here.clock.advance(hours=3)
        assert (await list_silences(here.app))[0].state is SilenceState.IN_FORCE


async def test_a_preview_counts_what_was_told_and_stores_nothing(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.appear(30)
        found = await preview(here.app, Matcher(words=("OTAY mesa",), subscriptions=("newsroom-hook",)))
        assert (found.hits, found.alerts, found.shortened) == (1, {"newsroom-hook": 1}, 0)
        assert [(line.subscription, line.topic, line.hits) for line in found.lines] == [
            ("newsroom-hook", "fentanyl", 1)
        ]
        (headline,) = found.headlines
        assert (headline.title, headline.subscriptions) == (FIRST.versions[0].title, ("newsroom-hook",))
        assert (found.examined, found.cut) == (4, False)
        everything = await preview(here.app, Matcher())
        assert (everything.hits, len(everything.headlines)) == (2, 2)
        assert len(everything.headlines) <= HEADLINES
        assert sum(everything.alerts.values()) == 4
        assert await list_silences(here.app, everything=True) == []
        here.clock.advance(days=31)
        assert (await preview(here.app, Matcher())).hits == 0


@pytest.mark.parametrize(
    ("matcher", "said"),
    [
        (Matcher(topics=("fentanil",)), "no topics called 'fentanil'; there are: border-wall, fentanyl"),
        (Matcher(subscriptions=("none",)), "there are: newsroom-hook, redaccion-mail"),
        (Matcher(subscribers=("none",)), "there are: newsroom, redaccion"),
        (Matcher(feeds=("none",)), "there are: gazette"),
        (Matcher(regions=("none",)), "no regions called"),
        (Matcher(priorities=("high",)), "there are: low, normal, urgent"),
        (Matcher(tags=("none",)), "there are: none"),
        (Matcher(languages=("klingon!",)), "no language tag"),
        (Matcher(stories=("none",)), "no story has the id"),
        (Matcher(words=("¡!",)), "no word in"),
    ],
)
async def test_what_there_is_not_cannot_be_silenced(tmp_path: Path, matcher: Matcher, said: str) -> None:
    async with room(tmp_path) as here:
        with pytest.raises(Refused, match=said):
            await add_silence(here.app, here.new(matcher), actor="api")
        with pytest.raises(Refused, match=said):
            await preview(here.app, matcher)


async def test_a_silence_has_a_reason_an_end_and_a_filter(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        good = here.new(Matcher(languages=("es-MX",)))
        assert (await add_silence(here.app, good, actor="api")).covers == {"languages": ("es",)}
        now = here.clock.now
        for wrong, said in (
            (NewSilence(matcher=good.matcher, reason=" ", ends_at=good.ends_at), "needs a reason"),
            (NewSilence(matcher=good.matcher, reason="x", ends_at=now), "before it has begun or already"),
            (NewSilence(matcher=good.matcher, reason="x", ends_at=now + timedelta(days=999)), "366 days"),
            (NewSilence(matcher=Matcher(), reason="x", ends_at=good.ends_at), "without a filter"),
            (
                NewSilence(matcher=good.matcher, reason="x", ends_at=good.ends_at, begins_at=good.ends_at),
                "before it has begun",
            ),
        ):
            with pytest.raises(Refused, match=said):
                await add_silence(here.app, wrong, actor="api")
        whole = NewSilence(matcher=Matcher(), reason="x", ends_at=good.ends_at, everything=True)
        assert (await add_silence(here.app, whole, actor="api")).covers == {}
