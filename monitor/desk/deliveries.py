"""Deliveries as people look at them."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.app import App
from monitor.errors import Refused
from monitor.model import Attempt, DeliveryState
from monitor.store import Transaction, outbox
from monitor.store.outbox import DeliveryView


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLine:
    """One delivery and all its attempts."""

    delivery: DeliveryView
    attempts: tuple[Attempt, ...]


async def list_deliveries(app: App, *, limit: int = 50, state: str | None = None) -> list[DeliveryLine]:
    """List the newest deliveries, with their attempts; `state` keeps one state only.

    Raises Refused for a state that does not exist.
    """
    if state is not None and state not in set(DeliveryState):
        raise Refused(f"no delivery state is called {state}; there are: {', '.join(DeliveryState)}")
    wanted = DeliveryState(state) if state is not None else None
    return list(await app.store.read(_lines, limit=limit, state=wanted))


def _lines(tx: Transaction, *, limit: int, state: DeliveryState | None) -> Sequence[DeliveryLine]:
    return [
        DeliveryLine(delivery=view, attempts=tuple(outbox.attempts_of(tx, view.id)))
        for view in outbox.list_deliveries(tx, limit=limit, state=state)
    ]
