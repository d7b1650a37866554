"""What the archive index lets through is never less than what the matcher hits."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.match import parse_query
from monitor.match.archive import KEY_LIMIT, UNLISTED, filed_words, let_through, nearly, wanted
from monitor.match.engine.document import Document, holds
from monitor.match.short import near_miss
from monitor.model import ItemText
from monitor.model.wanted import EVERYTHING, NOTHING, Every, Key, Some, Wanted, every, some
from tests.match.query_texts import item_texts, query_texts


def has(asked: Wanted, words: set[str]) -> bool:
    """Answer as an index would."""
    match asked:
        case Key(text=text, prefix=prefix):
            return any(word.startswith(text) for word in words) if prefix else text in words
        case Every(parts=parts):
            return all(has(part, words) for part in parts)
        case Some(parts=parts):
            return any(has(part, words) for part in parts)


def asked_of(query: str) -> Wanted:
    return wanted(parse_query(query).root)


@settings(max_examples=400)
@given(query_texts, item_texts)
def test_what_satisfies_a_query_is_let_through(query: str, text: ItemText) -> None:
    root = parse_query(query).root
    if holds(root, Document(text)):
        assert has(let_through(wanted(root)), set(filed_words(text)))


@settings(max_examples=400)
@given(query_texts, item_texts)
def test_what_is_one_clause_short_is_let_through(query: str, text: ItemText) -> None:
    parsed = parse_query(query)
    if near_miss(parsed, text) is not None:
        assert has(let_through(nearly(parsed.root)), set(filed_words(text)))


def test_a_query_asks_for_its_words_under_all_their_keys_and_leaves_out_what_is_excluded() -> None:
    assert asked_of('cárteles AND "border wall" AND NOT opec') == Every(
        (Some((Key("carteles"), Key("cartele"), Key("cartel"))), Key("border"), Key("wall"))
    )
    assert asked_of("smuggl* OR =ICE") == Some((Key("smuggl", prefix=True), Key("ice")))


def test_nearness_and_slop_ask_for_the_words_alone() -> None:
    assert asked_of("border NEAR/3 wall") == asked_of('"border wall"~2') == asked_of("border wall")


def test_words_of_fields_that_a_query_must_name_are_kept_apart() -> None:
    text = ItemText(title="Talks", source="Border Report", tags=("muro",))
    assert set(filed_words(text)) == {"talks", "talk", "·border", "·report", "·muro"}
    assert has(asked_of("source:border"), set(filed_words(text)))
    assert not has(asked_of("border"), set(filed_words(text)))


def test_a_language_is_nothing_that_the_index_could_tell() -> None:
    assert asked_of("lang:en AND border") == Key("border")


@pytest.mark.parametrize("length", [KEY_LIMIT, KEY_LIMIT + 1, 5000])
def test_long_words_are_cut_alike_in_texts_and_queries(length: int) -> None:
    word = "x" * length
    assert has(asked_of(word), set(filed_words(ItemText(title=word))))
    assert has(asked_of(f"source:{word}"), set(filed_words(ItemText(title="", source=word))))
    assert max(map(len, filed_words(ItemText(title=word, source=word)))) == KEY_LIMIT + 1


def test_a_text_with_too_many_words_for_an_index_is_always_let_through() -> None:
    text = ItemText(title="", body=" ".join(f"word{number:07}" for number in range(40_000)))
    assert filed_words(text) == [UNLISTED]
    assert has(let_through(asked_of("border")), {UNLISTED})


@given(st.lists(st.sampled_from([EVERYTHING, NOTHING, Key("a"), Key("b"), Every((Key("a"), Key("c")))])))
def test_joining_changes_no_answer(parts: list[Wanted]) -> None:
    for words in ({"a"}, {"b"}, {"a", "c"}, set[str]()):
        assert has(every(parts), words) == all(has(part, words) for part in parts)
        assert has(some(parts), words) == any(has(part, words) for part in parts)
