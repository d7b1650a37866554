"""What becomes of a push: pure decisions over one subscription, its feed, and what a hub or a stranger sent.

Reads no clock and rolls no dice: `now` and `jitter` (uniform in [0, 1)) are given. "Topic" here is WebSub's word:
the URL of the feed that is subscribed to.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.fetch.websub import HubAnswer, signed_by_hub
from monitor.model import Feed, Hub, Outcome, Push, PushState
from monitor.text.duration import words
from monitor.text.gate import plain

LEASE_ASKED = timedelta(days=10)
SHORTEST_LEASE = timedelta(seconds=60)
LONGEST_LEASE = timedelta(days=30)
UNSTATED_LEASE = timedelta(
    days=1
)  # WebSub, 5.3 demands the number; a hub that leaves it out is asked again soon
FIRST_RETRY = timedelta(minutes=10)
LAST_RETRY = timedelta(days=1)
RETRY_DENIED = timedelta(days=7)
LONGEST_WAIT = timedelta(days=7)  # of what a hub asks with Retry-After
GOODBYES = 5  # requests to unsubscribe, after which the lease is left to run out
REMEMBERED = timedelta(days=30)  # an ended callback answers 410 for so long, then 404
PING_GAP = timedelta(minutes=1)  # between two polls of a feed, whatever its hub sends
SETTLED = timedelta(hours=1)  # a feed that names another hub with each answer changes it no more often
UNANNOUNCED = timedelta(hours=1)  # an item found so long before or without a ping was not announced by one
MAX_CHALLENGE = 2048  # characters

_HEARS = frozenset({PushState.PENDING, PushState.ACTIVE, PushState.LAPSED, PushState.FAILED})
_ENDING = frozenset({PushState.UNSUBSCRIBING, PushState.ENDED})
# Here the server spoke of waiting, or of not wanting us: a ping is no reason to come sooner.
_TO_WAIT = frozenset(
    {Outcome.RATE_LIMITED, Outcome.SERVER_ERROR, Outcome.BLOCKED, Outcome.UNAUTHORIZED, Outcome.GONE}
)


class Asked(StrEnum):
    """What a GET of a callback comes to."""

    CONFIRM = "confirm"  # the subscription that we asked for
    GOODBYE = "goodbye"  # the end that we asked for
    DENY = "deny"  # the hub will not serve us, or no more
    REFUSE = "refuse"  # nothing that we asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a ping comes to: the push with it counted, whether it is the hub's, and why not."""

    push: Push
    valid: bool
    reason: str = ""


def serves(push: Push, hub: Hub) -> bool:
    """Say whether a push is for this hub and topic, with a secret that can still be used."""
    return (push.hub, push.topic) == (hub.hub, hub.topic) and push.secret != ""


def may_change(push: Push, *, now: datetime) -> bool:
    """Say whether a push has stood long enough to be ended because its feed names another hub, or none."""
    return not timedelta() <= now - push.since < SETTLED


def asking(push: Push, *, now: datetime, jitter: float) -> Push:
    """Return the push as it stands while its hub is being asked, with the next try if nothing comes of it.

    An end is asked for a few times at most, and not at all once the lease is over: then it has come by itself.
    """
    if push.state is PushState.UNSUBSCRIBING and (push.attempts >= GOODBYES or not _leased(push, now)):
        return _ended(push, now)
    attempts = push.attempts + 1
    keeps = push.state in {PushState.ACTIVE, PushState.UNSUBSCRIBING}
    return replace(
        push,
        state=push.state if keeps else PushState.PENDING,
        requested_at=now,
        attempts=attempts,
        due_at=now + backoff(attempts, jitter),
    )


def backoff(attempts: int, jitter: float) -> timedelta:
    """Return the time until the next request after so many: from 10 minutes doubling to a day, up to a tenth more."""
    doubled: timedelta = FIRST_RETRY * 2 ** min(max(attempts - 1, 0), 16)
    return min(doubled, LAST_RETRY) * (1 + jitter / 10)


