"""Reports are kept once, and suspend what they should, on every engine."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from monitor.deliver.bounces.report import BounceKind, BounceReport
from monitor.model import Channel, ChannelKind
from monitor.pipeline.bounces import settle
from monitor.store import Store, Transaction, audit, bounces, outbox, recipients, suppressions
from tests.contract.conftest import Clock, Seed

ADDRESS = "reader@mail.example"
Take = Callable[..., Awaitable[bool]]


@pytest.fixture
async def take(store: Store, seed: Seed, t: Clock) -> Take:
    """Six mails went to one address; return what reads a report about one of them."""

    def fill(tx: Transaction) -> None:
        channel = recipients.put_channel(
            tx, Channel(slug="ana-mail", kind=ChannelKind.EMAIL, address=ADDRESS, owner="ui")
        )
        for number in range(6):
            outbox.add_delivery(
                tx, uid=f"msg_{number}", event="alert.first", title="", channel_id=channel.id, payload=b"",
                due_at=t(), expires_at=t(9999), now=t(),
            )  # fmt: skip

    await store.write(fill)

    async def read(
        kind: BounceKind, number: int = 0, *, day: float = 0, digest: str = "", to: str = ADDRESS
    ) -> bool:
        report = BounceReport(
            kind=kind, uid=f"msg_{number}", status="5.1.1", said="550 unknown", original_recipient=to
        )
        return await store.write(
            settle, report, digest=digest or f"{kind}{number}{day}", now=t() + timedelta(days=day)
        )

    return read


async def channel(store: Store) -> Channel:
    (found,) = await store.read(recipients.list_channels, enabled_only=False)
    return found


@pytest.mark.parametrize("kind", [BounceKind.HARD, BounceKind.COMPLAINT])
async def test_one_is_enough_and_leaves_a_trail(store: Store, take: Take, kind: BounceKind) -> None:
    assert await take(kind, to=ADDRESS.upper())
    off = await channel(store)
    assert not off.enabled
    if kind is BounceKind.HARD:
        assert off.disabled_reason == "the address bounces: 5.1.1 550 unknown"
    (entry,) = await store.read(audit.recent_audit, limit=5)
    assert (entry.action, entry.object) == ("disable", "channel:ana-mail")
    listed = await store.read(suppressions.suppression_of, ADDRESS)
    assert (listed.reason if listed else "") == ("complaint" if kind is BounceKind.COMPLAINT else "")
    waiting = await store.read(outbox.outbox_counts)
    assert waiting["pending"] == 0


async def test_five_soft_ones_of_different_mails_in_two_weeks(store: Store, take: Take) -> None:
    for number in range(4):
        await take(BounceKind.SOFT, number, day=number)
    await take(BounceKind.SOFT, 3, day=5)  # the same mail once more
    assert (await channel(store)).enabled
    await take(BounceKind.SOFT, 4, day=15.5)  # the first two are too long ago
    assert (await channel(store)).enabled
    await take(BounceKind.SOFT, 5, day=15.6)
    await take(BounceKind.SOFT, 0, day=15.7)
    off = await channel(store)
    assert not off.enabled
    assert "5 mails in 14 days" in off.disabled_reason


async def test_what_was_acted_on_does_not_count_again(store: Store, take: Take) -> None:
    for number in range(5):
        await take(BounceKind.SOFT, number)
    assert not (await channel(store)).enabled
    await store.write(recipients.enable_channel, "ana-mail")
    await take(BounceKind.SOFT, 5, day=1)
    assert (await channel(store)).enabled


async def test_a_report_read_twice_counts_once(store: Store, take: Take) -> None:
    assert await take(BounceKind.HARD, digest="same")
    await store.write(recipients.enable_channel, "ana-mail")
    assert not await take(BounceKind.HARD, digest="same")
    assert (await channel(store)).enabled


@pytest.mark.parametrize("kind", [BounceKind.POLICY, BounceKind.DELAYED])
async def test_what_is_no_fault_of_the_address_never_ends_it(
    store: Store, take: Take, kind: BounceKind
) -> None:
    for number in range(6):
        await take(kind, number)
    assert (await channel(store)).enabled


async def test_the_old_address_of_a_channel_does_not_end_the_new_one(store: Store, take: Take) -> None:
    await take(BounceKind.HARD, to="before@mail.example")
    assert (await channel(store)).enabled


async def test_an_unknown_delivery_is_kept_and_ends_nothing_and_old_reports_go(
    store: Store, take: Take, t: Clock
) -> None:
    assert await take(BounceKind.HARD, 99)
    assert (await channel(store)).enabled
    later = t() + timedelta(days=90)
    assert await store.write(bounces.prune_bounces, before=later, limit=10) == 1
    assert await store.write(bounces.prune_bounces, before=later, limit=10) == 0
