"""Why an item is no hit: by the revision in force when it was judged, and each reason by itself."""

from datetime import UTC, datetime

import pytest

from monitor.desk.nonhit import NonHitReason, explain_non_hit
from monitor.match import ENGINE
from monitor.model import ItemText, Priority, Topic
from monitor.store.versions import StoredVersion
from monitor.store.watchlist import TopicState

TOPIC = Topic(
    slug="border-wall", watchlist="test", name="Wall", description="", priority=Priority.NORMAL, query="wall OR muro",
    revision=2, owner="ui",
)  # fmt: skip
STATES = (
    TopicState(since=3, revision=1, enabled=True, query="fence", groups=()),
    TopicState(since=5, revision=1, enabled=False, query="fence", groups=()),
    TopicState(since=8, revision=2, enabled=True, query="wall OR muro", groups=()),
)


def version(title: str, *, revision: int, engine: str = ENGINE) -> StoredVersion:
    return StoredVersion(
        item_id=1, version=1, feed="gazette", link=None, seen_at=datetime(2026, 1, 5, 9, tzinfo=UTC),
        watchlist_revision=revision, engine=engine, text=ItemText(title=title),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("judged", "reason", "revision", "said"),
    [
        (version("A wall", revision=2), NonHitReason.NOT_WATCHED, 0, "not watched for yet"),
        (version("A wall", revision=0), NonHitReason.NOT_WATCHED, 0, "not watched for yet"),
        (version("A wall", revision=4), NonHitReason.NOT_MATCHED, 1, "fence does not occur (revision 1"),
        (version("A wall", revision=5), NonHitReason.NOT_WATCHED, 0, "switched off"),
        (version("A gate", revision=9), NonHitReason.NOT_MATCHED, 2, "(revision 2, in force when"),
        (version("A wall", revision=8, engine="0"), NonHitReason.OTHER_ENGINE, 2, "by engine 0;"),
        (version("A wall", revision=8), NonHitReason.AMISS, 2, "please report"),
        (version("A wall", revision=1), NonHitReason.UNRECORDED, 2, "before it was written down"),
    ],
)
def test_each_reason(judged: StoredVersion, reason: NonHitReason, revision: int, said: str) -> None:
    matches_now = "wall" in judged.text.title
    begins = 2 if reason is NonHitReason.UNRECORDED else 0
    found = explain_non_hit(judged, TOPIC, STATES, begins=begins)
    assert (found.reason, found.revision, found.matches_now) == (reason, revision, matches_now)
    assert said in found.sentence
    assert "2026-01-05 09:00Z" in found.sentence
    would = (
        reason in {NonHitReason.NOT_WATCHED, NonHitReason.NOT_MATCHED, NonHitReason.UNRECORDED}
        and matches_now
    )
    assert ("would match now, by revision 2" in found.sentence) == would
    assert ("wall" in found.words) == matches_now
