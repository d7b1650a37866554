"""Near misses: the one clause that fails, in words, and what was there all the same."""

import pytest
from hypothesis import given, settings

from monitor.match import parse_query
from monitor.match.engine.document import Document, holds
from monitor.match.excerpt import CLOSE, OPEN, excerpts
from monitor.match.short import Lack, NearMiss, near_miss
from monitor.model import ItemText, Span
from tests.match.query_texts import item_texts, query_texts

QUERY = "(fentanyl OR fentanilo) AND (border OR frontera) AND NOT (Europe OR China)"


def missed(title: str, query: str = QUERY, *, summary: str = "") -> NearMiss | None:
    return near_miss(parse_query(query), ItemText(title=title, summary=summary))


def there(title: str, query: str = QUERY) -> tuple[str, list[str]]:
    miss = missed(title, query)
    assert miss
    return str(miss), [span.text for span in miss.there]


def test_a_missing_clause_is_named_with_what_was_there() -> None:
    assert there("Fentanyl seized in Ohio") == ("none of (border OR frontera) occurs", ["Fentanyl"])
    assert there("Quiet on the border", "border AND fentanyl") == ("fentanyl does not occur", ["border"])


def test_an_exclusion_is_named_with_its_own_words() -> None:
    miss = missed("Fentanyl from China crosses the border")
    assert miss
    assert (miss.lack, str(miss)) == (Lack.EXCLUDED, "excluded by “China” in the title")
    assert [span.text for span in miss.there] == ["Fentanyl", "border"]


def test_words_too_far_apart_are_said_to_be() -> None:
    sentence, words = there("Fentanyl came up and then, much later, the border", "fentanyl NEAR/2 border")
    assert sentence == "too far apart for fentanyl NEAR/2 border"
    assert words == ["Fentanyl", "border"]


def test_of_alternatives_the_nearest_one_counts() -> None:
    query = "(fentanyl AND border AND bridge) OR (cocaine AND border)"
    assert there("Cocaine in the port", query) == ("border does not occur", ["Cocaine"])


def test_too_few_of_a_list_is_one_clause_short_when_one_more_would_do() -> None:
    query = "ATLEAST/2(steel, aluminum, autos)"
    assert there("Steel prices", query)[1] == ["Steel"]
    assert missed("Copper prices", query) is None


def test_a_field_is_named_with_the_clause() -> None:
    miss = missed("Talks", "title:tariff AND steel", summary="On steel and tariffs")
    assert miss
    assert miss.clause == "title:tariff"


@pytest.mark.parametrize(
    "title", ["Fentanyl at the border", "A bakery opens", "Fentanyl from China", "China and Europe meet"]
)
def test_a_hit_and_what_lacks_more_or_everything_is_no_near_miss(title: str) -> None:
    assert missed(title) is None


def test_more_words_and_words_in_the_title_weigh_more() -> None:
    query = "(fentanyl OR pills OR drugs) AND border"
    weights = [
        missed("Talks", query, summary="fentanyl"),
        missed("Fentanyl", query),
        missed("Fentanyl pills", query, summary="drugs"),
    ]
    assert [miss.weight for miss in weights if miss] == [1, 2, 5]


@settings(max_examples=300)
@given(query_texts, item_texts)
def test_a_near_miss_is_never_a_hit_and_points_at_words_that_are_there(query: str, text: ItemText) -> None:
    parsed = parse_query(query)
    miss = near_miss(parsed, text)
    if miss is not None:
        assert not holds(parsed.root, Document(text))
        assert miss.there
        assert miss.weight > 0
        for span in (*miss.there, *miss.against):
            if span.field in {"title", "summary", "body"}:
                assert getattr(text, span.field)[span.start : span.end] == span.text


def spans(text: str, *words: str, field: str = "summary") -> list[Span]:
    return [
        Span(field=field, start=text.index(word), end=text.index(word) + len(word), text=word)
        for word in words
    ]


def test_an_excerpt_shows_the_words_around_and_marks_what_was_found() -> None:
    long = f"{'aa ' * 60}fentanyl near the border {'bb ' * 60}"
    (piece,) = excerpts(ItemText(title="T", summary=long), spans(long, "fentanyl", "border"))
    assert piece.startswith("…aa ")
    assert piece.endswith(" bb…")
    assert "[[fentanyl]] near the [[border]] bb" in piece


def test_a_title_is_shown_whole_and_far_pieces_apart() -> None:
    title = "Fentanyl at the gate"
    body = f"muro {'aa ' * 100}wall"
    shown = excerpts(
        ItemText(title=title, body=body),
        [*spans(title, "Fentanyl", field="title"), *spans(body, "muro", "wall", field="body")],
    )
    assert shown[0] == "[[Fentanyl]] at the gate"
    assert [OPEN in piece and CLOSE in piece for piece in shown] == [True, True, True]


def test_overlapping_passages_are_marked_as_one() -> None:
    title = "border wall falls"
    assert excerpts(ItemText(title=title), spans(title, "border wall", "wall", field="title")) == (
        "[[border wall]] falls",
    )
