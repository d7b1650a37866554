"""The outbox against a model in memory: whatever is claimed, finished, lost and released, in whatever order."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from monitor.model import Alert, Attempt, Delivery, DeliveryState, SendOutcome, SendResult
from monitor.store import Sealer, Store, Transaction, open_store, outbox, recipients
from tests.contract.conftest import Clock, Seed

T = TypeVar("T")
LEASE = timedelta(minutes=5)
EXAMPLES = {"sqlite": 100, "postgres": 6}
OPEN = (DeliveryState.PENDING, DeliveryState.LEASED)


@dataclass
class Expected:
    """What the model knows of one delivery."""

    number: int
    channel: int
    due: datetime
    state: DeliveryState = DeliveryState.PENDING
    owner: str | None = None
    until: datetime | None = None
    attempts: int = 0


class Outbox(RuleBasedStateMachine):
    """Rules are what processes do; the clock only moves when a rule moves it."""

    claims: Bundle[tuple[Delivery, Attempt]] = Bundle("claims")

    def __init__(self, runner: asyncio.Runner, store: Store) -> None:
        super().__init__()
        self.runner = runner
        self.store = store
        self.seed = Seed(Clock())
        self.now = self.seed.t()
        self.model: dict[str, Expected] = {}
        self.off: set[int] = set()
        self.alerts = self.run(store.write(self._clean_slate))

    def _clean_slate(self, tx: Transaction) -> list[Alert]:
        for table in (
            "attempts",
            "deliveries",
            "alert_hits",
            "alerts",
            "hits",
            "items",
            "stories",
            "channels",
        ):
            if table == "channels":
                tx.run("DELETE FROM subscriptions")
            tx.run(f"DELETE FROM {table}")
        return [self.seed.alert(tx, slug) for slug in ("one", "two")]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @rule(channel=st.integers(0, 1), due=st.integers(-3, 8))
    def add(self, channel: int, due: int) -> None:
        uid = f"d-{len(self.model):03}"
        alert = self.alerts[channel]
        due_at = self.now + timedelta(minutes=due)
        self.run(
            self.store.write(
                outbox.add_delivery,
                uid=uid,
                event="alert.first",
                title="a story",
                alert_id=alert.id,
                channel_id=alert.subscription.channel.id,
                payload=uid.encode(),
                due_at=due_at,
                expires_at=due_at + timedelta(days=7),
                now=self.now,
            )
        )
        self.model[uid] = Expected(number=len(self.model), channel=channel, due=due_at)

    @rule(target=claims, owner=st.sampled_from(("ann", "bob")), limit=st.integers(1, 3))
    def claim(self, owner: str, limit: int) -> MultipleResults[tuple[Delivery, Attempt]]:
        got = self.run(self.store.write(outbox.claim, owner=owner, now=self.now, lease=LEASE, limit=limit))
        for each in self.model.values():
            if each.state is DeliveryState.LEASED and each.until is not None and each.until <= self.now:
                each.state, each.owner, each.until = DeliveryState.PENDING, None, None
        self._cancel_stranded()
        due = [
            (each.due, each.number, uid)
            for uid, each in self.model.items()
            if each.state is DeliveryState.PENDING and each.due <= self.now
        ]
        expected = [uid for _, _, uid in sorted(due)[:limit]]
        assert [delivery.uid for delivery, _ in got] == expected
        for delivery, attempt in got:
            each = self.model[delivery.uid]
            each.state, each.owner, each.until = DeliveryState.LEASED, owner, self.now + LEASE
            each.attempts += 1
            assert attempt.number == each.attempts
            assert delivery.payload == delivery.uid.encode()
        return multiple(*got)

    @rule(
        claimed=consumes(claims),
        state=st.sampled_from((DeliveryState.DONE, DeliveryState.DEAD, DeliveryState.PENDING)),
        due=st.integers(0, 6),
    )
    def finish(self, claimed: tuple[Delivery, Attempt], state: DeliveryState, due: int) -> None:
        delivery, attempt = claimed
        each = self.model[delivery.uid]
        due_at = self.now + timedelta(minutes=due)
        holds = (
            each.state is DeliveryState.LEASED
            and each.owner == delivery.lease_owner
            and each.attempts == attempt.number
        )
        kept = self.run(
            self.store.write(
                outbox.finish,
                delivery,
                attempt,
                SendResult(outcome=SendOutcome.RETRY, reason="said the receiver"),
                state=state,
                due_at=due_at,
                reason="so it is",
                now=self.now,
            )
        )
        assert kept is holds
        if holds:
            each.state, each.due, each.owner, each.until = state, due_at, None, None
            if state is DeliveryState.PENDING:
                self._cancel_stranded()

    @rule(minutes=st.integers(1, 6))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def the_process_starts_again(self) -> None:
        leased = [each for each in self.model.values() if each.state is DeliveryState.LEASED]
        assert self.run(self.store.write(outbox.release_leases, now=self.now)) == len(leased)
        for each in leased:
            each.state, each.due, each.owner, each.until = DeliveryState.PENDING, self.now, None, None
        self._cancel_stranded()

    @rule(channel=st.integers(0, 1))
    def switch_off(self, channel: int) -> None:
        slug = self.alerts[channel].subscription.channel.slug
        self.run(self.store.write(recipients.disable_channel, slug, reason="410", now=self.now))
        self.off.add(channel)
        self._cancel_stranded()

    @rule(channel=st.integers(0, 1))
    def switch_on(self, channel: int) -> None:
        slug = self.alerts[channel].subscription.channel.slug
        self.run(self.store.write(recipients.enable_channel, slug))
        self.off.discard(channel)

    def _cancel_stranded(self) -> None:
        for each in self.model.values():
            if each.state is DeliveryState.PENDING and each.channel in self.off:
                each.state = DeliveryState.CANCELLED

    @invariant()
    def the_store_agrees(self) -> None:
        def look(tx: Transaction) -> None:
            views = {view.uid: view for view in outbox.list_deliveries(tx, limit=1000)}
            assert {uid: (view.state, view.attempts, view.due_at) for uid, view in views.items()} == {
                uid: (each.state, each.attempts, each.due) for uid, each in self.model.items()
            }
            for view in views.values():
                attempts = outbox.attempts_of(tx, view.id)
                assert [attempt.number for attempt in attempts] == list(range(1, view.attempts + 1))
                still_open = [attempt.number for attempt in attempts if attempt.outcome is None]
                assert still_open == ([view.attempts] if view.state is DeliveryState.LEASED else [])
                assert (view.done_at is None) == (view.state in OPEN)

        self.run(self.store.read(look))


@contextmanager
def running(url: str, sealer: Sealer) -> Iterator[tuple[asyncio.Runner, Store]]:
    with asyncio.Runner() as runner:
        store = runner.run(open_store(url, sealer=sealer, backup_dir=None))
        try:
            yield runner, store
        finally:
            runner.run(store.close())


def test_the_outbox_does_what_the_model_says(url: str, sealer: Sealer) -> None:
    with running(url, sealer) as (runner, store):
        run_state_machine_as_test(
            lambda: Outbox(runner, store),  # type: ignore[arg-type]  # any factory will do
            settings=settings(
                max_examples=EXAMPLES["sqlite" if url.startswith("sqlite") else "postgres"],
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
