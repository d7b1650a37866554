"""Decide which subscriptions are told of a topic's surge, and with which of its stories.

Pure, and apart from the ledger: a surge is no hit, and each hit keeps its one decision.
"""

from collections.abc import Sequence

from monitor.model import AlertHit, Subscription
from monitor.route.decide import unwanted

SHOWN = 10  # stories


def tell_surge(
    stories: Sequence[Sequence[AlertHit]], subscriptions: Sequence[Subscription]
) -> list[tuple[Subscription, tuple[AlertHit, ...]]]:
    """Choose for each subscription that wants the topic's surges one hit of each story, at most `SHOWN`.

    `stories` holds the topic's hits on each story of the window, in the order in which they are to be shown. Whoever
    takes other languages than all of them is not told.
    """
    told = []
    for subscription in subscriptions:
        if not subscription.surges:
            continue
        shown = [
            wanted[0]
            for hits in stories
            if (wanted := [hit for hit in hits if unwanted(subscription, hit) is None])
        ]
        if shown:
            told.append((subscription, tuple(shown[:SHOWN])))
    return told
