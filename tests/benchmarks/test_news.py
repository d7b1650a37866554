"""The benchmarks' news is made up, the same each time, and of the size and kind that feeds have."""

from datetime import UTC, datetime
from html import unescape

import pytest

from tests.benchmarks.conftest import Load

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def test_the_same_feed_has_the_same_bytes(load: Load) -> None:
    news = load("news")
    for feed in range(3):
        once, again = (news.render(feed, news.first_window(feed, now=NOW)) for _ in range(2))
        assert once == again


def test_descriptions_have_the_length_of_real_ones_and_markup(load: Load) -> None:
    news = load("news")
    items = [item for feed in range(20) for item in news.first_window(feed, now=NOW)]
    lengths = sorted(len(unescape(item.html)) for item in items)
    assert 300 <= lengths[len(lengths) // 10] <= lengths[len(lengths) * 9 // 10] <= 750
    assert all("<img" in item.html and "<a href" in item.html for item in items)


def test_about_one_item_in_twelve_is_about_the_border(load: Load) -> None:
    news = load("news")
    items = [item for feed in range(60) for item in news.first_window(feed, now=NOW)]
    words = ("fentan", "cartel", "cártel", "asyl", "asilo", "tariff", "arancel", "x-ray")
    about = sum(any(word in item.title.lower() for word in words) for item in items)
    assert len(items) / 16 < about < len(items) / 9


@pytest.mark.parametrize("number", range(5))
def test_distinct_items_share_one_word_only(load: Load, number: int) -> None:
    news = load("news")
    one, other = (
        set(news.make_item(feed, number, published=NOW, distinct=True).title.split()) for feed in (1, 2)
    )
    assert one & other == {"Fentanyl"}
