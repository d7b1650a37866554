"""What a mail shows, worked out before any format: the page of one story or surge, and the page of many stories.

All text in it is clean and bounded, all links are http or https; templates only lay it out, as text and as HTML.
"""

from dataclasses import dataclass

from monitor.deliver.card import Card, by_item, card_of, cards, outlet_name
from monitor.deliver.digest import MOST_STORIES, Layout, StoryGroup, TopicGroup, layout, stories_of
from monitor.deliver.local_time import clock, period, zone_name, zone_of
from monitor.deliver.mail.actions import Action, general_actions, mute_story, snooze_topic, topic_name
from monitor.deliver.mail.thread import subject_of
from monitor.deliver.mail.wording import MailPhrases, counted, in_topics, mail_phrases
from monitor.deliver.notes import say_cause
from monitor.deliver.sender import SenderIdentity
from monitor.deliver.surge_wording import Lead, lead
from monitor.deliver.wording import Phrases, matched_words, one_line, phrases_for, safe_link
from monitor.model import Alert, AlertHit, AlertKind, FeedHealth, HoldCause, Priority, Story

MOST_CARDS = 12  # items of one story shown in full; the rest is counted
MOST_ALSO = 4  # other outlets of a story that a digest links to
MOST_NAMED = 6  # feeds in trouble, or topics, that are named; the rest is counted
DIGEST_EXCERPT = 220
NOTE_LIMIT = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """What stands below every mail: who wrote it to whom and why, what can be done about it, and from where."""

    sent_to: str
    actions: tuple[Action, ...]
    contact: str
    times: str
    postal: str
    private: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPage:
    """The mail about one story, or about a surge, whose `lead` then stands above its stories.

    `news_head` and `news` say what is new to the reader; `actions` are those for this story and its topics.
    """

    title: str
    kicker: str
    urgent: bool
    notes: tuple[str, ...]
    news_head: str
    news: tuple[str, ...]
    lead: Lead | None
    cards: tuple[Card, ...]
    more: str
    actions: tuple[Action, ...]
    footer: Footer


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One story of a digest: its leading item, and the other outlets in the same digest.

    `words` are the matched ones when none of them stands marked in what is shown.
    """

    number: int
    card: Card
    line: str
    words: str
    also: tuple[Action, ...]
    also_more: str
    other_topics: str
    mute: Action | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One topic of a digest."""

    name: str
    urgent: bool
    count: str
    rows: tuple[Row, ...]
    more: str
    snooze: Action | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPage:
    """The mail about many stories: a digest, or what waited for the end of quiet hours."""

    title: str
    summary: str
    news_head: str
    news: tuple[str, ...]
    notes: tuple[str, ...]
    held: str
    health: str
    sections: tuple[Section, ...]
    elsewhere: str
    footer: Footer

    @property
    def mutes(self) -> tuple[tuple[str, Action], ...]:
        """The links that mute a story, each with its story's number; text puts them together at the end."""
        return tuple(
            (f"{row.number}.", row.mute) for section in self.sections for row in section.rows if row.mute
        )


def story_page(alert: Alert, identity: SenderIdentity) -> StoryPage:
    """Work out the mail about one story or surge."""
    subscriber = alert.subscription.subscriber
    words, surge, shown = mail_phrases(subscriber.language), lead(alert), cards(alert)
    topics = tuple({entry.topic.slug: entry.topic for entry in alert.hits}.values())
    stories = stories_of(alert)
    offered = [
        *(
            [mute_story(stories[0], subscriber, identity, label=words.mute_story)]
            if surge is None and len(stories) == 1
            else []
        ),
        *(
            snooze_topic(
                topic, subscriber, identity, label=words.snooze_topic.format(topic=topic_name(topic))
            )
            for topic in topics[:MOST_NAMED]
        ),
    ]
    return StoryPage(
        title=subject_of(alert),
        kicker=" · ".join(topic_name(topic) for topic in topics[:MOST_NAMED]),
        urgent=any(topic.priority is Priority.URGENT for topic in topics),
        notes=_notes(alert),
        news_head=_news_head(alert, words),
        news=_news(alert),
        lead=surge,
        cards=shown[:MOST_CARDS],
        more=surge.more if surge else _more_cards(len(shown), phrases_for(subscriber.language)),
        actions=tuple(each for each in offered if each is not None),
        footer=_footer(alert, identity, words),
    )


