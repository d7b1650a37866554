"""The last case that is still inside each limit of matching, and the first that is not."""

import pytest

from monitor.errors import QueryError
from monitor.match import compile_watchlist, explain, lint, parse_query, story_keys
from monitor.match.engine.document import OCCURRENCES, Document
from monitor.match.engine.index import MEMORY
from monitor.match.language.screen import QUERY_LIMIT
from monitor.match.language.tree import Term
from monitor.model import Example, ItemText, Priority, Topic


def topic(query: str, slug: str = "s") -> Topic:
    return Topic(
        slug=slug,
        watchlist="w",
        name="n",
        description="",
        priority=Priority.LOW,
        query=query,
        owner="o",
        examples=(Example(title="x", match=True),),
    )


def refused(query: str) -> QueryError:
    with pytest.raises(QueryError) as caught:
        parse_query(query)
    return caught.value


# Queries


def test_a_query_of_exactly_the_longest_length_is_read() -> None:
    assert QUERY_LIMIT == 65_536
    quoted = "“border wall”".ljust(QUERY_LIMIT)
    assert str(parse_query(quoted)) == '"border wall"'
    too_long = refused(quoted + " ")
    assert too_long.message == "the query is 65,537 characters long; 65,536 are allowed"
    assert too_long.hint == "split it into several topics"


def test_too_many_parentheses_can_be_left_out() -> None:
    assert refused("(" * 51 + "a" + ")" * 51).hint == "most of them can be left out"


def test_an_empty_first_line_counts_as_a_line() -> None:
    place = refused("\n)")
    assert (place.line, place.column) == (2, 1)


# Texts


def test_the_first_twenty_passages_of_a_term_are_kept() -> None:
    document = Document(ItemText(title="wall " * 30))
    wall = Term(text="wall", words=("wall",), keys=(("wall",),))
    assert OCCURRENCES == 20
    assert document.occurrences(wall, None) == [(start, start + 1) for start in range(20)]


def test_a_term_that_is_not_there_has_no_places_even_beside_a_word_that_is() -> None:
    document = Document(ItemText(title="border"))
    assert document.occurrences(Term(text="wall", words=("wall",), keys=(("wall",),)), None) == []


# The index (white box): it decides how much work is done, never what matches


def filed(queries: dict[str, str]) -> dict[str, set[str]]:
    """Return for each word of a watchlist the topics it leads to."""
    index = (
        compile_watchlist([topic(query, slug) for slug, query in queries.items()], revision=1)._parts[0].index
    )
    return {
        name: {
            index.topics[index.branches.owners[branch]].slug
            for leaf in index._leaves_of[row]
            for number in (leaf, *index._groups_of[leaf])
            for branch in index._branches_of[number]
        }
        for name, row in index._words.items()
    }


def test_a_topic_is_filed_under_its_rarest_words() -> None:
    found = filed({word: f"border AND {word}" for word in ("ladder", "bakery", "guitar")})
    assert found == {"border": set(), "ladder": {"ladder"}, "bakery": {"bakery"}, "guitar": {"guitar"}}


def test_each_branch_of_a_topic_is_filed_by_itself() -> None:
    found = filed({"t": "(border AND ladder) OR (president AND bakery) OR guitar"})
    assert {name for name, slugs in found.items() if slugs} == {"ladder", "bakery", "guitar"}


def test_a_phrase_is_filed_under_its_rarest_word_in_either_spelling() -> None:
    found = filed({"t": '="La Muralla" OR "the deportees now"'})
    assert {name for name, slugs in found.items() if slugs} == {"=Muralla", "deportees", "deportee"}


