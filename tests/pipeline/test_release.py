"""The release stage: what waited goes out once, when its time has come, and every hit keeps its one reason."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.app import App
from monitor.demo.stage import DemoStage
from monitor.model import AlertKind, Cadence, Matcher, Quiet, Silence, Timing, Verdict
from monitor.store import Transaction, recipients, silences
from monitor.store.subscribers import opt_out
from tests.conftest import opened, pass_time, poll_all, recorded, recording, round_trip, small_stage
from tests.pipeline.conftest import Clock, by_clock

OLD = recorded("old", "Council meets in Douglas")
FIRST = recorded("first", "Agents seize fentanyl at Otay Mesa", at=5)
SECOND = recorded("second", "Fentanyl lab found in a Nogales warehouse", at=20)
THIRD = recorded("third", "Senators argue over fentanyl scanners at ports", at=35)
SEEN = (10.0, 30.0, 50.0)  # when each of the three is in the feed


@dataclass
class Room:
    """One installation with the webhook subscription alone, and a clock to move."""

    app: App
    stage: DemoStage
    clock: Clock

    async def timed(self, **timing: Any) -> None:
        """Give the one subscription another timing; its next digest is planned at once."""
        for each in await self.app.store.read(recipients.list_subscriptions):
            changed = replace(each, timing=Timing(**timing), enabled=each.slug == "newsroom-hook")
            await self.app.store.write(recipients.put_subscription, changed)
        await self.app.release()

    def minute(self, **later: float) -> int:
        """Return a minute of the day, counted from now."""
        at = self.clock.now + timedelta(**later)
        return at.hour * 60 + at.minute

    async def appear(self, *numbers: int) -> None:
        """Let items appear, and run all stages after each."""
        for number in numbers:
            pass_time(self.stage, SEEN[number])
            await poll_all(self.app)

    async def later(self, **step: float) -> None:
        """Let time pass and run what is due, without a poll."""
        self.clock.advance(**step)
        await self.app.release()
        while await self.app.shipper.fill():
            await self.app.shipper.crew.drain()

    async def alerts(self) -> list[tuple[str, int]]:
        """Return kind and number of hits of each alert, in order."""
        rows = await self.app.store.read(
            lambda tx: tx.rows(
                "SELECT a.kind, count(h.hit_id) AS hits FROM alerts a JOIN alert_hits h ON h.alert_id = a.id "
                "GROUP BY a.id, a.kind ORDER BY a.id"
            )
        )
        return [(row["kind"], row["hits"]) for row in rows]

    async def decisions(self) -> list[tuple[str, str, bool]]:
        """Return verdict, reason, and whether an alert took it along, of each decision of the subscription."""
        rows = await self.app.store.read(
            lambda tx: tx.rows(
                "SELECT d.verdict, d.reason, d.alert_id FROM decisions d ORDER BY d.hit_id, d.subscription_id"
            )
        )
        return [(row["verdict"], row["reason"], row["alert_id"] is not None) for row in rows]


@asynccontextmanager
async def newsroom(tmp_path: Path) -> AsyncIterator[Room]:
    items = (OLD, FIRST, SECOND, THIRD)
    async with small_stage(tmp_path, recording("gazette", *items)) as stage, opened(stage) as app:
        clock = by_clock(app)
        room = Room(app, stage, clock)
        await room.timed()
        pass_time(stage, 0)
        await poll_all(app)
        yield room


async def test_a_daily_digest_holds_the_days_hits_and_comes_once(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await room.timed(cadence=Cadence.DAILY, digest_at=room.minute(hours=2))
        await room.appear(0, 1)
        assert await room.alerts() == []
        await room.later(hours=2, minutes=1)
        assert await room.alerts() == [("digest", 2)]
        assert len(room.stage.receiver.requests) == 1
        assert [(verdict, taken) for verdict, _, taken in await room.decisions()] == [("digest", True)] * 2
        await room.later(hours=24)
        assert await room.alerts() == [("digest", 2)], "of nothing there is no digest"


async def test_a_digest_missed_while_the_program_was_off_is_made_once_and_says_it_is_late(
    tmp_path: Path,
) -> None:
    async with newsroom(tmp_path) as room:
        await room.timed(cadence=Cadence.DAILY, digest_at=room.minute(hours=2))
        await room.appear(0)
        await room.later(days=3, hours=4)
        await room.later(minutes=1)
        assert await room.alerts() == [("digest", 1)]


async def test_quiet_hours_end_with_one_bundle_and_not_a_flood(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        quiet = Quiet(begins=room.minute(hours=-1), ends=room.minute(hours=3))
        await room.timed(quiet=quiet)
        await room.appear(0, 1, 2)
        await room.later(hours=2)
        assert await room.alerts() == []
        await room.later(hours=1, minutes=1)
        assert await room.alerts() == [("bundle", 3)]
        assert len(room.stage.receiver.requests) == 1
        assert all(
            verdict == "deferred" and "quiet hours until" in reason and taken
            for verdict, reason, taken in await room.decisions()
        )


async def test_what_is_over_the_budget_is_in_the_digest(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await room.timed(budget=1, digest_at=room.minute(hours=2))
        await room.app.store.write(_of_priority, "normal")
        await room.appear(0, 1, 2)
        assert await room.alerts() == [("first", 1)]
        await room.later(hours=2, minutes=1)
        assert await room.alerts() == [("first", 1), ("digest", 2)]


async def test_who_silenced_a_topic_meanwhile_is_not_told_and_hears_of_its_end(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await room.timed(cadence=Cadence.DAILY, digest_at=room.minute(hours=2))
        await room.appear(0)
        await room.app.store.write(silences.add_silence, _silence(room, hours=3))
        await room.later(hours=2, minutes=1)
        assert await room.alerts() == []
        ((verdict, reason, _),) = await room.decisions()
        assert verdict == Verdict.SUPPRESSED
        assert reason.startswith("silence hush of ana")
        assert "it had waited: the subscription takes daily digests" in reason
        room.clock.advance(hours=2)
        await room.timed()
        await room.appear(1)
        assert await room.alerts() == [("first", 1)]
        told = await room.app.store.read(lambda tx: tx.rows("SELECT subscription_id FROM silences_told"))
        assert len(told) == 1


async def test_a_subscription_that_was_switched_off_lets_go_of_what_waits(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await room.timed(cadence=Cadence.DAILY, digest_at=room.minute(hours=2))
        await room.appear(0)
        for each in await room.app.store.read(recipients.list_subscriptions):
            await room.app.store.write(recipients.put_subscription, replace(each, enabled=False))
        await room.later(hours=2, minutes=1)
        ((verdict, reason, taken),) = await room.decisions()
        assert (verdict, taken) == (Verdict.SUPPRESSED, False)
        assert "the subscription is switched off" in reason


async def test_who_unsubscribed_meanwhile_is_not_told(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await room.timed(cadence=Cadence.DAILY, digest_at=room.minute(hours=2))
        await room.appear(0)
        (mine,) = await room.app.store.read(recipients.list_subscriptions)
        await room.app.store.write(opt_out, mine.id, "fentanyl", how="link", now=room.clock.now)
        await room.later(hours=2, minutes=1)
        await room.timed()
        await room.appear(1)
        assert await room.alerts() == []
        (waited, _, _), (asked, reason, _) = await room.decisions()
        assert (waited, asked) == (Verdict.SUPPRESSED, Verdict.UNASKED)
        assert reason == "the subscriber unsubscribed from the topic fentanyl"


async def test_news_soon_after_the_alert_goes_out_at_the_end_of_the_bundle_window(tmp_path: Path) -> None:
    first = recorded("a", "Fentanyl raid in Tijuana leaves 2 dead", at=5)
    more = recorded("b", "Fentanyl raid in Tijuana leaves 3 dead", at=20)
    again = recorded("c", "Fentanyl raid in Tijuana leaves three dead", at=35)
    async with (
        small_stage(tmp_path, recording("gazette", OLD, first, more, again)) as stage,
        opened(stage) as app,
    ):
        room = Room(app, stage, by_clock(app))
        await room.timed()
        pass_time(stage, 0)
        await poll_all(app)
        await room.appear(0, 1, 2)
        assert await room.alerts() == [("first", 1)]
        await room.later(minutes=16)
        alerts = await room.alerts()
        assert alerts[0] == ("first", 1)
        assert alerts[1][0] == AlertKind.FOLLOW_UP
        assert len(alerts) == 2
        bodies = [request.body for request in stage.receiver.requests]
        assert b"3 dead (was 2)" in bodies[1]


async def test_a_week_without_an_alert_is_told_to_who_wants_to_know(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await room.timed(all_quiet=True, digest_at=room.minute(hours=1))
        for _ in range(15):
            await room.later(days=1)
        assert await room.alerts() == []
        notices = await room.app.store.read(lambda tx: tx.rows("SELECT event, urgency FROM deliveries"))
        assert [row["event"] for row in notices] == ["digest.all_quiet"] * 2, "one a week"
        assert b"digest.all_quiet" in room.stage.receiver.requests[0].body


async def test_an_urgent_alert_that_nobody_accepts_goes_to_the_fallback_after_five_minutes(
    tmp_path: Path,
) -> None:
    async with newsroom(tmp_path) as room:
        everybody = await room.app.store.read(recipients.list_subscriptions, enabled_only=False)
        mail = next(each.channel for each in everybody if each.channel.kind == "email")
        hook = next(each for each in everybody if each.slug == "newsroom-hook")
        await room.app.store.write(recipients.put_subscription, replace(hook, fallback=mail))
        await room.app.store.write(_of_priority, "urgent")
        await room.app.store.write(
            recipients.put_channel, replace(hook.channel, address="http://127.0.0.1:9/closed")
        )
        await room.appear(0)
        assert room.stage.mailbox.mails == []
        await room.later(minutes=4)
        assert room.stage.mailbox.mails == []
        await room.later(minutes=1, seconds=1)
        assert len(room.stage.mailbox.mails) == 1


def _of_priority(tx: Transaction, priority: str) -> None:
    tx.run("UPDATE topics SET priority = :priority", priority=priority)


def _silence(room: Room, *, hours: float) -> Silence:
    now = room.clock.now
    return Silence(
        uid="hush",
        matcher=Matcher(topics=("fentanyl",)),
        owner="ana",
        reason="known case",
        begins_at=now,
        ends_at=now + timedelta(hours=hours),
        created_at=now,
    )


async def test_the_fallback_is_called_off_when_the_first_channel_accepts(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        everybody = await room.app.store.read(recipients.list_subscriptions, enabled_only=False)
        mail = next(each.channel for each in everybody if each.channel.kind == "email")
        hook = next(each for each in everybody if each.slug == "newsroom-hook")
        await room.app.store.write(recipients.put_subscription, replace(hook, fallback=mail))
        await room.app.store.write(_of_priority, "urgent")
        await room.appear(0)
        await room.later(minutes=6)
        assert len(room.stage.receiver.requests) == 1
        assert room.stage.mailbox.mails == []
        rows = await room.app.store.read(
            lambda tx: tx.rows("SELECT state, reason FROM deliveries ORDER BY id")
        )
        assert [row["state"] for row in rows] == ["done", "cancelled"]
        assert rows[1]["reason"] == "not needed: demo-hook accepted the alert"


async def test_release_does_nothing_twice(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await room.timed(cadence=Cadence.HOURLY)
        await room.appear(0)
        await room.later(hours=1, minutes=1)
        assert await room.app.release() == 0
        await round_trip(room.app)
        assert await room.alerts() == [("digest", 1)]
