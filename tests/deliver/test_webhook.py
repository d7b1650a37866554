import asyncio
import base64
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from monitor.deliver import SENDERS, SenderIdentity, SendTools, generate_secret
from monitor.deliver.hook.signature import sign
from monitor.deliver.hook.webhook import REPLY_BYTES, REPLY_KEPT, WebhookSender, retry_after
from monitor.errors import GuardError
from monitor.model import Alert, Attempt, ChannelKind, Delivery, SendOutcome, SendResult, Span, Topic

WEBHOOK = SENDERS[ChannelKind.WEBHOOK]


@dataclass
class Receiver:
    """A real HTTP server on loopback that answers with scripted bytes and keeps what it was sent."""

    answer: bytes = b"HTTP/1.1 204 No Content\r\n\r\n"
    drip: float = 0.0
    reset: bool = False
    hold: asyncio.Event | None = None
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    hung_up: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/s3cr3t-path-1"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.requests.append((first, headers, body))
            if self.reset:  # lingering for no time makes the close a reset
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            for piece in [bytes([byte]) for byte in self.answer] if self.drip else [self.answer]:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(self.drip)
            if self.hold is not None:
                await self.hold.wait()
        except ConnectionError:
            self.hung_up += 1
        finally:
            writer.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    if made.hold is not None:
        made.hold.set()
    server.close()
    await server.wait_closed()


Post = Callable[..., Any]


@pytest.fixture
def post(
    receiver: Receiver,
    make_delivery: Callable[..., Delivery],
    make_tools: Callable[..., SendTools],
    attempt: Attempt,
    secret: str,
) -> Post:
    async def send(payload: bytes = b'{"type":"alert.created"}', **changes: Any) -> SendResult:
        now = changes.pop("now", None)
        sender = changes.pop("sender", WEBHOOK)
        where = {"address": receiver.url, "secret": secret, **changes}
        result: SendResult = await sender.send(make_delivery(payload, **where), attempt, make_tools(now=now))
        return result

    return send


def answer(status: str, *headers: str, body: str = "") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def test_the_published_test_vector_of_standard_webhooks_is_signed_as_published() -> None:
    made = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_request_is_verified_by_the_standardwebhooks_package(
    post: Post,
    receiver: Receiver,
    secret: str,
    make_alert: Callable[..., Alert],
    identity: SenderIdentity,
) -> None:
    payload = WEBHOOK.render(make_alert(), identity)
    result = await post(payload)
    assert (result.outcome, result.status) == (SendOutcome.ACCEPTED, 204)
    first, headers, body = receiver.requests[0]
    assert first.startswith("POST /hooks/")
    assert body == payload
    assert headers["content-type"] == "application/json"
    assert Webhook(secret).verify(body, headers)["data"]["story"]["id"] == "st-51"


async def test_both_keys_sign_while_they_rotate(post: Post, receiver: Receiver) -> None:
    old, new = generate_secret(), generate_secret()
    now = datetime.now(UTC)
    await post(secret=new, old_secret=old, old_secret_until=now + timedelta(hours=1))
    _, headers, body = receiver.requests[0]
    for key in (old, new):
        Webhook(key).verify(body, headers)


async def test_the_old_key_signs_no_more_when_its_grace_is_over(post: Post, receiver: Receiver) -> None:
    old, new = generate_secret(), generate_secret()
    now = datetime.now(UTC)
    await post(secret=new, old_secret=old, old_secret_until=now, now=now)
    _, headers, body = receiver.requests[0]
    Webhook(new).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(body, headers)


async def test_the_id_stays_and_the_timestamp_is_the_attempts_own(
    post: Post, receiver: Receiver, created: datetime
) -> None:
    await post(now=created)
    await post(now=created + timedelta(minutes=5))
    (_, one, body_one), (_, two, body_two) = receiver.requests
    assert one["webhook-id"] == two["webhook-id"] == "01JNGW4Z6Q8YB3"
    assert int(two["webhook-timestamp"]) - int(one["webhook-timestamp"]) == 300
    assert one["webhook-timestamp"] == str(int(created.timestamp()))
    assert one["webhook-signature"] != two["webhook-signature"]
    assert body_one == body_two


def test_new_keys_are_whsec_and_256_random_bits() -> None:
    made = {generate_secret() for _ in range(20)}
    assert len(made) == 20
    assert all(len(base64.b64decode(key.removeprefix("whsec_"))) == 32 for key in made)


