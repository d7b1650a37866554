"""Chat services: which are allowed, what is sent to a real server on loopback, and how each answer ends."""

import asyncio
import io
import json
import logging
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from ipaddress import ip_network

import pytest

from monitor.deliver import SENDERS, SenderIdentity, SendTools
from monitor.deliver.chat.apprise import SCHEMES, AppriseSender, url_fault
from monitor.deliver.chat.text import ChatText
from monitor.demo.loopback import HttpServer, Request, Response
from monitor.model import Alert, Attempt, ChannelKind, Delivery, SendOutcome, SendResult
from monitor.net.guard import Network

pytest.importorskip("apprise", reason="the extra [apprise] is not installed")

CHAT = SENDERS[ChannelKind.APPRISE]
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
TOKEN = "AbCdEfGhIjKlMn1"


class Gotify:
    """A server that answers as it is told and keeps what it was sent."""

    def __init__(self) -> None:
        self.answer = Response(status=200, body=b"{}")
        self.requests: list[Request] = []
        self.http = HttpServer(self._answer)

    def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        return self.answer

    @property
    def url(self) -> str:
        return self.http.url.replace("http://", "gotify://") + f"/{TOKEN}"


@pytest.fixture
async def gotify() -> AsyncIterator[Gotify]:
    made = Gotify()
    async with made.http:
        yield made


Tell = Callable[..., "asyncio.Future[SendResult]"]


@pytest.fixture
def tell(
    make_delivery: Callable[..., Delivery], make_tools: Callable[..., SendTools], attempt: Attempt
) -> Callable[..., object]:
    async def send(
        url: str,
        *,
        text: ChatText | None = None,
        allowed: tuple[Network, ...] = LOOPBACK,
        sender: AppriseSender | None = None,
    ) -> SendResult:
        payload = (text or ChatText(title="Título", body="Cuerpo")).to_bytes()
        delivery = make_delivery(payload, kind=ChannelKind.APPRISE, secret=url)
        tools = replace(make_tools(), allow_networks=allowed)
        return await (sender or CHAT).send(delivery, attempt, tools)

    return send


async def test_a_service_is_sent_the_text_as_it_was_rendered(
    gotify: Gotify, tell: Tell, make_alert: Callable[..., Alert], identity: SenderIdentity
) -> None:
    text = ChatText.from_bytes(CHAT.render(make_alert(), identity))
    result = await tell(gotify.url, text=text)
    assert (result.outcome, result.reason) == (SendOutcome.ACCEPTED, "the service took it")
    (request,) = gotify.requests
    assert (request.method, request.path) == ("POST", "/message")
    assert request.headers["x-gotify-key"] == TOKEN
    said = json.loads(request.body)
    assert said["title"] == "México responderá a los aranceles con un plan propio, dice la presidenta"
    assert said["message"] == text.body
    assert "extras" not in said, "no markdown"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Response(status=401), 401),
        (Response(status=410), 410),
        (Response(status=429, headers={"Retry-After": "9"}), 429),
        (Response(status=500, body=b"no " * 9000), 500),
        (Response(status=302, headers={"Location": "/elsewhere"}), 302),
    ],
)
async def test_what_is_not_taken_is_tried_again_later_and_nothing_is_followed(
    gotify: Gotify, tell: Tell, answer: Response, status: int
) -> None:
    gotify.answer = answer
    result = await tell(gotify.url)
    assert (result.outcome, result.status) == (SendOutcome.RETRY, status)
    assert str(status) in result.reason
    assert len(gotify.requests) == 1, "redirects are not followed, and nothing is repeated"


async def test_a_server_that_is_not_there_is_tried_again(tell: Tell) -> None:
    result = await tell(f"gotify://127.0.0.1:1/{TOKEN}")
    assert (result.outcome, result.status) == (SendOutcome.RETRY, None)
    assert "onnection error" in result.reason


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "127.1"])
async def test_a_private_address_is_refused_before_anything_is_sent(
    gotify: Gotify, tell: Tell, host: str
) -> None:
    port = gotify.http.url.rpartition(":")[2]
    result = await tell(f"gotify://{host}:{port}/{TOKEN}", allowed=())
    assert result.outcome in {SendOutcome.REFUSED, SendOutcome.RETRY}
    assert gotify.requests == []
    if host in {"127.0.0.1", "localhost"}:
        assert result.outcome is SendOutcome.REFUSED
        assert "forbidden: loopback" in result.reason


async def test_a_server_that_never_answers_ends_in_time_as_unknown(tell: Tell) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        result = await tell(
            f"gotify://127.0.0.1:{silent.getsockname()[1]}/{TOKEN}", sender=AppriseSender(total_seconds=0.3)
        )
    assert (result.outcome, result.reason) == (SendOutcome.UNKNOWN, "no answer within 0.3 seconds")


