"""Which silence keeps a hit back from a subscription. Pure."""

from collections.abc import Iterable

from monitor.model import AlertHit, Matcher, Silence, Subscription
from monitor.text.fold import words


def silencing(
    silences: Iterable[Silence], subscription: Subscription, shown: AlertHit, *, story: str
) -> Silence | None:
    """Return the first silence that covers the hit for the subscription, or None.

    `silences` are those in force, `story` is the uid of the hit's story ("" while it has none).
    """
    for silence in silences:
        if covers(silence.matcher, subscription, shown, story=story):
            return silence
    return None


def covers(matcher: Matcher, subscription: Subscription, shown: AlertHit, *, story: str) -> bool:
    """Whether a hit passes every filter of the matcher that is not empty."""
    topic, item = shown.topic, shown.hit.item
    return (
        _in(subscription.subscriber.slug, matcher.subscribers)
        and _in(subscription.slug, matcher.subscriptions)
        and _in(topic.slug, matcher.topics)
        and (not matcher.tags or bool(set(matcher.tags) & set(topic.tags)))
        and _in(topic.priority.value, matcher.priorities)
        and _in(item.text.language, matcher.languages)
        and _in(shown.publisher, matcher.publishers)
        and _in(shown.region, matcher.regions)
        and _in(item.feed_slug, matcher.feeds)
        and _in(story, matcher.stories)
        and (not matcher.words or _has_any(f"{item.text.title} {item.text.summary}", matcher.words))
    )


def _in(value: str, allowed: tuple[str, ...]) -> bool:
    return not allowed or value in allowed


def _has_any(text: str, wanted: tuple[str, ...]) -> bool:
    held = _folded(text)
    return any(folded in held for each in wanted if (folded := _folded(each)).strip())


def _folded(text: str) -> str:
    """Return the folded words of a text with a space before and after each."""
    return " ".join(("", *(word.keys[0] for word in words(text)), ""))