@pytest.mark.parametrize("secret", ["", "hunter2-not-a-key", "whsec_", "whsec_%%%hidden%%%"])
async def test_without_a_usable_key_nothing_is_sent_and_the_key_is_not_told(
    post: Post, receiver: Receiver, secret: str
) -> None:
    result = await post(secret=secret)
    assert result.outcome is SendOutcome.RETRY
    assert "signing key" in result.reason
    assert "hunter2" not in result.reason
    assert "hidden" not in result.reason
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("200 OK", SendOutcome.ACCEPTED),
        ("202 Accepted", SendOutcome.ACCEPTED),
        ("299 Odd", SendOutcome.ACCEPTED),
        ("302 Found", SendOutcome.RETRY),
        ("304 Not Modified", SendOutcome.RETRY),
        ("400 Bad Request", SendOutcome.RETRY),
        ("401 Unauthorized", SendOutcome.RETRY),
        ("404 Not Found", SendOutcome.RETRY),
        ("410 Gone", SendOutcome.DISABLE),
        ("413 Content Too Large", SendOutcome.RETRY),
        ("429 Too Many Requests", SendOutcome.RETRY),
        ("500 Internal Server Error", SendOutcome.RETRY),
        ("503 Service Unavailable", SendOutcome.RETRY),
    ],
)
async def test_only_2xx_is_success_and_only_410_switches_off(
    post: Post, receiver: Receiver, status: str, outcome: SendOutcome
) -> None:
    receiver.answer = answer(status)
    result = await post()
    assert (result.outcome, result.status) == (outcome, int(status[:3]))
    assert status[:3] in result.reason


async def test_a_redirect_is_named_and_not_followed(post: Post, receiver: Receiver) -> None:
    receiver.answer = answer("307 Temporary Redirect", f"Location: http://127.0.0.1:{receiver.port}/other")
    result = await post()
    assert len(receiver.requests) == 1
    assert "redirect" in result.reason


@pytest.mark.parametrize("status", ["429 Slow", "502 Bad", "503 Busy", "504 Late"])
async def test_throttling_answers_hand_over_their_retry_after(
    post: Post, receiver: Receiver, status: str
) -> None:
    receiver.answer = answer(status, "Retry-After: 120")
    assert (await post()).retry_after == 120


async def test_retry_after_may_be_a_date(post: Post, receiver: Receiver, created: datetime) -> None:
    now = created.replace(microsecond=0)
    receiver.answer = answer(
        "429 Slow", f"Retry-After: {format_datetime(now + timedelta(hours=2), usegmt=True)}"
    )
    assert (await post(now=now)).retry_after == 7200


@given(st.text() | st.from_regex(r"[0-9]{1,400}", fullmatch=True))
def test_any_retry_after_gives_nothing_or_a_finite_wait(value: str) -> None:
    wait = retry_after(value, now=datetime(2025, 1, 1, tzinfo=UTC))
    assert wait is None or 0 <= wait <= 367 * 86400


async def test_a_failure_quotes_the_answer_without_the_secret_address(post: Post, receiver: Receiver) -> None:
    receiver.answer = answer(
        "404 Not Found", "Content-Type: text/plain", body="No route\x1b for POST /hooks/s3cr3t-path-1 here"
    )
    result = await post()
    assert "No route for POST" in result.reason
    assert "s3cr3t" not in result.reason


async def test_a_large_answer_is_read_only_in_its_beginning(post: Post, receiver: Receiver) -> None:
    receiver.answer = answer("500 Oops", "Content-Type: text/plain", body="x" * (REPLY_BYTES * 400))
    result = await post()
    assert result.outcome is SendOutcome.RETRY
    assert len(result.reason) < 300


async def test_a_success_whose_body_never_ends_is_a_success(post: Post, receiver: Receiver) -> None:
    receiver.hold = asyncio.Event()
    receiver.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nstarted"
    assert (await post(sender=WebhookSender(reply_seconds=0.1))).outcome is SendOutcome.ACCEPTED


async def test_silence_ends_after_the_total_time(post: Post, receiver: Receiver) -> None:
    receiver.hold = asyncio.Event()
    receiver.answer = b""
    result = await post(sender=WebhookSender(total_seconds=0.2))
    assert result.outcome is SendOutcome.RETRY
    assert result.reason == "no answer within 0.2 seconds"