def digest_page(alert: Alert, identity: SenderIdentity, *, most: int = MOST_STORIES) -> DigestPage:
    """Work out the mail about many stories, of which at most so many are shown."""
    subscriber = alert.subscription.subscriber
    phrases, words = phrases_for(subscriber.language), mail_phrases(subscriber.language)
    laid = layout(alert, most=most)
    counts = in_topics(laid.stories, len({entry.topic.slug for entry in alert.hits}), words)
    sections, number = [], 1
    for group in laid.topics:
        if group.stories:
            sections.append(_section(group, alert, identity, first=number))
            number += len(group.stories)
    return DigestPage(
        title=subject_of(alert),
        summary=_summary(alert, counts, phrases, words),
        news_head=words.new if alert.news else "",
        news=_news(alert),
        notes=_notes(alert),
        held=_held(alert, words),
        health=_health(alert.health, words) if alert.health else "",
        sections=tuple(sections),
        elsewhere=_elsewhere(laid, words),
        footer=_footer(alert, identity, words),
    )


def _news_head(alert: Alert, words: MailPhrases) -> str:
    if not alert.news:
        return ""
    if alert.since is None:
        return words.new
    subscriber = alert.subscription.subscriber
    time = clock(
        alert.since,
        phrases_for(subscriber.language),
        zone_of(subscriber.zone),
        beside=alert.created_at,
    )
    return words.new_since.format(when=time)


def _news(alert: Alert) -> tuple[str, ...]:
    return tuple(line for each in alert.news if (line := one_line(each, NOTE_LIMIT)))


def _more_cards(count: int, phrases: Phrases) -> str:
    more = count - MOST_CARDS
    return "" if more <= 0 else phrases.one_more if more == 1 else phrases.many_more.format(count=more)


def _notes(alert: Alert) -> tuple[str, ...]:
    return tuple(note for each in alert.notes if (note := one_line(each, NOTE_LIMIT)))


def _summary(alert: Alert, counts: str, phrases: Phrases, words: MailPhrases) -> str:
    if alert.kind is not AlertKind.DIGEST:
        return words.bundle_lead.format(counts=counts)
    zone = zone_of(alert.subscription.subscriber.zone)
    if alert.since is None or alert.since >= alert.created_at:
        return f"{counts}."
    return words.digest_summary.format(
        counts=counts, period=period(alert.since, alert.created_at, phrases, zone)
    )


def _held(alert: Alert, words: MailPhrases) -> str:
    """Say how many hits waited for each reason; that a digest comes on schedule is none worth telling."""
    language = alert.subscription.subscriber.language
    said = [
        f"{count} × {say_cause(cause, language)}"
        for cause, count in alert.held
        if cause is not HoldCause.CADENCE
    ]
    if not said:
        return ""
    return f"{words.held}: {'; '.join(said)}."


def _health(health: FeedHealth, words: MailPhrases) -> str:
    """Say how many feeds stand well, which do not, and how many windows lost items."""
    trouble = [one_line(each, 160) for each in (*health.silent, *health.failing)]
    said = [words.healthy.format(healthy=health.healthy, feeds=health.feeds), *trouble[:MOST_NAMED]]
    if len(trouble) > MOST_NAMED:
        said.append(words.more_feeds.format(count=len(trouble) - MOST_NAMED))
    if health.gaps:
        said.append(counted(words.gaps, health.gaps))
    return f"{'; '.join(said)}."


def _section(group: TopicGroup, alert: Alert, identity: SenderIdentity, *, first: int) -> Section:
    subscriber = alert.subscription.subscriber
    words = mail_phrases(subscriber.language)
    return Section(
        name=topic_name(group.topic),
        urgent=group.topic.priority is Priority.URGENT,
        count=counted(words.stories, len(group.stories) + group.hidden),
        rows=tuple(
            _row(each, alert, identity, number=number)
            for number, each in enumerate(group.stories, start=first)
        ),
        more=counted(words.more_here, group.hidden) if group.hidden else "",
        snooze=snooze_topic(group.topic, subscriber, identity, label=words.snooze),
    )


