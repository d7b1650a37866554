"""Items as bad as feeds can make them: the work grows with their length, and what is remembered does not."""

import sys
from collections.abc import Callable

import pytest

from monitor.match import Watchlist, compile_watchlist
from monitor.model import ItemText, Priority, Topic
from monitor.text.fold import folded_words, tokens, words

QUERIES = (
    "tunnel",
    '"border wall" AND NOT title:film',
    "smuggl* OR =ICE OR a1 OR a2 OR a3 OR a4",
    '"border wall"~3 OR (border NEAR/5 tunnel)',
    "ATLEAST/2(border, wall, tunnel) AND NOT lang:de",
)
SHAPES: dict[str, Callable[[int], str]] = {
    "words": lambda size: "border wall " * (size // 12),
    "different words": lambda size: " ".join(f"w{number}" for number in range(size // 7)),
    "one word": lambda size: "x" * size,
    "letters and dots": lambda size: "a." * (size // 2),
    "doubled letters": lambda size: "EE. " * (size // 4),
    "combining marks": lambda size: "e" + "\u0301\u0323" * (size // 2),
    "marks that are no letters": lambda size: "e" + "\u20d0\u05b0" * (size // 2),
    "joiners": lambda size: "a\u200b" * (size // 2),
    "control characters": lambda size: "\x00\x07\x1b" * (size // 3),
    "lone surrogates": lambda size: "\ud800a\udfff " * (size // 4),
    "apostrophes": lambda size: "'s’s" * (size // 4),
    "addresses": lambda size: "https://" * (size // 8),
    "ligatures": lambda size: "\ufdfa" * (size // 18),
    "right to left": lambda size: "\u202e\u0627\u0644 " * (size // 4),
    "emoji": lambda size: "\U0001f600\u200d" * (size // 2),
}

MEGABYTE = {"one word", "combining marks", "ligatures", "right to left"}


@pytest.fixture(scope="module")
def watchlist() -> Watchlist:
    topics = [
        Topic(
            slug=f"t{n}",
            watchlist="w",
            name="n",
            description="",
            priority=Priority.LOW,
            query=query,
            owner="o",
        )
        for n, query in enumerate(QUERIES)
    ]
    return compile_watchlist(topics, revision=1)


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


@pytest.mark.parametrize("shape", SHAPES)
def test_the_work_grows_no_faster_than_the_text(watchlist: Watchlist, shape: str) -> None:
    small, large = (ItemText(title="x", body=SHAPES[shape](size)) for size in (20_000, 80_000))
    for text in (small, large):
        watchlist.match(text)  # what is met for the first time costs more
    assert steps(lambda: watchlist.match(large)) < 6 * steps(lambda: watchlist.match(small)) + 1_000


@pytest.mark.parametrize("shape", SHAPES)
def test_bad_text_is_matched_and_seen_as_the_way_with_offsets_sees_it(
    watchlist: Watchlist, shape: str
) -> None:
    text = SHAPES[shape](1_000_000 if shape in MEGABYTE else 100_000)
    with_tunnel = ItemText(title="A tunnel", body=text)
    assert "t0" in {match.topic.slug for match in watchlist.match(with_tunnel)}
    assert words(text) == [token.word for token in tokens(text)]


def test_an_item_of_a_hundred_thousand_words_has_its_hits_with_bounded_passages(watchlist: Watchlist) -> None:
    text = ItemText(title="x", body="border " * 50_000 + "tunnel " * 50_000)
    found = {match.topic.slug: match.spans for match in watchlist.match(text)}
    assert found.keys() == {"t0", "t4"}  # that they are near each other is looked for among the first 10,000
    assert all(len(spans) <= 60 for spans in found.values())


def test_long_pieces_are_not_remembered(watchlist: Watchlist) -> None:
    memory = next(iter(watchlist._parts[0].index._memories.values()))
    watchlist.match(ItemText(title=" ".join("y" * length for length in range(65, 265))))
    assert not any(piece.startswith("yyyy") for piece in memory)
    assert folded_words("É" * 1_000_000) == ["e" * 1_000_000]
