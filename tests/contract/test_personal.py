"""What is kept of a person is found whole, and forgotten whole."""

from datetime import timedelta
from typing import Any

from monitor.model import DeliveryState, Matcher, SendOutcome, SendResult, Silence
from monitor.store import (
    Store,
    Transaction,
    audit,
    bounces,
    confirmations,
    outbox,
    personal,
    recipients,
    silences,
    subscribers,
    suppressions,
)
from monitor.store.personal import Holdings
from tests.contract.conftest import Seed
from tests.contract.test_subscribers import People, states

TABLES = (
    *(
        "subscribers",
        "subscriptions",
        "channels",
        "deliveries",
        "payloads",
        "attempts",
        "alerts",
        "silences",
        "opt_outs",
    ),
    *("confirmations", "suppressions", "audit", "bounces", "breakers"),
)


def everything(tx: Transaction) -> str:
    def shown(value: Any) -> str:
        return bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)

    rows = (row for table in TABLES for row in tx.rows(f"SELECT * FROM {table}"))
    return " ".join(shown(value) for row in rows for value in row.values()).lower()


def counts(tx: Transaction) -> dict[str, Any]:
    return {
        table: [dict(row) for row in tx.rows(f"SELECT count(*) AS number FROM {table}")]
        for table in ("alerts", "deliveries", "attempts", "subscribers", "subscriptions", "channels")
    }


def live_a_while(tx: Transaction, people: People, seed: Seed) -> None:
    """Let Ana be asked, told, mute, unsubscribe and be spoken of in the trail."""
    t = seed.t
    confirmations.add_confirmation(
        tx, token="q", channel_id=people.news.channel.id, address="ana@e.example", asked={"name": "ana"}, source="form",
        ip_prefix="192.0.2.0/24", now=t(), expires_at=t(99),
    )  # fmt: skip
    people.wait(tx, "told", people.news, "wall")
    ((delivery, attempt),) = outbox.claim(tx, owner="w", now=t(1), lease=timedelta(minutes=5), limit=1)
    result = SendResult(outcome=SendOutcome.ACCEPTED, reason="250 ok", status=250, reply="to ana@e.example")
    outbox.finish(
        tx,
        delivery,
        attempt,
        result,
        state=DeliveryState.DONE,
        due_at=t(1),
        reason="to ana@e.example",
        now=t(1),
    )
    tx.run(
        "UPDATE payloads SET body = :p WHERE delivery_id = (SELECT id FROM deliveries WHERE uid = 'told')",
        p=b"To: ana@e.example",
    )
    bounces.add_bounce(
        tx,
        bounces.Bounce(
            digest="d", delivery_uid="told", channel_id=people.news.channel.id, kind="soft", status="4.2.2",
            reason="<ana@e.example> is full", received_at=t(2),
        ),
    )  # fmt: skip
    people.wait(tx, "waits", people.desk, "wall")
    people.wait(tx, "evas", people.evas, "wall")
    for uid, owner, who in (
        ("own", "subscriber:ana", "ana"),
        ("cli", "cli", "ana"),
        ("evas", "subscriber:eva", "eva"),
    ):
        silences.add_silence(
            tx,
            Silence(
                uid=uid, matcher=Matcher(subscribers=(who,)), owner=owner, reason=f"{who} is away", begins_at=t(),
                ends_at=t(500), created_at=t(),
            ),
        )  # fmt: skip
    subscribers.opt_out(tx, people.news.id, "tariffs", how="page", now=t(2))
    for actor, about, detail in (
        ("daemon", "subscriber:ana", "name 'Ana'"),
        ("subscriber:ana", "subscription:ana-news", "zone"),
        ("cli", "feed:x", "url"),
    ):
        audit.record(tx, actor=actor, action="change", object=about, detail={"detail": detail}, now=t())


def held_by(tx: Transaction, people: People) -> Holdings:
    return personal.holdings(tx, people.ana.id)


async def test_everything_of_a_person_is_found_and_nothing_of_others(store: Store, seed: Seed) -> None:
    def check(tx: Transaction) -> None:
        people = People(tx, seed)
        live_a_while(tx, people, seed)
        held = held_by(tx, people)
        assert held.subscriptions == (people.news.id, people.desk.id)
        assert held.channels == (people.news.channel.id,), "the desk's mail is Eva's, too"
        told = personal.told_to(tx, held)
        assert [each["uid"] for each in told["alerts"]] == ["told", "waits"]
        assert [(each["uid"], each["state"]) for each in told["deliveries"]] == [
            ("told", "done"),
            ("waits", "pending"),
        ]
        assert [(each["delivery"], each["ended_at"]) for each in told["attempts"]] == [("told", seed.t(1))]
        trail = personal.audit_of(tx, {"subscriber:ana", "subscription:ana-news"})
        assert [(each["actor"], each["object"]) for each in trail] == [
            ("daemon", "subscriber:ana"), ("subscriber:ana", "subscription:ana-news"),
        ]  # fmt: skip

    await store.write(check)


async def test_nothing_names_a_person_who_was_erased_and_every_count_stays(store: Store, seed: Seed) -> None:
    def check(tx: Transaction) -> None:
        people = People(tx, seed)
        live_a_while(tx, people, seed)
        suppressions.suppress(tx, "ana@e.example", reason="admin", now=seed.t())
        before, held = counts(tx), held_by(tx, people)
        gone = personal.wipe_messages(tx, held, every=True, now=seed.t(9))
        gone |= personal.wipe_person(tx, held, now=seed.t(9))
        assert gone == {
            "messages": 2, "answers": 1, "opt_outs": 1, "questions": 1, "reports": 1, "silences": 2, "audit": 2,
            "channels": 1,
            "subscriptions": 2,
        }  # fmt: skip
        assert "ana" not in everything(tx).split()
        for trace in (
            "ana@",
            "ana-news",
            "ana-desk",
            "ana-mail",
            "subscriber:ana",
            "'ana'",
            '"ana"',
            "192.0.2",
        ):
            assert trace not in everything(tx), trace
        assert counts(tx) == before
        assert states(tx) == {"told": "done", "waits": "cancelled", "evas": "pending"}
        assert suppressions.is_suppressed(tx, "ana@e.example")
        (own,) = [each for each in silences.list_silences(tx) if each.uid == "own"]
        assert (own.reason, own.ends_at) == ("", seed.t(9))
        (evas,) = [each for each in silences.list_silences(tx) if each.uid == "evas"]
        assert (evas.reason, evas.ends_at, evas.matcher.subscribers) == ("eva is away", seed.t(500), ("eva",))
        assert [each.slug for each in recipients.list_subscriptions(tx)] == ["eva-desk"]
        assert personal.wipe_messages(tx, held, every=True, now=seed.t(10)) == {"messages": 0, "answers": 0}

    await store.write(check)


async def test_of_somebody_who_stays_only_what_is_over_is_forgotten(store: Store, seed: Seed) -> None:
    def check(tx: Transaction) -> None:
        people = People(tx, seed)
        live_a_while(tx, people, seed)
        gone = personal.wipe_messages(tx, held_by(tx, people), every=False, now=seed.t(9))
        assert gone == {"messages": 1, "answers": 1}
        assert states(tx) == {"told": "done", "waits": "pending", "evas": "pending"}
        rows = {
            row["uid"]: bytes(row["body"])
            for row in tx.rows(
                "SELECT d.uid, p.body FROM deliveries d JOIN payloads p ON p.delivery_id = d.id"
            )
        }
        assert rows == {"told": b"", "waits": b"x", "evas": b"x"}

    await store.write(check)
