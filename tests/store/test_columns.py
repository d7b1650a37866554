from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.store.columns import in_batches, index_key, micros, moment, moment_or_none


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_survives_to_the_microsecond(value: datetime) -> None:
    assert moment(micros(value)) == value
    assert moment_or_none(micros(value)) == value


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_stored_times_keep_their_order(one: datetime, other: datetime) -> None:
    assert (micros(one) < micros(other)) == (one < other)


def test_a_zone_is_converted_and_a_naive_time_refused() -> None:
    paris = timezone(timedelta(hours=1))
    assert micros(datetime(1970, 1, 1, 1, tzinfo=paris)) == 0
    assert moment_or_none(micros(None)) is None
    with pytest.raises(TypeError):
        micros(datetime(1970, 1, 1))  # noqa: DTZ001 - the point


@given(st.text(max_size=2000), st.text(max_size=2000))
def test_index_keys_are_short_and_as_different_as_their_texts(one: str, other: str) -> None:
    assert len(index_key(one)) <= 512
    assert (index_key(one) == index_key(other)) == (one == other)


def test_a_short_key_is_kept_as_it_is() -> None:
    assert index_key("k" * 512) == "k" * 512
    assert index_key("k" * 513) != index_key("k" * 514)


@given(st.integers(0, 1300))
def test_batches_hold_everything_once_in_order(size: int) -> None:
    batches = list(in_batches(range(size)))
    assert [each for batch in batches for each in batch] == list(range(size))
    assert all(0 < len(batch) <= 500 for batch in batches)
