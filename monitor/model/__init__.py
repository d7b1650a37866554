"""What the program speaks of: frozen records named as in docs/glossary.md, and nothing that acts.

Times are timezone-aware UTC datetimes. Ids are the store's integers; `uid`s are what the outside sees.
"""

from monitor.model.access import Access, BasicAuth, BearerAuth, SecretKind, SecretRef
from monitor.model.alert import Alert, AlertHit, AlertKind, Decision, FeedHealth, HoldCause, Urgency, Verdict
from monitor.model.breaker import RELAY, Breaker, channel_key
from monitor.model.delivery import Attempt, AttemptCause, Delivery, DeliveryState, SendOutcome, SendResult
from monitor.model.feed import Feed, FetchState, HealthState, Hints, Outcome, Poll
from monitor.model.hit import Hit, HitReason, Span
from monitor.model.item import Item, ItemDraft, ItemText
from monitor.model.news import News, NewsKind
from monitor.model.notice import Notice, NoticeKind
from monitor.model.push import Hub, Push, PushState
from monitor.model.recipient import Channel, ChannelKind, PayloadFormat, Subscriber, Subscription
from monitor.model.silence import Matcher, Silence
from monitor.model.story import Story, Told
from monitor.model.surge import Direction, Forecast, Place, Surge
from monitor.model.timing import Cadence, Quiet, Timing
from monitor.model.topic import Example, Priority, Topic
from monitor.model.window import Slot

__all__ = [
    "RELAY",
    "Access",
    "Alert",
    "AlertHit",
    "AlertKind",
    "Attempt",
    "AttemptCause",
    "BasicAuth",
    "BearerAuth",
    "Breaker",
    "Cadence",
    "Channel",
    "ChannelKind",
    "Decision",
    "Delivery",
    "DeliveryState",
    "Direction",
    "Example",
    "Feed",
    "FeedHealth",
    "FetchState",
    "Forecast",
    "HealthState",
    "Hints",
    "Hit",
    "HitReason",
    "HoldCause",
    "Hub",
    "Item",
    "ItemDraft",
    "ItemText",
    "Matcher",
    "News",
    "NewsKind",
    "Notice",
    "NoticeKind",
    "Outcome",
    "PayloadFormat",
    "Place",
    "Poll",
    "Priority",
    "Push",
    "PushState",
    "Quiet",
    "SecretKind",
    "SecretRef",
    "SendOutcome",
    "SendResult",
    "Silence",
    "Slot",
    "Span",
    "Story",
    "Subscriber",
    "Subscription",
    "Surge",
    "Timing",
    "Told",
    "Topic",
    "Urgency",
    "Verdict",
    "channel_key",
]
