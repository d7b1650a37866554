from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.config import Change, Desired, Plan, applied_revision, apply_plan, make_plan
from monitor.errors import ConfigError, StoreError
from monitor.model import Channel, Feed, FetchState, Subscription, Topic
from monitor.store import Sealer, Store, Transaction, audit, feeds, open_store, places, recipients, watchlist

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FLOOR, SPREAD = 1800, 600

WATCHLIST = """\
name = "line"
[[topic]]
slug = "tunnels"
name = "Tunnels"
query = "tunnel"
[[topic.must_match]]
title = "A tunnel"
[[topic]]
slug = "wall"
name = "Wall"
query = "wall"
"""
FEEDS = """\
[[feed]]
slug = "one"
url = "https://paper.mx/1"
[[feed]]
slug = "two"
url = "https://paper.mx/2"
min_interval_minutes = 120
[[feed]]
slug = "off"
url = "https://paper.mx/3"
enabled = false
disabled_reason = "never confirmed"
"""
RECIPIENTS = """\
[[subscriber]]
slug = "desk"
name = "Desk"
[[channel]]
slug = "hook"
kind = "webhook"
url = "https://hooks.paper.mx/in"
[[subscription]]
slug = "desk-hook"
subscriber = "desk"
channel = "hook"
topics = ["wall"]
"""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(
        f"sqlite:{tmp_path / 'store.db'}", sealer=Sealer(Sealer.new_key()), backup_dir=None
    )
    yield opened
    await opened.close()


@pytest.fixture
def files(folder: Any) -> Any:
    folder.write("watchlists/line.toml", WATCHLIST)
    folder.write("feeds/local.toml", FEEDS)
    folder.write("recipients.toml", RECIPIENTS)
    return folder


async def apply(store: Store, desired: Desired, *, now: datetime = NOW) -> Plan:
    return await store.write(apply_plan, desired, actor="test", now=now, floor=FLOOR, spread=SPREAD)


def short(plan: Plan) -> list[tuple[str, str, str]]:
    return [(each.action, each.kind, each.slug) for each in plan.changes]


async def feed(store: Store, slug: str) -> Feed:
    return await store.read(feeds.get_feed, slug)


async def topic(store: Store, slug: str) -> Topic:
    return await store.read(watchlist.get_topic, slug)


def _channels(tx: Transaction) -> dict[str, Channel]:
    return {each.slug: each for each in recipients.list_channels(tx, enabled_only=False)}


def _subscriptions(tx: Transaction) -> dict[str, Subscription]:
    return {each.slug: each for each in recipients.list_subscriptions(tx, enabled_only=False)}


async def test_a_plan_is_what_apply_does_and_changes_nothing_itself(store: Store, files: Any) -> None:
    desired = files.desired()
    planned = await store.read(make_plan, desired)
    assert short(planned) == [
        ("add", "subscriber", "desk"),
        ("add", "channel", "hook"),
        ("add", "topic", "tunnels"),
        ("add", "topic", "wall"),
        ("add", "feed", "one"),
        ("add", "feed", "two"),
        ("add", "feed", "off"),
        ("add", "subscription", "desk-hook"),
    ]
    assert await store.read(feeds.list_feeds) == []
    assert await apply(store, desired) == planned


async def test_applying_twice_is_applying_once(store: Store, files: Any) -> None:
    desired = files.desired()
    await apply(store, desired)
    before = await store.read(watchlist.watchlist_revision)
    assert not await store.read(make_plan, desired)
    assert not await apply(store, desired, now=NOW + timedelta(days=1))
    assert await store.read(watchlist.watchlist_revision) == before
    assert await store.read(applied_revision) == desired.revision
    assert len(await store.read(audit.recent_audit, limit=100)) == 8, (
        "an apply without a change leaves no trace"
    )


async def test_what_is_stored_is_what_was_written(store: Store, files: Any) -> None:
    desired = files.desired()
    await apply(store, desired)
    stored = {each.slug: each for each in await store.read(feeds.list_feeds)}
    for want in desired.feeds:
        have = stored[want.slug]
        assert replace(have, id=0, revision=1, fetch=want.fetch) == want
    for wanted in desired.topics:
        assert replace(await topic(store, wanted.slug), id=0) == wanted


async def test_first_polls_are_strewn_and_keep_to_the_floor(store: Store, folder: Any) -> None:
    text = "".join(f'[[feed]]\nslug = "f{n}"\nurl = "https://paper.mx/{n}"\n' for n in range(100))
    folder.write("feeds/many.toml", text)
    await apply(store, folder.desired())
    due = [(each.fetch.next_poll_at - NOW).total_seconds() for each in await store.read(feeds.list_feeds)]
    assert all(0 <= each < SPREAD for each in due)
    assert all(any(60 * n <= each < 60 * (n + 1) for each in due) for n in range(10)), (
        "no minute without a poll"
    )