def _row(group: StoryGroup, alert: Alert, identity: SenderIdentity, *, number: int) -> Row:
    subscriber = alert.subscription.subscriber
    phrases, words = phrases_for(subscriber.language), mail_phrases(subscriber.language)
    items = by_item(group.hits)
    card = card_of(items[0], phrases, zone_of(subscriber.zone), excerpt=DIGEST_EXCERPT)
    marked = any(part.marked for part in (*card.headline, *card.excerpt))
    also = _others(items[1:], known=outlet_name(items[0][0].hit.item))
    return Row(
        number=number,
        card=card,
        line=" · ".join(part for part in (card.line, _coverage(group.story, words)) if part),
        words="" if marked else _words(items[0], phrases, words),
        also=also[:MOST_ALSO],
        also_more=words.more_outlets.format(count=len(also) - MOST_ALSO) if len(also) > MOST_ALSO else "",
        other_topics=", ".join(topic_name(topic) for topic in group.others[:MOST_NAMED]),
        mute=mute_story(group.story, subscriber, identity, label=words.mute),
    )


def _others(items: tuple[tuple[AlertHit, ...], ...], *, known: str) -> tuple[Action, ...]:
    """Link to the same story in other outlets, each once."""
    found: dict[str, Action] = {}
    for entries in items:
        item = entries[0].hit.item
        name, link = outlet_name(item), safe_link(item.link)
        if name and link and name != known:
            found.setdefault(name, Action(label=name, link=link))
    return tuple(found.values())


def _coverage(story: Story, words: MailPhrases) -> str:
    """Say in how many further outlets a story is, and how many had a text of their own."""
    if story.outlets < 2:
        return ""
    said = counted(words.also_in, story.outlets - 1)
    own = words.independent.format(count=story.independent) if story.independent > 1 else ""
    return f"{said} ({own})" if own else said


def _words(entries: tuple[AlertHit, ...], phrases: Phrases, words: MailPhrases) -> str:
    found = matched_words(span for entry in entries for span in entry.hit.spans)
    left, right = phrases.quotes
    return f"{words.matched} {', '.join(f'{left}{word}{right}' for word in found[:3])}" if found else ""


def _elsewhere(laid: Layout, words: MailPhrases) -> str:
    """Name the topics of which nothing is shown."""
    unseen = [group for group in laid.topics if not group.stories]
    if not unseen:
        return ""
    named = [
        f"{topic_name(group.topic)} ({counted(words.stories, group.hidden)})" for group in unseen[:MOST_NAMED]
    ]
    rest = len(unseen) - MOST_NAMED
    more = [words.more_outlets.format(count=rest)] if rest > 0 else []
    return words.more_elsewhere.format(topics=", ".join([*named, *more]))


def _footer(alert: Alert, identity: SenderIdentity, words: MailPhrases) -> Footer:
    subscription, subscriber = alert.subscription, alert.subscription.subscriber
    phrases, zone = phrases_for(subscriber.language), zone_of(subscriber.zone)
    topics = tuple({entry.topic.slug: entry.topic for entry in alert.hits}.values())
    offered = general_actions(alert, topics if len(topics) == 1 else (), identity, words)
    contact = one_line(identity.contact, 200)
    known = zone_name(alert.created_at, zone) != "UTC"
    return Footer(
        sent_to=phrases.sent_to.format(
            instance=one_line(identity.instance, 80),
            name=one_line(subscriber.name, 80) or subscriber.slug,
            subscription=subscription.slug,
        ),
        actions=offered,
        contact=(words.contact if offered else phrases.manage).format(contact=contact) if contact else "",
        times=words.times.format(zone=subscriber.zone) if known else "",
        postal=one_line(identity.postal, 200),
        private=phrases.private,
    )
