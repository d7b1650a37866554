"""Tell the log what a poll came to; it changes nothing."""

import logging
from collections.abc import Sequence

import structlog

from monitor.model import Hit
from monitor.pipeline.ending import Ending
from monitor.pipeline.keep import Polled
from monitor.text.gate import without_credentials

log = structlog.get_logger()


def tell(polled: Polled, ending: Ending, made: Sequence[Hit], *, ms: int) -> None:
    """Log a finished poll (one that found nothing only for those who debug), what changed in its feed, and its hits."""
    _poll(polled, ms=ms)
    _changes(polled, ending)
    tell_hits(made)


def tell_hits(made: Sequence[Hit]) -> None:
    """Log new hits."""
    for hit in made:
        log.info(
            "item.matched",
            item=hit.item.id,
            feed=hit.item.feed_slug,
            topic=hit.topic_slug,
            title=hit.item.text.title,
            words=list(dict.fromkeys(span.text for span in hit.spans)),
            reason=hit.reason.value,
        )


def _poll(polled: Polled, *, ms: int) -> None:
    poll, feed = polled.poll, polled.feed
    level = logging.WARNING
    if poll.outcome.ok:
        level = logging.DEBUG if polled.quiet else logging.INFO
    log.log(
        level,
        "feed.polled",
        feed=feed.slug,
        outcome=poll.outcome.value,
        status=poll.status,
        items=poll.items,
        new=poll.new_items,
        baseline=feed.fetch.baseline_at is None and poll.outcome.ok,
        ms=ms,
        reason=poll.reason,
    )


def _changes(polled: Polled, ending: Ending) -> None:
    """Log what an admin should know of: moves, gaps, floods, retirement and return, hosts that refuse us."""
    feed, before, after = polled.feed.slug, polled.feed.fetch, polled.state
    if ending.moved is not None:
        log.info("feed.moved", feed=feed, to=ending.moved, followed=after.follows_move)
    if before.follows_move and not after.follows_move:
        log.warning(
            "feed.moved",
            feed=feed,
            to=without_credentials(polled.feed.url),
            followed=False,
            reason=after.reason,
        )
    if polled.gap is not None:
        log.warning(
            "feed.gap",
            feed=feed,
            since=polled.gap.since.isoformat(),
            recovered=polled.gap.recovered,
            closed=polled.gap.closed,
            reason=polled.gap.reason,
        )
    if ending.held:
        log.warning("feed.reissued", feed=feed, items=ending.held, reason=ending.reason)
    if after.retired_at is not None and before.retired_at is None:
        log.warning("feed.retired", feed=feed, reason=after.reason, then=after.plan)
    if before.retired_at is not None and after.retired_at is None:
        log.info("feed.returned", feed=feed, reason="it is a valid feed again")
    if polled.hold is not None:
        log.warning(
            "host.waiting",
            host=polled.hold.host,
            until=polled.hold.until.isoformat(),
            reason=polled.hold.reason,
        )
