"""Who would be told: by the rules of dispatch, at the time asked about, and without a trace in the store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.app import App
from monitor.desk.route_test import OWN, RouteAsked, Routed, route_test
from monitor.desk.silences import NewSilence, add_silence
from monitor.desk.why_alert import why
from monitor.errors import NotFound, Refused
from monitor.model import Cadence, Matcher, Quiet, Timing, Verdict
from monitor.store import Transaction, recipients
from tests.conftest import TOPICS, opened, pass_time, poll_all, recorded, recording, small_stage

OLD = recorded("old", "Council meets in Douglas")
NEW = recorded("new", "Agents seize fentanyl at Otay Mesa", at=5)
PAPER = recording("gazette", OLD, NEW)
MADE_UP = RouteAsked(title="<b>Fentanyl</b> found at the bridge", language="en")
NIGHT = datetime(
    2025, 3, 9, 6, 30, tzinfo=UTC
)  # 22:30 on the 8th in Tijuana, whose clocks go forward that night


@asynccontextmanager
async def installation(folder: Path) -> AsyncIterator[App]:
    async with small_stage(folder, PAPER) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        yield app


async def change(app: App, slug: str, *, zone: str = "UTC", **changes: Any) -> None:
    def put(tx: Transaction) -> None:
        (one,) = [each for each in recipients.list_subscriptions(tx, enabled_only=False) if each.slug == slug]
        recipients.put_subscriber(tx, replace(one.subscriber, zone=zone))
        recipients.put_subscription(tx, replace(one, **changes))

    await app.store.write(put)


async def routed(app: App, asked: RouteAsked, slug: str = "newsroom-hook") -> Routed:
    found = await route_test(app, asked)
    return next(each for each in found.routed if each.subscription == slug)


async def test_whoever_asks_for_it_is_told_at_once(tmp_path: Path) -> None:
    async with installation(tmp_path) as app:
        await change(app, "redaccion-mail", topics=("border-wall",))
        found = await route_test(app, MADE_UP)
        assert (found.title, found.topics) == ("Fentanyl found at the bridge", ("fentanyl",))
        hook, mail = found.routed
        assert (hook.subscription, hook.told, hook.when) == ("newsroom-hook", True, found.at)
        assert hook.how == "first alert by webhook to demo-hook"
        assert hook.why == "fentanyl: first report of this story"
        assert (mail.told, mail.when, mail.local, mail.how) == (False, None, "", "")
        assert mail.why == "fentanyl: the subscription does not include the topic fentanyl"
        assert [each.verdict for each in mail.hits] == [Verdict.UNASKED]


async def test_quiet_hours_and_digests_are_told_in_the_local_time_of_their_end(tmp_path: Path) -> None:
    async with installation(tmp_path) as app:
        quiet = Timing(quiet=Quiet(begins=22 * 60, ends=7 * 60))
        asked = replace(MADE_UP, at=NIGHT)
        await change(app, "newsroom-hook", zone="America/Tijuana", timing=quiet)
        held = await routed(app, asked)
        assert (held.local, held.zone) == ("Sun 2025-03-09 07:00", "America/Tijuana")
        assert held.when == datetime(2025, 3, 9, 14, tzinfo=UTC)
        assert held.how == "bundle by webhook to demo-hook"
        await change(app, "newsroom-hook", zone="America/Tijuana", timing=replace(quiet, pierce=True))
        assert (await routed(app, asked)).when == NIGHT, "the topic is urgent"
        weekly = Timing(cadence=Cadence.WEEKLY, digest_at=8 * 60)
        await change(app, "newsroom-hook", zone="America/Chicago", timing=weekly)
        digest = await routed(app, asked)
        assert (digest.local, digest.how[:6]) == ("Mon 2025-03-10 08:00", "digest")


async def test_what_stands_in_the_way_is_named(tmp_path: Path) -> None:
    async with installation(tmp_path) as app:
        until = app.context.clock() + timedelta(hours=1)
        new = NewSilence(matcher=Matcher(languages=("en",)), reason="enough", ends_at=until)
        line = await add_silence(app, new, actor="cli:ana")
        assert line.uid in (await routed(app, MADE_UP)).why
        assert (await routed(app, replace(MADE_UP, at=until))).told
        assert (await routed(app, replace(MADE_UP, language="es"))).told
        await app.store.write(
            recipients.disable_channel, "demo-hook", reason="410 Gone", now=app.context.clock()
        )
        off = await routed(app, replace(MADE_UP, language="es"))
        assert (off.told, off.why[-46:]) == (
            False,
            "but the channel demo-hook is switched off: 410 Gone"[-46:],
        )
        await change(app, "newsroom-hook", enabled=False)
        assert "the subscription is switched off" in (await routed(app, MADE_UP)).why


async def test_a_stored_item_is_taken_as_new_or_as_a_further_report_of_its_story(tmp_path: Path) -> None:
    async with installation(tmp_path) as app:
        await poll_all(app)
        before = await why(app, NEW.link)
        found = await route_test(app, RouteAsked(item=f"{NEW.link}?utm_source=x"))
        assert all(each.told for each in found.routed)
        assert found.feed == "gazette"
        assert any("its own story is" in note for note in found.notes)
        again = await route_test(app, RouteAsked(item=NEW.link, story=OWN))
        assert {each.hits[0].verdict for each in again.routed} == {Verdict.DIGEST}
        assert "nothing new since the alert of" in again.routed[0].why
        uid = next(note for note in found.notes if "its own story is" in note).split()[4].rstrip(":")
        other = replace(MADE_UP, title="Agents seize 900 kilos of fentanyl in Mexicali", story=uid)
        follow_up = await routed(app, replace(other, at=app.context.clock() + timedelta(hours=2)))
        assert follow_up.how == "follow-up by webhook to demo-hook"
        assert "900" in follow_up.why
        assert await why(app, NEW.link) == before, "nothing was stored"


async def test_named_topics_count_as_hit_and_none_is_said(tmp_path: Path) -> None:
    async with installation(tmp_path) as app:
        made_up = RouteAsked(title="A bakery opens", topics=("border-wall", "fentanyl"), feed="gazette")
        found = await route_test(app, made_up)
        assert (found.topics, found.feed) == (("border-wall", "fentanyl"), "gazette")
        assert [each.topic for each in found.routed[0].hits] == ["border-wall", "fentanyl"]
        none = await route_test(app, RouteAsked(title="A bakery opens"))
        assert [(each.told, each.why) for each in none.routed] == [(False, "no topic matches")] * 2
        assert "near-misses" in none.notes[0]


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        (RouteAsked(), Refused, "one of the two"),
        (RouteAsked(item="1", title="A title"), Refused, "one of the two"),
        (RouteAsked(item="https://x.example/none"), NotFound, "no stored item"),
        (RouteAsked(title="A title", topics=("none",)), NotFound, "no topic is named none"),
        (RouteAsked(title="A title", feed="none"), NotFound, "none"),
        (RouteAsked(title="A title", story="none"), NotFound, "no story has the id"),
        (RouteAsked(title="A title", story=OWN), NotFound, "the item is in no story"),
    ],
)
async def test_what_there_is_not_is_refused(
    tmp_path: Path, asked: RouteAsked, error: type[Exception], said: str
) -> None:
    async with installation(tmp_path) as app:
        with pytest.raises(error, match=said):
            await route_test(app, asked)


async def test_a_test_agrees_with_dispatch(tmp_path: Path) -> None:
    """What was said before an item came is what the ledger says after."""
    async with small_stage(tmp_path, PAPER) as stage:
        stage.watchlist.write_text(TOPICS.replace('priority = "urgent"', 'tags = ["drugs"]'))
        async with opened(stage) as app:
            await poll_all(app)
            await change(app, "redaccion-mail", tags=("drugs",), timing=Timing(cadence=Cadence.DAILY))
            await change(app, "newsroom-hook", languages=("es",))
            asked = RouteAsked(title=NEW.versions[0].title, feed="gazette")
            told = {each.subscription: each.hits[0] for each in (await route_test(app, asked)).routed}
            pass_time(stage)
            await poll_all(app)
            (item,) = (await why(app, NEW.link)).items
    assert {answer.subscription: (answer.verdict, answer.reason) for answer in item.answers} == {
        slug: (hit.verdict.value, hit.reason) for slug, hit in told.items()
    }
