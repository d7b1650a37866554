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
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from monitor.model import (
    RELAY,
    Alert,
    Attempt,
    Breaker,
    ChannelKind,
    Delivery,
    DeliveryState,
    SendOutcome,
    SendResult,
    Urgency,
    channel_key,
)
from monitor.store import Sealer, Store, Transaction, breakers, open_store, outbox, recipients
from tests.contract.conftest import Clock, Seed

T = TypeVar("T")
LEASE = timedelta(minutes=5)
EXAMPLES = {"sqlite": 50, "postgres": 6}
OPEN = (DeliveryState.PENDING, DeliveryState.LEASED)
LIFETIMES = {
    Urgency.URGENT: timedelta(minutes=9),
    Urgency.NORMAL: timedelta(minutes=20),
    Urgency.LATER: timedelta(1),
}
KINDS = (ChannelKind.WEBHOOK, ChannelKind.WEBHOOK, ChannelKind.EMAIL, ChannelKind.EMAIL)
channels = st.integers(0, len(KINDS) - 1)
NEW = st.tuples(st.integers(-3, 2), st.sampled_from((900, 12, 5)), st.none() | st.integers(0, 1))


@dataclass
class Expected:
    """What the model knows of one delivery."""

    number: int
    channel: int
    due: datetime
    expires: datetime
    urgency: Urgency
    story: int | None
    state: DeliveryState = DeliveryState.PENDING
    owner: str | None = None
    until: datetime | None = None
    attempts: int = 0
    cut_short: int = 0


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
        self.probes: dict[int | None, datetime] = {}  # of open breakers; None is the relay's
        self.after: dict[Urgency, int] = {}
        self.alerts = self.run(store.write(self._clean_slate))
        self.ids = [alert.subscription.channel.id for alert in self.alerts]

    def _clean_slate(self, tx: Transaction) -> list[Alert]:
        for table in (
            "attempts", "payloads", "deliveries", "alert_hits", "alerts", "hits", "items", "stories", "breakers",
            "subscriptions", "channels",
        ):  # fmt: skip
            tx.run(f"DELETE FROM {table}")
        return [self.seed.alert(tx, f"s{number}", kind) for number, kind in enumerate(KINDS)]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(made=st.lists(NEW, min_size=3, max_size=8), urgency=st.sampled_from(Urgency))
    def begin(self, made: list[tuple[int, int, int | None]], urgency: Urgency) -> None:
        for channel in range(len(KINDS)):
            self.add(channel, urgency, made)

    @rule(channel=channels, urgency=st.sampled_from(Urgency), made=st.lists(NEW, min_size=1, max_size=6))
    def add(self, channel: int, urgency: Urgency, made: list[tuple[int, int, int | None]]) -> None:
        for due, lives, story in made:
            self._add(channel, urgency, due=due, lives=lives, story=story)

    def _add(self, channel: int, urgency: Urgency, *, due: int, lives: int, story: int | None) -> None:
        uid = f"d-{len(self.model):03}"
        alert = self.alerts[channel]
        due_at, expires_at = self.now + timedelta(minutes=due), self.now + timedelta(minutes=lives)
        self.run(
            self.store.write(
                outbox.add_delivery,
                uid=uid,
                event="alert.first",
                title="a story",
                alert_id=alert.id,
                story_id=None if story is None else self.alerts[story].story.id,
                channel_id=alert.subscription.channel.id,
                urgency=urgency,
                payload=uid.encode(),
                due_at=due_at,
                expires_at=expires_at,
                now=self.now,
            )
        )
        self.model[uid] = Expected(
            number=len(self.model),
            channel=channel,
            due=due_at,
            expires=expires_at,
            urgency=urgency,
            story=story,
        )

    @rule(
        target=claims,
        owner=st.sampled_from(("ann", "bob")),
        limit=st.integers(1, 9),
        lanes=st.builds(outbox.Lanes, per_channel=st.integers(1, 3), relay=st.integers(1, 3)),
        swept=st.booleans(),
    )
    def claim(
        self, *, owner: str, limit: int, lanes: outbox.Lanes, swept: bool
    ) -> MultipleResults[tuple[Delivery, Attempt]]:
        if swept:
            self.run(self.store.write(outbox.sweep, now=self.now))
            self._sweep()
        expected = self._round_robin(limit, lanes)
        got = self.run(
            self.store.write(
                outbox.claim,
                owner=owner,
                now=self.now,
                lease=LEASE,
                limit=limit,
                lanes=lanes,
                after=self.after,
            )
        )
        assert [delivery.uid for delivery, _ in got] == expected
        for delivery, attempt in got:
            each = self.model[delivery.uid]
            each.state, each.owner, each.until = DeliveryState.LEASED, owner, self.now + LEASE
            each.attempts += 1
            self.after[delivery.urgency] = delivery.channel.id
            assert attempt.number == each.attempts
            assert delivery.payload == delivery.uid.encode()
        return multiple(*got)

    def _round_robin(self, limit: int, lanes: outbox.Lanes) -> list[str]:
        """Deal by hand: urgency by urgency, round by round, one to a channel, while there is room."""
        taken = self._suspect(lanes)
        for urgency in Urgency:
            order = sorted(
                range(len(KINDS)),
                key=lambda each: (self.ids[each] <= self.after.get(urgency, 0), self.ids[each]),
            )
            progress = True
            while progress:
                progress = False
                for channel in order:
                    uid = self._next(urgency, channel, taken)
                    if uid is not None and len(taken) < limit and self._has_room(channel, lanes, taken):
                        taken.append(uid)
                        progress = True
        return taken

    def _suspect(self, lanes: outbox.Lanes) -> list[str]:
        """Of those that may be what ends the process, one at a time."""
        if any(each.state is DeliveryState.LEASED and each.cut_short >= 2 for each in self.model.values()):
            return []
        found = sorted(
            (each.due, each.number, uid)
            for uid, each in self.model.items()
            if each.cut_short >= 2 and self._may_go(each) and self._has_room(each.channel, lanes, [])
        )
        return [uid for _, _, uid in found[:1]]

    def _next(self, urgency: Urgency, channel: int, taken: list[str]) -> str | None:
        mine = [
            (each.due, each.number, uid)
            for uid, each in self.model.items()
            if uid not in taken
            and (each.channel, each.urgency) == (channel, urgency)
            and each.cut_short < 2
            and self._may_go(each)
        ]
        return min(mine)[2] if mine else None

    def _may_go(self, each: Expected) -> bool:
        """Whether a delivery is due, news, wanted, and not behind another of its story."""
        return (
            each.state is DeliveryState.PENDING
            and each.due <= self.now < each.expires
            and each.channel not in self.off
            and not any(
                older.state in OPEN
                and (older.channel, older.story) == (each.channel, each.story)
                and older.number < each.number
                for older in self.model.values()
                if each.story is not None
            )
        )

    def _has_room(self, channel: int, lanes: outbox.Lanes, taken: list[str]) -> bool:
        flying = [
            each for uid, each in self.model.items() if each.state is DeliveryState.LEASED or uid in taken
        ]
        here = sum(each.channel == channel for each in flying)
        mails = sum(KINDS[each.channel] is ChannelKind.EMAIL for each in flying)
        is_mail = KINDS[channel] is ChannelKind.EMAIL
        bounds = [(channel, here, lanes.relay if is_mail else lanes.per_channel)]
        bounds += [(None, mails, lanes.relay)] if is_mail else []  # type: ignore[list-item]  # None: the relay
        for key, busy, usual in bounds:
            probe = self.probes.get(key)
            if probe is not None and probe > self.now:
                return False
            if busy >= (usual if probe is None else 1):
                return False
        return True

    def _sweep(self) -> None:
        for each in self.model.values():
            if each.state is DeliveryState.LEASED and each.until is not None and each.until <= self.now:
                self._give_back(each)
            if each.state is DeliveryState.PENDING and each.expires <= self.now:
                each.state = DeliveryState.DEAD
        self._cancel_stranded()

    def _give_back(self, each: Expected, *, cut: bool = True) -> None:
        each.state, each.owner, each.until = DeliveryState.PENDING, None, None
        each.cut_short += cut
        if each.cut_short >= 3:
            each.state = DeliveryState.DEAD

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
            each.cut_short = 0
            if state is DeliveryState.PENDING:
                self._cancel_stranded()

    @rule(minutes=st.integers(1, 6))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(orderly=st.booleans())
    def the_process_starts_again(self, *, orderly: bool) -> None:
        leased = [each for each in self.model.values() if each.state is DeliveryState.LEASED]
        released = self.run(self.store.write(outbox.release_leases, now=self.now, orderly=orderly))
        assert released == len(leased)
        for each in leased:
            each.due = self.now
            self._give_back(each, cut=not orderly)
        self._cancel_stranded()

    @rule(numbers=st.sets(st.integers(0, 30)))
    def somebody_asks_again(self, numbers: set[int]) -> None:
        uids = [f"d-{number:03}" for number in sorted(numbers) if number < len(self.model)]
        ended = [self.model[uid] for uid in uids if self.model[uid].state not in OPEN]

        def ask(tx: Transaction) -> int:
            rows = tx.rows("SELECT id FROM deliveries WHERE uid IN (:uids)", uids=tuple(uids))
            return outbox.ask_again(tx, [row["id"] for row in rows], lifetimes=LIFETIMES, now=self.now)

        assert self.run(self.store.write(ask)) == len(ended)
        for each in ended:
            each.state, each.due, each.cut_short = DeliveryState.PENDING, self.now, 0
            each.expires = self.now + LIFETIMES[each.urgency]

    @rule(channel=channels, on=st.sampled_from((True, True, True, False)))
    def switch(self, channel: int, *, on: bool) -> None:
        slug = self.alerts[channel].subscription.channel.slug
        if on:
            self.run(self.store.write(recipients.enable_channel, slug))
            self.off.discard(channel)
            self.probes.pop(channel, None)
        else:
            self.run(self.store.write(recipients.disable_channel, slug, reason="410", now=self.now))
            self.off.add(channel)
            self._cancel_stranded()

    @rule(channel=st.none() | channels, minutes=st.sampled_from((None, None, 0, 1, 9)))
    def a_breaker_opens_or_closes(self, channel: int | None, minutes: int | None) -> None:
        if minutes is None:
            self.probes.pop(channel, None)
        else:
            self.probes[channel] = self.now + timedelta(minutes=minutes)
        number = None if channel is None else self.ids[channel]
        breaker = Breaker(
            key=RELAY if number is None else channel_key(number),
            channel_id=number,
            opened_at=None if minutes is None else self.now,
            probe_at=self.probes.get(channel),
        )
        self.run(self.store.write(breakers.put_breaker, breaker))

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
