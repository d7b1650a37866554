"""Does a subscription ask for a hit? Every filter that is set must let it pass.

Pure. Which subscriptions there are, and who unsubscribed from what, is handed in.
"""

from collections.abc import Collection, Iterator

from monitor.model import AlertHit, Subscription

EVERYTHING = ""  # as the topic of an opt-out: the whole subscription

OptOuts = Collection[tuple[int, str]]


def unasked(subscription: Subscription, shown: AlertHit, *, opt_outs: OptOuts = ()) -> str | None:
    """Say why a subscription does not ask for a hit, or return None when it does.

    `opt_outs` holds (subscription id, topic slug or `EVERYTHING`). An item of unknown language passes every language
    filter: a story must not be missed because its feed forgot to say what it speaks.
    """
    return next(_refusals(subscription, shown, opt_outs), None)


def _refusals(subscription: Subscription, shown: AlertHit, opt_outs: OptOuts) -> Iterator[str]:
    if not subscription.enabled:
        yield "the subscription is switched off"
    if (subscription.id, EVERYTHING) in opt_outs:
        yield "the subscriber unsubscribed"
    topic = shown.topic
    if subscription.topics and topic.slug not in subscription.topics:
        yield f"the subscription does not include the topic {topic.slug}"
    if (subscription.id, topic.slug) in opt_outs:
        yield f"the subscriber unsubscribed from the topic {topic.slug}"
    if subscription.tags and not set(subscription.tags) & set(topic.tags):
        yield f"the subscription takes topics tagged {_listed(subscription.tags)} only"
    if subscription.priorities and topic.priority.value not in subscription.priorities:
        yield f"the subscription takes {_listed(subscription.priorities)} only, the topic is {topic.priority.value}"
    language = shown.hit.item.text.language
    if subscription.languages and language not in {*subscription.languages, "und"}:
        yield f"the subscription takes {_listed(subscription.languages)} only, the item is in {language}"
    if subscription.publishers and shown.publisher not in subscription.publishers:
        yield f"the subscription takes {_listed(subscription.publishers)} only, the item is from {shown.publisher}"
    if subscription.regions and shown.region not in subscription.regions:
        yield f"the subscription takes feeds of {_listed(subscription.regions)} only"


def _listed(values: Collection[str]) -> str:
    return ", ".join(values)
