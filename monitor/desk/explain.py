"""Why an item did or did not become an alert: by address or item id, topic by topic, subscription by subscription.

The stored hits and decisions are shown as they were made; a non-hit is explained on demand by the one matcher
over the stored text and the topic's query in force now, and says so.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from monitor.app import App
from monitor.errors import NotFound, Refused
from monitor.fetch.identity import canonical_link
from monitor.match import explain as explain_match
from monitor.match.excerpt import excerpts
from monitor.model import Hit, Item, Story, Topic
from monitor.store import Transaction, articles, hits, items, ledger, stories, watchlist
from monitor.store.articles import ArticleState, ArticleStatus

MANY = 1000  # items that wait for their decision are few: dispatch follows each poll at once


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicVerdict:
    """What became of an item under one topic. `recorded` tells a stored hit from an answer computed now.

    `excerpts` are pieces of the text with the words that were found in [[ ]].
    """

    topic: str
    hit: bool
    recorded: bool
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
class _Found:
    item: Item
    hits: list[Hit]
    waiting: frozenset[int]
    decisions: list[tuple[str, str]]
    story: Story | None
    why_story: str
    related: tuple[str, ...]
    article: ArticleStatus | None


async def explain(app: App, target: str, topic: str | None = None) -> list[ItemExplained]:
    """Explain every stored item that has this address (or this item id) under one topic or all of them.

    Raises NotFound when no item is stored under it, or no topic has that name; the text says what that means.
    Raises Refused for a target that no item can have.
    """
    if "\x00" in target:
        raise Refused("the target has a NUL character in it (%00), as no item's address has: give it without")
    topics, found = await app.store.read(_gather, target)
    if topic is not None:
        topics = [candidate for candidate in topics if candidate.slug == topic]
        if not topics:
            raise NotFound(f"no topic is named {topic}; see: monitor topics list")
    if not found:
        raise NotFound(
            f"no stored item has the address or id {target}: no polled window of any feed contained it "
            "(or it is past its retention); is its feed listed and healthy? see: monitor feeds list"
        )
    return [_explain(entry, topics) for entry in found]


def _gather(tx: Transaction, target: str) -> tuple[list[Topic], list[_Found]]:
    topics = watchlist.list_topics(tx)
    if re.fullmatch(r"[0-9]{1,18}", target):
        try:
            chosen = [items.get_item(tx, int(target))]
        except NotFound:
            chosen = []
    else:
        chosen = items.find_by_link(tx, canonical_link(target))
    return topics, [_found(tx, item) for item in chosen]


def _found(tx: Transaction, item: Item) -> _Found:
    story = stories.story_of_item(tx, item.id)
    return _Found(
        item=item,
        hits=hits.hits_of_item(tx, item.id),
        waiting=frozenset(hit.id for hit in hits.undecided(tx, limit_items=MANY)),
        decisions=[
            (topic, f"{subscription}: {decision.verdict.value}, {decision.reason}")
            for decision, subscription, topic in ledger.decisions_of_item(tx, item.id)
        ],
        story=story,
        why_story=stories.why_in_story(tx, item.id),
        related=tuple(
            f"{other.title} ({other.language}, likeness {similarity:.2f})"
            for other, similarity in (stories.related_stories(tx, story.id) if story else ())
        ),
        article=articles.status_of(tx, item.id),
    )


def _explain(found: _Found, topics: list[Topic]) -> ItemExplained:
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
        verdicts=tuple(_verdict(found, topic, recorded.get(topic.slug)) for topic in topics),
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


def _verdict(found: _Found, topic: Topic, hit: Hit | None) -> TopicVerdict:
    if hit is not None:
        words = tuple(dict.fromkeys(span.text for span in hit.spans))
        return TopicVerdict(
            topic=topic.slug,
            hit=True,
            recorded=True,
            sentence=f"hit ({hit.reason.value}) by revision {hit.topic_revision} of the topic{_where(hit)}",
            words=words,
            excerpts=excerpts(hit.item.text, hit.spans),
            decisions=tuple(text for slug, text in found.decisions if slug == topic.slug)
            or ("not decided yet" if hit.id in found.waiting else "no subscription asks for this topic",),
        )
    answer = explain_match(topic, found.item.text)
    sentence = answer.sentence
    if answer.matched:
        sentence += "; it would match now, but the topic or the item was different when it was judged"
    return TopicVerdict(
        topic=topic.slug,
        hit=False,
        recorded=False,
        sentence=sentence,
        words=tuple(dict.fromkeys(span.text for span in answer.spans)),
        excerpts=excerpts(
            found.item.text, answer.spans or [span for clause in answer.clauses for span in clause.spans]
        ),
        decisions=(),
    )