def answered(push: Push, answer: HubAnswer, *, asked_at: datetime) -> Push:
    """Return the push after the hub's answer to the request of `asked_at`.

    Nothing changes when the request was settled meanwhile: a hub may verify before it answers. A refusal is believed
    at once; where no answer came the hub may still verify.
    """
    if push.requested_at != asked_at:
        return push
    ending = push.state is PushState.UNSUBSCRIBING  # its reason is why we leave
    if answer.taken:
        return push if ending else replace(push, reason="")
    due_at = push.due_at
    if answer.retry_after is not None:
        due_at = max(due_at, asked_at + min(timedelta(seconds=answer.retry_after), LONGEST_WAIT))
    return replace(
        push,
        state=PushState.FAILED if push.state is PushState.PENDING else push.state,
        reason=push.reason if ending else answer.reason,
        requested_at=None if answer.certain else asked_at,
        due_at=due_at,
    )


def judge_verification(push: Push, params: Mapping[str, str]) -> Asked:
    """Say what a hub's GET asks for; only what is pending, for this topic and mode, is confirmed (WebSub, 5.3)."""
    mode, challenge = params.get("hub.mode", ""), params.get("hub.challenge", "")
    if params.get("hub.topic") != push.topic or push.state is PushState.ENDED:
        return Asked.REFUSE
    if mode == "denied":
        return Asked.DENY
    if push.requested_at is None or not 0 < len(challenge) <= MAX_CHALLENGE:
        return Asked.REFUSE
    if mode == "subscribe" and push.state is not PushState.UNSUBSCRIBING:
        return Asked.CONFIRM
    if mode == "unsubscribe" and push.state is PushState.UNSUBSCRIBING:
        return Asked.GOODBYE
    return Asked.REFUSE


def confirmed(push: Push, lease_seconds: str, *, now: datetime, jitter: float) -> Push:
    """Return the push with the lease that the hub gives; it is renewed at about half of it."""
    lease = _lease(lease_seconds)
    return replace(
        push,
        state=PushState.ACTIVE,
        reason="",
        lease_until=now + lease,
        due_at=now + lease * (0.4 + 0.2 * jitter),
        requested_at=None,
        attempts=0,
    )


def _lease(text: str) -> timedelta:
    if not re.fullmatch(r"[0-9]{1,12}", text, re.ASCII):
        return UNSTATED_LEASE
    return min(max(timedelta(seconds=int(text)), SHORTEST_LEASE), LONGEST_LEASE)


def denied(push: Push, reason: str, *, now: datetime) -> Push:
    """Return the push after its hub said no (WebSub, 5.2); it is asked again in a week."""
    if push.state is PushState.UNSUBSCRIBING:
        return _ended(push, now)
    return replace(
        push,
        state=PushState.DENIED,
        reason=plain(reason, html=False, limit=200) or "the hub gives no reason",
        lease_until=None,
        requested_at=None,
        due_at=now + RETRY_DENIED,
    )


def lapsed(push: Push) -> Push:
    """Return an active push whose lease ran out; the tries to renew it go on as planned."""
    reason = push.reason or "the hub did not renew it in time"
    return replace(push, state=PushState.LAPSED, reason=reason)


def unwanted(push: Push, reason: str, *, now: datetime) -> Push:
    """Return a push that is no longer wanted: its hub is told if it may be serving us, else it has ended."""
    push = replace(push, reason=reason)
    if not _leased(push, now):
        return _ended(push, now)
    runs = push.lease_until is not None and push.lease_until > now
    return replace(
        push,
        state=PushState.UNSUBSCRIBING,
        lease_until=push.lease_until if runs else now + UNSTATED_LEASE,
        requested_at=None,
        attempts=0,
        due_at=now,
    )