async def test_a_head_that_drips_ends_after_the_total_time(post: Post, receiver: Receiver) -> None:
    receiver.drip = 0.05
    result = await post(sender=WebhookSender(total_seconds=0.4))
    assert (result.outcome, result.status) == (SendOutcome.RETRY, None)
    assert result.reason == "no answer within 0.4 seconds"


async def test_a_body_that_drips_is_left_after_its_own_time_and_the_status_stands(
    post: Post, receiver: Receiver
) -> None:
    receiver.drip = 0.002
    receiver.answer = answer("500 Oops", "Content-Type: text/plain", body="slow " * 2000)
    result = await post(sender=WebhookSender(reply_seconds=0.2))
    assert (result.outcome, result.status) == (SendOutcome.RETRY, 500)
    assert result.reason.startswith("answered 500 Oops: slow")


@pytest.mark.parametrize("answered", [b"", b"HTTP/1.1 200 O", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"])
async def test_a_reset_before_the_end_of_the_head_is_tried_again(
    post: Post, receiver: Receiver, answered: bytes
) -> None:
    receiver.reset, receiver.answer = True, answered
    result = await post()
    assert (result.outcome, result.status) == (SendOutcome.RETRY, None)
    assert "connection" in result.reason


@pytest.mark.parametrize("answered", [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"\x00\x01\x02\r\n\r\n"])
async def test_what_is_no_http_is_tried_again(post: Post, receiver: Receiver, answered: bytes) -> None:
    receiver.answer = answered
    result = await post()
    assert (result.outcome, result.status) == (SendOutcome.RETRY, None)
    assert result.reason


async def test_a_200_with_an_error_page_is_taken_and_says_so(post: Post, receiver: Receiver) -> None:
    receiver.answer = answer(
        "200 OK", "Content-Type: text/html; charset=utf-8", body="<h1>Not found</h1>\r\n<p>No such page"
    )
    result = await post()
    assert result.outcome is SendOutcome.ACCEPTED
    assert result.reason == "answered 200 OK with an HTML page: see that it is no error page"
    assert result.reply == "<h1>Not found</h1> <p>No such page"


@pytest.mark.parametrize("asked", ["Sun, 06 Nov 1994 08:49:37 GMT", "-5", "0", "soon", ""])
async def test_a_429_that_asks_for_a_time_in_the_past_asks_for_no_wait(
    post: Post, receiver: Receiver, asked: str
) -> None:
    receiver.answer = answer("429 Slow", f"Retry-After: {asked}")
    result = await post()
    assert (result.outcome, result.status) == (SendOutcome.RETRY, 429)
    assert not result.retry_after


async def test_the_beginning_of_a_reply_is_kept_without_keys_and_address(
    post: Post, receiver: Receiver, secret: str
) -> None:
    said = f"bad signature: I have {secret} for /hooks/s3cr3t-path-1\n" + "x" * 9000
    receiver.answer = answer("401 Unauthorized", "Content-Type: text/plain", body=said)
    result = await post()
    assert result.reply.startswith("bad signature: I have … for … xxx")
    assert secret not in result.reply
    assert len(result.reply) == REPLY_KEPT
    assert len(result.reason) < 300


@pytest.mark.parametrize(
    "head", ["Content-Type: image/png", "Content-Type: text/plain\r\nContent-Encoding: gzip"]
)
async def test_a_reply_that_is_no_text_is_not_kept(post: Post, receiver: Receiver, head: str) -> None:
    receiver.answer = answer("500 Oops", head, body="\x1f\x08binary")
    result = await post()
    assert (result.reply, result.reason) == ("", "answered 500 Oops")


async def test_a_closed_port_and_a_cut_connection_are_retried_in_words(
    post: Post, receiver: Receiver
) -> None:
    refused = await post(address="http://127.0.0.1:1/x")
    assert refused.outcome is SendOutcome.RETRY
    assert "cannot connect" in refused.reason
    receiver.answer = b""
    cut = await post()
    assert cut.outcome is SendOutcome.RETRY
    assert "closed before an answer" in cut.reason


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ftp://x.example/a",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999/",
        f"http://{'a' * 70}.example/",
    ],
)
async def test_an_address_that_is_no_url_is_refused(post: Post, address: str) -> None:
    assert (await post(address=address)).outcome is SendOutcome.REFUSED


