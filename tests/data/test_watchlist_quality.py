"""The shipped watchlist keeps its floors on labelled items (ids and verdicts; the texts are their publishers')."""

from pathlib import Path

import pytest

from monitor.config import read_watchlist
from monitor.desk.quality import Floors, measure, read_labels, shortfalls

ROOT = Path(__file__).parents[2]
WATCHLIST = ROOT / "config" / "watchlists" / "us-mexico-border.toml"
LABELS = Path(__file__).parent / "labels"
ITEMS = ROOT.parent / "shared" / "corpora" / "items"


def falls_short(
    *, labels: str, floors: Floors, items: tuple[str, ...] = (), general: tuple[str, ...] = ()
) -> list[str]:
    topics = read_watchlist(WATCHLIST)
    measured = measure(
        topics,
        chosen=[topic.slug for topic in topics],
        labels=[LABELS / labels],
        items=[ITEMS / name for name in items],
        general=[ITEMS / name for name in general],
    )
    return shortfalls(measured, floors)


@pytest.mark.corpus
@pytest.mark.parametrize("labels", ["development.jsonl", "held-out.jsonl"])
def test_precision_and_recall_of_each_language_keep_their_floors(labels: str) -> None:
    floors = Floors(precision=0.8, recall=0.7)
    assert falls_short(labels=labels, items=("candidates.jsonl",), floors=floors) == []


@pytest.mark.corpus
def test_false_alarms_on_general_news_stay_rare() -> None:
    floors = Floors(false_alarms=3, false_alarms_of_topic=0.5)
    general = ("general-en.jsonl", "general-es.jsonl")
    assert falls_short(labels="general.jsonl", general=general, floors=floors) == []


@pytest.mark.parametrize("name", ["development.jsonl", "held-out.jsonl", "general.jsonl"])
def test_labels_name_topics_of_the_watchlist_and_each_item_once(name: str) -> None:
    assert read_labels([LABELS / name], [topic.slug for topic in read_watchlist(WATCHLIST)])
