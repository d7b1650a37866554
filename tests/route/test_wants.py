"""What a subscription asks for: every filter must let a hit pass, and a refusal says which did not."""

from dataclasses import replace
from typing import Any

import pytest

from monitor.route import unasked
from tests.route.test_decide import hit, subscription

SHOWN = replace(
    hit(), topic=replace(hit().topic, tags=("border", "drugs")), publisher="El Mañana", region="mx-tamaulipas"
)


@pytest.mark.parametrize(
    ("wants", "refusal"),
    [
        ({}, None),
        ({"enabled": False}, "switched off"),
        ({"topics": ("tariffs",)}, "does not include the topic fentanyl"),
        ({"topics": ("tariffs", "fentanyl")}, None),
        ({"tags": ("trade",)}, "tagged trade only"),
        ({"tags": ("trade", "drugs")}, None),
        ({"priorities": ("urgent",)}, "urgent only, the topic is normal"),
        ({"priorities": ("urgent", "normal")}, None),
        ({"languages": ("es",)}, "es only, the item is in en"),
        ({"languages": ("es", "en")}, None),
        ({"publishers": ("Reforma",)}, "Reforma only, the item is from El Mañana"),
        ({"publishers": ("El Mañana",)}, None),
        ({"regions": ("us-texas",)}, "feeds of us-texas only"),
        ({"regions": ("mx-tamaulipas",)}, None),
        ({"topics": ("fentanyl",), "languages": ("es",)}, "es only"),
    ],
)
def test_every_filter_must_let_the_hit_pass(wants: dict[str, Any], refusal: str | None) -> None:
    found = unasked(replace(subscription(), **wants), SHOWN)
    assert found is None if refusal is None else refusal in (found or "")


def test_an_item_of_unknown_language_passes_every_language_filter() -> None:
    assert unasked(subscription(languages=("es",)), hit(language="und")) is None


@pytest.mark.parametrize(
    ("opt_out", "refusal", "other"),
    [
        ((1, ""), "the subscriber unsubscribed", False),
        ((1, "fentanyl"), "unsubscribed from the topic fentanyl", True),
    ],
)
def test_who_unsubscribed_is_told_nothing_of_that(
    opt_out: tuple[int, str], refusal: str, *, other: bool
) -> None:
    assert refusal in (unasked(subscription(), SHOWN, opt_outs={opt_out}) or "")
    assert unasked(subscription(2), SHOWN, opt_outs={opt_out}) is None
    assert (unasked(subscription(), hit(topic="tariffs"), opt_outs={opt_out}) is None) == other
