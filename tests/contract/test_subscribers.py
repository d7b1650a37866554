"""Opt-outs: what stops, what is cancelled, and that it stays so until it is taken back."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from monitor.model import (
    Alert,
    AlertHit,
    AlertKind,
    Channel,
    ChannelKind,
    DeliveryState,
    Subscriber,
    Subscription,
    Surge,
    Topic,
)
from monitor.store import Sealer, Store, Transaction, outbox, recipients, subscribers, suppressions, surges
from tests.contract.conftest import Clock, Seed
from tests.contract.test_outbox_states import running

T = TypeVar("T")
EXAMPLES = {"sqlite": 60, "postgres": 5}
TOPICS = ("tariffs", "wall")


def mail(tx: Transaction, slug: str, address: str) -> Channel:
    channel = Channel(slug=slug, kind=ChannelKind.EMAIL, address=address, owner="file:recipients.toml")
    return recipients.put_channel(tx, channel)


def subscribe(tx: Transaction, slug: str, who: Subscriber, channel: Channel, **changes: Any) -> Subscription:
    made = Subscription(slug=slug, subscriber=who, channel=channel, owner="file:recipients.toml", **changes)
    return recipients.put_subscription(tx, made)


class People:
    """Two subscribers: Ana with two subscriptions by mail, Eva with one; and alerts that wait to be sent."""

    def __init__(self, tx: Transaction, seed: Seed) -> None:
        self.seed, self.t = seed, seed.t
        self.topics = {slug: seed.topic(tx, slug) for slug in TOPICS}
        self.ana = recipients.put_subscriber(
            tx, Subscriber(slug="ana", name="Ana", owner="file:recipients.toml")
        )
        self.eva = recipients.put_subscriber(tx, Subscriber(slug="eva", name="Eva", owner="ui"))
        own, shared = mail(tx, "ana-mail", "ana@e.example"), mail(tx, "desk-mail", "desk@e.example")
        self.news = subscribe(tx, "ana-news", self.ana, own)
        self.desk = subscribe(tx, "ana-desk", self.ana, shared, topics=TOPICS)
        self.evas = subscribe(tx, "eva-desk", self.eva, shared)
        self.feed = seed.feed(tx)

    def wait(
        self, tx: Transaction, uid: str, subscription: Subscription, *topics: str, surge: bool = False
    ) -> int:
        """Queue the delivery of an alert with one item in the topics, or of a surge of the first."""
        item = self.seed.item(tx, self.feed, f"guid:{uid}")
        shown = tuple(
            AlertHit(hit=self.seed.hit(tx, item, self.topics[slug]), topic=self.topics[slug])
            for slug in topics
            if not surge
        )
        alert = outbox.add_alert(
            tx,
            Alert(
                uid=uid, subscription=subscription, story=self.seed.story(tx), hits=shown, reason="first",
                kind=AlertKind.SURGE if surge else AlertKind.FIRST,
                surges=(self.surge(tx, self.topics[topics[0]]),) if surge else (), created_at=self.t(),
            ),
        )  # fmt: skip
        return outbox.add_delivery(
            tx, uid=uid, event=f"alert.{alert.kind}", title=uid, alert_id=alert.id,
            channel_id=subscription.channel.id, payload=b"x", due_at=self.t(), expires_at=self.t(999), now=self.t(),
        )  # fmt: skip

    def surge(self, tx: Transaction, topic: Topic) -> Surge:
        found = Surge(
            topic=topic.slug, topic_name=topic.name, until=self.t(), hours=6, stories=9, usual=1.2, chance=1e-9,
            reason="many",
            found_at=self.t(),
        )  # fmt: skip
        number = surges.add_surge(tx, found)
        assert number is not None
        return replace(found, id=number)


def states(tx: Transaction) -> dict[str, str]:
    return {each.uid: each.state.value for each in outbox.list_deliveries(tx, limit=100)}


async def test_what_carries_nothing_else_is_cancelled_with_its_reason(store: Store, seed: Seed) -> None:
    def check(tx: Transaction) -> None:
        people = People(tx, seed)
        people.wait(tx, "wall", people.news, "wall")
        people.wait(tx, "both", people.news, "wall", "tariffs")
        people.wait(tx, "surge", people.news, "wall", surge=True)
        people.wait(tx, "other", people.desk, "wall")
        assert subscribers.opt_out(tx, people.news.id, "wall", how="page", now=seed.t(1))
        assert states(tx) == {
            "wall": "cancelled",
            "both": "pending",
            "surge": "cancelled",
            "other": "pending",
        }
        assert not subscribers.opt_out(tx, people.news.id, "wall", how="page", now=seed.t(2))
        assert subscribers.opt_out(tx, people.news.id, "tariffs", how="page", now=seed.t(2))
        assert states(tx)["both"] == "cancelled"
        reasons = {each.uid: each.reason for each in outbox.list_deliveries(tx, limit=9)}
        assert reasons["both"] == "unsubscribed from tariffs, wall meanwhile"
        assert subscribers.opt_out(tx, people.desk.id, how="one-click", now=seed.t(3))
        assert states(tx)["other"] == "cancelled"
        assert subscribers.opt_outs(tx) == {
            (people.news.id, "wall"), (people.news.id, "tariffs"), (people.desk.id, ""),
        }  # fmt: skip
        assert [(each.subscription, each.topic, each.how) for each in subscribers.opt_outs_of(tx, people.ana.id)] == [
            ("ana-desk", "", "one-click"), ("ana-news", "tariffs", "page"), ("ana-news", "wall", "page"),
        ]  # fmt: skip
        assert subscribers.opt_outs_of(tx, people.eva.id) == []

    await store.write(check)


async def test_what_was_on_its_way_is_found_when_it_comes_back(store: Store, seed: Seed) -> None:
    """A delivery leased at the moment of the opt-out is not cancelled by it; `unwanted` finds it at the next claim."""

    def check(tx: Transaction) -> None:
        people = People(tx, seed)
        sent = people.wait(tx, "sent", people.news, "wall")
        kept = people.wait(tx, "kept", people.desk, "wall")
        outbox.claim(tx, owner="w", now=seed.t(1), lease=timedelta(minutes=5), limit=5)
        subscribers.opt_out(tx, people.news.id, how="page", now=seed.t(1))
        assert states(tx) == {"sent": "leased", "kept": "leased"}
        assert subscribers.unwanted(tx, [sent, kept]) == {sent: "unsubscribed meanwhile"}
        suppressions.suppress(tx, "DESK@e.example", reason="admin", now=seed.t(1))
        assert subscribers.unwanted(tx, [kept, sent]) == {
            sent: "unsubscribed meanwhile", kept: "the address is on the suppression list",
        }  # fmt: skip
        assert subscribers.unwanted(tx, ()) == {}
        outbox.release_leases(tx, now=seed.t(2))
        more = people.wait(tx, "more", people.evas, "wall")
        suppressions.unsuppress(tx, "desk@e.example")
        assert more not in subscribers.unwanted(tx, (more, sent, kept))
        claimed = outbox.claim(tx, owner="w", now=seed.t(3), lease=timedelta(minutes=5), limit=5)
        assert {delivery.uid for delivery, _ in claimed} == {"kept", "more"}
        assert states(tx) == {"sent": "cancelled", "kept": "leased", "more": "leased"}

    await store.write(check)


async def test_a_notice_is_held_back_by_its_address_alone(store: Store, seed: Seed, t: Clock) -> None:
    def check(tx: Transaction) -> None:
        people = People(tx, seed)
        notice = outbox.add_delivery(
            tx, uid="n", event="endpoint.test", title="Test", channel_id=people.news.channel.id, payload=b"x",
            due_at=t(), expires_at=t(99), now=t(),
        )  # fmt: skip
        subscribers.opt_out(tx, people.news.id, how="page", now=t())
        assert (states(tx), subscribers.unwanted(tx, [notice])) == ({"n": "pending"}, {})
        subscribers.opt_out_all(tx, people.ana.id, how="page", now=t())
        assert states(tx) == {"n": "cancelled"}
        assert subscribers.unwanted(tx, [notice]) == {notice: "the address is on the suppression list"}

    await store.write(check)


async def test_wanting_nothing_at_all_holds_for_what_a_file_adds_later(
    store: Store, seed: Seed, t: Clock
) -> None:
    def check(tx: Transaction) -> None:
        people = People(tx, seed)
        people.wait(tx, "hers", people.news, "wall")
        people.wait(tx, "evas", people.evas, "wall")
        assert subscribers.opted_out_at(tx, people.ana.id) is None
        assert subscribers.opt_out_all(tx, people.ana.id, how="page", now=t(4))
        assert not subscribers.opt_out_all(tx, people.ana.id, how="page", now=t(5))
        assert subscribers.opted_out_at(tx, people.ana.id) == t(4)
        assert states(tx) == {"hers": "cancelled", "evas": "pending"}
        again = recipients.put_subscriber(
            tx, replace(people.ana, name="Ana López")
        )  # as applying its file does
        later = subscribe(tx, "ana-later", again, mail(tx, "new-mail", "ana@new.example"))
        assert subscribers.opt_outs(tx) == {(people.news.id, ""), (people.desk.id, ""), (later.id, "")}
        assert suppressions.is_suppressed(tx, "ana@e.example")
        assert not suppressions.is_suppressed(tx, "desk@e.example")  # Eva gets mail there, too
        assert subscribers.opt_in_all(tx, people.ana.id)
        assert not subscribers.opt_in_all(tx, people.ana.id)
        assert subscribers.opt_outs(tx) == set()
        assert not suppressions.is_suppressed(tx, "ana@e.example")

    await store.write(check)


async def test_taking_it_back_frees_no_address_that_is_listed_for_another_reason(
    store: Store, seed: Seed, t: Clock
) -> None:
    def check(tx: Transaction) -> None:
        people = People(tx, seed)
        suppressions.suppress(tx, "ana@e.example", reason="complaint", now=t())
        subscribers.opt_out_all(tx, people.ana.id, how="page", now=t())
        subscribers.opt_in_all(tx, people.ana.id)
        assert suppressions.is_suppressed(tx, "ana@e.example")

    await store.write(check)


class OptOuts(RuleBasedStateMachine):
    """Opt-outs against a set in memory, with files applied again at any moment."""

    def __init__(self, runner: asyncio.Runner, store: Store) -> None:
        super().__init__()
        self.runner, self.store, self.seed = runner, store, Seed(Clock())
        self.model: set[tuple[int, str]] = set()
        self.nothing: set[int] = set()
        self.pending: dict[str, tuple[Subscription, frozenset[str]]] = {}
        self.people = self.run(store.write(self._start))
        self.all = (self.people.news, self.people.desk, self.people.evas)

    def _start(self, tx: Transaction) -> People:
        for table in (
            *(
                "attempts",
                "payloads",
                "deliveries",
                "alert_hits",
                "alerts",
                "surges",
                "hits",
                "items",
                "stories",
                "opt_outs",
            ),
            *("suppressions", "subscriptions", "channels", "subscribers"),
        ):
            tx.run(f"DELETE FROM {table}")
        return People(tx, self.seed)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @rule(which=st.integers(0, 2), topics=st.sets(st.sampled_from(TOPICS), min_size=1))
    def an_alert_waits(self, which: int, topics: set[str]) -> None:
        uid = f"alert-{len(self.pending)}"
        if self._unwanted(self.all[which], topics):
            return  # routing makes none
        self.run(self.store.write(self.people.wait, uid, self.all[which], *sorted(topics)))
        self.pending[uid] = (self.all[which], frozenset(topics))

    @rule(which=st.integers(0, 2), topic=st.sampled_from(("", *TOPICS)))
    def stop(self, which: int, topic: str) -> None:
        key = (self.all[which].id, topic)
        changed = self.run(self.store.write(subscribers.opt_out, *key, how="page", now=self.seed.t()))
        assert changed == (key not in self.model)
        self.model.add(key)
        self._cancel(self.all[which].subscriber.id)

    @rule(which=st.integers(0, 2), topic=st.sampled_from(("", *TOPICS)))
    def take_back(self, which: int, topic: str) -> None:
        key = (self.all[which].id, topic)
        assert self.run(self.store.write(subscribers.opt_in, *key)) == (key in self.model)
        self.model.discard(key)

    @rule(which=st.integers(0, 2))
    def stop_all(self, which: int) -> None:
        who = self.all[which].subscriber.id
        self.run(self.store.write(subscribers.opt_out_all, who, how="page", now=self.seed.t()))
        self.nothing.add(who)
        self._cancel(who)

    @rule(which=st.integers(0, 2))
    def take_all_back(self, which: int) -> None:
        who = self.all[which].subscriber.id
        self.run(self.store.write(subscribers.opt_in_all, who))
        self.nothing.discard(who)

    @rule(which=st.integers(0, 2), name=st.sampled_from(("Ana", "Añá")))
    def the_files_are_applied_again(self, which: int, name: str) -> None:
        each = self.all[which]
        self.run(self.store.write(recipients.put_subscriber, replace(each.subscriber, name=name)))
        self.run(self.store.write(recipients.put_channel, each.channel))
        self.run(self.store.write(recipients.put_subscription, each))

    def _unwanted(self, subscription: Subscription, topics: set[str] | frozenset[str]) -> bool:
        keys = self.model | {(each.id, "") for each in self.all if each.subscriber.id in self.nothing}
        return all(subscribers.is_opted_out(keys, subscription.id, topic) for topic in topics)

    def _cancel(self, who: int) -> None:
        for uid, (subscription, topics) in list(self.pending.items()):
            if subscription.subscriber.id == who and self._unwanted(subscription, topics):
                del self.pending[uid]
                self.pending[f"gone {uid}"] = (subscription, frozenset())

    @invariant()
    def the_store_agrees(self) -> None:
        def look(tx: Transaction) -> None:
            whole = {(each.id, "") for each in self.all if each.subscriber.id in self.nothing}
            assert subscribers.opt_outs(tx) == self.model | whole
            still = {each.uid for each in outbox.list_deliveries(tx, limit=1000, state=DeliveryState.PENDING)}
            assert still == {uid for uid in self.pending if not uid.startswith("gone")}
            assert suppressions.is_suppressed(tx, "ana@e.example") == (self.people.ana.id in self.nothing)

        self.run(self.store.read(look))


def test_opt_outs_do_what_the_model_says(url: str, sealer: Sealer) -> None:
    with running(url, sealer) as (runner, store):
        run_state_machine_as_test(
            lambda: OptOuts(runner, store),  # type: ignore[arg-type]  # any factory will do
            settings=settings(
                max_examples=EXAMPLES["sqlite" if url.startswith("sqlite") else "postgres"],
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
