"""What a reader does by a link decides what the daemon's stages do next: real HTTP in, real SMTP out."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path

import httpx
import pytest

from monitor.app import App
from monitor.deliver.links import LinkKind
from monitor.demo.stage import DemoStage
from monitor.model import Decision, Verdict
from monitor.store import Transaction, hits, ledger, recipients, stories
from tests.conftest import opened, pass_time, poll_all, recorded, recording, small_stage
from tests.web.subscribers import token, visitor

OLD = recorded("old", "Council meets in Douglas")
FENTANYL = recorded("one", "Agents seize fentanyl at Otay Mesa", at=5)
AGAIN = recorded("two", "Agents seize fentanyl at Otay Mesa, officials confirm 40 kilos", at=20)
WALL = recorded("three", "The border wall grows near Nogales", at=20)
PAPER = recording("gazette", OLD, FENTANYL, AGAIN, WALL)
WHO, MAIL, HOOK = "redaccion", "redaccion-mail", "newsroom-hook"


@asynccontextmanager
async def told_of_the_first(folder: Path) -> AsyncIterator[tuple[DemoStage, App, httpx.AsyncClient]]:
    """Open an installation whose readers were told of one story; two more items are about to come."""
    async with small_stage(folder, PAPER) as stage, opened(stage) as app, visitor(app) as web:
        app.identity = replace(app.identity, base_url="https://news.paper.example/monitor")
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        assert len(stage.mailbox.mails) == 1
        yield stage, app, web


async def verdicts(app: App, topic: str) -> dict[str, list[Decision]]:
    """Return the decisions on a topic's hits after the first one, by subscription."""

    def look(tx: Transaction) -> dict[str, list[Decision]]:
        found: dict[str, list[Decision]] = {}
        slugs = {each.id: each.slug for each in recipients.list_subscriptions(tx)}
        for hit in hits.recent_hits(tx, limit=50):
            if hit.topic_slug == topic and hit.item.text.title != "Agents seize fentanyl at Otay Mesa":
                for decision, _, _ in ledger.decisions_of_item(tx, hit.item.id):
                    found.setdefault(slugs[decision.subscription_id], []).append(decision)
        return found

    return await app.store.read(look)


async def more_news(stage: DemoStage, app: App) -> None:
    pass_time(stage, 30)
    await poll_all(app)


async def test_an_unsubscribed_topic_is_asked_for_no_more_by_this_reader_alone(tmp_path: Path) -> None:
    async with told_of_the_first(tmp_path) as (stage, app, web):
        link = f"/u/{token(app, LinkKind.UNSUBSCRIBE, MAIL, 'border-wall')}"
        assert (await web.post(link, data={"List-Unsubscribe": "One-Click"})).status_code == 200
        await more_news(stage, app)
        found = await verdicts(app, "border-wall")
        (mine,), (theirs,) = found[MAIL], found[HOOK]
        assert mine.verdict is Verdict.UNASKED
        assert "unsubscribed" in mine.reason
        assert theirs.verdict is Verdict.SENT_NOW
        assert not [mail for mail in stage.mailbox.mails if "border wall" in mail.subject]


async def test_the_button_of_a_mail_program_and_every_link_of_a_mail_lead_to_their_pages(
    tmp_path: Path,
) -> None:
    """By the headers of a mail that was really sent (RFC 8058), as a mail program reads them."""
    async with told_of_the_first(tmp_path) as (stage, app, web):
        (mail,) = stage.mailbox.mails
        message = BytesParser(policy=policy.default).parsebytes(mail.content)
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        links = dict.fromkeys(re.findall(r"https://\S+?/monitor(/u/[\w.-]+)", mail.text))
        assert len(links) >= 4
        for path in links:
            assert (await web.get(path)).status_code == 200
        (path,) = re.findall(r"<https://[^>]+?/monitor(/u/[^>]+)>", str(message["List-Unsubscribe"]))
        assert (await web.post(path, data={"List-Unsubscribe": "One-Click"})).status_code == 200
        await more_news(stage, app)
        assert len(stage.mailbox.mails) == 1
        assert {each.verdict for each in (await verdicts(app, "border-wall"))[MAIL]} == {Verdict.UNASKED}


async def test_a_muted_story_is_silent_and_another_is_told(tmp_path: Path) -> None:
    async with told_of_the_first(tmp_path) as (stage, app, web):

        def uid(tx: Transaction) -> str:
            (hit,) = hits.recent_hits(tx, limit=5)
            story = stories.story_of_item(tx, hit.item.id)
            assert story is not None
            return story.uid

        link = f"/u/{token(app, LinkKind.MUTE_STORY, WHO, await app.store.read(uid))}"
        assert (await web.post(link, data={"do": "mute"})).status_code == 200
        await more_news(stage, app)
        (muted,) = (await verdicts(app, "fentanyl"))[MAIL]
        assert muted.verdict is Verdict.SUPPRESSED
        assert muted.silence_id is not None
        assert [mail.subject for mail in stage.mailbox.mails if "border wall" in mail.subject]


@pytest.mark.parametrize("kind", [LinkKind.SNOOZE_TOPIC, LinkKind.PAUSE])
async def test_what_is_snoozed_or_paused_is_kept_back_and_stays_visible(
    tmp_path: Path, kind: LinkKind
) -> None:
    async with told_of_the_first(tmp_path) as (stage, app, web):
        if kind is LinkKind.PAUSE:
            until = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
            link, form = token(app, kind, WHO), {"do": "pause", "until": until}
        else:
            link, form = token(app, kind, WHO, "border-wall"), {"do": "snooze", "hours": "24"}
        assert (await web.post(f"/u/{link}", data=form)).status_code == 200
        await more_news(stage, app)
        found = await verdicts(app, "border-wall")
        assert [each.verdict for each in found[MAIL]] == [Verdict.SUPPRESSED]
        assert [each.verdict for each in found[HOOK]] == [Verdict.SENT_NOW]
        assert not [mail for mail in stage.mailbox.mails if "border wall" in mail.subject]
