"""The shipped watchlist on news of our own making, written from what its topics are about and not from its queries."""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from monitor.config import read_watchlist
from monitor.demo.stage import shipped_watchlist
from monitor.match import Watchlist, compile_watchlist
from monitor.match.quality import Judged, Verdict, score
from monitor.model import ItemText

GOLDEN = Path(__file__).parent / "golden.toml"
PRECISION = 0.75  # of all hits of all topics
RECALL = 0.75
ITEMS: list[dict[str, Any]] = tomllib.loads(GOLDEN.read_text(encoding="utf-8"))["item"]


@pytest.fixture(scope="module")
def watchlist() -> Watchlist:
    return compile_watchlist(read_watchlist(shipped_watchlist()), revision=1)


def judged(watchlist: Watchlist) -> list[Judged]:
    return [
        Judged(
            verdict=Verdict(
                item=item["id"],
                topics=frozenset(item["topics"]),
                marginal=frozenset(item.get("marginal", ())),
            ),
            language=item["language"],
            hits=frozenset(
                match.topic.slug
                for match in watchlist.match(
                    ItemText(title=item["title"], summary=item["summary"], language=item["language"])
                )
            ),
        )
        for item in ITEMS
    ]


def test_the_file_is_in_both_languages_with_every_topic_and_as_many_traps(watchlist: Watchlist) -> None:
    slugs = {topic.slug for topic in watchlist.topics}
    assert len(ITEMS) >= 120
    assert len({item["id"] for item in ITEMS}) == len(ITEMS)
    assert min(Counter(item["language"] for item in ITEMS).values()) >= 60
    for language in ("en", "es"):
        ours = [item for item in ITEMS if item["language"] == language]
        about = Counter(topic for item in ours for topic in item["topics"])
        assert about.keys() == slugs
        assert min(about.values()) >= 2
        assert sum(not item["topics"] for item in ours) >= 24
    for item in ITEMS:
        assert {*item["topics"], *item.get("marginal", ())} <= slugs, item["id"]
        assert not set(item["topics"]) & set(item.get("marginal", ())), item["id"]
        assert item["why"], item["id"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_most_hits_are_right_and_most_items_are_found(watchlist: Watchlist, language: str) -> None:
    slugs = [topic.slug for topic in watchlist.topics]
    scores = [one for one in score(judged(watchlist), slugs).scores if one.language == language]
    right = sum(one.right for one in scores)
    false = [f"{one.topic}: {item}" for one in scores for item in one.false]
    missed = [f"{one.topic}: {item}" for one in scores for item in one.missed]
    told = "\n".join(["false", *false, "missed", *missed])
    assert right / (right + len(false)) >= PRECISION, told
    assert right / (right + len(missed)) >= RECALL, told
