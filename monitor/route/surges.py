"""Decide which subscriptions are told of a topic's surge, and with which of its stories.

Pure, and apart from the ledger: a surge is no hit, and each hit keeps its one decision.
"""

from collections.abc import Sequence

from monitor.model import AlertHit, Silence, Subscription
from monitor.route.silence import silencing
from monitor.route.wants import OptOuts, unasked

SHOWN = 10  # stories


def tell_surge(
    stories: Sequence[Sequence[AlertHit]],
    subscriptions: Sequence[Subscription],
    *,
    opt_outs: OptOuts = (),
    silences: Sequence[Silence] = (),
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
            if (wanted := [hit for hit in hits if _wanted(hit, subscription, opt_outs, silences)])
        ]
        if shown:
            told.append((subscription, tuple(shown[:SHOWN])))
    return told


def _wanted(
    hit: AlertHit, subscription: Subscription, opt_outs: OptOuts, silences: Sequence[Silence]
) -> bool:
    if unasked(subscription, hit, opt_outs=opt_outs) is not None:
        return False
    return silencing(silences, subscription, hit, story="") is None
