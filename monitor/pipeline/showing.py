"""Hits as routing and alerts look at them: beside their topic, in the revision that matched, and their publisher."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from monitor.model import AlertHit, Hit, Topic
from monitor.store import Transaction, feeds


def show_hits(tx: Transaction, hits: Iterable[Hit], *, topics: Mapping[str, Topic]) -> list[AlertHit]:
    """Return hits in their order; each topic has the revision that made the hit, even when it was edited since."""
    listed = list(hits)
    outlets = feeds.outlets_of(tx, {hit.item.feed_id for hit in listed})
    return [
        AlertHit(
            hit=hit,
            topic=replace(topics[hit.topic_slug], revision=hit.topic_revision),
            publisher=outlets[hit.item.feed_id][0],
            region=outlets[hit.item.feed_id][1],
        )
        for hit in listed
    ]
