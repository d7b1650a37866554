"""Why an item is no hit of a topic: one reason, by the stored text and the revision that was in force then (pure).

Nothing of this is stored: the same matcher that judged the item is asked again.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from monitor.match import ENGINE
from monitor.match import explain as explain_match
from monitor.match.excerpt import excerpts
from monitor.match.explain import Explanation
from monitor.model import ItemText, Topic
from monitor.store.versions import StoredVersion
from monitor.store.watchlist import TopicState


class NonHitReason(StrEnum):
    """Why there is no hit. The set is closed, and each item that is no hit of a topic has exactly one."""

    NOT_MATCHED = "not_matched"  # the query in force when it was judged does not hold
    NOT_WATCHED = "not_watched"  # the topic was not there yet, or switched off, when it was judged
    UNRECORDED = "unrecorded"  # judged before it was written down which revisions were in force
    OTHER_ENGINE = "other_engine"  # the query holds by this engine, but another one judged it
    AMISS = "amiss"  # the query holds, and there is no hit: a fault of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class NonHit:
    """The one reason, in words too; `revision` of the topic is the one that was asked, 0 where there was none.

    `matches_now` says that the query now in force holds for the text. `words` and `excerpts` are what was found all the
    same, or what is found now.
    """

    reason: NonHitReason
    revision: int
    sentence: str
    matches_now: bool
    words: tuple[str, ...]
    excerpts: tuple[str, ...]


def in_force(states: Sequence[TopicState], revision: int) -> TopicState | None:
    """Return how a topic stood in a revision of the watchlist; None where it was not there."""
    at = bisect_right([state.since for state in states], revision) - 1
    return states[at] if at >= 0 else None


def explain_non_hit(
    version: StoredVersion, topic: Topic, states: Sequence[TopicState], *, begins: int
) -> NonHit:
    """Explain why a stored version is no hit; `begins` is the first watchlist revision that is written down.

    Raises `QueryError` for a query that cannot be parsed any more.
    """
    now = explain_match(topic, version.text)
    judged = f"{version.seen_at:%Y-%m-%d %H:%M}Z"
    reason, revision, sentence, then = _judge(version, topic, states, begins=begins, now=now, judged=judged)
    if now.matched and reason not in {NonHitReason.AMISS, NonHitReason.OTHER_ENGINE}:
        sentence += f"; it would match now, by revision {topic.revision}"
    shown = now if now.matched or then is None else then
    return NonHit(
        reason=reason,
        revision=revision,
        sentence=sentence,
        matches_now=now.matched,
        words=tuple(dict.fromkeys(span.text for span in shown.spans)),
        excerpts=_excerpts(version.text, shown),
    )


def _judge(
    version: StoredVersion,
    topic: Topic,
    states: Sequence[TopicState],
    *,
    begins: int,
    now: Explanation,
    judged: str,
) -> tuple[NonHitReason, int, str, Explanation | None]:
    """Return the reason, the revision asked, a sentence, and what that revision made of the text."""
    if 0 < version.watchlist_revision < begins:
        said = now.sentence.rstrip(".")
        return (
            NonHitReason.UNRECORDED,
            topic.revision,
            (
                f"it was judged {judged}, before it was written down which revisions were in force; by revision "
                f"{topic.revision}, now in force: {said}"
            ),
            now,
        )
    state = in_force(states, version.watchlist_revision)
    if state is None or not state.enabled:
        what = "not watched for yet" if state is None else "switched off"
        return NonHitReason.NOT_WATCHED, 0, f"the topic was {what} when the item was judged, {judged}", None
    then = explain_match(replace(topic, query=state.query, groups=state.groups), version.text)
    by = f"revision {state.revision}, in force when it was judged, {judged}"
    if not then.matched:
        said = f"{then.sentence.rstrip('.')} ({by})"
        return NonHitReason.NOT_MATCHED, state.revision, said, then
    if version.engine != ENGINE:
        return (
            NonHitReason.OTHER_ENGINE,
            state.revision,
            f"it was judged by engine {version.engine}; by engine {ENGINE} it would match ({by})",
            then,
        )
    return (
        NonHitReason.AMISS,
        state.revision,
        (
            f"it matches ({by}), and yet no hit was stored: please report this; see monitor topics backtest "
            f"{topic.slug} --as-recorded"
        ),
        then,
    )


def _excerpts(text: ItemText, shown: Explanation) -> tuple[str, ...]:
    return excerpts(text, shown.spans or [span for clause in shown.clauses for span in clause.spans])
