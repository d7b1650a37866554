"""Where a feed stands after a poll."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.fetch.cadence import Schedule
from monitor.fetch.request import Fetched
from monitor.fetch.rhythm import Rhythm
from monitor.model import FetchState, Hints, ItemDraft, ItemText, Outcome
from monitor.pipeline.progress import Found, must_refetch, progress, taught

NOW = datetime(2025, 3, 9, 12, tzinfo=UTC)
NEXT = Schedule(next_poll_at=NOW + timedelta(hours=1), interval=3600, reason="60 min floor")
NEW_PLACE = "https://f.test/moved"
BEFORE = FetchState(
    next_poll_at=NOW,
    etag='"a"',
    last_modified="Mon",
    validator_url="https://f.test/",
    body_hash="old",
    failures=3,
)


def answer(
    headers: dict[str, str] | None = None, *, status: int = 200, moved_to: str | None = None
) -> Fetched:
    names = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
    return Fetched(
        outcome=None,
        reason="",
        url="https://f.test/new",
        status=status,
        headers=names,
        permanent_url=moved_to,
    )


def step(state: FetchState, outcome: Outcome, found: Found, *, now: datetime = NOW) -> FetchState:
    learnt = taught(state, found, now=now)
    return progress(learnt, outcome=outcome, reason="r", found=found, schedule=NEXT, now=now)


def after(outcome: Outcome, state: FetchState = BEFORE, **headers: str) -> FetchState:
    return step(state, outcome, Found(fetched=answer(headers), digest="new"))


def item(*, published: datetime | None = None) -> ItemDraft:
    return ItemDraft(
        key="k",
        raw_id="k",
        fingerprint="1",
        link=None,
        canonical_link=None,
        text=ItemText(title="t"),
        published=published,
    )


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
    found = Found(fetched=answer({"etag": '"b"'}), digest="new", damaged=True)
    state = step(BEFORE, outcome, found)
    assert (state.etag, state.body_hash, state.failures) == ('"a"', "old", 0)
    assert (state.baseline_at, state.last_ok_at) == (None, NOW), "the first one is no baseline"
    assert step(state, outcome, found).baseline_at == NOW, (
        "the second one is, so that a feed can alert at all"
    )


def test_both_validators_are_taken_over() -> None:
    for outcome in (Outcome.NEW, Outcome.NOT_MODIFIED):
        state = after(outcome, etag='"n"', last_modified="Tue")
        assert (state.etag, state.last_modified) == ('"n"', "Tue")


def test_a_failure_is_known_since_its_first_and_ends_with_a_valid_document() -> None:
    earlier = NOW - timedelta(hours=5)
    assert after(Outcome.TIMEOUT, replace(BEFORE, failing_since=earlier)).failing_since == earlier
    assert after(Outcome.TIMEOUT).failing_since == NOW
    assert after(Outcome.NOT_MODIFIED, replace(BEFORE, failing_since=earlier)).failing_since == earlier
    assert after(Outcome.SAME, replace(BEFORE, failing_since=earlier)).failing_since is None


def test_what_the_schedule_says_is_kept_for_people() -> None:
    state = after(Outcome.SAME)
    assert (state.plan, state.interval, state.next_poll_at) == ("60 min floor", 3600, NEXT.next_poll_at)


def test_a_document_leaves_its_hints_and_its_size() -> None:
    hints = Hints(min_interval=7200)
    state = step(BEFORE, Outcome.SAME, Found(fetched=answer(), digest="d", hints=hints, window=20))
    assert (state.hints, state.window, state.empty_since) == (hints, 20, None)
    unread = step(state, Outcome.SAME, Found(fetched=answer(), digest="d"))
    assert (unread.hints, unread.window) == (hints, 20), "the same bytes say the same"


def test_a_document_without_items_is_empty_since_the_first_such() -> None:
    empty = Found(fetched=answer(), digest="d", hints=Hints(), window=0)
    first = step(replace(BEFORE, window=9), Outcome.SAME, empty)
    assert (first.empty_since, first.window) == (NOW, 0)
    later = step(first, Outcome.SAME, empty, now=NOW + timedelta(hours=1))
    assert later.empty_since == NOW
    full = step(later, Outcome.NEW, replace(empty, window=3))
    assert full.empty_since is None
    assert after(Outcome.EMPTY).empty_since == NOW


def test_the_first_document_seeds_the_rhythm_and_is_no_news() -> None:
    dates = [NOW - timedelta(hours=hours) for hours in (1, 20, 40)]
    found = Found(
        fetched=answer(), digest="d", hints=Hints(), window=3, new=[item(published=date) for date in dates]
    )
    state = step(BEFORE, Outcome.NEW, found)
    assert Rhythm.from_text(state.rhythm).items > 0
    assert state.last_new_at is None


def test_unseen_items_are_learnt_from_and_their_time_is_kept() -> None:
    known = replace(BEFORE, baseline_at=NOW - timedelta(days=9), last_ok_at=NOW - timedelta(hours=2))
    found = Found(fetched=answer(), digest="d", hints=Hints(), window=3, new=[item()], familiar=True)
    state = step(known, Outcome.NEW, found)
    assert state.last_new_at == NOW
    assert Rhythm.from_text(state.rhythm).last == NOW.replace(microsecond=0)
    quiet = step(state, Outcome.SAME, replace(found, new=[]), now=NOW + timedelta(hours=1))
    assert (quiet.last_new_at, quiet.rhythm) == (NOW, state.rhythm)


def moving(
    state: FetchState, days: float, *, to: str | None = NEW_PLACE, familiar: bool = True
) -> FetchState:
    found = Found(fetched=answer(moved_to=to), digest="d", familiar=familiar)
    return step(state, Outcome.SAME, found, now=NOW + timedelta(days=days))


def test_a_permanent_redirect_is_followed_after_a_week_and_five_polls() -> None:
    state = BEFORE
    for day in (0, 2, 4, 6):
        state = moving(state, day)
        assert not state.follows_move
    state = moving(state, 7)
    assert (state.follows_move, state.moved_to, state.moved_polls) == (True, NEW_PLACE, 5)


def test_a_redirect_seen_often_within_a_week_or_rarely_is_not_followed_yet() -> None:
    often = BEFORE
    for _ in range(20):
        often = moving(often, 1)
    assert not often.follows_move
    rarely = moving(moving(BEFORE, 0), 30)
    assert not rarely.follows_move


def test_a_redirect_to_another_place_or_none_starts_the_count_anew() -> None:
    state = moving(moving(BEFORE, 0), 3)
    assert moving(state, 4, to="https://f.test/other").moved_polls == 1
    assert moving(state, 4, to=None).moved_to is None


def test_a_document_that_shares_no_item_does_not_prove_a_move() -> None:
    """A parked domain may serve a feed of its own."""
    state = BEFORE
    for day in range(8):
        state = moving(state, day)
    strange = moving(replace(state, follows_move=False), 9, familiar=False)
    assert not strange.follows_move


@pytest.mark.parametrize(
    ("outcome", "stays"),
    [(Outcome.NOT_FOUND, False), (Outcome.NOT_A_FEED, False), (Outcome.TIMEOUT, True), (Outcome.SAME, True)],
)
def test_when_nothing_is_left_at_the_new_address_the_old_one_is_asked_again(
    outcome: Outcome, *, stays: bool
) -> None:
    state = replace(BEFORE, failures=0, follows_move=True, moved_to=NEW_PLACE, moved_since=NOW, moved_polls=5)
    assert after(outcome, state).follows_move is stays


def test_the_second_410_an_hour_later_retires_a_feed_and_a_valid_one_brings_it_back() -> None:
    first = step(BEFORE, Outcome.GONE, Found(fetched=answer(status=410)))
    assert first.retired_at is None
    later = NOW + timedelta(hours=2)
    second = step(first, Outcome.GONE, Found(fetched=answer(status=410)), now=later)
    assert second.retired_at == later
    assert step(second, Outcome.SAME, Found(fetched=answer(), digest="d"), now=later).retired_at is None


def test_a_server_that_says_not_modified_for_ever_is_asked_for_the_whole_after_eight_days() -> None:
    state = replace(BEFORE, failures=0, outcome=Outcome.NOT_MODIFIED, full_at=NOW - timedelta(days=8))
    assert must_refetch(state, now=NOW)
    assert not must_refetch(state, now=NOW - timedelta(seconds=1))
    assert not must_refetch(replace(state, outcome=Outcome.SAME), now=NOW)
    assert step(state, Outcome.SAME, Found(fetched=answer(), digest="d")).full_at == NOW
    unchanged = step(state, Outcome.NOT_MODIFIED, Found(fetched=answer(status=304)))
    assert unchanged.full_at == NOW - timedelta(days=8)
