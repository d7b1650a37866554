"""Every example of docs/query-language.md does what the page says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.errors import QueryError
from monitor.match import compile_watchlist, lint, parse_query, used_groups
from monitor.match.language.screen import NESTING_LIMIT, QUERY_LIMIT
from monitor.match.language.term import PHRASE_LIMIT
from monitor.model import ItemText, Priority, Topic

PAGE = Path(__file__).parents[2] / "docs" / "query-language.md"
BLOCK = re.compile(r"^```(match|refused|advice)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DEFINITION = re.compile(r"^@([a-z-]+) = (.*)\n", re.MULTILINE)
CLAIM = re.compile(r"^([+!?-]) (.*)$")


def blocks(kind: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for found in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        if found[1] != kind:
            continue
        query: list[str] = []
        claims: list[tuple[str, str]] = []
        for line in found[2].splitlines():
            claim = CLAIM.match(line)
            if claim:
                claims.append((claim[1], claim[2]))
            else:
                assert not claims, f"a query line after the claims: {line}"
                query.append(line)
        assert query, found[2]
        assert claims, found[2]
        yield "\n".join(query), claims


def groups(text: str) -> tuple[str, dict[str, str]]:
    """Part the groups that an example defines from its query."""
    defined = dict(DEFINITION.findall(text))
    return DEFINITION.sub("", text), defined


def item(text: str) -> ItemText:
    """Read `[field: value; …] title // summary`."""
    found = re.match(r"(?:\[(.*?)\] )?(.*)", text)
    assert found is not None
    fields = dict(pair.split(": ", 1) for pair in (found[1] or "lang: und").split("; "))
    title, _, summary = found[2].partition(" // ")
    return ItemText(
        title=title,
        summary=summary,
        source=fields.get("source", ""),
        url=fields.get("url", ""),
        author=fields.get("author", ""),
        tags=tuple(fields.get("tag", "").split(", ")),
        language=fields.get("lang", "und"),
    )


def topic(text: str) -> Topic:
    query, defined = groups(text)
    return Topic(
        slug="t",
        watchlist="w",
        name="t",
        description="",
        priority=Priority.NORMAL,
        query=query,
        groups=used_groups(query, defined),
        owner="file:t",
    )


@pytest.mark.parametrize(("query", "claims"), list(blocks("match")))
def test_examples_find_what_the_page_says(query: str, claims: list[tuple[str, str]]) -> None:
    watchlist = compile_watchlist([topic(query)], revision=1)
    assert {sign for sign, _ in claims} == {"+", "-"}
    for sign, text in claims:
        assert bool(watchlist.match(item(text))) == (sign == "+"), text


@pytest.mark.parametrize(("query", "claims"), list(blocks("refused")))
def test_refusals_say_what_the_page_says(query: str, claims: list[tuple[str, str]]) -> None:
    with pytest.raises(QueryError) as refusal:
        parse_query(*groups(query))
    for sign, text in claims:
        assert sign == "!"
        assert text in str(refusal.value)


@pytest.mark.parametrize(("query", "claims"), list(blocks("advice")))
def test_advice_is_what_the_page_says(query: str, claims: list[tuple[str, str]]) -> None:
    given = [
        f"{one.code}: {one.message} ({one.hint})" for one in lint(topic(query)) if one.code != "no-examples"
    ]
    assert len(given) == len(claims)
    for text, (sign, claim) in zip(given, claims, strict=True):
        assert sign == "?"
        assert claim in text


def test_the_page_has_examples_of_every_kind() -> None:
    assert len(list(blocks("match"))) >= 28
    assert len(list(blocks("refused"))) >= 30
    assert len(list(blocks("advice"))) >= 5


def test_the_page_names_the_limits_in_force() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for limit in (f"{QUERY_LIMIT:,} characters", f"{NESTING_LIMIT} levels", f"At most {PHRASE_LIMIT} words"):
        assert limit in text
