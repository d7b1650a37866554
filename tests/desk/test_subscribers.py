"""What administrators do with subscribers: who is refused, what is told, and what is left."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from monitor.app import App
from monitor.demo.stage import DemoStage
from monitor.desk import preferences
from monitor.desk import subscribers as desk
from monitor.desk.signup import Wanted
from monitor.errors import NotFound, Refused
from monitor.store import audit, recipients, subscribers, suppressions
from monitor.web import create_site
from tests.conftest import round_trip
from tests.web.subscribers import READER, newsroom, story, wait_for

ANA = "ana.lopez@correo.example"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[tuple[DemoStage, App]]:
    async with newsroom(tmp_path) as (stage, app):
        yield stage, app


Site = tuple[DemoStage, App]


async def test_a_list_tells_who_there_is_and_no_whole_address(site: Site) -> None:
    _, app = site
    await preferences.stop(app, "redaccion", how="page")
    lines = {each.slug: each for each in await desk.list_subscribers(app)}
    assert {slug: (each.owner, each.stopped) for slug, each in lines.items()} == {
        "newsroom": ("file:recipients.toml", False), "redaccion": ("file:recipients.toml", True), READER: ("ui", False),
    }  # fmt: skip
    assert lines[READER].destinations == ("an•••@correo.example",)


async def test_a_sheet_shows_what_was_stopped_muted_and_suppressed(site: Site) -> None:
    _, app = site
    await preferences.stop(app, READER, subscription=READER, topic="fentanyl", how="page")
    await preferences.snooze_topic(app, READER, "border-wall", hours=24)
    await desk.suppress(app, ANA, actor="cli:root")
    sheet = await desk.show_subscriber(app, READER)
    assert [each.stopped for each in sheet.subscriptions] == [("fentanyl",)]
    assert sheet.mutes[0].startswith("snoozed the topic border-wall for 24 hours, until 20")
    assert sheet.suppressed == (ANA,)
    with pytest.raises(NotFound, match="no-such"):
        await desk.show_subscriber(app, "no-such")


async def test_an_export_holds_everything_and_says_so_in_the_trail(site: Site) -> None:
    _, app = site
    await wait_for(app, "one", READER, "fentanyl")
    await round_trip(app)
    await preferences.mute_story(app, READER, (await story(app)).uid)
    await preferences.stop(app, READER, subscription=READER, topic="border-wall", how="one-click")
    made = await desk.export(app, READER, actor="cli:root")
    assert made["subscriber"]["zone"] == "America/Tijuana"
    assert [each["address"] for each in made["channels"]] == [ANA]
    assert [(each["topic"], each["how"]) for each in made["opt_outs"]] == [("border-wall", "one-click")]
    assert [each["reason"] for each in made["silences"]] == [
        "muted the story: Agents seize fentanyl at Otay Mesa"
    ]
    assert [(each["uid"], each["title"]) for each in made["alerts"]] == [
        ("one", "Agents seize fentanyl at Otay Mesa")
    ]
    (delivery,) = made["deliveries"]
    assert (delivery["event"], delivery["state"]) == ("alert.first", "done")
    assert [each["outcome"] for each in made["attempts"]] == ["accepted"]
    assert {each["action"] for each in made["audit"]} == {"silence", "unsubscribe"}
    assert "secret" not in str(made)
    (last,) = await app.store.read(audit.recent_audit, limit=1)
    assert (last.actor, last.action, last.object) == ("cli:root", "export", f"subscriber:{READER}")
    transport = httpx.ASGITransport(app=create_site(app, trusted=True))
    async with httpx.AsyncClient(transport=transport, base_url="http://daemon") as inside:
        answer = await inside.post(f"/api/v1/subscribers/{READER}/export")
        assert answer.json()["deliveries"][0]["uid"] == "one"


async def test_an_erased_reader_is_gone_gets_nothing_and_may_come_back_as_another(site: Site) -> None:
    stage, app = site
    await wait_for(app, "one", READER, "fentanyl")
    done = await desk.erase(app, READER, force=False, suppress=True, actor="cli:root")
    assert (done.gone["messages"], done.gone["channels"], done.kept) == (1, 1, ())
    before = len(stage.mailbox.mails)
    await round_trip(app)
    assert len(stage.mailbox.mails) == before
    assert READER not in {each.slug for each in await desk.list_subscribers(app)}
    with pytest.raises(NotFound):
        await desk.erase(app, READER, force=False, suppress=False, actor="cli:root")
    assert await app.store.read(suppressions.is_suppressed, ANA)
    with pytest.raises(Refused, match="monitor subscribers unsuppress"):
        await desk.invite(app, Wanted(address=ANA), actor="cli:root")
    await desk.unsuppress(app, ANA.upper(), actor="cli:root")
    invited = await desk.invite(app, Wanted(address=ANA, topics=("fentanyl",)), actor="cli:root")
    assert invited.outcome == "mailed"
    await round_trip(app)
    assert "The people of news-monitor demo invite you" in " ".join(stage.mailbox.mails[-1].text.split())


async def test_who_stands_in_a_file_is_erased_once_the_file_names_them_no_more(site: Site) -> None:
    stage, app = site
    with pytest.raises(Refused) as refused:
        await desk.erase(app, "redaccion", force=False, suppress=False, actor="cli:root")
    for part in ("subscriber redaccion (recipients.toml)", "channel demo-mail", "monitor apply", "--force"):
        assert part in str(refused.value)
    forced = await desk.erase(app, "redaccion", force=True, suppress=False, actor="cli:root")
    assert forced.gone["messages"] == 2
    assert "channel demo-mail (recipients.toml), until its file no longer names it" in forced.kept
    assert (await app.store.read(recipients.get_subscriber, "redaccion")).name == "Redacción"
    file = stage.folder / "recipients.toml"
    head, *tables = file.read_text().split("[[")
    kept = [table for table in tables if "redaccion" not in table]
    file.write_text(head + "".join(f"[[{table}" for table in kept))
    await app.apply_files(actor="daemon")
    done = await desk.erase(app, "redaccion", force=False, suppress=False, actor="cli:root")
    assert (done.gone["channels"], done.gone["subscriptions"]) == (1, 1)
    assert await app.apply_files(actor="daemon") == type(await app.apply_files(actor="daemon"))()
    assert not [
        each for each in await app.store.read(recipients.list_channels) if "redaccion@" in each.address
    ]


async def test_an_administrator_takes_back_one_topic_or_all(site: Site) -> None:
    _, app = site
    with pytest.raises(Refused, match="did not unsubscribe from anything"):
        await desk.opt_in(app, READER, topic="", actor="cli:root")
    for topic in ("fentanyl", "border-wall"):
        await preferences.stop(app, READER, subscription=READER, topic=topic, how="page")
    assert await desk.opt_in(app, READER, topic="fentanyl", actor="cli:root") == [f"{READER}: fentanyl"]
    await preferences.stop(app, READER, how="page")
    assert await desk.opt_in(app, READER, topic="", actor="cli:root") == [
        "everything",
        f"{READER}: border-wall",
    ]
    assert await app.store.read(subscribers.opt_outs) == set()
    assert not await app.store.read(suppressions.is_suppressed, ANA)


async def test_what_is_no_address_is_not_suppressed_and_what_is_not_listed_not_freed(site: Site) -> None:
    _, app = site
    with pytest.raises(Refused, match="is no mail address"):
        await desk.suppress(app, "everybody", actor="cli:root")
    with pytest.raises(NotFound, match="not on the suppression list"):
        await desk.unsuppress(app, "x@correo.example", actor="cli:root")