@pytest.fixture
def root_log() -> Iterator[io.StringIO]:
    """What reaches the program's own log at its lowest level."""
    written = io.StringIO()
    root, handler = logging.getLogger(), logging.StreamHandler(written)
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(before)


async def test_nothing_that_is_said_or_logged_holds_the_url(
    gotify: Gotify, tell: Tell, root_log: io.StringIO, make_delivery: Callable[..., Delivery]
) -> None:
    for answer in (Response(status=200), Response(status=403, body=TOKEN.encode())):
        gotify.answer = answer
        result = await tell(gotify.url)
        assert TOKEN not in result.reason + result.reply
    assert "apprise" not in root_log.getvalue()
    assert TOKEN not in root_log.getvalue()
    delivery = make_delivery(b"[]", kind=ChannelKind.APPRISE, secret=gotify.url)
    assert TOKEN not in repr(delivery)
    assert gotify.url not in repr(delivery)


GOOD = (
    "slack://TA1111111/BA1111111/Qabcdefghijklmnopqrstuvw/#news",
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "tgram://123456789:abcdefg_hijklmnop/12315544/",
    "ntfy://news",
    "ntfys://ntfy.example/news?priority=high",
    "gotifys://g.example/token123",
    "mmosts://chat.example/3ccdd113474722377935511fc85d3dd4",
    "matrixs://user:pass@m.example/#room",
    "pover://uuuuuuuuuuuuuuuuuuuuuuuuuuuuuu@tttttttttttttttttttttttttttttt",
    "gchat://workspace/key/token",
    "workflows://host/workflow/signature",
)


@pytest.mark.parametrize("url", GOOD, ids=lambda url: url.partition(":")[0])
def test_the_services_of_the_list_are_taken_with_one_target(url: str) -> None:
    assert url_fault(url) is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("json://localhost/hook", "json:// is no service"),
        ("file:///etc/hostname", "file:// is no service"),
        ("exec://touch", "exec:// is no service"),
        ("mailto://user:pass@mail.example", "mailto:// is no service"),
        ("https://example.org/whsec_secret", "https:// is no service"),
        ("apprise://host/token", "apprise:// is no service"),
        ("no url at all", "…:// is no service"),
        ("", "…:// is no service"),
        ("slack://short", "Apprise does not take this slack:// URL"),
        ("tgram://123456789:abcdefg_hijklmnop/1/2", "has 2 targets"),
        ("ntfys://ntfy.example/a/b", "has 2 targets"),
        ("tgram://123456789:abcdefg_hijklmnop/", "names no chat"),
        ("ntfys://ntfy.example/a?attach=file:///etc/passwd", "'attach' is not taken"),
        (
            "slack://TA1111111/BA1111111/Qabcdefghijklmnopqrstuvw/?template=/etc/passwd",
            "'template' is not taken",
        ),
        ("gotifys://g.example/token123?redirect=yes", "'redirect' is not taken"),
        ("gotifys://g.example/token123?verify=no", "'verify' is not taken"),
        ("gotifys://g.example/token123?+x-a=b", "is not taken"),
        ("gotifys://[::1/token123", "cannot be read"),
    ],
)
def test_everything_else_is_refused_in_words_that_hold_no_secret(url: str, said: str) -> None:
    fault = url_fault(url)
    assert fault is not None
    assert said in fault.message
    assert fault.hint
    assert not any(secret in f"{fault}" for secret in ("whsec", "Qabcd", "hijklmnop", "token123", "pass@"))


def test_loading_it_changes_nothing_in_how_mails_are_written() -> None:
    """Its mail service sets another encoding for all of Python's mails when it is imported."""
    program = (
        "import email.charset, sys\n"
        "before = dict(email.charset.CHARSETS)\n"
        "from monitor.deliver.chat.apprise import url_fault\n"
        "assert 'apprise' not in sys.modules, 'it is imported by those who have such a channel'\n"
        "assert url_fault('ntfy://news') is None\n"
        "assert 'apprise.plugins.email' in sys.modules\n"
        "assert email.charset.CHARSETS == before\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_no_scheme_of_the_list_calls_any_address_or_file() -> None:
    assert SCHEMES.isdisjoint(
        {"json", "jsons", "xml", "xmls", "form", "forms", "http", "https", "file", "exec"}
    )


async def test_a_url_that_was_allowed_once_is_checked_again(tell: Tell) -> None:
    result = await tell("json://127.0.0.1/hook")
    assert result.outcome is SendOutcome.REFUSED
    assert "no service" in result.reason
    assert (await tell("")).outcome is SendOutcome.RETRY
