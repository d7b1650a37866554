"""The pages behind the links in mails, over real HTTP: GET asks, POST acts, and nobody needs to log in."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.app import App
from monitor.deliver.links import Link, LinkKind, make_token, read_token
from monitor.model import Cadence, Matcher, Quiet
from monitor.store import Transaction, audit, recipients, silences, subscribers, suppressions
from monitor.web.person import POSTS
from tests.pipeline.conftest import by_clock
from tests.web.subscribers import READER, newsroom, states, story, token, visitor, wait_for

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
FILE = "redaccion-mail"  # a subscription of the stage's recipients.toml, of the reader `redaccion`
HTML = "text/html; charset=utf-8"


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with newsroom(tmp_path) as (_, running):
        yield running


@pytest.fixture
async def web(app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app) as made:
        yield made


async def opt_outs(app: App) -> set[tuple[str, str]]:
    def look(tx: Transaction) -> set[tuple[str, str]]:
        slugs = {each.id: each.slug for each in recipients.list_subscriptions(tx)}
        return {(slugs[number], topic) for number, topic in subscribers.opt_outs(tx)}

    return await app.store.read(look)


async def own_silences(app: App, slug: str = READER) -> list[tuple[Matcher, datetime | None]]:
    found = await app.store.read(silences.list_silences, now=app.context.clock(), owner=f"subscriber:{slug}")
    return [(each.matcher, each.ends_at) for each in found]


KINDS = {
    LinkKind.UNSUBSCRIBE: (READER, "fentanyl"),
    LinkKind.UNSUBSCRIBE_ALL: (READER, ""),
    LinkKind.PREFERENCES: (READER, ""),
    LinkKind.SNOOZE_TOPIC: (READER, "fentanyl"),
    LinkKind.PAUSE: (READER, ""),
}


async def test_following_any_link_changes_nothing_however_often(app: App, web: httpx.AsyncClient) -> None:
    await wait_for(app, "waits", READER, "fentanyl")
    links = [*KINDS.items(), (LinkKind.MUTE_STORY, (READER, (await story(app)).uid))]
    before = await app.store.read(audit.recent_audit, limit=500)
    for kind, (subject, target) in links:
        for method in ("GET", "HEAD", "GET"):
            answer = await web.request(method, f"/u/{token(app, kind, subject, target)}")
            assert (answer.status_code, answer.headers["content-type"]) == (200, HTML), kind
            assert ("<form" in answer.text) == (method == "GET")
    assert await opt_outs(app) == set()
    assert await own_silences(app) == []
    assert await states(app) == {"waits": "pending"}
    assert await app.store.read(audit.recent_audit, limit=500) == before


async def test_pages_let_nothing_in_and_tell_nothing_to_others(app: App, web: httpx.AsyncClient) -> None:
    for kind, (subject, target) in KINDS.items():
        answer = await web.get(f"/u/{token(app, kind, subject, target)}")
        headers = answer.headers
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-robots-tag"] == "noindex, nofollow"
        assert headers["cache-control"] == "no-store"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        for outside in (
            "<script",
            "http://",
            "https://",
            "src=",
            "@import",
            "ana.lopez@",
            "style=",
            "action=",
            'href="/',
        ):
            assert outside not in answer.text, (kind, outside)


async def test_a_mail_programs_one_click_stops_the_topic_at_once_and_cancels_what_waits(
    app: App, web: httpx.AsyncClient
) -> None:
    await wait_for(app, "fentanyl", READER, "fentanyl")
    await wait_for(app, "wall", READER, "border-wall")
    link = f"/u/{token(app, LinkKind.UNSUBSCRIBE, READER, 'fentanyl')}"
    for _ in range(2):
        answer = await web.post(link, data=ONE_CLICK)
        assert answer.status_code == 200
        assert await opt_outs(app) == {(READER, "fentanyl")}
        assert await states(app) == {"fentanyl": "cancelled", "wall": "pending"}
    noted = [
        each for each in await app.store.read(audit.recent_audit, limit=9) if each.action == "unsubscribe"
    ]
    assert [(each.actor, each.detail) for each in noted] == [
        (f"subscriber:{READER}", {"how": "one-click", "topic": "fentanyl"})
    ]


async def test_one_click_takes_a_multipart_form_and_stops_a_whole_subscription(
    app: App, web: httpx.AsyncClient
) -> None:
    link = f"/u/{token(app, LinkKind.UNSUBSCRIBE, READER)}"
    answer = await web.post(link, files={"List-Unsubscribe": (None, "One-Click")})
    assert answer.status_code == 200
    assert await opt_outs(app) == {(READER, "")}


async def test_one_click_of_a_file_owned_reader_outlasts_the_files(app: App, web: httpx.AsyncClient) -> None:
    assert (
        await web.post(f"/u/{token(app, LinkKind.UNSUBSCRIBE_ALL, 'redaccion')}", data=ONE_CLICK)
    ).status_code == 200
    await app.apply_files(actor="daemon")
    assert await opt_outs(app) == {(FILE, "")}
    assert await app.store.read(suppressions.is_suppressed, "redaccion@demo.example")


async def test_what_no_page_of_ours_sends_does_nothing(app: App, web: httpx.AsyncClient) -> None:
    link = f"/u/{token(app, LinkKind.UNSUBSCRIBE, READER, 'fentanyl')}"
    for body in ({}, {"do": "explode"}, {"List-Unsubscribe": "maybe"}):
        assert (await web.post(link, data=body)).status_code == 400
    preferences = f"/u/{token(app, LinkKind.PREFERENCES, READER)}"
    assert (await web.post(preferences, data=ONE_CLICK)).status_code == 400
    assert (await web.post(link, data={"do": "stop", "scope": "world"})).status_code == 422
    assert (await web.post(link, content=b"do=stop&x=" + b"y" * 70_000)).status_code == 400
    assert await opt_outs(app) == set()
    for method in ("PUT", "DELETE", "PATCH"):
        assert (await web.request(method, link)).status_code == 405


async def test_a_link_that_was_cut_or_changed_gets_a_clear_404(app: App, web: httpx.AsyncClient) -> None:
    whole = token(app, LinkKind.UNSUBSCRIBE, READER)
    for bad in (whole[:-1], whole[:10], "x", f"{whole}x", whole.replace(".", ""), "%00", "é.é"):
        for method in ("GET", "POST"):
            answer = await web.request(method, f"/u/{bad}", data=ONE_CLICK if method == "POST" else None)
            assert answer.status_code == 404, bad
            assert "open it again from the mail" in answer.text
    spanish = await web.get(f"/u/{whole[:-1]}", headers={"Accept-Language": "es-MX,es;q=0.9"})
    assert "ábralo de nuevo desde el correo" in spanish.text
    assert 'lang="es"' in spanish.text
    assert await opt_outs(app) == set()


async def test_a_good_link_to_what_is_gone_says_so_and_is_a_success_to_a_mail_program(
    app: App, web: httpx.AsyncClient
) -> None:
    link = f"/u/{token(app, LinkKind.UNSUBSCRIBE, 'no-such')}"
    assert (await web.get(link)).status_code == 410
    assert (await web.post(link, data={"do": "stop", "scope": "all"})).status_code == 410
    assert (await web.post(link, data=ONE_CLICK)).status_code == 200
    assert (await web.get(f"/u/{token(app, LinkKind.MUTE_STORY, READER, 'no-story')}")).status_code == 410


async def test_the_page_stops_a_topic_a_subscription_or_all_and_takes_it_back(
    app: App, web: httpx.AsyncClient
) -> None:
    link = f"/u/{token(app, LinkKind.UNSUBSCRIBE, READER, 'fentanyl')}"
    for scope, expected in (("topic", "fentanyl"), ("subscription", "")):
        form = {"scope": scope, "subscription": READER, "topic": "fentanyl"}
        stopped = await web.post(link, data={"do": "stop", **form})
        assert (stopped.status_code, await opt_outs(app)) == (200, {(READER, expected)})
        assert 'name="do" value="resume"' in stopped.text
        assert (await web.post(link, data={"do": "resume", **form})).status_code == 200
        assert await opt_outs(app) == set()
    assert (await web.post(link, data={"do": "stop", "scope": "all"})).status_code == 200
    assert await opt_outs(app) == {(READER, "")}
    assert await app.store.read(suppressions.is_suppressed, "ana.lopez@correo.example")
    shown = await web.get(link)
    assert "Everything is stopped" in shown.text
    assert (await web.post(link, data={"do": "resume", "scope": "all"})).status_code == 200
    assert await opt_outs(app) == set()
    assert not await app.store.read(suppressions.is_suppressed, "ana.lopez@correo.example")


async def test_nobody_stops_or_changes_what_is_not_theirs(app: App, web: httpx.AsyncClient) -> None:
    mine = f"/u/{token(app, LinkKind.PREFERENCES, READER)}"
    theirs = f"/u/{token(app, LinkKind.PAUSE, 'redaccion')}"
    tomorrow = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    assert (await web.post(theirs, data={"do": "pause", "until": tomorrow})).status_code == 200
    (uid,) = [each.uid for each in await app.store.read(silences.list_silences)]
    assert (await web.post(mine, data={"do": "end", "uid": uid})).status_code == 410
    form = {"do": "stop", "scope": "subscription", "subscription": FILE}
    assert (await web.post(mine, data=form)).status_code == 410
    assert (
        await web.post(mine, data={"do": "address", "channel": "demo-mail", "address": "x@e.example"})
    ).status_code == 410
    assert await opt_outs(app) == set()
    assert len(await own_silences(app, "redaccion")) == 1


async def test_a_story_is_muted_once_and_heard_again(app: App, web: httpx.AsyncClient) -> None:
    clock = by_clock(app)
    uid = (await story(app)).uid
    link = f"/u/{token(app, LinkKind.MUTE_STORY, READER, uid)}"
    assert "Agents seize fentanyl at Otay Mesa" in (await web.get(link)).text
    for _ in range(2):
        assert (await web.post(link, data={"do": "mute"})).status_code == 200
        matcher = Matcher(subscribers=(READER,), stories=(uid,))
        assert await own_silences(app) == [(matcher, clock.now + timedelta(days=60))]
    (silence,) = await app.store.read(silences.list_silences, now=clock.now)
    for _ in range(2):
        assert (await web.post(link, data={"do": "end", "uid": silence.uid})).status_code == 200
        assert await own_silences(app) == []


@pytest.mark.parametrize("hours", [24, 168])
async def test_a_topic_is_snoozed_for_a_day_or_a_week(app: App, web: httpx.AsyncClient, hours: int) -> None:
    clock = by_clock(app)
    link = f"/u/{token(app, LinkKind.SNOOZE_TOPIC, READER, 'fentanyl')}"
    assert (await web.post(link, data={"do": "snooze", "hours": "168"})).status_code == 200
    answer = await web.post(link, data={"do": "snooze", "hours": str(hours)})
    assert answer.status_code == 200
    matcher = Matcher(subscribers=(READER,), topics=("fentanyl",))
    assert await own_silences(app) == [(matcher, clock.now + timedelta(hours=hours))]
    for bad in ("", "25", "-1", "x", "24.0", "٢٤"):
        assert (await web.post(link, data={"do": "snooze", "hours": bad})).status_code == 422


async def test_a_pause_ends_as_the_day_begins_where_the_reader_is(app: App, web: httpx.AsyncClient) -> None:
    by_clock(app).now = datetime(2025, 3, 8, 20, tzinfo=UTC)  # the night before the clocks change in Tijuana
    link = f"/u/{token(app, LinkKind.PAUSE, READER)}"
    assert (await web.post(link, data={"do": "pause", "until": "2025-03-10"})).status_code == 200
    end = datetime(2025, 3, 10, tzinfo=ZoneInfo("America/Tijuana"))
    assert await own_silences(app) == [(Matcher(subscribers=(READER,)), end)]
    assert end.astimezone(UTC) == datetime(2025, 3, 10, 7, tzinfo=UTC)
    for bad in ("2025-03-08", "2025-03-07", "2026-04-01", "", "tomorrow", "9999-12-31"):
        answer = await web.post(link, data={"do": "pause", "until": bad})
        assert answer.status_code == 422, bad
        assert "between tomorrow and a year from now" in answer.text


async def test_a_reader_of_our_own_changes_everything_on_one_page(app: App, web: httpx.AsyncClient) -> None:
    link = f"/u/{token(app, LinkKind.PREFERENCES, READER)}"
    saved = await web.post(link, data={"do": "person", "language": "es", "zone": "America/Mexico_City"})
    assert "Guardado." in saved.text
    assert "Sus ajustes" in saved.text
    form = {
        "do": "subscription", "subscription": READER, "which": "these", "topic": ["border-wall", "gone"],
        "only": ["es"],
        "cadence": "weekly", "digest_at": "06:30", "digest_day": "4", "quiet_begins": "23:00", "quiet_ends": "05:15",
        "pierce": "1",
    }  # fmt: skip
    assert (await web.post(link, data=form)).status_code == 200
    found = await app.store.read(recipients.find_subscription, READER)
    assert (found.subscriber.language, found.subscriber.zone) == ("es", "America/Mexico_City")
    assert (found.topics, found.languages) == (("border-wall",), ("es",))
    timing = found.timing
    assert (timing.cadence, timing.digest_at, timing.digest_day) == (Cadence.WEEKLY, 390, 4)
    assert (timing.quiet, timing.pierce, timing.all_quiet) == (Quiet(begins=1380, ends=315), True, False)
    page = (await web.get(link)).text
    assert 'value="06:30"' in page
    assert '<option value="weekly" selected>' in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"which": "these"}, {"which": ""}, {"which": "these", "topic": "no-such"}, {"cadence": "never"},
        {"digest_at": "25:00"}, {"digest_at": ""}, {"digest_day": "7"}, {"quiet_begins": "22:00"},
        {"quiet_begins": "22:00", "quiet_ends": "22:00"}, {"only": "xx"},
    ],
)  # fmt: skip
async def test_a_wrong_value_changes_nothing_and_is_named(
    app: App, web: httpx.AsyncClient, wrong: dict[str, str]
) -> None:
    before = await app.store.read(recipients.find_subscription, READER)
    form = {
        "do": "subscription", "subscription": READER, "which": "all", "cadence": "daily", "digest_at": "07:00",
        "digest_day": "0",
    }  # fmt: skip
    answer = await web.post(f"/u/{token(app, LinkKind.PREFERENCES, READER)}", data=form | wrong)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert await app.store.read(recipients.find_subscription, READER) == before


async def test_what_a_file_owns_is_shown_with_its_name_and_can_only_be_stopped_and_paused(
    app: App, web: httpx.AsyncClient
) -> None:
    link = f"/u/{token(app, LinkKind.PREFERENCES, 'redaccion')}"
    page = (await web.get(link)).text
    assert "recipients.toml" in page
    assert "Guardar" not in page
    assert 'name="zone"' not in page
    before = await app.store.read(recipients.find_subscription, FILE)
    for form in (
        {"do": "person", "language": "en", "zone": "UTC"},
        {
            "do": "subscription",
            "subscription": FILE,
            "which": "all",
            "cadence": "daily",
            "digest_at": "07:00",
        },
        {"do": "address", "channel": "demo-mail", "address": "new@correo.example"},
    ):
        answer = await web.post(link, data=form)
        assert answer.status_code == 422
        assert "no se puede cambiar aquí" in answer.text
    assert await app.store.read(recipients.find_subscription, FILE) == before
    topic = {"do": "stop", "scope": "topic", "subscription": FILE, "topic": "fentanyl"}
    assert (await web.post(link, data=topic)).status_code == 200
    assert await opt_outs(app) == {(FILE, "fentanyl")}


async def test_posts_by_one_link_are_slowed_and_those_by_others_are_not(
    app: App, web: httpx.AsyncClient
) -> None:
    clock = by_clock(app)
    link = f"/u/{token(app, LinkKind.UNSUBSCRIBE, READER, 'fentanyl')}"
    answers = [(await web.post(link, data=ONE_CLICK)).status_code for _ in range(POSTS.burst + 3)]
    assert answers == [200] * POSTS.burst + [429] * 3
    other = f"/u/{token(app, LinkKind.UNSUBSCRIBE, READER, 'border-wall')}"
    assert (await web.post(other, data=ONE_CLICK)).status_code == 200
    clock.advance(seconds=POSTS.seconds + 0.1)
    assert (await web.post(link, data=ONE_CLICK)).status_code == 200


async def test_titles_from_feeds_are_text_and_nothing_else(app: App, web: httpx.AsyncClient) -> None:
    found = await story(app)
    await app.store.write(
        lambda tx: tx.run(
            "UPDATE stories SET title = :t WHERE uid = :u", t='<script>x</script>"&', u=found.uid
        )
    )
    page = (await web.get(f"/u/{token(app, LinkKind.MUTE_STORY, READER, found.uid)}")).text
    assert "<script" not in page
    assert "&lt;script&gt;x&lt;/script&gt;&#34;&amp;" in page


async def test_the_trusted_site_has_no_such_pages(app: App) -> None:
    from monitor.web import create_site

    transport = httpx.ASGITransport(app=create_site(app, trusted=True))
    async with httpx.AsyncClient(transport=transport, base_url="http://daemon") as inside:
        assert (await inside.get(f"/u/{token(app, LinkKind.PAUSE, READER)}")).status_code == 404


@given(
    st.sampled_from(list(LinkKind)),
    st.text(st.characters(codec="utf-8")),
    st.text(st.characters(codec="utf-8")),
    st.binary(min_size=1),
)
def test_a_token_says_what_was_put_in_and_opens_under_its_key_only(
    kind: LinkKind, subject: str, target: str, key: bytes
) -> None:
    link = Link(kind=kind, subject=subject, object=target)
    made = make_token(key, link)
    assert read_token(key, made) == link
    assert read_token(key + b"x", made) is None


@given(st.text(), st.integers(0, 200), st.sampled_from("abcXYZ019-_."))
def test_no_changed_token_is_read_as_another_link(text: str, at: int, put: str) -> None:
    key = b"k" * 32
    link = Link(kind=LinkKind.UNSUBSCRIBE, subject="ana-news", object="tariffs")
    made = make_token(key, link)
    changed = made[: at % len(made)] + put + made[at % len(made) + 1 :]
    assert read_token(key, changed) in {None, link}
    assert read_token(key, text) is None
