"""Mails that ask for a yes: found by their token, counted by address, forgotten when nobody answers."""

from datetime import datetime

from monitor.model import Channel, ChannelKind, DeliveryState, Subscriber, Subscription
from monitor.store import Store, Transaction, confirmations, outbox, recipients
from tests.contract.conftest import Clock

ANA = "ana@correo.example"
WEEK = 7 * 24 * 60


def ask(tx: Transaction, token: str, *, at: datetime, until: datetime, slug: str = "ana-mail") -> Channel:
    channel = recipients.put_channel(tx, Channel(slug=slug, kind=ChannelKind.EMAIL, address=ANA, owner="ui"))
    confirmations.add_confirmation(
        tx, token=token, channel_id=channel.id, address=ANA, asked={"topics": ["wall"]}, source="form",
        ip_prefix="192.0.2.0/24", now=at, expires_at=until,
    )  # fmt: skip
    return channel


async def test_a_mail_is_found_by_its_token_which_is_nowhere_stored(store: Store, t: Clock) -> None:
    channel = await store.write(ask, "secret-token", at=t(), until=t(WEEK))
    found = await store.read(confirmations.find_confirmation, "secret-token")
    assert found is not None
    assert (found.channel, found.channel_id, found.asked) == ("ana-mail", channel.id, {"topics": ["wall"]})
    assert (found.source, found.ip_prefix, found.made_at, found.expires_at) == (
        "form", "192.0.2.0/24", t(), t(WEEK),
    )  # fmt: skip
    assert await store.read(confirmations.find_confirmation, "another") is None
    rows = await store.read(lambda tx: tx.rows("SELECT * FROM confirmations"))
    assert all(
        "secret-token" not in str(value) and ANA not in str(value) for row in rows for value in row.values()
    )


async def test_a_yes_is_kept_once_and_confirms_the_channel(store: Store, t: Clock) -> None:
    channel = await store.write(ask, "one", at=t(), until=t(WEEK))
    assert not await store.read(confirmations.is_confirmed, channel.id)
    assert await store.read(confirmations.count_open, now=t()) == 1
    for minute in (5, 9):
        found = await store.read(confirmations.find_confirmation, "one")
        assert found is not None
        await store.write(confirmations.settle_confirmation, found, now=t(minute))
    again = await store.read(confirmations.find_confirmation, "one")
    assert again is not None
    assert again.confirmed_at == t(5)
    assert await store.read(confirmations.is_confirmed, channel.id)
    assert await store.read(confirmations.count_open, now=t()) == 0


async def test_mails_are_counted_by_address_and_time(store: Store, t: Clock) -> None:
    for minute in (0, 10, 20):
        await store.write(ask, f"token-{minute}", at=t(minute), until=t(WEEK))
    counted = [
        await store.read(confirmations.mails_since, ANA.upper(), since=t(minute))
        for minute in (-1, 0, 15, 20)
    ]
    assert counted == [3, 2, 1, 0]
    assert await store.read(confirmations.mails_since, "eva@correo.example", since=t(-1)) == 0


async def test_an_address_that_nobody_confirmed_is_forgotten_and_later_its_row(
    store: Store, t: Clock
) -> None:
    def wait(tx: Transaction) -> int:
        channel = ask(tx, "one", at=t(), until=t(WEEK))
        return outbox.add_delivery(
            tx, uid="n", event="subscription.confirm", title="Confirm", channel_id=channel.id,
            payload=b"To: " + ANA.encode(), due_at=t(), expires_at=t(WEEK), now=t(),
        )  # fmt: skip

    await store.write(wait)
    forget = confirmations.forget_unconfirmed
    assert await store.write(forget, now=t(WEEK - 1), before=t(-1), limit=9) == 0
    assert await store.write(forget, now=t(WEEK), before=t(-1), limit=9) == 1
    (channel,) = await store.read(recipients.list_channels, enabled_only=False)
    assert (channel.address, channel.enabled, channel.disabled_reason) == (
        "",
        False,
        "nobody confirmed its address",
    )
    (row,) = await store.read(
        lambda tx: tx.rows("SELECT d.state, p.body FROM deliveries d JOIN payloads p ON p.delivery_id = d.id")
    )
    assert (row["state"], bytes(row["body"])) == (DeliveryState.CANCELLED, b"")
    assert await store.read(confirmations.mails_since, ANA, since=t(-1)) == 1
    assert await store.write(forget, now=t(WEEK), before=t(-1), limit=9) == 0
    assert await store.write(forget, now=t(WEEK), before=t(1), limit=9) == 1
    assert await store.read(confirmations.mails_since, ANA, since=t(-1)) == 0


async def test_an_address_in_use_is_not_forgotten(store: Store, t: Clock) -> None:
    """Confirmed ones, and those that somebody has given a subscription to."""

    def use(tx: Transaction) -> None:
        confirmed = ask(tx, "one", at=t(), until=t(WEEK))
        found = confirmations.find_confirmation(tx, "one")
        assert found is not None
        confirmations.settle_confirmation(tx, found, now=t(1))
        given = ask(tx, "two", at=t(), until=t(WEEK), slug="given")
        who = recipients.put_subscriber(tx, Subscriber(slug="ana", name="Ana", owner="ui"))
        recipients.put_subscription(tx, Subscription(slug="s", subscriber=who, channel=given, owner="ui"))
        assert confirmations.forget_unconfirmed(tx, now=t(9 * WEEK), before=t(-1), limit=9) == 0
        assert {each.address for each in recipients.list_channels(tx)} == {ANA}
        assert confirmed.id != given.id

    await store.write(use)