def moved(push: Push, base: str, *, now: datetime) -> Push:
    """Return the push with its callback under another base, where no ping comes before the hub has been told."""
    return replace(
        push,
        callback=base + push.token,
        state=PushState.PENDING,
        reason="the address of our callback has changed",
        lease_until=None,
        requested_at=None,
        attempts=0,
        due_at=now,
    )


def goodbye(push: Push, *, now: datetime) -> Push:
    """Return the push after its hub confirmed the end."""
    return _ended(push, now)


def _ended(push: Push, now: datetime) -> Push:
    return replace(push, state=PushState.ENDED, requested_at=None, lease_until=None, due_at=now + REMEMBERED)


def _leased(push: Push, now: datetime) -> bool:
    """Say whether the hub may be serving us: by a lease that runs, or by a request that it may have taken."""
    return push.requested_at is not None or (push.lease_until is not None and push.lease_until > now)


def hear(push: Push, signature: str, body: bytes, *, now: datetime) -> Heard:
    """Judge a ping by its signature (WebSub, 7.1) and count it; the body is signed, and not read otherwise."""
    if push.state not in _HEARS:
        return Heard(push=push, valid=False, reason=f"the subscription is {push.state.value}")
    if push.secret is not None and not (push.secret and signed_by_hub(push.secret, signature, body)):
        reason = "its signature is not the hub's" if signature else "it is not signed"
        return Heard(push=replace(push, bad_pings=push.bad_pings + 1), valid=False, reason=reason)
    return Heard(push=replace(push, pings=push.pings + 1, last_ping_at=now), valid=True)


def due_after_ping(feed: Feed, *, now: datetime) -> datetime | None:
    """Return when a ping makes its feed due: now, or a minute after the last poll; None where it changes nothing.

    A server that asked us to wait, or not to come, is not asked sooner; its max-age does not count, since the
    publisher says itself that there is something new.
    """
    state = feed.fetch
    if not feed.enabled or state.retired_at is not None or state.outcome in _TO_WAIT:
        return None
    recent = [
        asked for asked in (state.last_polled_at, state.claimed_at) if asked and now - PING_GAP < asked <= now
    ]
    return max(recent) + PING_GAP if recent else now


def push_alive(push: Push | None, feed: Feed, *, now: datetime) -> bool:
    """Say whether polling may slow down: the lease runs, and pings have come no later than what they announce.

    A hub that never pinged, or that kept silent about the last new item, is not relied on.
    """
    if push is None or push.state is not PushState.ACTIVE or push.last_ping_at is None:
        return False
    if push.lease_until is None or push.lease_until <= now:
        return False
    newest = feed.fetch.last_new_at
    return newest is None or push.last_ping_at > newest - UNANNOUNCED


def push_line(push: Push, *, now: datetime) -> str:
    """Say in words how a push stands."""
    why = f": {push.reason}" if push.reason else ""
    if push.state is PushState.ACTIVE and push.lease_until is not None:
        pings = "1 ping" if push.pings == 1 else f"{push.pings} pings"
        heard = f"{pings}, the last {_ago(push.last_ping_at, now)}" if push.pings else "no ping yet"
        if push.bad_pings:
            heard += f", {push.bad_pings} ignored"
        left = words(max((push.lease_until - now).total_seconds(), 0))
        return f"push by {push.hub}: active for {left} more, {heard}{why}"
    if push.state is PushState.PENDING and push.attempts:
        tries = "once" if push.attempts == 1 else f"{push.attempts} times"
        return f"push by {push.hub}: asked {tries}, not confirmed yet; next try {_ahead(push, now)}{why}"
    if push.state in _ENDING:
        return f"push by {push.hub}: {push.state.value}{why}"
    return f"push by {push.hub}: {push.state.value}{why}; next try {_ahead(push, now)}"


def _ago(moment: datetime | None, now: datetime) -> str:
    return f"{words(max((now - moment).total_seconds(), 0))} ago" if moment else "unknown"


def _ahead(push: Push, now: datetime) -> str:
    left = (push.due_at - now).total_seconds()
    return f"in {words(left)}" if left > 0 else "now"
