"""Each format is one that feedparser (or a JSON reader) reads to the same items."""

import calendar
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser
import pytest

from monitor.demo.documents import Moment, changed_at, render
from monitor.demo.recordings import Recording, load_recordings

ORIGIN = datetime(2025, 1, 20, 12, 0, 0, 250_000, tzinfo=UTC)
RECORDINGS = load_recordings()


def at(seconds: float | None) -> Moment:
    began = None if seconds is None else ORIGIN + timedelta(seconds=30)
    return Moment(origin=ORIGIN, began_at=began, now=(began or ORIGIN) + timedelta(seconds=seconds or 0))


def read(recording: Recording, moment: Moment) -> list[tuple[str, str, str]]:
    """Return (id, link, title) of the entries in the order of the document."""
    body = render(recording, moment)
    if recording.format == "json":
        return [(item["id"], item["url"], item["title"]) for item in json.loads(body)["items"]]
    parsed: Any = feedparser.parse(body)
    assert not parsed.bozo, parsed.get("bozo_exception")
    return [(entry.id, entry.link, entry.title) for entry in parsed.entries]


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.slug)
@pytest.mark.parametrize("seconds", [None, 3.0, 60.0])
def test_a_reader_finds_exactly_what_is_shown(recording: Recording, seconds: float | None) -> None:
    shown = {
        (item.id, item.link, version.title)
        for item in recording.items
        if (version := item.version_at(seconds)) is not None
    }
    assert set(read(recording, at(seconds))) == shown


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.slug)
def test_the_newest_item_comes_first(recording: Recording) -> None:
    newest = max(recording.items, key=lambda item: item.appears)
    assert read(recording, at(60.0))[0][0] == newest.id


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.slug)
def test_the_same_window_has_the_same_bytes(recording: Recording) -> None:
    assert render(recording, at(20.0)) == render(recording, at(50.0))
    assert render(recording, at(None)) != render(recording, at(50.0))


@pytest.mark.parametrize("recording", [r for r in RECORDINGS if r.format != "json"], ids=lambda r: r.slug)
def test_dates_and_language_are_readable(recording: Recording) -> None:
    parsed: Any = feedparser.parse(render(recording, at(60.0)))
    assert parsed.feed.language == recording.language
    live = next(entry for entry in parsed.entries if entry.id == recording.items[-1].id)
    stamp = live["published_parsed"] if "published_parsed" in live else live["updated_parsed"]
    published = datetime.fromtimestamp(calendar.timegm(stamp), tz=UTC)
    due = ORIGIN + timedelta(seconds=30 + recording.items[-1].appears)
    assert abs(published - due) <= timedelta(seconds=1)


def test_markup_in_a_text_stays_text() -> None:
    recording = RECORDINGS[0]
    version = replace(
        recording.items[0].versions[0], title="a < b & “c” </title>", summary="1 < 2 & ]]> <b>x</b>"
    )
    hostile = replace(recording, items=(replace(recording.items[0], versions=(version,)),))
    for form in ("rss", "atom", "rdf"):
        entries = read(replace(hostile, format=form), at(None))
        assert [title for _, _, title in entries] == ["a < b & “c” </title>"]


def test_the_time_of_a_change_has_whole_seconds() -> None:
    moment = at(60.0)
    assert changed_at(RECORDINGS[0], moment).microsecond == 0
    assert changed_at(RECORDINGS[0], at(None)) == ORIGIN.replace(microsecond=0)
