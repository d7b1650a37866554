"""Signing up over real HTTP and SMTP: nothing but one question goes to an address before its owner says yes."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from monitor.app import App
from monitor.deliver.links import LinkKind
from monitor.demo.mailbox import Mail
from monitor.demo.stage import DemoStage
from monitor.desk import signup as desk
from monitor.model import Cadence, ChannelKind, Subscription
from monitor.store import Transaction, confirmations, recipients, suppressions
from monitor.web.signup import FROM_ONE_NETWORK
from tests.conftest import round_trip
from tests.pipeline.conftest import by_clock
from tests.web.subscribers import READER, newsroom, token, visitor

EVA = "Eva.Ruiz@Correo.example"
FORM = {
    "address": EVA, "which": "these", "topic": "border-wall", "cadence": "weekly", "language": "es",
    "zone": "America/Ciudad_Juarez",
}  # fmt: skip


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[tuple[DemoStage, App, httpx.AsyncClient]]:
    async with newsroom(tmp_path, signup=True) as (stage, app), visitor(app) as web:
        yield stage, app, web


Site = tuple[DemoStage, App, httpx.AsyncClient]


async def mails(stage: DemoStage, app: App, to: str) -> list[Mail]:
    await round_trip(app)
    return [mail for mail in stage.mailbox.mails if to.lower() in mail.path.read_text().lower()]


def link_in(mail: Mail) -> str:
    found = re.search(r"http://\S+(/u/\S+)", mail.text)
    assert found
    return found[1]


async def subscription_at(app: App, address: str) -> Subscription | None:
    found = await app.store.read(recipients.list_subscriptions)
    return next((each for each in found if each.channel.address == address), None)


async def test_a_stranger_signs_up_says_yes_and_gets_what_they_chose(site: Site) -> None:
    stage, app, web = site
    assert (await web.get("/subscribe")).status_code == 200
    answer = await web.post("/subscribe", data=FORM)
    assert answer.status_code == 200
    assert "a mail is on its way" in answer.text
    (mail,) = await mails(stage, app, EVA)
    assert mail.subject == "Confirme su dirección: news-monitor demo"
    assert await subscription_at(app, EVA) is None
    link = link_in(mail)
    for _ in range(2):
        shown = await web.get(link)
        assert shown.status_code == 200
        assert EVA in shown.text
        assert "Border wall" in shown.text
    assert await subscription_at(app, EVA) is None, "a scanner that follows links confirms nothing"
    assert (await web.post(link, data={"List-Unsubscribe": "One-Click"})).status_code == 400
    for _ in range(2):
        assert "está confirmada" in (await web.post(link, data={"do": "confirm"})).text
    made = await subscription_at(app, EVA)
    assert made is not None
    assert (made.topics, made.timing.cadence, made.owner) == (("border-wall",), Cadence.WEEKLY, "ui")
    assert (made.subscriber.language, made.subscriber.zone) == ("es", "America/Ciudad_Juarez")
    assert EVA.lower() not in f"{made.slug} {made.subscriber.name} {made.channel.slug}".lower()
    assert await app.store.read(confirmations.is_confirmed, made.channel.id)
    (kept,) = await app.store.read(confirmations.confirmations_of, made.channel.id)
    assert (kept.source, kept.ip_prefix) == ("form", "127.0.0.0/24")
    assert len(await app.store.read(recipients.list_subscriptions)) == 4


async def test_an_address_is_asked_three_times_in_thirty_days_and_the_page_never_tells(site: Site) -> None:
    stage, app, web = site
    clock = by_clock(app)
    texts = set()
    for _ in range(5):
        texts.add((await web.post("/subscribe", data=FORM)).text)
        clock.advance(minutes=10)
    assert len(await mails(stage, app, EVA)) == 3
    assert len({text.replace(EVA, "") for text in texts}) == 1
    clock.advance(days=30)
    await web.post("/subscribe", data=FORM)
    assert len(await mails(stage, app, EVA)) == 4
    assert len([each for each in await app.store.read(recipients.list_channels) if each.address == EVA]) == 1


async def test_a_suppressed_address_gets_the_same_answer_and_no_mail(site: Site) -> None:
    stage, app, web = site
    open_answer = (await web.post("/subscribe", data=FORM | {"address": "other@correo.example"})).text
    await app.store.write(suppressions.suppress, EVA, reason="unsubscribed", now=app.context.clock())
    answer = await web.post("/subscribe", data=FORM)
    assert (answer.status_code, answer.text) == (200, open_answer)
    assert await mails(stage, app, EVA) == []


async def test_somebody_who_reads_already_is_shown_the_way_to_their_settings(site: Site) -> None:
    stage, app, web = site
    known = "ANA.LOPEZ@correo.example"
    answer = await web.post("/subscribe", data=FORM | {"address": known})
    assert "a mail is on its way" in answer.text
    found = [mail for mail in await mails(stage, app, known) if "already" in mail.subject]
    (mail,) = found
    assert mail.subject == "You get alerts of news-monitor demo already"
    assert "Your settings" in (await web.get(link_in(mail))).text
    assert len(await app.store.read(recipients.list_subscriptions)) == 3


async def test_a_yes_after_a_week_or_to_a_suppressed_address_is_none(site: Site) -> None:
    stage, app, web = site
    clock = by_clock(app)
    await web.post("/subscribe", data=FORM)
    (mail,) = await mails(stage, app, EVA)
    clock.advance(days=7)
    late = await web.post(link_in(mail), data={"do": "confirm"})
    assert late.status_code == 410
    assert "ya no es válido" in late.text
    await web.post("/subscribe", data=FORM)
    (_, again) = await mails(stage, app, EVA)
    await app.store.write(suppressions.suppress, EVA, reason="complaint", now=clock.now)
    assert (await web.post(link_in(again), data={"do": "confirm"})).status_code == 410
    assert await subscription_at(app, EVA) is None


async def test_a_question_nobody_answered_is_forgotten_with_its_address(site: Site) -> None:
    stage, app, web = site
    clock = by_clock(app)
    await web.post("/subscribe", data=FORM)
    (mail,) = await mails(stage, app, EVA)
    clock.advance(days=7, minutes=1)
    assert (await app.tidy())["confirmations"] == 1
    assert (await web.get(link_in(mail))).status_code == 410

    def everything(tx: Transaction) -> str:
        tables = ("channels", "confirmations", "deliveries", "payloads", "attempts", "audit", "subscribers")
        return "".join(str(dict(row)) for table in tables for row in tx.rows(f"SELECT * FROM {table}"))

    assert EVA.lower() not in (await app.store.read(everything)).lower()


async def test_a_new_address_is_in_force_once_its_owner_says_yes(site: Site) -> None:
    stage, app, web = site
    link = f"/u/{token(app, LinkKind.PREFERENCES, READER)}"
    form = {"do": "address", "channel": f"{READER}-mail", "address": EVA}
    assert "A mail is on its way to the new address" in (await web.post(link, data=form)).text
    (mail,) = await mails(stage, app, EVA)
    assert await subscription_at(app, "ana.lopez@correo.example") is not None
    await app.store.write(
        recipients.disable_channel, f"{READER}-mail", reason="bounced", now=app.context.clock()
    )
    for _ in range(2):
        assert "is confirmed" in (await web.post(link_in(mail), data={"do": "confirm"})).text
    found = await app.store.read(recipients.find_subscription, READER)
    assert (found.channel.slug, found.channel.address, found.channel.enabled) == (f"{READER}-mail", EVA, True)
    others = [
        each
        for each in await app.store.read(recipients.list_channels, enabled_only=False)
        if each.owner == "ui"
    ]
    assert sorted(each.address for each in others) == ["", EVA]


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": ""}, {"address": "eva"}, {"address": "a@b, c@d.example"},
        {"address": "eva@correo.example\r\nBcc: x@y.z"},
        {"which": ""}, {"topic": "no-such"}, {"cadence": "x"}, {"language": "fr"}, {"zone": "Mars/Base"},
    ],
)  # fmt: skip
async def test_a_form_with_a_wrong_value_is_shown_again_and_asks_nobody(
    site: Site, wrong: dict[str, str]
) -> None:
    _, app, web = site
    answer = await web.post("/subscribe", data=FORM | wrong)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert {
        each.address for each in await app.store.read(recipients.list_channels) if each.owner == "ui"
    } == {"ana.lopez@correo.example"}


async def test_one_network_is_slowed_and_so_are_all_when_questions_pile_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, app, web = site
    by_clock(app)
    forms = [
        FORM | {"address": f"eva{number}@correo.example"} for number in range(FROM_ONE_NETWORK.burst + 1)
    ]
    answers = [(await web.post("/subscribe", data=form)).status_code for form in forms]
    assert answers == [200] * FROM_ONE_NETWORK.burst + [429]
    monkeypatch.setattr(desk, "MAX_OPEN", FROM_ONE_NETWORK.burst)
    app.context.clock.now += timedelta(hours=1)  # type: ignore[attr-defined]  # the test's own clock
    full = await web.post("/subscribe", data=forms[-1])
    assert full.status_code == 422
    assert "Too many people" in full.text


async def test_the_form_is_there_only_where_it_was_asked_for(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as (_, app), visitor(app) as web:
        assert (await web.get("/subscribe")).status_code == 404
        assert (await web.post("/subscribe", data=FORM)).status_code == 404
        channels = await app.store.read(recipients.list_channels)
        assert [
            each.address for each in channels if each.kind is ChannelKind.EMAIL and each.address == EVA
        ] == []
