"""What a poll brought, and where the feed stands after it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.cadence import Schedule
from monitor.fetch.request import Fetched
from monitor.model import FetchState, ItemDraft, ItemText, Outcome
from monitor.pipeline.intake import progress, take_in
from monitor.store.items import KnownItem

NOW = datetime(2025, 3, 9, 12, tzinfo=UTC)
NEXT = Schedule(next_poll_at=NOW + timedelta(hours=1), interval=3600, reason="60 min floor")
BEFORE = FetchState(
    next_poll_at=NOW,
    etag='"a"',
    last_modified="Mon",
    validator_url="https://f.test/",
    body_hash="old",
    failures=3,
)


def draft(key: str, fingerprint: str = "1") -> ItemDraft:
    return ItemDraft(
        key=key, raw_id=key, fingerprint=fingerprint, link=None, canonical_link=None, text=ItemText(title=key)
    )


def known(*keys: str, fingerprint: str = "1") -> dict[str, KnownItem]:
    return {key: KnownItem(id=n, version=1, fingerprint=fingerprint) for n, key in enumerate(keys, start=1)}


def after(outcome: Outcome, state: FetchState = BEFORE, **headers: str) -> FetchState:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    fetched = Fetched(outcome=None, reason="", url="https://f.test/new", status=200, headers=names)
    return progress(state, outcome=outcome, reason="r", fetched=fetched, digest="new", schedule=NEXT, now=NOW)


def test_items_are_sorted_into_new_changed_and_seen() -> None:
    intake = take_in([draft("c"), draft("b", "2"), draft("a")], known("a", "b"))
    assert [each.key for each in intake.new] == ["c"]
    assert [each.key for each in intake.changed] == ["b"]
    assert intake.seen == ("a", "b")


def test_the_oldest_of_a_document_comes_first() -> None:
    """Feeds list the newest first; a story must begin with its first report."""
    assert [each.key for each in take_in([draft("new"), draft("old")], {}).new] == ["old", "new"]


@given(st.lists(st.integers(0, 9), unique=True), st.sets(st.integers(0, 9)))
def test_no_item_is_lost_between_new_and_seen(keys: list[int], stored: set[int]) -> None:
    found = [draft(str(key)) for key in keys]
    intake = take_in(found, known(*map(str, stored)))
    assert sorted([each.key for each in intake.new] + list(intake.seen)) == sorted(each.key for each in found)


def test_a_new_guid_on_text_and_link_that_were_shown_is_a_reissue() -> None:
    again, edited, moved = (replace(draft(key), canonical_link="https://p.test/1") for key in "aem")
    edited, moved = replace(edited, fingerprint="2"), replace(moved, canonical_link="https://p.test/2")
    intake = take_in([again, edited, moved], {}, shown={("1", "https://p.test/1")})
    assert intake.reissued == {"a"}
    assert {each.key for each in intake.new} == {"a", "e", "m"}


def test_a_good_answer_replaces_validators_and_heals() -> None:
    state = after(Outcome.NEW, etag='W/"b"')
    assert (state.etag, state.last_modified, state.validator_url) == ('W/"b"', None, "https://f.test/new")
    assert (state.failures, state.body_hash, state.last_ok_at) == (0, "new", NOW)


def test_an_answer_without_validators_clears_them() -> None:
    assert after(Outcome.SAME).etag is None


def test_a_304_keeps_validators_takes_new_ones_and_heals_nothing() -> None:
    state = after(Outcome.NOT_MODIFIED, etag='"c"')
    assert (state.etag, state.last_modified, state.failures, state.body_hash) == ('"c"', "Mon", 3, "old")


@pytest.mark.parametrize("outcome", [each for each in Outcome if not each.ok])
def test_a_failure_keeps_validators_and_counts(outcome: Outcome) -> None:
    """With the validators of an unreadable 200, the next 304 would hide its items for ever."""
    state = after(outcome, etag='"c"')
    assert (state.etag, state.body_hash, state.failures, state.last_ok_at) == ('"a"', "old", 4, None)


def test_only_the_first_readable_poll_sets_the_baseline() -> None:
    assert after(Outcome.NEW).baseline_at == NOW
    earlier = NOW - timedelta(days=1)
    assert after(Outcome.NEW, replace(BEFORE, baseline_at=earlier)).baseline_at == earlier
    assert after(Outcome.SERVER_ERROR).baseline_at is None


def test_gone_is_counted_only_in_a_row() -> None:
    assert after(Outcome.GONE, replace(BEFORE, gone=1)).gone == 2
    assert after(Outcome.NOT_FOUND, replace(BEFORE, gone=1)).gone == 0


@pytest.mark.parametrize("outcome", [Outcome.NEW, Outcome.SAME])
def test_a_damaged_document_counts_as_read_but_its_validators_are_not_kept(outcome: Outcome) -> None:
    """It may have been cut: a 304 to its validators would hide the rest for ever."""
    fetched = Fetched(outcome=None, reason="", url="https://f.test/", status=200, headers={"etag": '"b"'})
    state = progress(
        BEFORE,
        outcome=outcome,
        reason="r",
        fetched=fetched,
        digest="new",
        damaged=True,
        schedule=NEXT,
        now=NOW,
    )
    assert (state.etag, state.body_hash, state.failures) == ('"a"', "old", 0)
    assert state.baseline_at == state.last_ok_at == NOW


def test_both_validators_are_taken_over() -> None:
    for outcome in (Outcome.NEW, Outcome.NOT_MODIFIED):
        state = after(outcome, etag='"n"', last_modified="Tue")
        assert (state.etag, state.last_modified) == ('"n"', "Tue")
