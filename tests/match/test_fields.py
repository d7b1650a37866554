"""Fields: what each holds, and that words outside title, summary and body count only where a query names them."""

import pytest

from monitor.match import compile_watchlist, explain
from monitor.match.engine.document import Document, pieces
from monitor.match.language.query import parse_query
from monitor.match.language.tree import Term, Within
from monitor.model import ItemText
from tests.match.test_near import topic

ITEM = ItemText(
    title="Tunnel found",
    summary="Agents at work",
    body="Drugs inside",
    language="es",
    url="https://ana:x@www.elpasotimes.com:443/news/border-wall/%C3%A1rbol_2?token=secret#part",
    source="El Paso Times",
    author="Ana Peña",
    tags=("border", "wall of shame", "Tijuana"),
)


def matches(query: str, item: ItemText = ITEM) -> bool:
    return bool(compile_watchlist([topic(query)], revision=1).match(item))


@pytest.mark.parametrize(
    "query",
    [
        "title:tunnel summary:agents body:drugs",
        "tunnel AND source:(paso OR juarez)",
        'tunnel source:"El Paso Times"',
        "tunnel author:pena",
        "tunnel tag:border",
        'tag:"wall of shame" -title:film',
        "url:elpasotimes.com",
        "url:elpasotimes.com/news",
        "url:border-wall",
        "url:arbol",
        "tunnel lang:es",
        "tunnel lang:(en OR es)",
        "tunnel NOT lang:en",
        "source:(paso NEAR/2 times)",
        "ATLEAST/3(url:border, tag:border, source:times, title:border)",
        "tag:tijua*",
        "source:=Paso",
    ],
)
def test_a_field_is_found_where_it_is_named(query: str) -> None:
    assert matches(query)


@pytest.mark.parametrize(
    "query",
    [
        "paso",
        "pena OR Tijuana OR elpasotimes",
        "title:agents OR summary:tunnel",
        "url:token OR url:secret OR url:part",
        "url:ana",
        'tag:"border wall"',
        "tag:(shame NEAR/25 Tijuana)",
        "tunnel lang:en",
        "tunnel NOT lang:es",
        "tunnel lang:und",
        "source:tunnel",
        "title:times",
        "tunnel NEAR/25 source:times",
        "source:=paso",
    ],
)
def test_and_nowhere_else(query: str) -> None:
    assert not matches(query)


def test_no_field_is_mistaken_for_another() -> None:
    fields = {"source": "alpha", "author": "beta", "url": "https://gamma", "tags": ("delta",)}
    words = {"source": "alpha", "author": "beta", "url": "gamma", "tag": "delta"}
    item = ItemText(title="x", **fields)  # type: ignore[arg-type]
    for field, own in words.items():
        assert [word for word in words.values() if matches(f"{field}:{word}", item)] == [own]


def test_a_language_is_compared_by_its_primary_tag() -> None:
    assert matches("tunnel lang:es", ItemText(title="tunnel", language="es-MX"))
    assert not matches("tunnel lang:en", ItemText(title="tunnel", language="ens"))
    assert not matches("tunnel lang:es", ItemText(title="tunnel es", language="und"))


def test_an_address_that_is_none_holds_no_words() -> None:
    assert pieces(ItemText(title="", url="https://[half"), "url") == ("",)


def test_passages_of_a_hit_are_those_that_readers_see_and_an_explanation_shows_the_others_too() -> None:
    query = "tunnel AND source:times AND tag:shame AND lang:es"
    (match,) = compile_watchlist([topic(query)], revision=1).match(ITEM)
    assert [(span.field, span.text) for span in match.spans] == [("title", "Tunnel")]
    clauses = explain(topic(query), ITEM).clauses
    assert [[(span.field, span.text) for span in clause.spans] for clause in clauses] == [
        [("title", "Tunnel")],
        [("source", "Times")],
        [("tag", "shame")],
        [],
    ]


def test_a_span_in_a_tag_or_an_address_points_into_what_is_searched() -> None:
    document = Document(ITEM)
    for query, joined in [
        ("tag:tijuana", "border, wall of shame, Tijuana"),
        ("url:border-wall", "www.elpasotimes.com/news/border-wall/árbol_2"),
    ]:
        node = parse_query(query).root
        assert isinstance(node, Within)
        assert isinstance(node.part, Term)
        (place,) = document.occurrences(node.part, node.field)
        span = document.span(place)
        assert joined[span.start : span.end] == span.text
