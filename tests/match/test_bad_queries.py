"""Queries as bad as people or files can make them: a refusal that says where, or work that grows with length."""

import sys
from collections.abc import Callable
from itertools import pairwise

import pytest

from monitor.errors import MonitorError, QueryError
from monitor.match import (
    compile_watchlist,
    explain,
    layout,
    lint,
    lint_group,
    mentions,
    parse_group,
    parse_query,
    used_groups,
)
from monitor.model import ItemText, Priority, Topic

TEXT = ItemText(
    title="Border troops find a tunnel", summary="The smugglers had left word1 and word2 behind " * 20
)

# What reads well, however long it is.
READ: dict[str, Callable[[int], str]] = {
    "alternatives": lambda size: " OR ".join(f"word{number}" for number in range(size // 12)),
    "demands": lambda size: " ".join(f"word{number}" for number in range(size // 10)),
    "the same word": lambda size: " OR ".join(["border"] * (size // 10)),
    "prefixes": lambda size: " OR ".join(f"smug{number}*" for number in range(size // 13)),
    "many NOTs": lambda size: "border " + " ".join(f"-word{number}" for number in range(size // 10)),
    "parts of an ATLEAST": lambda size: (
        f"ATLEAST/2({', '.join(f'word{number}' for number in range(size // 10))})"
    ),
    "groups on both sides of NEAR": lambda size: (
        f"({' OR '.join(f'word{number}' for number in range(size // 24))}) NEAR/25 "
        f"({' OR '.join(f'word{number}' for number in range(size // 24))})"
    ),
    "phrases": lambda size: " OR ".join(
        f'"word{number} word{number + 1}"~25' for number in range(size // 30)
    ),
    "fields": lambda size: " OR ".join(f"title:word{number}" for number in range(size // 18)),
    "parentheses side by side": lambda size: " OR ".join(["(border)"] * (size // 12)),
    "alternating levels": lambda size: (
        "(border AND (tunnel OR " * 20 + " OR ".join(["word1"] * (size // 10)) + "))" * 20
    ),
    "a long word": lambda size: "x" * size,
    "a comment": lambda size: "border #" + "x" * size,
    "empty lines": lambda size: "border" + "\n" * size + "tunnel",
    "accents": lambda size: "e" + "\u0301" * size,
    "exact forms": lambda size: " OR ".join(f"=Word{number}" for number in range(size // 13)),
}

# What is refused, and why.
REFUSED: dict[str, tuple[Callable[[int], str], str]] = {
    "parentheses inside each other": (
        lambda size: "(" * (size // 2) + "a" + ")" * (size // 2),
        "nested deeper",
    ),
    "parentheses never closed": (lambda size: "(" * size, "nested deeper than 50 levels"),
    "parentheses never opened": (lambda size: "a" + ")" * size, "never opened"),
    "ATLEASTs inside each other": (
        lambda size: "ATLEAST/1(" * (size // 11) + "a" + ")" * (size // 11),
        "nested deeper",
    ),
    "quotes": (lambda size: '"' * (size | 1), ""),
    "stars": (lambda size: "a" + "*" * size, "* stands only at the end of a word"),
    "stars and letters": (lambda size: "a*" * (size // 2), "* stands only at the end of a word"),
    "short prefixes": (lambda size: " OR ".join(["a*"] * (size // 6)), "fewer than 4 letters"),
    "mixed": (lambda size: "a AND b OR " * (size // 11) + "c", "mixed without parentheses"),
    "nothing but NOTs": (lambda size: "NOT a " * (size // 6), "none of its words"),
    "operators": (lambda size: "AND " * (size // 4), "AND joins two terms"),
    "a long phrase": (lambda size: f'"{"a " * (size // 2)}"', "40 are allowed"),
    "a long number": (lambda size: f"a NEAR/{'9' * size} b", "out of range"),
    "a long count": (lambda size: f"ATLEAST/{'9' * size}(a, b)", "asks for"),
    "a long slop": (lambda size: f'"a b"~{"9" * size}', ""),
    "a chain of NEARs": (lambda size: "a" + " NEAR/5 b" * (size // 9), ""),
    "NOT upon NOT": (lambda size: "border AND " + "NOT " * (size // 4) + "tunnel", "NOT cannot stand here"),
    "control characters": (lambda size: "a" + "\x00\x07" * (size // 2), "a control character, U+0000"),
    "right-to-left marks": (lambda size: "border \u202e" + "a" * size, "an invisible character, U+202E"),
    "lone surrogates": (lambda size: "a" + "\ud800" * size, "half a character, U+D800"),
    "emoji": (lambda size: "\U0001f600" * size, "… holds no word"),
    "punctuation": (lambda size: "!?;" * (size // 3), ""),
    "spaces": (lambda size: " \t\n" * (size // 3), "the query is empty"),
    "comments": (lambda size: "# a\n" * (size // 4), "the query is empty"),
    "at signs": (lambda size: "@" * size, ""),
    "unknown groups": (lambda size: "@nobody OR " * (size // 11) + "a", "no group is called @nobody"),
    "colons": (lambda size: "a" + ":" * size, ""),
    "fields of fields": (lambda size: "title:" * (size // 6) + "a", ""),
    "dashes": (lambda size: "- " * (size // 2), "a dash stands by itself"),
    "equals": (lambda size: "=" * size + "a", ""),
    "tildes": (lambda size: "a" + "~" * size, ""),
    "slashes": (lambda size: "NEAR/" * (size // 5), ""),
    "commas": (lambda size: "a," * (size // 2), "not separated by commas"),
}


def topic(query: str, groups: dict[str, str] | None = None) -> Topic:
    return Topic(
        slug="t", watchlist="w", name="t", description="", priority=Priority.LOW, query=query, owner="o",
        groups=used_groups(query, groups or {}),
    )  # fmt: skip


def steps(run: Callable[[], object]) -> int:
    """Count the calls, of Python and of C functions, that a run takes."""
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


def refusal(query: str, groups: dict[str, str] | None = None) -> QueryError:
    with pytest.raises(QueryError) as caught:
        parse_query(query, groups or {})
    return caught.value


def everything(query: str, groups: dict[str, str] | None = None) -> None:
    """Do with a query whatever is done with one, from its file to a hit."""
    one = topic(query, groups)
    lint(one)
    str(parse_query(query, one.groups))
    watchlist = compile_watchlist([one], revision=1)
    watchlist.match(TEXT)
    watchlist.changed(added=[one], revision=2).folded()
    explain(one, TEXT)


@pytest.mark.parametrize("shape", READ)
def test_the_work_for_a_long_query_grows_with_its_length(shape: str) -> None:
    make = READ[shape]
    small, large = make(4_000), make(16_000)
    everything(make(3_000))  # what is met for the first time costs more, a query met before costs less
    work = [steps(lambda query=query: everything(query)) for query in (small, large)]  # type: ignore[misc]
    assert work[1] < 6 * work[0] + 20_000, work


@pytest.mark.parametrize("shape", READ)
def test_a_long_query_is_laid_out_in_work_that_grows_with_its_length(shape: str) -> None:
    work = [steps(lambda size=size: layout(READ[shape](size))) for size in (4_000, 16_000)]  # type: ignore[misc]
    assert work[1] < 6 * work[0] + 20_000, work


@pytest.mark.parametrize("shape", REFUSED)
def test_a_refusal_is_short_says_where_and_costs_no_more_than_reading(shape: str) -> None:
    make, said = REFUSED[shape]
    for size in (1_000, 60_000):
        error = refusal(make(size))
        assert said in error.message, error.message
        assert len(str(error)) < 700
        assert "\ud800" not in str(error)
        assert error.line >= 1
        assert error.column >= 1
    work = [steps(lambda size=size: refusal(make(size))) for size in (5_000, 20_000)]  # type: ignore[misc]
    assert work[1] < 6 * work[0] + 2_000, work


@pytest.mark.parametrize("shape", [*READ, *REFUSED])
def test_a_megabyte_is_refused_unread(shape: str) -> None:
    make = READ[shape] if shape in READ else REFUSED[shape][0]
    query = make(1 << 20).ljust(1 << 20)
    assert "65,536 are allowed" in refusal(query).message
    assert steps(lambda: refusal(query)) < 200
    assert mentions(query) == ()


def test_a_hundred_thousand_terms_do_not_fit_even_by_way_of_groups() -> None:
    groups = {f"g{number}": " OR ".join(f"w{n}" for n in range(6_000)) for number in range(18)}
    error = refusal(" OR ".join(f"@{name}" for name in groups), groups)
    assert error.message == "the query has 108,000 terms with those of its groups; 65,536 are allowed"


def doubling(levels: int) -> dict[str, str]:
    return {"g0": "border"} | {f"g{n + 1}": f"@g{n} OR @g{n}" for n in range(levels)}


def test_groups_that_double_are_refused_in_work_that_grows_with_their_number() -> None:
    for levels in (17, 50, 150):
        error = refusal(f"@g{levels}", doubling(levels))
        assert "65,536 are allowed" in error.message
        assert len(error.message) < 200
    work = [
        steps(lambda levels=levels: refusal(f"@g{levels}", doubling(levels)))  # type: ignore[misc]
        for levels in (40, 160)
    ]
    assert work[1] < 20 * work[0], work  # each level asks which groups it uses


def test_groups_that_double_to_thousands_of_terms_are_matched() -> None:
    groups = doubling(13)
    one = topic("@g13", groups)
    assert compile_watchlist([one], revision=1).match(TEXT)
    everything("@g13 AND NOT @g12", groups)
    lint_group("g13", groups)


def test_a_chain_of_groups_is_refused_when_it_is_deep_and_no_stack_overflows() -> None:
    for length in (250, 5_000):
        groups = {f"g{n}": f"@g{n + 1}" for n in range(length)} | {f"g{length}": "border"}
        assert "deeper than 200 levels" in refusal("@g0", groups).message
        with pytest.raises(QueryError):
            parse_group("g0", groups)


def test_a_long_circle_of_groups_is_named_without_being_written_out_at_length() -> None:
    names = [f"g{number}" for number in range(3_000)]
    groups = {one: f"@{two}" for one, two in pairwise([*names, names[0]])}
    error = refusal("@g0", groups)
    assert error.message.startswith("@g0 uses itself: @g0 → @g1 → ")
    assert error.message.endswith(" → @g7 → 2,992 more → @g0")
    assert len(str(error)) < 700


def test_whatever_is_wrong_is_one_kind_of_error() -> None:
    """A caller that reads a file of strangers has one exception to expect."""
    for make, _ in REFUSED.values():
        for size in (1, 2, 3, 7, 63, 64, 65):
            query = make(size)
            for run in (parse_query, lambda text: lint(topic(text)), mentions):
                try:
                    run(query)
                except MonitorError as error:
                    assert str(error)  # noqa: PT017 - some sizes are no fault
