"""What a reader can do about a mail, as signed links to our own pages; without such pages there are none.

GET on a page only asks; what is done, is done by POST (RFC 8058 for the one in the List-Unsubscribe header).
"""

from dataclasses import dataclass

from monitor.deliver.links import Link, LinkKind, link_to
from monitor.deliver.mail.wording import MailPhrases
from monitor.deliver.sender import SenderIdentity
from monitor.deliver.wording import one_line, safe_link
from monitor.model import Alert, Story, Subscriber, Topic

LABEL_LIMIT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A link and what it does in words."""

    label: str
    link: str


def unsubscribe_link(subscription: str, identity: SenderIdentity) -> str:
    """Return the address that ends a whole subscription, "" where there is none: the one of the mail's header."""
    return _link(identity, LinkKind.UNSUBSCRIBE, subscription)


def mute_story(
    story: Story, subscriber: Subscriber, identity: SenderIdentity, *, label: str
) -> Action | None:
    """Offer to hear no more of a story."""
    return _action(label, _link(identity, LinkKind.MUTE_STORY, subscriber.slug, story.uid))


def snooze_topic(
    topic: Topic, subscriber: Subscriber, identity: SenderIdentity, *, label: str
) -> Action | None:
    """Offer to hear nothing of a topic for a while; how long is asked on the page."""
    return _action(label, _link(identity, LinkKind.SNOOZE_TOPIC, subscriber.slug, topic.slug))


def general_actions(
    alert: Alert, topics: tuple[Topic, ...], identity: SenderIdentity, phrases: MailPhrases
) -> tuple[Action, ...]:
    """Offer what goes for everything a reader gets; `topics` are those that can be unsubscribed from one by one."""
    subscription, subscriber = alert.subscription, alert.subscription.subscriber
    offered = [
        _action(phrases.pause, _link(identity, LinkKind.PAUSE, subscriber.slug)),
        _action(phrases.preferences, _link(identity, LinkKind.PREFERENCES, subscriber.slug)),
        *(
            _action(
                phrases.unsubscribe_topic.format(topic=topic_name(topic)),
                _link(identity, LinkKind.UNSUBSCRIBE, subscription.slug, topic.slug),
            )
            for topic in topics
        ),
        _action(
            phrases.unsubscribe.format(subscription=subscription.slug),
            unsubscribe_link(subscription.slug, identity),
        ),
        _action(phrases.unsubscribe_all, _link(identity, LinkKind.UNSUBSCRIBE_ALL, subscriber.slug)),
    ]
    return tuple(each for each in offered if each is not None)


def topic_name(topic: Topic) -> str:
    """Return a topic's name as one short line."""
    return one_line(topic.name, LABEL_LIMIT) or topic.slug


def _link(identity: SenderIdentity, kind: LinkKind, subject: str, target: str = "") -> str:
    link = link_to(identity.base_url, identity.link_key, Link(kind=kind, subject=subject, object=target))
    return safe_link(link) or ""


def _action(label: str, link: str) -> Action | None:
    return Action(label=label, link=link) if link else None
