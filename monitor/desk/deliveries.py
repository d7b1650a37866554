"""Deliveries as people look at them, and ask for them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.app import App
from monitor.errors import NotFound, Refused
from monitor.model import Attempt, DeliveryState
from monitor.pipeline import Stage
from monitor.pipeline.outgoing import LIFETIMES
from monitor.store import Transaction, audit, ended, outbox, recipients, subscribers
from monitor.store.ended import Candidate
from monitor.store.outbox import DeliveryView

_OPEN = (DeliveryState.PENDING, DeliveryState.LEASED)
_ENDED = (DeliveryState.DONE, DeliveryState.DEAD, DeliveryState.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLine:
    """One delivery and all its attempts."""

    delivery: DeliveryView
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be sent again: one delivery (its id or number), all of a channel since a time, or all dead ones.

    `dead` goes with `channel` and `since`, too.
    """

    delivery: str = ""
    channel: str = ""
    since: datetime | None = None
    dead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How many deliveries are sent again, and how many are not, by the reason."""

    asked: int
    left_out: dict[str, int]


async def list_deliveries(
    app: App, *, limit: int = 50, state: str | None = None, channel: str | None = None
) -> list[DeliveryLine]:
    """List the newest deliveries, with their attempts; `state` and `channel` keep those of one alone.

    Raises Refused for a state that does not exist, NotFound for a channel that does not.
    """
    if state is not None and state not in set(DeliveryState):
        raise Refused(f"no delivery state is called {state}; there are: {', '.join(DeliveryState)}")
    wanted = DeliveryState(state) if state is not None else None
    return list(await app.store.read(_lines, limit=limit, state=wanted, channel=channel))


async def replay(app: App, wish: Wish, *, actor: str) -> Replayed:
    """Send deliveries that have ended once more: the same id and bytes, tries and time to live anew.

    Raises NotFound for a delivery or channel that does not exist, Refused for a wish that is not clear or goes too
    far, and for a single delivery that cannot be sent again.
    """
    _check(wish)
    done = await app.store.write(_replay, wish, actor=actor, now=app.context.clock())
    app.context.wake(Stage.SEND)
    return done


def _lines(
    tx: Transaction, *, limit: int, state: DeliveryState | None, channel: str | None
) -> Sequence[DeliveryLine]:
    if channel is not None:
        _known(tx, channel)
    return [
        DeliveryLine(delivery=view, attempts=tuple(outbox.attempts_of(tx, view.id)))
        for view in outbox.list_deliveries(tx, limit=limit, state=state, channel=channel)
    ]


def _check(wish: Wish) -> None:
    if wish.delivery and (wish.channel or wish.since is not None or wish.dead):
        raise Refused("name one delivery, or a channel, a time or the dead ones, but not both")
    if not wish.delivery and not wish.dead and not (wish.channel and wish.since is not None):
        raise Refused("say what to send again: a delivery, --channel with --since, or --dead")


def _replay(tx: Transaction, wish: Wish, *, actor: str, now: datetime) -> Replayed:
    if wish.channel:
        _known(tx, wish.channel)
    chosen = [_single(tx, wish.delivery)] if wish.delivery else _several(tx, wish)
    refused = subscribers.unwanted(tx, [each.id for each in chosen])
    left_out: dict[str, int] = {}
    ids: list[int] = []
    for each in chosen:
        problem = _problem(each) or refused.get(each.id, "")
        if problem and wish.delivery:
            raise Refused(f"the delivery {each.uid} is not sent again: {problem}")
        if problem:
            left_out[problem] = left_out.get(problem, 0) + 1
        else:
            ids.append(each.id)
    asked = outbox.ask_again(tx, ids, lifetimes=LIFETIMES, now=now)
    audit.record(
        tx,
        actor=actor,
        action="replay",
        object=f"delivery:{chosen[0].uid}" if wish.delivery else f"deliveries:{wish.channel or 'all'}",
        detail={
            "asked": asked,
            "dead_only": wish.dead,
            "since": wish.since.isoformat() if wish.since is not None else None,
        },
        now=now,
    )
    return Replayed(asked=asked, left_out=left_out)


def _single(tx: Transaction, name: str) -> Candidate:
    found = ended.find_delivery(tx, name)
    if found is None:
        raise NotFound(f"no delivery is {name}; see: monitor deliveries list --json")
    return found


def _several(tx: Transaction, wish: Wish) -> list[Candidate]:
    states = (DeliveryState.DEAD,) if wish.dead else _ENDED
    found = ended.ended_alerts(tx, states=states, channel=wish.channel or None, since=wish.since)
    if len(found) > ended.MOST:
        raise Refused(f"these are more than {ended.MOST} deliveries: name a channel, or a later --since")
    return found


def _problem(each: Candidate) -> str:
    """Say what is in the way of sending a delivery again; nothing if nothing is."""
    if each.state is DeliveryState.LEASED:
        return "it is being sent right now"
    if each.state in _OPEN:
        return f"it is pending and goes out by itself, at {each.due_at:%Y-%m-%d %H:%M:%S} UTC at the soonest"
    if not each.channel_on:
        return (
            f"the channel {each.channel} is switched off ({each.channel_reason}); "
            f"first: monitor channels enable {each.channel}"
        )
    if not each.wanted:
        return "its subscription was ended"
    if not each.written:
        return f"there is nothing to send: {each.reason}"
    return ""


def _known(tx: Transaction, slug: str) -> None:
    if all(channel.slug != slug for channel in recipients.list_channels(tx, enabled_only=False)):
        raise NotFound(f"no channel is named {slug}; see: monitor channels list")
