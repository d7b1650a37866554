"""What recent items tell of a topic: terms that are everywhere, NOTs that take much away, capitals that are words."""

import random
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.match import Sample, lint, lint_group, parse_query
from monitor.match.advice.finding import Finding
from monitor.model import Example, ItemText, Priority, Topic
from tests.match.chance import VOCABULARY, Shape, random_item, random_tree, topic_of

ITEMS = (
    *(ItemText(title=f"Police said number {n} in Ohio") for n in range(30)),
    *(ItemText(title=f"Tijuana cartel boss {n} held", summary="A film") for n in range(4)),
    *(ItemText(title=f"Tijuana cartel boss {n} held", summary="At home") for n in range(4)),
    *(ItemText(title=f"Rain falls on day {n}", summary="Nobody can trust the sky") for n in range(362)),
)
SAMPLE = Sample(ITEMS)


def told(query: str, sample: Sample = SAMPLE, **more: object) -> list[Finding]:
    fields = {"groups": (), "examples": (Example(title="x", match=False),), **more}
    topic = Topic(
        slug="t", watchlist="w", name="t", description="", priority=Priority.LOW, owner="o", query=query,
        **fields,  # type: ignore[arg-type]
    )  # fmt: skip
    return [one for one in lint(topic, sample) if one.code != "one-language"]


def test_a_term_that_is_enough_and_in_many_items_is_told_with_its_share_and_an_example() -> None:
    (one,) = told("Acapulco OR Tijuana")
    assert (one.code, one.column) == ("broad-term", 13)
    assert one.message == "Tijuana is in 2.0% of 400 recent items, as in “Tijuana cartel boss 0 held”"
    assert [one.column for one in told("polic* OR title:said OR summary:number")] == [1, 17]


def test_terms_that_only_count_together_are_told_at_once_the_commonest_first() -> None:
    (one,) = told("Tijuana AND (film OR day) AND Laredo")
    assert (one.code, one.column) == ("common-terms", 22)
    assert one.message == (
        "day is in 90.5% of 400 recent items, as in “Rain falls on day 0”; so are Tijuana 2.0%, film 1.0%"
    )


def test_seldom_terms_and_small_samples_tell_nothing() -> None:
    assert told("Tijuana", Sample(ITEMS[200:])) == []
    assert told("Tijuana", Sample(ITEMS[:199])) == []
    assert told("Tijuana AND NOT lang:de", Sample(())) == []
    two = (*ITEMS[:30], *ITEMS[36:40], *ITEMS[40:240], ItemText(title="boss 1"), ItemText(title="boss 2"))
    assert [one.code for one in told('"boss 1" OR Laredo', Sample(two))] == []


def test_what_a_not_names_and_what_a_group_says_is_no_term_of_the_topic() -> None:
    groups = {"g": "Tijuana OR Tecate"}
    assert told("Laredo AND NOT (police OR day)") == []
    assert told("Laredo OR @g", groups=tuple(groups.items())) == []
    assert [(one.code, one.group, one.column) for one in lint_group("g", groups, SAMPLE)] == [
        ("broad-term", "g", 1)
    ]


def test_a_not_that_takes_much_away_is_told_with_how_much() -> None:
    (one,) = (each for each in told("Tijuana AND NOT film AND NOT Laredo") if each.code == "not-removes")
    assert one.column == 17
    assert one.message == "NOT film takes away 4 of 8 recent items, as “Tijuana cartel boss 0 held”"


def test_a_not_inside_an_alternative_is_seen_too_and_one_that_takes_little_is_not() -> None:
    codes = [(one.code, one.column) for one in told("Laredo OR (boss AND NOT film) OR (boss AND NOT 3)")]
    assert ("not-removes", 25) not in codes  # the other alternative finds them
    assert ("not-removes", 25) in [(one.code, one.column) for one in told("Laredo OR (boss AND NOT film)")]
    assert "not-removes" not in [one.code for one in told('boss AND NOT "boss 3"')]


def test_a_not_that_takes_a_pinned_example_away_is_named() -> None:
    examples = (
        Example(title="A film of the Tijuana cartel is found at a scene", match=True),
        Example(title="Tijuana", match=True),
        Example(title="Tijuana film", match=False),
        Example(title="Elsewhere", match=True),
    )
    (one,) = told("Tijuana AND NOT film AND NOT Laredo", Sample(), examples=examples)
    assert (one.code, one.column) == ("not-removes", 17)
    assert one.message.startswith("NOT film takes away the pinned example 'A film of the Tijuana")


@pytest.mark.parametrize("query", ["lang:es AND NOT (NOT tunnel)", "tunnel AND (x OR NOT (NOT z))"])
def test_a_not_that_the_query_cannot_do_without_is_let_be(query: str) -> None:
    assert told(query, Sample(ITEMS), examples=(Example(title="q", match=True),)) == []


def test_five_capitals_are_told_where_they_are_also_a_word() -> None:
    assert [one.code for one in told("TRUST AND USMCA")] == ["short-capitals", "common-terms"]
    assert [one.code for one in told("TRUST OR USMCA", Sample())] == []
    assert [one.code for one in told("TRADE OR USMCA", Sample())] == ["short-capitals"]  # in the glossary
    assert [one.code for one in told("TRUSTS AND Laredo")] == ["common-terms"]


@settings(max_examples=60)
@given(st.randoms(use_true_random=False))
def test_advice_is_given_on_whatever_can_be_parsed(rng: random.Random) -> None:
    topic = topic_of(random_tree(rng, Shape(words=VOCABULARY)), "t")
    try:
        query = parse_query(topic.query, topic.groups)
    except QueryError:
        return
    words = (*VOCABULARY, "Police", "Tijuana")
    items = tuple(random_item(rng, words) for _ in range(6)) * 40
    examples = tuple(
        Example(title=item.title or "x", summary=item.summary, language=item.language, match=True)
        for item in items[:3]
    )
    lines = topic.query.count("\n") + 1
    for finding in lint(replace(topic, examples=examples), Sample(items)):
        assert 1 <= finding.line <= lines
        assert 1 <= finding.column <= len(topic.query)
        assert finding.hint
        assert len(str(finding)) < 1_500, query


def steps(run: Callable[[], object]) -> int:
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


def test_the_work_grows_with_the_length_of_the_query_and_not_faster() -> None:
    work = [
        steps(lambda size=size: told("boss AND NOT film " + " ".join(f"-word{n}" for n in range(size))))  # type: ignore[misc]
        for size in (200, 800)
    ]
    assert work[1] < 6 * work[0], work