async def test_a_guarded_connection_is_refused_with_the_guards_reason(
    make_delivery: Callable[..., Delivery], attempt: Attempt, secret: str
) -> None:
    class Guarded(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise GuardError("169.254.169.254 is a link-local address")

    async with httpx.AsyncClient(transport=Guarded()) as client:
        tools = SendTools(http=client, smtp=None, console=None, clock=lambda: datetime.now(UTC))  # type: ignore[arg-type]  # unused here
        delivery = make_delivery(b"{}", address="http://meta.example/latest", secret=secret)
        result = await WEBHOOK.send(delivery, attempt, tools)
    assert result.outcome is SendOutcome.REFUSED
    assert "link-local" in result.reason


def test_the_payload_is_compact_utf8_and_the_same_each_time(
    make_alert: Callable[..., Alert], identity: SenderIdentity
) -> None:
    payload = WEBHOOK.render(make_alert(), identity)
    assert payload == WEBHOOK.render(make_alert(), identity)
    assert "México".encode() in payload
    assert b'": ' not in payload
    told = json.loads(payload)
    assert (told["type"], told["timestamp"]) == ("alert.created", "2025-03-04T14:05:06.789000Z")
    assert told["data"]["alert"] == "01JNGW4Z6Q8YB3"
    hit = told["data"]["hits"][0]
    assert (hit["topic"], hit["revision"], hit["words"]) == ("tariffs", 3, ["aranceles"])
    assert hit["item"]["title"][hit["spans"][0]["start"] : hit["spans"][0]["end"]] == "aranceles"
    assert hit["why"] == "the topic “Tariffs” matched “aranceles”"
    assert told["data"]["left_out"] == {"hits": 0, "spans": 0}


def test_a_large_alert_loses_detail_first_and_says_what_was_left_out(
    make_alert: Callable[..., Alert], identity: SenderIdentity
) -> None:
    spans = tuple(Span(field="body", start=n, end=n + 4, text="word") for n in range(60))
    some = json.loads(WEBHOOK.render(make_alert(items=10, spans=spans, summary="s " * 2000), identity))
    assert (len(some["data"]["hits"]), some["data"]["left_out"]["hits"]) == (10, 0)
    assert some["data"]["left_out"]["spans"] == 600 - sum(len(hit["spans"]) for hit in some["data"]["hits"])
    assert some["data"]["hits"][0]["item"]["summary"].endswith("…")
    payload = WEBHOOK.render(make_alert(items=500, spans=spans), identity)
    many = json.loads(payload)["data"]
    assert len(payload) < 20_000
    assert len(many["hits"]) > 20
    assert len(many["hits"]) + many["left_out"]["hits"] == 500


@settings(max_examples=40, deadline=None)
@given(
    title=st.text(max_size=400) | st.just("\\" * 10_000) | st.just("😀" * 10_000),
    source=st.text(max_size=30) | st.just('"' * 5000),
    link=st.none() | st.text(max_size=40) | st.just("https://x.example/" + "ñ" * 1900),
    word=st.text(max_size=20) | st.just("\U0001f6a7" * 300),
    items=st.integers(1, 12),
)
def test_any_alert_fits_in_20_kb_and_parses_back(
    make_alert: Callable[..., Alert],
    make_topic: Callable[..., Topic],
    identity: SenderIdentity,
    *,
    title: str,
    source: str,
    link: str | None,
    word: str,
    items: int,
) -> None:
    spans = tuple(Span(field="title", start=n, end=n + 1, text=f"{n}{word}") for n in range(30))
    alert = make_alert(
        title=title,
        source=source,
        link=link,
        items=items,
        spans=spans,
        reason=word * 50,
        topics=(make_topic(name=word), make_topic("b", title)),
    )
    payload = WEBHOOK.render(alert, identity)
    assert len(payload) < 20_000
    told = json.loads(payload.decode("utf-8"))["data"]
    assert told["hits"]
    assert len(told["hits"]) + told["left_out"]["hits"] == items * 2
    assert told["story"]["title"]


async def test_the_words_beside_a_status_are_cleaned_and_cut_like_the_rest(
    receiver: Receiver, post: Post
) -> None:
    """They reach logs and terminals, and a receiver may put anything there, the address it was called at included."""
    receiver.answer = answer(f"500 \x1b[2Jno s3cr3t-path-1 {'A' * 5000}")
    result = await post()
    assert result.outcome is SendOutcome.RETRY
    assert result.reason.startswith("answered 500 [2Jno … AAA")
    assert len(result.reason) < 200
    receiver.answer = answer("410 s3cr3t-path-1")
    assert "s3cr3t" not in (await post()).reason
