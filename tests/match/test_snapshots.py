"""Snapshots: a changed watchlist matches like one compiled anew, and the one before it as it did."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.match import Watchlist, compile_watchlist
from monitor.model import ItemText, Priority, Topic

QUERIES = [
    "tunnel",
    "tunnel AND NOT film",
    "(border OR wall) AND (tunnel OR ladder)",
    "a1 OR a2 OR a3 OR a4 OR a5 OR a6 OR tunnel",
    "(tunnel AND ladder) OR (wall AND film) OR =Border",
    "@places AND tunnel",
    '"border wall"~2 OR title:ladder',
    "(border OR tunnel) NEAR/3 (wall OR film)",
    "ATLEAST/2(border, wall, tunnel, ladder*)",
    "lang:en AND film",
]
GROUPS = (("places", "border OR wall OR p1 OR p2 OR p3 OR p4 OR p5"),)
TEXTS = [
    ItemText(title=title, summary=summary, language="en")
    for title in ("Border tunnel", "ladder film", "wall", "a tunnel")
    for summary in ("", "the border is a wall", "tunnels, ladders and a6")
]


def topic(slug: str, query: str) -> Topic:
    return Topic(
        slug=slug,
        watchlist="w",
        name=slug,
        description="",
        priority=Priority.NORMAL,
        query=query,
        groups=GROUPS if "@" in query else (),
        owner="o",
    )


def hits(watchlist: Watchlist) -> list[dict[str, object]]:
    return [{match.topic.slug: match for match in watchlist.match(text)} for text in TEXTS]


changes = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(QUERIES)),
        st.sets(st.sampled_from("abcdefgh")),
    ),
    max_size=14,
)


@given(changes, st.booleans())
def test_a_changed_watchlist_matches_like_one_compiled_anew(
    steps: list[tuple[dict[str, str], set[str]]],
    fold: bool,  # noqa: FBT001  # hypothesis passes it
) -> None:
    known = {"a": topic("a", QUERIES[0])}
    watchlist = compile_watchlist(known.values(), revision=0)
    for number, (added, removed) in enumerate(steps):
        before, past = watchlist, hits(watchlist)
        known = {slug: one for slug, one in known.items() if slug not in removed}
        known |= {slug: topic(slug, query) for slug, query in added.items()}
        new = [known[slug] for slug in added]
        watchlist = watchlist.changed(added=new, removed=removed, revision=number)
        assert hits(before) == past
        if fold and watchlist.fragmented:
            watchlist = watchlist.folded()
            assert not watchlist.fragmented
        assert watchlist.revision == number
        assert {one.slug: one for one in watchlist.topics} == known
        assert hits(watchlist) == hits(compile_watchlist(known.values(), revision=0))


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(QUERIES)),
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(QUERIES)),
)
def test_a_watchlist_brought_to_other_topics_has_just_these(
    one: dict[str, str], other: dict[str, str]
) -> None:
    before, after = ([topic(*pair) for pair in sorted(each.items())] for each in (one, other))
    watchlist = compile_watchlist(before, revision=1).brought_to(after, revision=2)
    assert sorted(watchlist.topics, key=lambda each: each.slug) == after
    assert hits(watchlist) == hits(compile_watchlist(after, revision=2))


def test_what_did_not_change_is_not_compiled_again() -> None:
    topics = [topic(slug, "tunnel") for slug in "abc"]
    watchlist = compile_watchlist(topics, revision=1)
    same = watchlist.brought_to([topic(slug, "tunnel") for slug in "abc"], revision=2)
    assert same._parts[0].index is watchlist._parts[0].index
    assert (same.revision, same.topics) == (2, tuple(topics))


def test_many_changes_ask_for_folding_and_folding_leaves_one_part() -> None:
    watchlist = compile_watchlist([topic(f"t{number}", "tunnel") for number in range(1000)], revision=0)
    for number in range(200):
        watchlist = watchlist.changed(added=[topic(f"n{number}", "tunnel")], revision=number)
    assert watchlist.fragmented
    assert len(watchlist._parts) <= 14  # the newest topics share a part
    folded = watchlist.folded()
    assert len(folded._parts) == 1
    assert folded.topics == watchlist.topics
    assert hits(folded) == hits(watchlist)
    assert not watchlist.changed(removed=["n1"], revision=1).folded().fragmented


def test_a_query_that_cannot_be_compiled_changes_nothing() -> None:
    watchlist = compile_watchlist([topic("a", "tunnel")], revision=1)
    with pytest.raises(QueryError, match=r"topic b: .* never closed"):
        watchlist.changed(added=[topic("b", "(x")], removed=["a"], revision=2)
    assert [one.slug for one in watchlist.topics] == ["a"]


def test_a_watchlist_may_lose_and_gain_all_its_topics() -> None:
    empty = compile_watchlist([topic("a", "tunnel")], revision=1).changed(removed=["a"], revision=2)
    assert empty.topics == ()
    assert hits(empty) == [{}] * len(TEXTS)
    assert [one.slug for one in empty.changed(added=[topic("b", "tunnel")], revision=3).topics] == ["b"]


def test_readers_in_threads_see_the_same_hits_while_snapshots_are_made() -> None:
    watchlist = compile_watchlist([topic(f"t{n}", query) for n, query in enumerate(QUERIES)], revision=0)
    expected = hits(watchlist)
    seen: list[bool] = []
    threads = [
        threading.Thread(target=lambda: seen.extend(hits(watchlist) == expected for _ in range(50)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for number in range(50):
        watchlist.changed(added=[topic(f"x{number}", "tunnel")], removed=["t0"], revision=number)
    for thread in threads:
        thread.join()
    assert seen == [True] * 200