async def test_a_feeds_own_interval_only_slows_down(store: Store, files: Any) -> None:
    await apply(store, files.desired())
    assert (await feed(store, "one")).fetch.interval == FLOOR
    assert (await feed(store, "two")).fetch.interval == 7200


async def test_changes_say_what_differs(store: Store, files: Any) -> None:
    await apply(store, files.desired())
    files.write("watchlists/line.toml", WATCHLIST.replace('query = "tunnel"', 'query = "tunnel OR subway"'))
    files.write("feeds/local.toml", FEEDS.replace("paper.mx/1", "paper.mx/one"))
    plan = await apply(store, files.desired())
    assert plan.changes == (
        Change(action="change", kind="topic", slug="tunnels", detail="query"),
        Change(
            action="change",
            kind="feed",
            slug="one",
            detail="url 'https://paper.mx/1' → 'https://paper.mx/one'",
        ),
    )
    assert (await topic(store, "tunnels")).revision == 2
    newest = (await store.read(audit.recent_audit, limit=1))[0]
    assert (newest.actor, newest.action, newest.object) == ("test", "change", "feed:one")


async def test_another_meaning_of_a_group_is_a_change_of_each_topic_that_uses_it(
    store: Store, files: Any
) -> None:
    groups = '[groups]\nline = "border OR @rio"\nrio = "Bravo"\n[[topic]]'
    text = WATCHLIST.replace("[[topic]]", groups, 1).replace('"tunnel"', '"tunnel @line"')
    files.write("watchlists/line.toml", text)
    await apply(store, files.desired())
    assert (await topic(store, "tunnels")).groups == (("line", "border OR @rio"), ("rio", "Bravo"))
    assert not await apply(store, files.desired()), "nothing changes twice"
    files.write("watchlists/line.toml", text.replace("Bravo", "Grande"))
    plan = await apply(store, files.desired())
    assert [(each.slug, each.detail) for each in plan.changes] == [("tunnels", "groups @rio")]
    assert ((await topic(store, "tunnels")).revision, (await topic(store, "wall")).revision) == (2, 1)
    files.write("watchlists/line.toml", text.replace("OR @rio", "OR @sea").replace("rio =", "sea ="))
    plan = await apply(store, files.desired())
    assert [(each.slug, each.detail) for each in plan.changes] == [("tunnels", "groups @line -@rio +@sea")]


async def test_a_change_of_access_is_shown_without_secrets_and_applied_once(store: Store, files: Any) -> None:
    environ = {"TOKEN": "s3cret", "NEW": "s3cret2"}
    await apply(store, files.desired())
    one = 'url = "https://paper.mx/1"\n'
    lines = 'priority = "urgent"\nfull_text = true\nalert_newest = 2\nalert_since = 2026-01-31\n'
    token = 'auth = {bearer = {env = "TOKEN"}}\n[feed.headers]\nX-Site = "plain"\n'
    files.write("feeds/local.toml", FEEDS.replace(one, one + lines + token))
    (change,) = (await apply(store, files.desired(environ))).changes
    assert (change.action, change.slug) == ("change", "one")
    assert change.detail.split(", ") == [
        "priority 'normal' → 'urgent'",
        "full_text False → True",
        "alert_newest 0 → 2",
        "alert_since none → 2026-01-31T00:00Z",
        "headers none → X-Site",
        'auth none → bearer {env = "TOKEN"}',
    ]
    stored = await feed(store, "one")
    assert (stored.revision, stored.full_text, stored.access.has_credentials) == (2, True, True)
    assert not await apply(store, files.desired(environ | {"TOKEN": "rotated"})), (
        "a new secret needs no apply"
    )
    files.write("feeds/local.toml", FEEDS.replace(one, one + lines + token.replace("TOKEN", "NEW")))
    plan = await apply(store, files.desired(environ))
    assert "s3cret" not in repr(plan)
    assert "s3cret" not in repr(await store.read(audit.recent_audit, limit=99))


