"""What a poll brought: new, changed, known, or only issued again."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import ItemDraft, ItemText
from monitor.pipeline.intake import FLOOD, Known, apart, take_in
from monitor.store.items import KnownItem


def draft(key: str, fingerprint: str = "1", *, link: str | None = None, title: str = "") -> ItemDraft:
    return ItemDraft(
        key=key,
        raw_id=key.removeprefix("guid:"),
        fingerprint=fingerprint,
        link=link,
        canonical_link=link,
        text=ItemText(title=title or key),
    )


def known(*keys: str, fingerprint: str = "1") -> dict[str, KnownItem]:
    return {key: KnownItem(id=n, version=1, fingerprint=fingerprint) for n, key in enumerate(keys, start=1)}


def test_items_are_sorted_into_new_changed_and_seen() -> None:
    intake = take_in([draft("c"), draft("b", "2"), draft("a")], Known(by_key=known("a", "b")))
    assert [each.key for each in intake.new] == ["c"]
    assert [each.key for each in intake.changed] == ["b"]
    assert intake.seen == ("a", "b")


def test_the_oldest_of_a_document_comes_first() -> None:
    """Feeds list the newest first; a story must begin with its first report."""
    assert [each.key for each in take_in([draft("new"), draft("old")], Known()).new] == ["old", "new"]


@given(st.lists(st.integers(0, 9), unique=True), st.sets(st.integers(0, 9)))
def test_no_item_is_lost_between_new_and_seen(keys: list[int], stored: set[int]) -> None:
    found = [draft(str(key)) for key in keys]
    intake = take_in(found, Known(by_key=known(*map(str, stored))))
    assert sorted([each.key for each in intake.new] + list(intake.seen)) == sorted(each.key for each in found)


def test_a_new_guid_on_text_and_link_that_were_shown_is_that_item_again() -> None:
    """A feed that makes guids anew at every request must not fill the archive."""
    again = draft("guid:fresh", link="https://p.test/1")
    edited = draft("guid:edited", "2", link="https://p.test/1")
    moved = draft("guid:moved", link="https://p.test/2")
    intake = take_in([again, edited, moved], Known(shown={("1", "https://p.test/1"): "guid:old"}))
    assert intake.renamed == {"guid:fresh": "guid:old"}
    assert intake.seen == ("guid:old",)
    assert {each.key for each in intake.new} == {"guid:edited", "guid:moved"}
    assert not intake.held


@pytest.mark.parametrize(
    ("number", "window", "shown", "held"),
    [
        (FLOOD, FLOOD, FLOOD, 0),  # few are never suspicious
        (FLOOD + 2, FLOOD + 2, 5, FLOOD + 2),
        (FLOOD + 2, FLOOD + 2, 3, 0),  # a busy day, or a gap: nothing of it was shown before
        (FLOOD + 2, 3 * FLOOD, FLOOD, 0),  # less than half of the document
    ],
)
def test_a_window_issued_again_is_held_whole(number: int, window: int, shown: int, held: int) -> None:
    found = [draft(f"guid:{n}", f"text {n}", link=f"https://p.test/new/{n}") for n in range(number)]
    intake = take_in(found, Known(texts={f"text {n}" for n in range(shown)}), window=window)
    assert len(intake.held) == held
    by_link = Known(links={f"https://p.test/new/{n}" for n in range(shown)})
    assert len(take_in(found, by_link, window=window).held) == held


def test_what_is_left_of_a_flood_is_held_too() -> None:
    """Most of a window issued again under new guids is recognised one by one; the rest came with it."""
    found = [draft(f"guid:{n}", f"text {n}", link=f"https://p.test/{n}") for n in range(FLOOD + 5)]
    shown = {(f"text {n}", f"https://p.test/{n}"): f"guid:old-{n}" for n in range(FLOOD)}
    intake = take_in(found, Known(shown=shown), window=len(found))
    assert len(intake.renamed) == FLOOD
    assert intake.held == {f"guid:{n}" for n in range(FLOOD, FLOOD + 5)}


@pytest.mark.parametrize(
    ("link", "title", "other"),
    [
        ("https://p.test/b", "Bakery opens downtown", True),
        (
            "https://p.test/b",
            "Agents seize more fentanyl at bridge",
            False,
        ),  # edited headline, restyled address
        ("https://p.test/a", "Bakery opens downtown", False),  # rewritten at its own address
        (None, "Bakery opens downtown", False),
    ],
)
def test_a_guid_given_to_another_article_makes_another_item(
    link: str | None, title: str, *, other: bool
) -> None:
    before = KnownItem(
        id=1,
        version=1,
        fingerprint="1",
        canonical_link="https://p.test/a",
        title="Agents seize fentanyl at bridge",
    )
    found = draft("guid:7", "2", link=link, title=title)
    separate = apart([found], {"guid:7": before})
    assert bool(separate) is other
    if other:
        assert separate["guid:7"].key == "guid:7 https://p.test/b"
    assert apart([replace(found, raw_id=None)], {"guid:7": before}) == {}
