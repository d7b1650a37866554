"""Why somebody was told, or not, from a whole installation: by address, by item, by delivery, by subscription."""

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.desk.deliveries import list_deliveries
from monitor.desk.feeds import poll_now
from monitor.desk.why_alert import why
from monitor.errors import NotFound, Refused
from monitor.model import Cadence, Timing
from monitor.store import Transaction, recipients
from tests.conftest import opened, pass_time, poll_all, recorded, recording, round_trip, small_stage

OLD = recorded("old", "Council meets in Douglas about fentanyl")
NEW = recorded("new", "Agents seize fentanyl at Otay Mesa", at=5)
PLAIN = recorded("plain", "A bakery opens in Laredo", at=5)
PAPER = recording("gazette", OLD, NEW, PLAIN)


async def test_an_article_that_was_told_leads_to_its_alerts_attempts_and_times(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        found = await why(app, f" {NEW.link}?utm_source=mail ")
        (item,) = found.items
        assert {answer.subscription: answer.verdict for answer in item.answers} == {
            "newsroom-hook": "sent_now",
            "redaccion-mail": "sent_now",
        }
        assert all(answer.stored and answer.alert for answer in item.answers)
        (mail,) = (await why(app, NEW.link, subscription="redaccion-mail")).items
        assert [answer.subscription for answer in mail.answers] == ["redaccion-mail"]
        assert [verdict.decisions for verdict in mail.item.verdicts if verdict.hit] == [
            (f"redaccion-mail: sent_now, first report of this story (alert {mail.answers[0].alert})",)
        ]
        (way,) = mail.alerts
        (sending,) = way.deliveries
        assert (way.alert.uid, sending.state.value) == (mail.answers[0].alert, "done")
        assert [attempt.number for attempt in sending.attempts] == [1]
        assert set(way.seconds[sending.uid]) >= {"seen_matched", "queued_accepted", "seen_accepted"}
        assert (way.hits[0].topic, way.hits[0].words) == ("fentanyl", ("fentanyl",))


async def test_a_delivery_leads_back_to_what_it_told(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        for line in await list_deliveries(app):
            found = await why(app, line.delivery.uid)
            assert found.alert is not None
            assert found.alert.alert.subscription == line.delivery.subscription
            assert [hit.link for hit in found.alert.hits] == [NEW.link]
            assert [hit.reason for hit in found.alert.hits] == ["first report of this story"]
            assert (found.items, found.unseen, found.notice) == ((), None, None)


async def test_what_was_not_told_has_its_reason_at_every_stage(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        await poll_all(app)
        (baseline,) = (await why(app, OLD.link)).items
        assert {answer.verdict for answer in baseline.answers} == {"suppressed"}
        assert "starting point" in baseline.answers[0].reason
        assert baseline.alerts == ()
        pass_time(stage)
        await poll_now(app, ["gazette"])
        await app.poller.fill()
        await app.poller.finish()
        (waiting,) = (await why(app, NEW.link)).items
        assert {(answer.verdict, answer.stored) for answer in waiting.answers} == {("undecided", False)}
        (plain,) = (await why(app, PLAIN.link)).items
        assert plain.answers == ()
        assert {verdict.reason for verdict in plain.item.verdicts} == {"not_matched"}
        never = await why(app, "https://elsewhere.example/story")
        assert never.unseen is not None
        assert "no feed here is of elsewhere.example" in never.unseen.sentence


async def test_what_waits_says_until_when_and_a_later_subscription_that_it_was_not_there(
    tmp_path: Path,
) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:

        def daily(tx: Transaction) -> None:
            for each in recipients.list_subscriptions(tx):
                timing = Timing(cadence=Cadence.DAILY)
                enabled = each.slug == "redaccion-mail"
                recipients.put_subscription(tx, replace(each, timing=timing, enabled=enabled))

        await app.store.write(daily)
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        await round_trip(app)
        (item,) = (await why(app, NEW.link)).items
        hook, mail = sorted(item.answers, key=lambda answer: answer.subscription)
        assert (mail.verdict, mail.stored, mail.alert) == ("digest", True, None)
        assert mail.held_until is not None
        assert (hook.verdict, hook.stored) == ("not_recorded", False)
        assert "by what it asks for now: the subscription is switched off" in hook.reason


async def test_what_there_is_not_is_refused_in_words(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        with pytest.raises(NotFound, match="no subscription is called 'nobody'; there are: newsroom-hook"):
            await why(app, NEW.link, subscription="nobody")
        with pytest.raises(NotFound, match="no item has the id 99"):
            await why(app, "99")
        for target in ("msg_none", "a\x00b"):
            with pytest.raises(Refused):
                await why(app, target)