async def test_what_vanished_is_switched_off_and_comes_back(store: Store, files: Any) -> None:
    await apply(store, files.desired())
    files.write("watchlists/line.toml", WATCHLIST[: WATCHLIST.index('[[topic]]\nslug = "wall"')])
    files.write("feeds/local.toml", "")
    files.write("recipients.toml", "")
    plan = await apply(store, files.desired())
    assert {each for each in short(plan) if each[0] == "disable"} == {
        ("disable", "topic", "wall"),
        ("disable", "feed", "one"),
        ("disable", "feed", "two"),
        ("disable", "channel", "hook"),
        ("disable", "subscription", "desk-hook"),
    }
    gone = await feed(store, "one")
    assert (gone.enabled, gone.disabled_reason) == (False, "no longer in feeds/local.toml")
    assert not (await topic(store, "wall")).enabled
    hook = (await store.read(_channels))["hook"]
    assert (hook.enabled, hook.disabled_reason) == (False, "no longer in recipients.toml")
    assert not await store.read(make_plan, files.desired())

    files.write("watchlists/line.toml", WATCHLIST)
    files.write("feeds/local.toml", FEEDS)
    files.write("recipients.toml", RECIPIENTS)
    back = await apply(store, files.desired())
    assert ("enable", "feed", "one") in short(back)
    assert ("disable", "subscription", "operator-console") in short(back)
    assert (await feed(store, "one")).disabled_reason == ""
    assert (await store.read(_channels))["hook"].secret == hook.secret, (
        "the receiver's key is the same as before"
    )
    assert (await topic(store, "wall")).revision == 1
    assert not await store.read(make_plan, files.desired())


async def test_a_webhook_without_a_key_gets_one_and_keeps_it(store: Store, files: Any) -> None:
    plan = await apply(store, files.desired())
    made = (await store.read(_channels))["hook"].secret
    assert made.startswith("whsec_")
    assert len(made) > 40
    assert made not in str(plan)
    assert made not in str(await store.read(audit.recent_audit, limit=100))
    files.write("recipients.toml", RECIPIENTS.replace("/in", "/elsewhere"))
    changed = await apply(store, files.desired())
    assert changed.changes[0].detail == "address", "webhook addresses may hold tokens and are not repeated"
    assert (await store.read(_channels))["hook"].secret == made


async def test_a_key_in_a_file_replaces_the_made_one(store: Store, files: Any) -> None:
    await apply(store, files.desired())
    made = (await store.read(_channels))["hook"].secret
    key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    files.write("recipients.toml", RECIPIENTS.replace('/in"', '/in"\nsecret = {env = "KEY"}'))
    plan = await apply(store, files.desired({"KEY": key}))
    assert plan.changes == (Change(action="change", kind="channel", slug="hook", detail="secret"),)
    changed = (await store.read(_channels))["hook"]
    assert changed.secret == key
    assert (changed.old_secret, changed.old_secret_until) == (made, NOW + timedelta(hours=24)), (
        "a key changed in a file has its grace, too"
    )
    files.write("recipients.toml", RECIPIENTS)
    await apply(store, files.desired())
    kept = (await store.read(_channels))["hook"]
    assert (kept.secret, kept.old_secret) == (key, made), "a line that goes changes no key"


async def test_a_channel_that_a_receiver_switched_off_stays_off(store: Store, files: Any) -> None:
    await apply(store, files.desired())
    await store.write(recipients.disable_channel, "hook", reason="answered 410", now=NOW)
    files.write("recipients.toml", RECIPIENTS.replace("/in", "/elsewhere"))
    await apply(store, files.desired())
    hook = (await store.read(_channels))["hook"]
    assert (hook.enabled, hook.disabled_reason) == (False, "answered 410")


async def test_a_pause_by_hand_survives_until_the_file_says_something_new(store: Store, files: Any) -> None:
    await apply(store, files.desired())
    paused = replace(await feed(store, "one"), enabled=False, disabled_reason="paused by Ana")
    await store.write(feeds.put_feed, paused)
    assert not await store.read(make_plan, files.desired())
    off = FEEDS.replace('url = "https://paper.mx/1"\n', 'url = "https://paper.mx/1"\nenabled = false\n')
    files.write("feeds/local.toml", off)
    await apply(store, files.desired())
    assert (await feed(store, "one")).disabled_reason == "disabled in feeds/local.toml"
    files.write("feeds/local.toml", FEEDS)
    assert short(await apply(store, files.desired())) == [("enable", "feed", "one")]
    assert (await feed(store, "one")).enabled


async def test_switching_on_by_hand_survives_too(store: Store, files: Any) -> None:
    await apply(store, files.desired())
    confirmed = replace(await feed(store, "off"), enabled=True, disabled_reason="")
    await store.write(feeds.put_feed, confirmed)
    assert not await apply(store, files.desired())
    assert (await feed(store, "off")).enabled


def theirs(owner: str) -> Feed:
    return Feed(
        slug="theirs",
        url="https://paper.mx/theirs",
        title="Theirs",
        owner=owner,
        fetch=FetchState(next_poll_at=NOW),
    )


@pytest.mark.parametrize("owner", ["ui", "api"])
async def test_what_others_own_is_left_alone(store: Store, files: Any, owner: str) -> None:
    before = await store.write(feeds.put_feed, theirs(owner))
    assert all(each.slug != "theirs" for each in (await apply(store, files.desired())).changes)
    assert await feed(store, "theirs") == before


