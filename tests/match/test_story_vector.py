"""Traces: whole numbers of unit length, the same bytes anywhere, and the share of a text that another one holds."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.match import packed, story_text, unpacked
from monitor.match.story.index import StoryIndex
from monitor.match.story.rarity import GENERAL, Rarity, rarity_of_features, rarity_of_terms
from monitor.match.story.text import number_of
from monitor.match.story.vector import SCALE, Trace, containment, trace_of
from monitor.model import ItemText


def trace(title: str, summary: str = "") -> Trace:
    return trace_of(
        story_text(ItemText(title=title, summary=summary, language="en")),
        rarity_of_terms("en"),
        rarity_of_features(),
    )


@given(st.text(max_size=300), st.text(max_size=600))
def test_a_trace_survives_its_bytes_and_has_unit_length(title: str, summary: str) -> None:
    made = trace(title, summary)
    assert unpacked(packed(made)) == made
    for vector in (made.terms, made.features):
        assert list(vector.weights) == sorted(vector.weights, reverse=True)
        square = vector.dot(vector.as_map())
        assert not vector.ids or 0.9 < square / SCALE**2 < 1.01


def test_bytes_that_are_no_trace_are_refused() -> None:
    with pytest.raises(struct.error):
        unpacked(packed(trace("Agents find a tunnel")) + b"\x00")


def test_containment_is_the_share_of_the_shorter_text_and_too_short_ones_have_none() -> None:
    whole = " ".join(f"w{n}" for n in range(40))
    part = " ".join(f"w{n}" for n in range(20))
    assert containment(trace("x", whole), trace("y", part), least=8) == 1.0
    assert containment(trace("y", part), trace("x", whole), least=8) == 1.0
    assert containment(trace("y", part), trace("x", whole), least=20) == 0.0
    assert containment(trace("x", whole), trace("y", " ".join(f"v{n}" for n in range(30))), least=8) == 0.0


def test_a_term_is_rarer_the_fewer_have_it_and_an_item_that_left_counts_no_more() -> None:
    rarity = rarity_of_terms("en")
    common, rare = number_of("the"), number_of("otay")
    before = rarity.weights([common, rare])
    assert before[0] < 1 < before[1]
    for _ in range(GENERAL):
        rarity.add([rare])
    assert rarity.weights([rare])[0] < 1
    for _ in range(GENERAL):
        rarity.remove([rare])
    assert rarity.weights([common, rare]) == before


def test_without_general_news_a_window_must_grow_before_it_tells() -> None:
    rarity = Rarity(None)
    for _ in range(200):
        assert not rarity.told
        rarity.add([1])
    assert rarity.told
    assert rarity_of_terms("es").told


def test_the_index_finds_who_shares_the_most_and_forgets_who_left() -> None:
    index, seen = StoryIndex(), trace("Agents find drug tunnel under Otay Mesa warehouse")
    near, far = trace("Otay Mesa warehouse tunnel"), trace("Tomato duty angers growers near Otay")
    index.add(1, near.terms)
    index.add(2, far.terms)
    index.add(3, trace("Bakery wins prize").terms)
    assert sorted(index.near(seen.terms)) == [1, 2]
    index.remove(1, near.terms)
    assert index.near(seen.terms) == [2]
    for position in range(4, 60):
        index.add(position, near.terms)
    found = index.near(seen.terms)
    assert len(found) == 12
    assert 2 not in found
