"""Pinned examples: those that a query gets wrong are named, with the reason."""

import pytest

from monitor.errors import QueryError
from monitor.match import check_examples
from monitor.model import Example, Priority, Topic


def topic(query: str, *examples: Example) -> Topic:
    return Topic(
        slug="t", watchlist="w", name="t", description="", priority=Priority.NORMAL, query=query, owner="file:t",
        examples=examples,
    )  # fmt: skip


def test_examples_that_hold_are_silent() -> None:
    good = (
        Example(title="Tunnel found", summary="in Tijuana", match=True),
        Example(title="Tunnel found in Rome", match=False),
    )
    assert check_examples(topic("tunnel AND Tijuana", *good)) == []


def test_broken_examples_say_which_and_why() -> None:
    bad = (
        Example(title="Tunnel found in Tijuana", match=True),
        Example(title="Tijuana wins", match=True),
        Example(title="Film: the Tijuana tunnel", match=False),
    )
    missed, caught = check_examples(topic("tunnel AND Tijuana", *bad))
    assert (missed.index, missed.example) == (1, bad[1])
    assert str(missed) == (
        "example 2 ('Tijuana wins') must match and does not: No match: tunnel does not occur, although there"
        " is “Tijuana” in the title."
    )
    assert caught.index == 2
    assert "must not match and does: Matches: “tunnel” in the title" in str(caught)


def test_a_query_that_cannot_be_parsed_is_refused() -> None:
    with pytest.raises(QueryError):
        check_examples(topic("(", Example(title="x", match=True)))
