"""What the program speaks of: frozen records named as in docs/glossary.md, and nothing that acts.

Times are timezone-aware UTC datetimes. Ids are the store's integers; `uid`s are what the outside sees.
"""

from monitor.model.access import Access, BasicAuth, BearerAuth, SecretKind, SecretRef
from monitor.model.alert import Alert, AlertHit, Decision, Verdict
from monitor.model.delivery import Attempt, Delivery, DeliveryState, SendOutcome, SendResult
from monitor.model.feed import Feed, FetchState, HealthState, Hints, Outcome, Poll
from monitor.model.hit import Hit, HitReason, Span
from monitor.model.item import Item, ItemDraft, ItemText
from monitor.model.push import Hub, Push, PushState
from monitor.model.recipient import Channel, ChannelKind, Subscriber, Subscription
from monitor.model.story import Story
from monitor.model.surge import Direction, Forecast, Place, Surge
from monitor.model.topic import Example, Priority, Topic
from monitor.model.window import Slot

__all__ = [
    "Access",
    "Alert",
    "AlertHit",
    "Attempt",
    "BasicAuth",
    "BearerAuth",
    "Channel",
    "ChannelKind",
    "Decision",
    "Delivery",
    "DeliveryState",
    "Direction",
    "Example",
    "Feed",
    "FetchState",
    "Forecast",
    "HealthState",
    "Hints",
    "Hit",
    "HitReason",
    "Hub",
    "Item",
    "ItemDraft",
    "ItemText",
    "Outcome",
    "Place",
    "Poll",
    "Priority",
    "Push",
    "PushState",
    "SecretKind",
    "SecretRef",
    "SendOutcome",
    "SendResult",
    "Slot",
    "Span",
    "Story",
    "Subscriber",
    "Subscription",
    "Surge",
    "Topic",
    "Verdict",
]
