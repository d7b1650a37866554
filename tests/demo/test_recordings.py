"""The shipped recordings hold what is to be shown, and the loader refuses what it cannot use."""

import itertools
from pathlib import Path

import pytest

from monitor.demo.recordings import Recording, expected_stories, load_recordings, stories_by_link


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return load_recordings()


def test_every_format_both_languages_and_a_fault_are_shown(recordings: tuple[Recording, ...]) -> None:
    assert {recording.format for recording in recordings} == {"rss", "atom", "rdf", "json"}
    assert {recording.language for recording in recordings} == {"en", "es"}
    assert any(recording.faults for recording in recordings)


def test_links_and_ids_are_unique(recordings: tuple[Recording, ...]) -> None:
    items = [item for recording in recordings for item in recording.items]
    assert len({item.link for item in items}) == len(items)
    assert len({item.id for item in items}) == len(items)


def test_every_feed_can_be_asked_conditionally(recordings: tuple[Recording, ...]) -> None:
    """The run begins with a conditional request to each feed, so one without a validator would hold it up."""
    assert all(recording.etag or recording.last_modified for recording in recordings)


def test_changes_of_a_feed_known_by_its_date_alone_are_seconds_apart(
    recordings: tuple[Recording, ...],
) -> None:
    """HTTP dates have whole seconds: two changes within one would look like one to If-Modified-Since."""
    for recording in (recording for recording in recordings if not recording.etag):
        moments = (0.0, *recording.changes())
        assert all(later - sooner > 1 for sooner, later in itertools.pairwise(moments))


def test_something_matches_in_the_first_window_and_must_not_alert(recordings: tuple[Recording, ...]) -> None:
    expected = {story.story for story in expected_stories(recordings)}
    first_window = {
        item.story
        for recording in recordings
        for item in recording.items
        if item.appears == 0 and item.versions[0].topics
    }
    assert first_window
    assert not first_window & expected


def test_a_story_carried_by_two_feeds_is_expected_once(recordings: tuple[Recording, ...]) -> None:
    carriers = {
        recording.slug
        for recording in recordings
        for item in recording.items
        if item.story == "guard-deployment"
    }
    assert len(carriers) == 2
    assert [story.story for story in expected_stories(recordings)].count("guard-deployment") == 1


def test_a_story_that_an_edit_brings_is_expected_with_the_topics_of_the_edit(
    recordings: tuple[Recording, ...],
) -> None:
    story = next(story for story in expected_stories(recordings) if story.story == "eagle-pass-trailer")
    assert story.topics == {"smuggling-corridors"}
    assert story.title.startswith("Border Patrol finds")


def test_every_link_leads_to_its_story(recordings: tuple[Recording, ...]) -> None:
    links = stories_by_link(recordings)
    assert links["https://fronterahoy.example/1006-narcotunel-otay"] == "otay-tunnel"


GOOD = """
slug = "a"
title = "A"
language = "en"
region = ""
format = "rss"
home = "https://a.example"
etag = true
last_modified = true
gzip = false
[[item]]
id = "1"
link = "https://a.example/1"
title = "One"
summary = "Text"
appears = 3
story = "one"
topics = []
"""


def test_a_key_that_is_missing_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD.replace('slug = "a"\n', ""))
    with pytest.raises(KeyError, match=r"a\.toml.*slug"):
        load_recordings(tmp_path)


def test_updates_out_of_order_are_refused(tmp_path: Path) -> None:
    update = '[[item.update]]\nat = 2\ntitle = "Two"\nsummary = ""\ntopics = []\n'
    (tmp_path / "a.toml").write_text(GOOD + update)
    with pytest.raises(ValueError, match="order of time"):
        load_recordings(tmp_path)


def test_a_version_is_shown_from_its_moment_on(tmp_path: Path) -> None:
    update = '[[item.update]]\nat = 5\ntitle = "Two"\nsummary = ""\ntopics = []\n'
    (tmp_path / "a.toml").write_text(GOOD + update)
    item = load_recordings(tmp_path)[0].items[0]
    shown = {at: item.version_at(at) for at in (None, 0.0, 2.9, 3.0, 4.9, 5.0)}
    assert {at: version.title if version else None for at, version in shown.items()} == {
        None: None,
        0.0: None,
        2.9: None,
        3.0: "One",
        4.9: "One",
        5.0: "Two",
    }