async def test_a_slug_of_somebody_else_is_a_problem_and_changes_nothing(store: Store, files: Any) -> None:
    await store.write(feeds.put_feed, theirs("ui"))
    files.write("feeds/more.toml", '\n[[feed]]\nslug = "theirs"\nurl = "https://paper.mx/x"\n')
    desired = files.desired()
    with pytest.raises(ConfigError) as caught:
        await apply(store, desired)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (files.name("feeds/more.toml"), 2)
    assert "belongs to the web pages" in problem.message
    assert [each.slug for each in await store.read(feeds.list_feeds)] == ["theirs"]
    assert await store.read(applied_revision) is None


async def test_an_object_may_move_to_another_file(store: Store, files: Any) -> None:
    await apply(store, files.desired())
    files.write("feeds/local.toml", "")
    files.write("feeds/moved.toml", FEEDS)
    plan = await apply(store, files.desired())
    assert short(plan) == [("change", "feed", slug) for slug in ("one", "two", "off")]
    assert (await feed(store, "one")).owner == "file:feeds/moved.toml"
    assert (await feed(store, "one")).enabled


async def test_a_failure_half_way_changes_nothing(store: Store, files: Any) -> None:
    await apply(store, files.desired())
    files.write("feeds/local.toml", FEEDS + '[[feed]]\nslug = "new"\nurl = "https://paper.mx/new"\n')
    good = files.desired()
    bad = replace(good, feeds=(*good.feeds, replace(good.feeds[0], slug="bad", title="NUL \x00")))
    with pytest.raises(StoreError):
        await apply(store, bad)
    assert [each.slug for each in await store.read(feeds.list_feeds)] == ["off", "one", "two"]
    assert len(await store.read(audit.recent_audit, limit=100)) == 8
    assert short(await apply(store, good)) == [("add", "feed", "new")]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace('slug = "two"', "slug = two"),
        lambda text: text.replace("min_interval_minutes", "minutes"),
        lambda text: text.replace("https://paper.mx/2", "https://paper.mx/1"),
    ],
)
async def test_a_bad_file_changes_nothing_that_worked(
    store: Store, files: Any, spoil: Callable[[str], str]
) -> None:
    await apply(store, files.desired())
    before = await store.read(feeds.list_feeds)
    files.write("feeds/local.toml", spoil(FEEDS))
    with pytest.raises(ConfigError):
        await apply(store, files.desired())
    assert await store.read(feeds.list_feeds) == before


async def test_the_console_default_gives_way_and_returns(store: Store, files: Any) -> None:
    files.write("recipients.toml", "")
    await apply(store, files.desired())
    assert (await store.read(_subscriptions))["operator-console"].enabled
    files.write("recipients.toml", RECIPIENTS)
    await apply(store, files.desired())
    assert not (await store.read(_subscriptions))["operator-console"].enabled
    files.write("recipients.toml", "")
    await apply(store, files.desired())
    subscription = (await store.read(_subscriptions))["operator-console"]
    assert subscription.enabled
    assert subscription.channel.enabled


async def test_places_and_forecasts_are_added_changed_and_switched_off_with_their_file(
    store: Store, files: Any
) -> None:
    beside = """\
name = "beside"
[groups]
otay = "Otay"
[[place]]
slug = "tijuana"
name = "Tijuana"
query = "Tijuana OR @otay"
lat = 32.5
lon = -117
[[forecast]]
slug = "falls"
topics = ["wall"]
from = 2025-10-01
to = 2026-03-31
direction = "down"
text = "Fewer."
"""
    files.write("watchlists/places.toml", beside)
    first = await apply(store, files.desired())
    told = {(change.kind, change.slug): change for change in first.changes}
    assert (told["place", "tijuana"].action, told["place", "tijuana"].detail) == ("add", "Tijuana")
    assert told["forecast", "falls"].detail == "down from 2025-10-01 to 2026-03-31: wall"
    assert not await apply(store, files.desired())
    files.write("watchlists/places.toml", beside.replace('"Otay"', '"Mesa"').replace('"down"', '"up"'))
    changed = await apply(store, files.desired())
    assert [(change.action, change.kind, change.detail) for change in changed.changes] == [
        ("change", "place", "groups @otay"),
        ("change", "forecast", "direction"),
    ]
    (files.path / "watchlists/places.toml").unlink()
    gone = await apply(store, files.desired())
    assert [(change.action, change.kind) for change in gone.changes] == [
        ("disable", "forecast"),
        ("disable", "place"),
    ]
    assert await store.read(places.list_places) == []
    assert await store.read(places.list_forecasts) == []
    files.write("watchlists/places.toml", beside)
    back = await apply(store, files.desired())
    assert {(change.action, change.kind) for change in back.changes} == {
        ("change", "place"),
        ("change", "forecast"),
    }
