"""From a feed on the wire to a webhook and a mail on the wire: who is told, when, and why not."""

import json
from pathlib import Path
from typing import Any

from monitor.app import App
from monitor.demo.recordings import Version
from monitor.desk.explain import explain
from monitor.store import feeds, hits, polls
from tests.conftest import opened, pass_time, poll_all, recorded, recording, small_stage

OLD = recorded("old", "Fentanyl case from last week goes to court")
NEW = recorded(
    "new", "Agents seize fentanyl at Otay Mesa", "The border wall was no help, officials said.", at=5
)


async def decisions(app: App, link: str) -> dict[str, tuple[str, ...]]:
    (item, *_) = await explain(app, link)
    return {verdict.topic: verdict.decisions for verdict in item.verdicts if verdict.hit}


async def outcomes(app: App, slug: str) -> list[str]:
    feed = await app.store.read(feeds.get_feed, slug)
    history = await app.store.read(polls.recent_polls, feed.id, limit=10)
    return [poll.outcome.value for poll in reversed(history)]


async def test_the_first_poll_of_a_feed_alerts_nobody_and_says_so_in_the_ledger(tmp_path: Path) -> None:
    async with small_stage(tmp_path, recording("gazette", OLD)) as stage, opened(stage) as app:
        await poll_all(app)
        assert stage.receiver.requests == []
        assert stage.mailbox.mails == []
        (hit,) = await app.store.read(hits.recent_hits, limit=10)
        assert hit.reason.value == "baseline"
        told = await decisions(app, OLD.link)
        assert len(told["fentanyl"]) == 2, "one decision for each subscription"
        assert all("suppressed, found by the feed's first poll" in line for line in told["fentanyl"])


async def test_a_new_item_alerts_each_subscription_once_with_the_words_that_matched(tmp_path: Path) -> None:
    async with small_stage(tmp_path, recording("gazette", OLD, NEW)) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        await poll_all(app)
        assert len(stage.receiver.requests) == 1
        (body,) = stage.receiver.messages.values()
        (mail,) = stage.mailbox.mails
    shown: list[dict[str, Any]] = json.loads(body)["data"]["hits"]
    assert {hit["topic"] for hit in shown} == {"fentanyl", "border-wall"}
    for hit in shown:
        assert hit["spans"]
        for span in hit["spans"]:
            assert hit["item"][span["field"]][span["start"] : span["end"]] == span["text"]
    assert {word for hit in shown for word in hit["words"]} == {"fentanyl", "border wall"}
    assert "Agents seize fentanyl at Otay Mesa" in mail.subject
    assert "«fentanyl»" in mail.text
    assert NEW.link in mail.text


async def test_a_story_that_a_second_feed_repeats_waits_for_the_digest_with_that_reason(
    tmp_path: Path,
) -> None:
    copy = recorded("copy", "Agents seize fentanyl at Otay Mesa - The Herald", at=20)
    papers = (recording("gazette", OLD, NEW), recording("herald", copy, title="The Herald"))
    async with small_stage(tmp_path, *papers) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage, 10)
        await poll_all(app)
        pass_time(stage, 30)
        await poll_all(app)
        assert len(stage.receiver.requests) == len(stage.mailbox.mails) == 1
        told = await decisions(app, copy.link)
    assert all("digest, nothing new since the alert of" in line for line in told["fentanyl"])


async def test_an_update_alerts_when_it_matches_for_the_first_time_and_only_then(tmp_path: Path) -> None:
    quiet = recorded(
        "quiet",
        "Truck stopped at the Juarez bridge",
        updates=(
            Version(
                at=5, title="Truck at the Juarez bridge carried fentanyl", summary="", topics=frozenset()
            ),
            Version(at=50, title="Fentanyl truck at Juarez: driver held", summary="", topics=frozenset()),
        ),
    )
    async with small_stage(tmp_path, recording("gazette", OLD, quiet)) as stage, opened(stage) as app:
        await poll_all(app)
        assert stage.receiver.requests == []
        pass_time(stage, 10)
        await poll_all(app)
        assert len(stage.receiver.requests) == len(stage.mailbox.mails) == 1
        pass_time(stage, 60)
        await poll_all(app)
        assert len(stage.receiver.requests) == len(stage.mailbox.mails) == 1
        (item,) = await explain(app, quiet.link)
    assert item.version == 3, "the second update was stored"
    (verdict,) = (each for each in item.verdicts if each.hit)
    assert "(updated)" in verdict.sentence
    assert all("a changed version of the item matched for the first time" in d for d in verdict.decisions)


async def test_an_item_that_has_hit_is_not_told_again_when_it_changes(tmp_path: Path) -> None:
    changing = recorded(
        "changing",
        "Fentanyl load found in Nogales",
        at=5,
        updates=(Version(at=50, title="Fentanyl load in Nogales grows", summary="", topics=frozenset()),),
    )
    async with small_stage(tmp_path, recording("gazette", OLD, changing)) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage, 10)
        await poll_all(app)
        pass_time(stage, 60)
        await poll_all(app)
        (item,) = await explain(app, changing.link)
        assert item.version == 2
        assert len(stage.receiver.requests) == len(stage.mailbox.mails) == 1


async def test_unchanged_feeds_are_not_parsed_again(tmp_path: Path) -> None:
    """Neither after a 304 nor when a server without validators sends the same bytes: the parsers are closed."""
    papers = (recording("etag", OLD), recording("plain", OLD, etag=False, gzip=True))
    async with small_stage(tmp_path, *papers) as stage, opened(stage) as app:
        await poll_all(app)
        await app.parsers.close()
        await poll_all(app)
        assert await outcomes(app, "etag") == ["new", "not_modified"]
        assert await outcomes(app, "plain") == ["new", "same"]
        plain = await app.store.read(feeds.get_feed, "plain")
        assert plain.fetch.reason == "the same bytes as last time"
        assert [each.status for each in stage.feeds.requests if each.slug == "etag"] == [200, 304]


async def test_a_subscription_hears_of_its_own_topics_and_languages_only(tmp_path: Path) -> None:
    async with small_stage(tmp_path, recording("gazette", OLD, NEW)) as stage:
        recipients = stage.folder / "recipients.toml"
        recipients.write_text(
            recipients.read_text()
            .replace('slug = "newsroom-hook"', 'slug = "newsroom-hook"\ntopics = ["border-wall"]')
            .replace('slug = "redaccion-mail"', 'slug = "redaccion-mail"\nlanguages = ["es"]')
        )
        async with opened(stage) as app:
            await poll_all(app)
            pass_time(stage)
            await poll_all(app)
        (body,) = stage.receiver.messages.values()
        assert [hit["topic"] for hit in json.loads(body)["data"]["hits"]] == ["border-wall"]
        assert stage.mailbox.mails == []


async def test_a_matching_item_in_every_format_alerts(tmp_path: Path) -> None:
    """RSS 2.0, Atom, RSS 1.0 and JSON Feed lead to the same alert."""
    titles = {
        "rss": "Fentanyl hidden in avocados stopped at Pharr",
        "atom": "Senator asks for fentanyl scanners in Laredo",
        "rdf": "Judge in Tucson sentences fentanyl courier",
        "json": "Fentanyl deaths fall in El Paso County",
    }
    papers = [
        recording(kind, OLD, recorded(f"{kind}-new", title, at=5), format=kind)
        for kind, title in titles.items()
    ]
    async with small_stage(tmp_path, *papers) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        told = {json.loads(body)["data"]["story"]["title"] for body in stage.receiver.messages.values()}
    assert told == set(titles.values())
