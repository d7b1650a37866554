"""Why an item did or did not become an alert: by address or item id, topic by topic, subscription by subscription.

The stored hits and decisions are shown as they were made; a non-hit is explained on demand by the one matcher
over the stored text and the revision of the topic that was in force when the item was judged (`monitor.desk.nonhit`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.app import App
from monitor.desk.nonhit import explain_non_hit
from monitor.errors import NotFound, Refused
from monitor.fetch.identity import canonical_link
from monitor.match.excerpt import excerpts
from monitor.model import Hit, Item, Story, Topic, Verdict
from monitor.store import Transaction, articles, hits, items, journey, stories, versions, watchlist
from monitor.store.articles import ArticleState, ArticleStatus
from monitor.store.journey import Decided
from monitor.store.versions import StoredVersion
from monitor.store.watchlist import TopicState


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicVerdict:
    """What became of an item under one topic. `recorded` tells a stored hit from an answer computed now.

    `reason` is that of the hit (`HitReason`) or of there being none (`NonHitReason`), and `revision` the topic's that
    judged it (0: none did). `excerpts` are pieces of the text with the words that were found in [[ ]].
    """

    topic: str
    hit: bool
    recorded: bool
    reason: str
    revision: int
    sentence: str
    words: tuple[str, ...]
    excerpts: tuple[str, ...]
    decisions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemExplained:
    """One stored item, its story, what became of its page, and its verdict under each topic asked for.

    `coverage` counts the story's outlets, `why_story` says why the item belongs to it, `related` names the stories
    of another language that seem to tell of the same.
    `article` is empty where the feed does not want full texts.
    """

    item: int
    feed: str
    title: str
    link: str | None
    first_seen: datetime
    version: int
    story: str | None
    coverage: str
    why_story: str
    related: tuple[str, ...]
    article: str
    verdicts: tuple[TopicVerdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the store has of one item: `judged` is its newest version as it was judged, the last of `versions`."""

    item: Item
    judged: StoredVersion
    versions: int
    hits: list[Hit]
    waiting: frozenset[int]
    decided: list[Decided]
    story: Story | None
    why_story: str
    related: tuple[str, ...]
    article: ArticleStatus | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The topics asked about, how each stood in the watchlist over time, by id, and since when that is known."""

    topics: Sequence[Topic]
    states: Mapping[int, Sequence[TopicState]]
    begins: int


async def explain(app: App, target: str, topic: str | None = None) -> list[ItemExplained]:
    """Explain every stored item that has this address (or this item id) under one topic or all of them.

    Raises NotFound when no item is stored under it, or no topic has that name; the text says what that means.
    Raises Refused for a target that no item can have.
    """
    watched, found = await app.store.read(gather, checked(target), topic)
    if not found:
        raise NotFound(
            f"no stored item has the address or id {target}: no polled window of any feed contained it "
            f"(or it is past its retention); see: monitor feeds list, and monitor deliveries why '{target}'"
        )
    return [explain_found(entry, watched) for entry in found]


def checked(target: str) -> str:
    """Return what is asked about, without space around it. Raises Refused for what nothing can be called."""
    if "\x00" in target:
        raise Refused("the target has a NUL character in it (%00), as no item's address has: give it without")
    return target.strip()


def gather(tx: Transaction, target: str, topic: str | None = None) -> tuple[Watched, list[Found]]:
    """Read the items of this address or id, and one topic or all; raises NotFound for a topic that there is not."""
    every = watchlist.list_topics(tx, enabled_only=False)
    if topic is not None and topic not in {each.slug for each in every}:
        raise NotFound(f"no topic is named {topic}; see: monitor topics list")
    found = [_found(tx, item) for item in find_items(tx, target)]
    hit = {each.topic_slug for entry in found for each in entry.hits}
    asked = [each for each in every if (each.slug == topic if topic else each.enabled or each.slug in hit)]
    return watched(tx, asked), found


def watched(tx: Transaction, topics: Sequence[Topic]) -> Watched:
    """Read how topics stood in the watchlist over time."""
    return Watched(
        topics=topics,
        states={each.id: watchlist.topic_history(tx, each.id) for each in topics},
        begins=watchlist.history_begins(tx),
    )


def find_items(tx: Transaction, target: str) -> list[Item]:
    """Return the items that have this id, or this address in any of their versions, as polling compares addresses."""
    if re.fullmatch(r"[0-9]{1,18}", target):
        try:
            return [items.get_item(tx, int(target))]
        except NotFound:
            return []
    return items.find_by_link(tx, canonical_link(target))


def _found(tx: Transaction, item: Item) -> Found:
    story = stories.story_of_item(tx, item.id)
    judged = list(versions.read_versions(tx, [item.id]))
    return Found(
        item=item,
        judged=judged[-1],
        versions=len(judged),
        hits=hits.hits_of_item(tx, item.id),
        waiting=journey.waiting_of_item(tx, item.id),
        decided=journey.decided_of_item(tx, item.id),
        story=story,
        why_story=stories.why_in_story(tx, item.id),
        related=tuple(
            f"{other.title} ({other.language}, likeness {similarity:.2f})"
            for other, similarity in (stories.related_stories(tx, story.id) if story else ())
        ),
        article=articles.status_of(tx, item.id),
    )


def explain_found(found: Found, asked: Watched) -> ItemExplained:
    """Put into words what became of an item under the topics asked about."""
    recorded = {hit.topic_slug: hit for hit in found.hits}
    return ItemExplained(
        item=found.item.id,
        feed=found.item.feed_slug,
        title=found.item.text.title,
        link=found.item.link,
        first_seen=found.item.first_seen,
        version=found.item.version,
        story=found.story.title if found.story else None,
        coverage=_coverage(found.story) if found.story else "",
        why_story=found.why_story,
        related=found.related,
        article=_article(found.article) if found.article else "",
        verdicts=tuple(_verdict(found, topic, recorded.get(topic.slug), asked) for topic in asked.topics),
    )


def _where(hit: Hit) -> str:
    return ", in the full text of the article" if hit.only_in_full_text else ""


def _coverage(story: Story) -> str:
    """Count a story's reports and outlets; nothing is said of one that nobody counted."""
    if not story.outlets:
        return ""
    many = "1 outlet" if story.outlets == 1 else f"{story.outlets} outlets"
    reports = "1 report" if story.items == 1 else f"{story.items} reports"
    return f"{reports}, {many}, {story.independent} independent"


