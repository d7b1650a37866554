"""A story's mails on the wire: one thread, one subject, and what is new on top."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from monitor.deliver.links import LinkKind, read_token
from monitor.model import Cadence, Timing
from monitor.store import recipients
from tests.conftest import opened, pass_time, poll_all, recorded, recording, small_stage
from tests.deliver.news_mails import body, parsed
from tests.pipeline.conftest import by_clock

OLD = recorded("old", "Council meets in Douglas")
FIRST = recorded("first", "Agents seize fentanyl at Otay Mesa: 3 people arrested", at=5)
MORE = recorded("more", "Agents seize fentanyl at Otay Mesa: 14 people arrested, 2 dead", at=20)
OTHER = recorded("other", "Senators argue over fentanyl scanners at ports", at=35)


async def test_a_follow_up_hangs_under_the_first_mail_and_says_what_is_new_since(tmp_path: Path) -> None:
    async with small_stage(tmp_path, recording("gazette", OLD, FIRST, MORE)) as stage, opened(stage) as app:
        clock = by_clock(app)
        for each in await app.store.read(recipients.list_subscriptions):
            person = replace(each.subscriber, zone="America/Tijuana")
            await app.store.write(recipients.put_subscriber, person)
            timing = replace(each.timing, bundle_minutes=0)
            await app.store.write(recipients.put_subscription, replace(each, timing=timing))
        pass_time(stage, 0)
        await poll_all(app)
        pass_time(stage, 10)
        await poll_all(app)
        clock.advance(hours=2)
        pass_time(stage, 30)
        await poll_all(app)
        first, follow_up = (parsed(mail.content) for mail in stage.mailbox.mails)
        text = body(stage.mailbox.mails[1].content, "plain")
    assert first["Subject"] == FIRST.versions[0].title
    assert follow_up["Subject"] == f"Re: {first['Subject']}"
    assert first["References"] == follow_up["References"] == follow_up["In-Reply-To"]
    assert first["Message-ID"] != follow_up["Message-ID"]
    assert (first["X-Monitor-Kind"], follow_up["X-Monitor-Kind"]) == ("first", "follow_up")
    head = text.partition("\n\n")[0]
    assert head.startswith("Nuevo desde ")
    assert "14" in head
    assert " P" in head.partition("\n")[0], "in the reader's zone, by its name"


async def test_a_digest_mail_holds_the_days_stories_and_links_that_open(tmp_path: Path) -> None:
    async with small_stage(tmp_path, recording("gazette", OLD, FIRST, OTHER)) as stage, opened(stage) as app:
        clock = by_clock(app)
        at = clock.now + timedelta(hours=2)
        timing = Timing(cadence=Cadence.DAILY, digest_at=at.hour * 60 + at.minute)
        for each in await app.store.read(recipients.list_subscriptions):
            await app.store.write(recipients.put_subscriber, replace(each.subscriber, zone="UTC"))
            await app.store.write(recipients.put_subscription, replace(each, timing=timing))
        await app.release()
        for seconds in (0, 50):
            pass_time(stage, seconds)
            await poll_all(app)
        assert stage.mailbox.mails == []
        clock.advance(hours=2, minutes=1)
        await app.release()
        while await app.shipper.fill():
            await app.shipper.crew.drain()
        (mail,) = stage.mailbox.mails
        key, base = app.identity.link_key, app.identity.base_url
    message = parsed(mail.content)
    assert message["Subject"].startswith("Resumen ")
    assert "2 noticias en 1 tema" in message["Subject"]
    assert message["References"] is None
    text = body(mail.content, "plain")
    assert FIRST.versions[0].title in text
    assert OTHER.versions[0].title in text
    assert "fuentes en orden" in text
    assert bool(base) == ("/u/" in text)
    if base:
        found = [read_token(key, word.rpartition("/u/")[2]) for word in text.split() if "/u/" in word]
        assert {link.kind for link in found if link} >= {LinkKind.MUTE_STORY, LinkKind.UNSUBSCRIBE_ALL}