def test_words_that_were_seen_are_remembered_within_bounds() -> None:
    watchlist = compile_watchlist([topic("border")], revision=1)
    (memory,) = watchlist._parts[0].index._memories.values()
    watchlist.match(ItemText(title=f"border {'x' * 64} {'y' * 65}"))
    assert set(memory) == {"border", "x" * 64}
    for start in range(0, 140_000, 500):
        watchlist.match(ItemText(title=" ".join(f"w{number}" for number in range(start, start + 500))))
        assert len(memory) + len(memory._older) <= 2 * MEMORY
    assert [hit.topic.slug for hit in watchlist.match(ItemText(title="border"))] == ["s"]


# Advice


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("x AND NOT (cartel OR cartels)", [22]),
        ("=ICE OR =ICE", [10]),
        ('"border wall" OR "border fence"', []),
        ("roof AND NOT (roofs OR wall)", [1]),
        ("hunting OR hunters*", []),
        ("cities OR citie*", []),  # "cities" also finds city
        ("title:depo*", [7]),
        ("x # ICE", []),
        ("x #-ICE", []),
    ],
)
def test_where_advice_is_given_and_where_not(query: str, columns: list[int]) -> None:
    assert [finding.column for finding in lint(topic(query))] == columns


def test_advice_without_a_hint_has_no_empty_brackets() -> None:
    from monitor.match.advice.finding import Finding

    assert str(Finding(code="c", message="m")) == "line 1, column 1: m"


# Explanations


def sentence(query: str, title: str) -> str:
    return explain(topic(query), ItemText(title=title)).sentence


def test_the_nearest_alternative_is_the_one_that_lacks_least() -> None:
    said = sentence("(a1 AND b1 AND c1) OR (d1 AND e1 AND f1 AND g1)", "a1 d1 e1 f1")
    assert "(nearest: g1 does not occur, although" in said


def test_of_equally_near_alternatives_the_first_is_named() -> None:
    assert "(nearest: b1 does not occur" in sentence("(a1 AND b1) OR (c1 AND d1)", "a1 c1")


@pytest.mark.parametrize(
    ("query", "title"),
    [("(a1 AND b1) OR (c1 AND d1)", "a1 b1 c1"), ("x1 AND NOT ((a1 AND b1) OR (c1 AND d1))", "x1 a1")],
)
def test_only_what_is_missing_has_a_nearest_alternative(query: str, title: str) -> None:
    assert [
        clause.closest for clause in explain(topic(query), ItemText(title=title)).clauses if clause.closest
    ] == []


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("aa bb cc", "“aa”, “bb”, “cc” in the title"),
        ("aa bb cc dd", "“aa”, “bb”, “cc” and 1 more in the title"),
        ("aa bb cc dd ee", "“aa”, “bb”, “cc” and 2 more in the title"),
    ],
)
def test_three_passages_are_named_and_the_rest_counted(title: str, said: str) -> None:
    assert sentence("aa OR bb OR cc OR dd OR ee", title) == f"Matches: {said}."


@pytest.mark.parametrize(("length", "shown"), [(120, "x" * 120), (121, "x" * 120 + "…")])
def test_a_passage_is_shown_up_to_120_letters(length: int, shown: str) -> None:
    assert sentence("x" * length, "x" * length) == f"Matches: “{shown}” in the title."


def test_an_exclusion_of_something_absent_is_said_by_its_query() -> None:
    assert sentence("x1 AND NOT (NOT b1)", "x1").startswith("No match: it is excluded by NOT")


# Story keys


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("BREAKING: Tunnel video: rails found near Tijuana", "tunnel video rails found near tijuana"),
        ("Tunnel found near Tijuana | World | News | Reuters", "tunnel found near tijuana world"),
        ("Tunnel found near Tijuana - The Daily News Of Laredo", "tunnel found near tijuana"),
        ("Tunnel found near Tijuana — police say nothing", "tunnel found near tijuana police say nothing"),
        ("FBI in a tunnel raid", "fbi in a tunnel raid"),
    ],
)
def test_what_of_a_headline_tells(title: str, key: str) -> None:
    """One label at the front and two outlets of up to five words at the end go; names of three letters tell."""
    assert story_keys(ItemText(title=title)) == (f"title:{key}",)
