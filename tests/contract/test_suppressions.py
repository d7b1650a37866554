"""The suppression list recognises an address however it is written, and keeps none."""

import pytest

from monitor.model import Channel, ChannelKind, DeliveryState
from monitor.store import Sealer, Store, Transaction, open_store, outbox, recipients, suppressions
from tests.contract.conftest import Clock, Seed

ANA = "Ana.Lopez@Correo.example"


async def test_an_address_on_the_list_is_recognised_however_it_is_written(store: Store, t: Clock) -> None:
    assert not await store.read(suppressions.is_suppressed, ANA)
    assert await store.write(suppressions.suppress, ANA, reason="admin", now=t())
    for written in (ANA, ANA.lower(), f" {ANA.upper()} ", "ana.lopez@correo.example."):
        assert await store.read(suppressions.is_suppressed, written), written
    for other in (
        "ana@correo.example",
        "ana.lopez+x@correo.example",
        "",
        "https://correo.example/x",
        "@",
        "a@",
    ):
        assert not await store.read(suppressions.is_suppressed, other), other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pía@españa.example", "PÍA@xn--espaa-rta.example"),
        ("pía@e.example", "pía@e.example"),  # composed, and not
        ("STRASSE@e.example", "straße@E.example"),
    ],
)
def test_two_writings_of_one_address_are_one(one: str, other: str) -> None:
    assert suppressions.normal_address(one) == suppressions.normal_address(other) != ""


async def test_many_are_asked_for_at_once_as_they_were_given(store: Store, t: Clock) -> None:
    many = {f"reader-{number}@e.example" for number in range(1200)} | {"", "https://e.example/a"}
    assert await store.read(suppressions.suppressed_of, many) == set()
    for address in ("READER-7@e.example", "reader-1100@e.example", "someone@else.example"):
        await store.write(suppressions.suppress, address, reason="bounced", now=t())
    found = await store.read(suppressions.suppressed_of, many | {"Reader-7@E.example"})
    assert found == {"reader-7@e.example", "Reader-7@E.example", "reader-1100@e.example"}
    assert await store.read(suppressions.suppressed_of, ()) == set()


async def test_the_list_holds_no_address_and_means_nothing_under_another_key(
    store: Store, url: str, t: Clock
) -> None:
    await store.write(suppressions.suppress, ANA, reason="complaint", now=t())
    rows = await store.read(lambda tx: tx.rows("SELECT * FROM suppressions"))
    assert all("ana" not in str(value).lower() for row in rows for value in row.values())
    stranger = await open_store(url, sealer=Sealer(b"x" * 32), backup_dir=None)
    assert not await stranger.read(suppressions.is_suppressed, ANA)
    await stranger.close()


async def test_the_first_reason_stays_but_for_one_that_its_owner_can_take_back(
    store: Store, t: Clock
) -> None:
    async def reason() -> str:
        found = await store.read(suppressions.suppression_of, ANA)
        assert found is not None
        return found.reason

    assert await store.write(suppressions.suppress, ANA, reason="unsubscribed", now=t(1))
    assert not await store.write(suppressions.suppress, ANA, reason="unsubscribed", now=t(2))
    found = await store.read(suppressions.suppression_of, ANA)
    assert found == suppressions.Suppression(reason="unsubscribed", made_at=t(1))
    assert await store.write(suppressions.suppress, ANA, reason="complaint", now=t(3))
    assert await reason() == "complaint"
    assert not await store.write(suppressions.suppress, ANA, reason="unsubscribed", now=t(4))
    assert not await store.write(suppressions.suppress, ANA, reason="bounced", now=t(4))
    assert await reason() == "complaint"
    assert await store.read(suppressions.suppression_counts) == {"complaint": 1}
    assert await store.write(suppressions.unsuppress, ANA.upper())
    assert not await store.write(suppressions.unsuppress, ANA)
    assert await store.read(suppressions.suppression_of, ANA) is None


async def test_what_waits_for_a_suppressed_address_is_cancelled_at_every_channel_that_has_it(
    store: Store, seed: Seed, t: Clock
) -> None:
    def wait(tx: Transaction) -> None:
        alert = seed.alert(tx)
        for number, address in enumerate((ANA, ANA.lower(), "other@e.example")):
            channel = recipients.put_channel(
                tx, Channel(slug=f"mail-{number}", kind=ChannelKind.EMAIL, address=address, owner="ui")
            )
            outbox.add_delivery(
                tx, uid=f"d{number}", event="alert.first", title="x", alert_id=alert.id, channel_id=channel.id,
                payload=b"x", due_at=t(), expires_at=t(100), now=t(),
            )  # fmt: skip

    await store.write(wait)
    await store.write(suppressions.suppress, ANA, reason="complaint", now=t(5))
    states = {
        each.uid: (each.state, each.reason) for each in await store.read(outbox.list_deliveries, limit=9)
    }
    gone = (DeliveryState.CANCELLED, "the address is on the suppression list: complaint")
    assert states == {"d0": gone, "d1": gone, "d2": (DeliveryState.PENDING, "")}
