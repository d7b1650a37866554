from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.errors import NotFound
from monitor.model import Channel, ChannelKind, DeliveryState, PayloadFormat, Subscriber, Subscription
from monitor.store import Sealer, Store, Transaction, open_store, outbox, recipients
from tests.contract.conftest import Clock, Seed

HOOK = Channel(
    slug="hook", kind=ChannelKind.WEBHOOK, address="https://h.example/x", secret="whsec_ñ", owner="file:r"
)  # fmt: skip


async def test_recipients_read_back_as_they_were_put(store: Store) -> None:
    ana = await store.write(
        recipients.put_subscriber, Subscriber(slug="ana", name="Añá", language="es", owner="ui")
    )
    hook = await store.write(recipients.put_channel, HOOK)
    assert hook == replace(HOOK, id=hook.id)
    new = Subscription(
        slug="ana-hook", subscriber=replace(ana, id=0), channel=replace(hook, id=0), topics=("wall", "tariffs"),
        languages=("es",), owner="ui",
    )  # fmt: skip
    stored = await store.write(recipients.put_subscription, new)
    assert stored == replace(new, id=stored.id, subscriber=ana, channel=hook)
    assert await store.read(recipients.list_subscribers) == [ana]
    assert await store.read(recipients.list_channels) == [hook]
    assert await store.read(recipients.list_subscriptions) == [stored]


async def test_putting_again_updates_by_slug(store: Store) -> None:
    ana = Subscriber(slug="ana", name="Ana", owner="ui")
    first = await store.write(recipients.put_subscriber, ana)
    again = await store.write(recipients.put_subscriber, replace(ana, name="Ana María", language="es"))
    assert again == replace(first, name="Ana María", language="es")
    hook = await store.write(recipients.put_channel, HOOK)
    mail = replace(HOOK, kind=ChannelKind.EMAIL, address="ana@e.example", secret="")
    assert await store.write(recipients.put_channel, mail) == replace(mail, id=hook.id)
    subscription = Subscription(slug="s", subscriber=ana, channel=HOOK, owner="ui")
    one = await store.write(recipients.put_subscription, subscription)
    off = await store.write(
        recipients.put_subscription, replace(subscription, topics=("wall",), enabled=False)
    )
    assert (off.id, off.topics, off.enabled) == (one.id, ("wall",), False)


async def test_a_secret_is_never_stored_in_the_clear(store: Store) -> None:
    await store.write(recipients.put_channel, HOOK)
    row = await store.read(lambda tx: tx.one("SELECT * FROM channels"))
    assert row is not None
    assert b"whsec_" not in bytes(row["secret"])
    assert all("whsec_" not in str(value) for name, value in row.items() if name != "secret")
    assert "whsec_" not in repr(await store.read(recipients.list_channels))


async def test_the_key_before_signs_until_its_grace_ends_and_is_then_forgotten(
    store: Store, t: Clock
) -> None:
    await store.write(recipients.put_channel, HOOK)
    end = t(0) + timedelta(hours=24)
    await store.write(recipients.rotate_secret, "hook", "whsec_new", until=end)
    (hook,) = await store.read(recipients.list_channels)
    assert hook.keys(end - timedelta(microseconds=1)) == ("whsec_new", "whsec_ñ")
    assert hook.keys(end) == ("whsec_new",)
    assert "whsec_" not in repr(hook)
    row = await store.read(lambda tx: tx.one("SELECT * FROM channels"))
    assert row is not None
    assert b"whsec_" not in bytes(row["old_secret"])
    await store.write(recipients.put_channel, replace(HOOK, secret="whsec_new"))
    assert await store.write(recipients.forget_old_secrets, now=end - timedelta(seconds=1)) == 0
    assert (await store.read(recipients.list_channels))[0].old_secret == "whsec_ñ"
    assert await store.write(recipients.forget_old_secrets, now=end) == 1
    (hook,) = await store.read(recipients.list_channels)
    assert (hook.secret, hook.old_secret, hook.old_secret_until) == ("whsec_new", "", None)
    with pytest.raises(NotFound, match="nobody"):
        await store.write(recipients.rotate_secret, "nobody", "whsec_x", until=end)


async def test_a_channel_that_becomes_another_kind_keeps_no_old_key(store: Store, t: Clock) -> None:
    await store.write(recipients.put_channel, HOOK)
    await store.write(recipients.rotate_secret, "hook", "whsec_new", until=t(0) + timedelta(hours=1))
    mail = replace(HOOK, kind=ChannelKind.EMAIL, address="ana@e.example", secret="")
    stored = await store.write(recipients.put_channel, mail)
    assert (stored.old_secret, stored.old_secret_until) == ("", None)


