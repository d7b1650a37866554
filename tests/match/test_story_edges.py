"""Where a story key begins and ends to be given, and what of a headline is the outlet's name."""

import pytest

from monitor.match import story_keys
from monitor.model import ItemText


def title_key(title: str, *, source: str = "") -> str | None:
    return next(
        (key[6:] for key in story_keys(ItemText(title=title, source=source)) if key.startswith("title:")),
        None,
    )


def lead_key(summary: str) -> str | None:
    return next(
        (key[5:] for key in story_keys(ItemText(title="", summary=summary)) if key.startswith("lead:")), None
    )


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Tunnel found near Tijuana", "tunnel found near tijuana"),  # four words, four telling
        ("Tunnel found Tijuana", None),  # three words
        ("Tunnel found in Tijuana", "tunnel found in tijuana"),  # three telling words are enough
        ("The tunnel at Tijuana", None),  # two are not
        (" ".join(f"word{n}" for n in range(30)), " ".join(f"word{n}" for n in range(24))),
    ],
)
def test_a_headline_is_a_key_from_four_words_and_three_telling_ones_on(title: str, key: str | None) -> None:
    assert title_key(title) == key


@pytest.mark.parametrize(
    ("title", "source"),
    [
        ("Tunnel found near Tijuana - Reuters", ""),
        ("Tunnel found near Tijuana | world news", ""),
        ("Tunnel found near Tijuana — El Paso Matters", ""),
        ("Tunnel found near Tijuana - the new york times", "The New York Times"),
        ("Tunnel found near Tijuana | World | Reuters", ""),
        ("BREAKING: Tunnel found near Tijuana", ""),
    ],
)
def test_an_outlets_name_is_no_part_of_what_happened(title: str, source: str) -> None:
    assert title_key(title, source=source) == title_key("Tunnel found near Tijuana")


@pytest.mark.parametrize(
    "title",
    [
        "Tunnel found near Tijuana - police say nothing",
        "Tunnel found near Tijuana - One Two Three Four Five Six",
        "Found in Tijuana - Reuters",
    ],
)
def test_what_may_belong_to_the_news_stays(title: str) -> None:
    kept = title_key(title)
    assert kept is not None
    assert kept.split()[-1] == title.rsplit(maxsplit=1)[-1].lower()


def test_a_lead_of_ten_words_with_four_telling_ones_is_a_key_and_less_is_none() -> None:
    ten = "agents found a tunnel with rails in the border city"
    assert lead_key(ten) == ten
    assert lead_key(ten + " of Tijuana on Monday") == ten
    assert lead_key("agents found a tunnel with rails in the border") is None
    assert lead_key("this is what you should know about all of it") is None
    assert lead_key("Sign up for agents tunnel rails border city wall river") is None
    assert lead_key(f"TIJUANA, Mexico (AP) — {ten}") == ten
