"""What is remembered of a document, and when that is not enough."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.document import Entry, Parsed
from monitor.fetch.identity import identify
from monitor.fetch.window import reissued, shares_nothing, slots, still_shown, unsure
from monitor.model import ItemDraft, Outcome, Slot


def piece(entry: Entry) -> str:
    return hashlib.sha256(repr(entry).encode()).hexdigest()[:16]


def entry(number: int, *, guid: str | None = None, link: str | None = None) -> Entry:
    return Entry(
        raw_id=guid or f"g{number}", link=link or f"https://p.test/{number}", title=f"Title {number}"
    )


def document(entries: list[Entry], *, seen: frozenset[str] = frozenset(), cut: bool = True) -> Parsed:
    """Parse as the child does: all pieces, and the entries that were not seen."""
    pieces = tuple(piece(each) for each in entries) if cut else ()
    fresh = tuple(each for each in entries if not cut or piece(each) not in seen)
    return Parsed(outcome=Outcome.NEW, entries=fresh, pieces=pieces)


def remember(parsed: Parsed, before: tuple[Slot, ...] = ()) -> tuple[Slot, ...]:
    keys = identify(parsed, feed_language="und", source="").keys
    return slots(parsed, keys, before, renamed={})


def pieces_of(window: tuple[Slot, ...]) -> frozenset[str]:
    return frozenset(slot.piece for slot in window)


def test_seen_pieces_keep_their_slots_and_new_ones_stand_where_they_are() -> None:
    first = remember(document([entry(1), entry(2)]))
    later = document([entry(3), entry(1), entry(2)], seen=pieces_of(first))
    assert [each.raw_id for each in later.entries] == ["g3"]
    window = remember(later, first)
    assert [slot.key for slot in window] == ["guid:g3", "guid:g1", "guid:g2"]
    assert window[1:] == first
    assert still_shown(later, first) == ("guid:g1", "guid:g2")


@given(st.lists(st.integers(0, 12), unique=True), st.lists(st.integers(0, 12), unique=True))
def test_the_window_is_the_same_whether_parsed_whole_or_in_part(old: list[int], new: list[int]) -> None:
    before = remember(document([entry(number) for number in old]))
    entries = [entry(number) for number in new]
    part = document(entries, seen=pieces_of(before))
    assert not unsure(part, before)
    assert remember(part, before) == remember(document(entries))


def test_a_document_read_whole_because_one_was_not_sure_is_remembered_entry_by_entry() -> None:
    """Entries seen before are among those read then, so that a new piece must not get the slot of an old one."""
    before = remember(document([entry(1), entry(2)]))
    entries = [entry(1), entry(3, guid="g2"), entry(2), entry(4)]
    assert unsure(document(entries, seen=pieces_of(before)), before)
    window = remember(document(entries), before)
    assert window == remember(document(entries))
    assert [slot.piece for slot in window] == [piece(each) for each in entries]
    assert len({(slot.key, slot.guid, slot.link) for slot in window}) == 4


def test_a_document_that_was_not_cut_is_remembered_without_pieces() -> None:
    window = remember(document([entry(1), Entry()], cut=False))
    assert [(slot.piece, slot.key) for slot in window] == [("", "guid:g1"), ("", "")]
    assert window[0].guid
    assert window[0].link


def test_a_key_that_was_renamed_is_remembered_under_its_new_name() -> None:
    parsed = document([entry(1)])
    (slot,) = slots(parsed, ("guid:g1",), (), renamed={"guid:g1": "guid:old"})
    assert slot.key == "guid:old"


def drafts(*entries: Entry) -> tuple[ItemDraft, ...]:
    return identify(document(list(entries)), feed_language="und", source="").drafts


def test_a_guid_that_stood_for_an_item_under_another_key_is_that_item() -> None:
    before = slots(
        document([entry(1), entry(2)]), ("guid:g1", "guid:g2"), (), renamed={"guid:g1": "guid:old"}
    )
    assert reissued(drafts(entry(1), entry(2), entry(3)), before) == {"guid:g1": "guid:old"}
    assert reissued(drafts(entry(1)), ()) == {}


def test_of_several_with_one_guid_the_link_tells_which_it_was() -> None:
    before = slots(document([entry(1), entry(2)]), ("guid:g1", "guid:g2"), (), renamed={})
    (one, other) = drafts(entry(1), entry(9, guid="g1"))
    assert reissued((one, other), before) == {"guid:g1 https://p.test/1": "guid:g1"}


def test_a_guid_that_is_not_one_items_alone_says_nothing() -> None:
    def window(*keys: str) -> tuple[Slot, ...]:
        old = [entry(1), entry(2)]
        return slots(
            document(old),
            ("guid:g1", "guid:g2"),
            (),
            renamed=dict(zip(("guid:g1", "guid:g2"), keys, strict=True)),
        )

    before = window("guid:old", "guid:g2")
    assert reissued(drafts(entry(8, guid="g1"), entry(9, guid="g1")), before) == {}, "two entries carry it"
    assert reissued(drafts(entry(1), entry(9, guid="old")), before) == {}, "the item is there itself"
    assert reissued(drafts(entry(1), entry(2)), window("guid:old", "guid:old")) == {}, "shown under two guids"
    assert reissued(drafts(Entry(title="No guid")), before) == {}
    twice = slots(document([entry(1), entry(5, guid="g1")]), ("guid:a", "guid:b"), (), renamed={})
    assert reissued(drafts(entry(7, guid="g1")), twice) == {}, "two items had it"


def test_an_entry_that_shares_guid_or_link_with_one_still_there_is_not_judged_alone() -> None:
    before = remember(document([entry(1), entry(2)]))
    seen = pieces_of(before)
    assert unsure(document([entry(3, guid="g1"), entry(1)], seen=seen), before)
    assert unsure(document([entry(3, link="http://p.test/1?utm_source=x"), entry(1)], seen=seen), before)
    assert not unsure(document([entry(3, guid="g1"), entry(2)], seen=seen), before), "an edited item"
    assert not unsure(document([entry(1), entry(2)], seen=seen), before)


def test_a_window_shares_nothing_only_with_a_window_of_other_items() -> None:
    before = remember(document([entry(1), entry(2)]))
    other = remember(document([entry(8), entry(9)]))
    assert shares_nothing(other, before, ())
    assert not shares_nothing(other, before, {"guid:g9"}), "an old item that is shown again"
    assert not shares_nothing(remember(document([entry(9), entry(2)])), before, ())
    assert not shares_nothing(other, (), ())
    assert not shares_nothing((), before, ())