async def test_the_payload_format_is_kept(store: Store) -> None:
    wrapped = await store.write(recipients.put_channel, replace(HOOK, format=PayloadFormat.CLOUDEVENTS))
    assert wrapped.format is PayloadFormat.CLOUDEVENTS
    assert (await store.write(recipients.put_channel, HOOK)).format is PayloadFormat.STANDARD


async def test_another_key_opens_no_secret_and_destroys_none(store: Store, url: str) -> None:
    """A lost key must not stop every other channel, and the key may yet be found."""
    await store.write(recipients.put_channel, HOOK)
    stranger = await open_store(url, sealer=Sealer(b"x" * 32), backup_dir=None)
    try:
        (locked,) = await stranger.read(recipients.list_channels)
        assert locked.secret == ""
        assert await stranger.read(recipients.locked_channels) == ["hook"]
    finally:
        await stranger.close()
    (opened,) = await store.read(recipients.list_channels)
    assert opened.secret == HOOK.secret
    assert await store.read(recipients.locked_channels) == []


async def test_applying_the_same_file_does_not_revive_a_channel_switched_off(store: Store, t: Clock) -> None:
    await store.write(recipients.put_channel, HOOK)
    await store.write(recipients.disable_channel, "hook", reason="410 Gone", now=t())
    again = await store.write(recipients.put_channel, replace(HOOK, address="https://h.example/y"))
    assert (again.enabled, again.disabled_reason, again.address) == (False, "410 Gone", "https://h.example/y")
    assert await store.read(recipients.list_channels) == []
    assert await store.read(recipients.list_channels, enabled_only=False) == [again]
    await store.write(recipients.enable_channel, "hook")
    (revived,) = await store.read(recipients.list_channels)
    assert (revived.enabled, revived.disabled_reason) == (True, "")


async def test_switching_a_channel_off_cancels_what_waits_for_it_with_the_reason(
    store: Store, seed: Seed, t: Clock
) -> None:
    def fill(tx: Transaction) -> str:
        alert = seed.alert(tx)
        seed.delivery(tx, alert, "waiting")
        other = seed.alert(tx, "bob-all")
        seed.delivery(tx, other, "elsewhere")
        return alert.subscription.channel.slug

    slug = await store.write(fill)
    await store.write(recipients.disable_channel, slug, reason="410 Gone", now=t(3))
    views = {view.uid: view for view in await store.read(outbox.list_deliveries, limit=9)}
    assert views["waiting"].state is DeliveryState.CANCELLED
    assert views["waiting"].done_at == t(3)
    assert "410 Gone" in views["waiting"].reason
    assert views["elsewhere"].state is DeliveryState.PENDING
    (subscription,) = [
        each for each in await store.read(recipients.list_subscriptions) if each.slug == "ana-all"
    ]
    assert not subscription.channel.enabled, "the decision is told, so that it can say why"


async def test_a_disabled_subscription_is_listed_on_request_only(store: Store, seed: Seed) -> None:
    for slug, enabled in (("b", True), ("a", True), ("a", False)):
        made = await store.write(seed.subscription, slug)
        await store.write(recipients.put_subscription, replace(made, enabled=enabled))
    assert [each.slug for each in await store.read(recipients.list_subscriptions)] == ["b"]
    every = await store.read(recipients.list_subscriptions, enabled_only=False)
    assert [(each.slug, each.enabled) for each in every] == [("a", False), ("b", True)]


async def test_unknown_recipients_are_not_found(store: Store, t: Clock) -> None:
    ana = Subscriber(slug="ana", name="Ana", owner="ui")
    subscription = Subscription(slug="s", subscriber=ana, channel=HOOK, owner="ui")
    with pytest.raises(NotFound, match=r"subscriber.*ana"):
        await store.write(recipients.put_subscription, subscription)
    await store.write(recipients.put_subscriber, ana)
    with pytest.raises(NotFound, match=r"channel.*hook"):
        await store.write(recipients.put_subscription, subscription)
    with pytest.raises(NotFound, match="nope"):
        await store.write(recipients.disable_channel, "nope", reason="", now=t())
    with pytest.raises(NotFound, match="nope"):
        await store.write(recipients.enable_channel, "nope")
