"""NEAR, loose phrases and ATLEAST find what their definitions say; one oracle tries every combination of words."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.match import compile_watchlist, parse_query
from monitor.match.engine.document import Document, holds, spans
from monitor.match.language.tree import And, AtLeast, Near, Node, Not, Or, Term, Within
from monitor.model import ItemText, Priority, Topic

LETTERS = "abcd"
Words = frozenset[tuple[str, int]]  # field and position


def topic(query: str, **more: Any) -> Topic:
    return Topic(
        slug="t",
        watchlist="w",
        name="t",
        description="",
        priority=Priority.LOW,
        query=query,
        owner="o",
        **more,
    )


def shown(query: str, title: str = "", summary: str = "", body: str = "") -> list[str] | None:
    """Return the passages found, or None; the watchlist and the evaluator by itself must agree."""
    text = ItemText(title=title, summary=summary, body=body)
    root, document = parse_query(query).root, Document(text)
    found = compile_watchlist([topic(query)], revision=1).match(text)
    assert bool(found) == holds(root, document)
    if not found:
        return None
    assert found[0].spans == spans(root, document)
    return [f"{span.text}@{span.start}" for span in found[0].spans]


# The oracle: passages as sets of words, no order of evaluation, no early exit.


def naive_passages(node: Node, text: dict[str, list[str]], field: str | None) -> Iterator[Words]:
    match node:
        case Term(words=words, slop=slop):
            for name in ["title", "summary"] if field is None else [field]:
                for chosen in itertools.combinations(range(len(text[name])), len(words)):
                    loose = chosen[-1] - chosen[0] + 1 - len(words)
                    if loose <= slop and [text[name][position] for position in chosen] == list(words):
                        yield frozenset((name, position) for position in range(chosen[0], chosen[-1] + 1))
        case Or(parts=parts):
            for part in parts:
                yield from naive_passages(part, text, field)
        case Within(field=inner, part=part):
            yield from naive_passages(part, text, inner)
        case Near(parts=parts, distance=distance, ordered=ordered):
            left = list(naive_passages(parts[0], text, field))
            for part in parts[1:]:
                left = [
                    one | other
                    for one in left
                    for other in naive_passages(part, text, field)
                    if close(one, other, distance, ordered=ordered)
                ]
            yield from left
        case _:
            raise AssertionError(node)


def close(one: Words, other: Words, distance: int, *, ordered: bool) -> bool:
    if {name for name, _ in one} != {name for name, _ in other} or one & other:
        return False
    mine, its = ([position for _, position in words] for words in (one, other))
    if ordered:
        return max(mine) < min(its) <= max(mine) + distance
    return min(its) - max(mine) <= distance and min(mine) - max(its) <= distance


def naive(node: Node, text: dict[str, list[str]], field: str | None = None) -> bool:
    match node:
        case And(parts=parts):
            return all(naive(part, text, field) for part in parts)
        case AtLeast(parts=parts, count=count):
            return sum(naive(part, text, field) for part in parts) >= count
        case Or(parts=parts):
            return any(naive(part, text, field) for part in parts)
        case Not(part=part):
            return not naive(part, text, field)
        case Within(field=inner, part=part):
            return naive(part, text, inner)
        case _:
            return next(naive_passages(node, text, field), None) is not None


words = st.sampled_from([*LETTERS, '"a b"', '"b a"~1', '"a c d"~2', '"a a"~3'])
near_trees = st.recursive(
    words | words.map(lambda word: f"title:{word}"),
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})")
        | st.tuples(
            st.lists(inner, min_size=2, max_size=3), st.sampled_from(["NEAR", "ONEAR"]), st.integers(1, 4)
        ).map(lambda drawn: f"({f' {drawn[1]}/{drawn[2]} '.join(drawn[0])})")
    ),
    max_leaves=5,
)
trees = st.recursive(
    near_trees,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' AND '.join(parts)})")
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})")
        | st.tuples(st.lists(inner, min_size=2, max_size=4), st.integers(1, 4)).map(
            lambda drawn: f"ATLEAST/{min(drawn[1], len(drawn[0]))}({', '.join(drawn[0])})"
        )
        | inner.map(lambda part: f"summary:({part})")
        | inner.map(lambda part: f"(NOT ({part}))")
    ),
    max_leaves=6,
)
texts = st.lists(st.sampled_from([*LETTERS, "x"]), max_size=9)


@given(trees, texts, texts)
def test_every_operator_means_what_trying_all_combinations_finds(
    query: str, title: list[str], summary: list[str]
) -> None:
    try:
        root = parse_query(query).root
    except QueryError as error:
        assert "none of its words" in error.message or "NEAR" in error.message  # noqa: PT017
        return
    text = ItemText(title=" ".join(title), summary=" ".join(summary))
    expected = naive(root, {"title": title, "summary": summary})
    assert holds(root, Document(text)) == expected
    found = compile_watchlist([topic(query)], revision=1).match(text)
    assert [match.spans for match in found] == ([spans(root, Document(text))] if expected else [])


@pytest.mark.parametrize(
    ("query", "title", "found"),
    [
        ("a NEAR/1 b", "a b", ["a@0", "b@2"]),
        ("a NEAR/1 b", "b a", ["b@0", "a@2"]),
        ("a NEAR/1 b", "a x b", None),
        ("a NEAR/2 b", "a x b", ["a@0", "b@4"]),
        ("a ONEAR/2 b", "b x a", None),
        ("a ONEAR/2 b", "a x b", ["a@0", "b@4"]),
        ("a NEAR/9 a", "a x", None),
        ("a NEAR/9 a", "a x a", ["a@0", "a@4"]),
        ('"a b" NEAR/2 c', "a b x c", ["a b@0", "c@6"]),
        ('"a b" NEAR/9 b', "a b", None),
        ("a NEAR/2 (b OR c)", "c x a x x b", ["c@0", "a@4"]),
        ("a NEAR/2 b NEAR/2 c", "a x b x c", ["a@0", "b@4", "c@8"]),
        ("a NEAR/3 b NEAR/3 c", "a c b", ["a@0", "c@2", "b@4"]),
        ("a NEAR/2 b NEAR/2 c", "b x c x a", None),
        ("b NEAR/2 c NEAR/2 a", "b x c x a", ["b@0", "c@4", "a@8"]),
        ("a ONEAR/3 b ONEAR/3 c", "a b c", ["a@0", "b@2", "c@4"]),
        ("a ONEAR/3 b ONEAR/3 c", "a c b", None),
        ("smuggl* NEAR/3 =Fuel", "Smugglers of Fuel", ["Smugglers@0", "Fuel@13"]),
        ("smuggl* NEAR/3 =Fuel", "Smugglers of fuel", None),
        ('"a b"~1', "a x b", ["a x b@0"]),
        ('"a b"~1', "a x x b", None),
        ('"a b"~1', "b a", None),
        ('"a b c"~2', "a x b x c", ["a x b x c@0"]),
        ('"a b c"~1', "a x b x c", None),
        ('"a b"~9', "a a x b x b", ["a x b@2"]),
        ('"a a"~1', "a", None),
        ('"a b"~2', "cross-border a 'x' b", ["a 'x' b@13"]),
        ("ATLEAST/2(a, b, c)", "a c", ["a@0", "c@2"]),
        ("ATLEAST/2(a, b, c)", "a a", None),
        ("ATLEAST/2(a b, c, NOT d)", "c", ["c@0"]),
        ("ATLEAST/2(a b, c, NOT d)", "c d", None),
        ("ATLEAST/2(a b, c, NOT d)", "a b d c", ["a@0", "b@2", "c@6"]),
        ("a NOT (b NEAR/2 c)", "a b x x c", ["a@0"]),
        ("a NOT (b NEAR/2 c)", "a b x c", None),
    ],
)
def test_distances_and_counts(query: str, title: str, found: list[str] | None) -> None:
    assert shown(query, title=title) == found


@pytest.mark.parametrize("query", ["a NEAR/25 b", '"a b"~25', "a ONEAR/25 b ONEAR/25 b"])
def test_nothing_reaches_from_one_field_into_the_next(query: str) -> None:
    assert shown(query, title="a", summary="b") is None
    assert shown(query, summary="a", body="b b") is None
    assert shown(query, body="a b b") is not None


def test_a_field_of_one_side_binds_the_other_to_it() -> None:
    assert shown("title:a NEAR/5 b", title="a b") == ["a@0", "b@2"]
    assert shown("title:a NEAR/5 b", title="a", summary="a b") is None


@pytest.mark.parametrize(
    ("query", "hit"),
    [
        ("a NEAR/25 zz", False),
        ("a NEAR/25 a NEAR/25 a NEAR/25 zz", False),
        ("(a NEAR/25 b) NEAR/25 (a NEAR/25 b)", True),
        ('"a b a b a b a b"~25', True),
        ('"b b b b b zz"~25', False),
        ("ATLEAST/3(zz, yy, a, b)", False),
    ],
)
def test_a_repetitive_text_of_100_000_words_is_judged_at_once(query: str, *, hit: bool) -> None:
    body = "a b " * 50_000
    started = time.process_time()
    assert (shown(query, body=body) is not None) == hit
    assert time.process_time() - started < 10
