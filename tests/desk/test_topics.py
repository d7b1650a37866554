"""Matching text given by hand is the daemon's matching."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.desk.topics import match_record, pick, run_lint, run_tests, topic_line
from monitor.errors import MonitorError
from monitor.match import compile_watchlist
from monitor.model import Example, Priority, Topic

FENTANYL = Topic(
    id=1,
    slug="fentanyl",
    watchlist="test",
    name="Fentanyl",
    description="",
    priority=Priority.URGENT,
    query="fentanyl OR fentanilo",
    owner="file:test",
    examples=(Example(title="Fentanyl", match=True), Example(title="fentanilo", match=False)),
)
WATCHLIST = compile_watchlist([FENTANYL], revision=1)


@given(st.text(max_size=60), st.text(max_size=60))
def test_spans_point_into_the_text_as_it_was_matched(before: str, after: str) -> None:
    title = f"{before} fentanyl {after}"
    found = match_record(WATCHLIST, {"id": 1, "title": title, "summary": ""}, line=1)
    for topic in found["topics"]:
        for span in topic["spans"]:
            assert span["text"].casefold() in {"fentanyl", "fentanilo"}
            assert span["end"] - span["start"] == len(span["text"])


def test_html_is_read_as_a_feed_reader_would() -> None:
    record = {"id": 1, "title": "A &amp; B", "summary": "<p>fen<b>tanyl</b></p><script>fentanyl</script>"}
    (topic,) = match_record(WATCHLIST, record, line=1)["topics"]
    assert topic["spans"] == [{"field": "summary", "start": 0, "end": 8, "text": "fentanyl"}]


def test_a_record_without_texts_matches_nothing() -> None:
    assert match_record(WATCHLIST, {"id": None}, line=1) == {"id": None, "topics": []}


@pytest.mark.parametrize("record", [1, None, [], "x", {}, {"id": 1, "lang": 3}])
def test_a_record_of_another_shape_is_refused_with_its_line(record: object) -> None:
    with pytest.raises(MonitorError, match="line 7"):
        match_record(WATCHLIST, record, line=7)


def test_pinned_examples_are_counted_and_broken_ones_named() -> None:
    (result,) = run_tests([FENTANYL])
    assert (result.must_match, result.must_not_match, len(result.broken)) == (1, 1, 1)
    assert "fentanilo" in result.broken[0]


def test_topics_without_findings_are_left_out_of_the_lint() -> None:
    assert set(run_lint([FENTANYL])) <= {"fentanyl"}


def test_topics_are_picked_in_the_order_asked_for() -> None:
    assert pick([FENTANYL], []) == [FENTANYL]
    assert pick([FENTANYL], ["fentanyl"]) == [FENTANYL]
    with pytest.raises(MonitorError, match="there are: fentanyl"):
        pick([FENTANYL], ["other"])


def test_a_line_shows_what_a_list_needs() -> None:
    line = topic_line(FENTANYL)
    assert (line.slug, line.priority, line.examples, line.enabled) == ("fentanyl", "urgent", 2, True)