def _article(status: ArticleStatus) -> str:
    """Say what became of the page that an item links to."""
    match status.state:
        case ArticleState.READ:
            return f"read: {status.reason}" if status.reason else "read, and matched again"
        case ArticleState.REFUSED:
            return f"not read: {status.reason}"
    tried = f" after {status.attempts} attempts: {status.reason}" if status.reason else ""
    return f"to be read from {status.due_at:%Y-%m-%d %H:%M}Z on{tried}"


def _verdict(found: Found, topic: Topic, hit: Hit | None, asked: Watched) -> TopicVerdict:
    if hit is None:
        return _no_hit(found, topic, asked)
    return TopicVerdict(
        topic=topic.slug,
        hit=True,
        recorded=True,
        reason=hit.reason.value,
        revision=hit.topic_revision,
        sentence=f"hit ({hit.reason.value}) by revision {hit.topic_revision} of the topic{_where(hit)}",
        words=tuple(dict.fromkeys(span.text for span in hit.spans)),
        excerpts=excerpts(hit.item.text, hit.spans),
        decisions=_decisions(found, hit),
    )


def _no_hit(found: Found, topic: Topic, asked: Watched) -> TopicVerdict:
    missed = explain_non_hit(found.judged, topic, asked.states[topic.id], begins=asked.begins)
    return TopicVerdict(
        topic=topic.slug,
        hit=False,
        recorded=False,
        reason=missed.reason.value,
        revision=missed.revision,
        sentence=missed.sentence,
        words=missed.words,
        excerpts=missed.excerpts,
        decisions=(),
    )


def _decisions(found: Found, hit: Hit) -> tuple[str, ...]:
    """Say what was decided for each subscription, those that did not ask for the hit last."""
    if hit.id in found.waiting:
        return ("not decided yet",)
    own = [each for each in found.decided if each.hit == hit.id]
    own.sort(key=lambda each: each.verdict is Verdict.UNASKED)
    return tuple(said(each) for each in own) or ("there was no subscription when it was decided",)


def said(decided: Decided) -> str:
    """Say what the ledger has on a hit for a subscription, and in which alert it went."""
    text = f"{decided.subscription}: {decided.verdict.value}, {decided.reason}"
    if decided.alert is not None:
        text += f" (alert {decided.alert})"
    elif decided.held_until is not None:
        text += f" (waits until {decided.held_until:%Y-%m-%d %H:%M}Z)"
    return text
