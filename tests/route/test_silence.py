"""Silences: every filter of a matcher that is not empty must fit."""

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.model import ItemText, Matcher, Silence
from monitor.route import silencing
from monitor.route.silence import covers
from tests.route.test_decide import NOW, hit, subscription

TEXT = ItemText(
    title="Decomiso de fentanilo en Otay", summary="La Guardia Nacional halló pastillas", language="es"
)
SHOWN = replace(
    hit(),
    hit=replace(hit().hit, item=replace(hit().hit.item, text=TEXT)),
    publisher="Zeta",
    region="mx-bc",
)
SILENCE = Silence(
    uid="one",
    matcher=Matcher(topics=("tariffs",)),
    owner="cli",
    reason="known",
    begins_at=NOW,
    ends_at=NOW + timedelta(hours=1),
    created_at=NOW,
)


@pytest.mark.parametrize(
    ("matcher", "fits"),
    [
        (Matcher(), True),
        (Matcher(subscribers=("ana",)), True),
        (Matcher(subscribers=("bob",)), False),
        (Matcher(subscriptions=("s1",)), True),
        (Matcher(topics=("fentanyl", "tariffs")), True),
        (Matcher(topics=("tariffs",)), False),
        (Matcher(tags=("drugs",)), False),
        (Matcher(priorities=("normal",)), True),
        (Matcher(languages=("en",)), False),
        (Matcher(publishers=("Zeta",)), True),
        (Matcher(regions=("us-tx",)), False),
        (Matcher(feeds=("feed",)), True),
        (Matcher(stories=("story-1",)), True),
        (Matcher(stories=("story-2",)), False),
        (Matcher(words=("OTAY",)), True),
        (Matcher(words=("hallo",)), True),
        (Matcher(words=("guardia nacional",)), True),
        (Matcher(words=("nacional guardia",)), False),
        (Matcher(words=("ota",)), False),
        (Matcher(words=("!",)), False),
        (Matcher(topics=("fentanyl",), words=("tijuana",)), False),
    ],
)
def test_a_matcher_covers_what_passes_all_its_filters(matcher: Matcher, *, fits: bool) -> None:
    assert covers(matcher, subscription(), SHOWN, story="story-1") is fits


def test_a_silence_is_in_force_from_its_beginning_until_before_its_end() -> None:
    at = [NOW + timedelta(minutes=minutes) for minutes in (-1, 0, 59, 60)]
    assert [SILENCE.in_force(each) for each in at] == [False, True, True, False]
    assert replace(SILENCE, ends_at=None).in_force(NOW + timedelta(days=999))


def test_the_first_silence_that_covers_a_hit_is_named() -> None:
    mine = replace(SILENCE, uid="two", matcher=Matcher(topics=("fentanyl",)))
    found = silencing([SILENCE, mine], subscription(), SHOWN, story="")
    assert found is not None
    assert found.uid == "two"
    assert silencing([SILENCE], subscription(), SHOWN, story="") is None
