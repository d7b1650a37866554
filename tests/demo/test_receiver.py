"""The receiver takes what is signed as the specification says, and nothing else."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from monitor.demo.receiver import TOLERANCE, WebhookReceiver, signature_fault

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"type":"alert.created","data":{"title":"Túnel"}}'


def signed(
    identifier: str = "msg_1", *, secret: str = SECRET, at: float | None = None, body: str = BODY
) -> dict[str, str]:
    """Sign with an implementation that is not ours."""
    moment = datetime.fromtimestamp(int(time.time() if at is None else at), tz=UTC)
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(identifier, moment, body),
    }


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with WebhookReceiver(SECRET) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as open_client:
        yield open_client


async def post(
    client: httpx.AsyncClient, receiver: WebhookReceiver, headers: dict[str, str], body: str = BODY
) -> int:
    return (await client.post(receiver.url, content=body.encode(), headers=headers)).status_code


async def test_a_good_signature_is_taken(receiver: WebhookReceiver, client: httpx.AsyncClient) -> None:
    assert await post(client, receiver, signed()) == 200
    assert receiver.messages == {"msg_1": BODY.encode()}


async def test_an_id_counts_once_and_every_request_is_recorded(
    receiver: WebhookReceiver, client: httpx.AsyncClient
) -> None:
    for _ in range(3):
        assert await post(client, receiver, signed()) == 200
    assert await post(client, receiver, signed("msg_2")) == 200
    assert list(receiver.messages) == ["msg_1", "msg_2"]
    assert [request.reason for request in receiver.requests] == [
        "taken",
        "known already",
        "known already",
        "taken",
    ]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no headers"),
        pytest.param(signed(secret=OTHER), id="another key"),
        pytest.param(signed() | {"webhook-id": "msg_2"}, id="another id"),
        pytest.param(signed() | {"webhook-timestamp": str(int(time.time()) + 1)}, id="another time"),
        pytest.param(signed() | {"webhook-timestamp": "now"}, id="no time"),
        pytest.param(signed() | {"webhook-signature": ""}, id="no signature"),
        pytest.param(signed() | {"webhook-signature": "v1,***"}, id="no base64"),
        pytest.param(signed() | {"webhook-signature": signed()["webhook-signature"][3:]}, id="no version"),
        pytest.param(signed(at=1_000_000_000), id="long ago"),
        pytest.param(signed(at=4_000_000_000), id="far ahead"),
    ],
)
async def test_what_is_not_in_order_is_401_and_no_message(
    receiver: WebhookReceiver, client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert await post(client, receiver, headers) == 401
    assert receiver.messages == {}
    assert receiver.requests[0].status == 401


async def test_a_changed_body_is_401(receiver: WebhookReceiver, client: httpx.AsyncClient) -> None:
    assert await post(client, receiver, signed(), BODY.replace("Túnel", "Puente")) == 401


async def test_one_right_signature_among_several_is_enough(
    receiver: WebhookReceiver, client: httpx.AsyncClient
) -> None:
    """During a rotation a sender signs with both keys."""
    both = f"{signed(secret=OTHER)['webhook-signature']} {signed()['webhook-signature']}"
    assert await post(client, receiver, signed() | {"webhook-signature": both}) == 200


def test_a_timestamp_counts_until_the_tolerance_ends() -> None:
    now = 1_700_000_000.0
    headers, key = signed(at=now), Webhook(SECRET)._whsecret
    faults = [
        signature_fault(headers, BODY.encode(), key=key, now=now + drift)
        for drift in (-TOLERANCE - 1, -TOLERANCE, TOLERANCE, TOLERANCE + 1)
    ]
    assert [bool(fault) for fault in faults] == [True, False, False, True]


async def test_chosen_requests_are_refused_and_a_later_try_is_taken(client: httpx.AsyncClient) -> None:
    async with WebhookReceiver(SECRET, refuse={2}) as receiver:
        statuses = [await post(client, receiver, signed(name)) for name in ("msg_1", "msg_2", "msg_2")]
    assert statuses == [200, 503, 200]
    assert list(receiver.messages) == ["msg_1", "msg_2"]


async def test_a_bad_signature_is_401_even_when_the_request_is_to_be_refused(
    client: httpx.AsyncClient,
) -> None:
    async with WebhookReceiver(SECRET, refuse={1}) as receiver:
        assert await post(client, receiver, signed(secret=OTHER)) == 401


async def test_only_posts_to_its_own_path_count(receiver: WebhookReceiver, client: httpx.AsyncClient) -> None:
    assert (await client.get(receiver.url)).status_code == 405
    assert (await client.post(receiver.url + "/other", headers=signed(), content=BODY)).status_code == 404
    assert receiver.messages == {}
