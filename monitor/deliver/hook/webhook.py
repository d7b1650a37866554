"""Webhooks by Standard Webhooks 1.0.0: one signed POST of the stored bytes, and what its answer means.

docs/webhook.md is the contract with receivers. This module follows no redirect, opens no connection to an
address that the guarded client refuses, and never reads more than a little of an answer.
"""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urlsplit

import httpx

from monitor.deliver.hook.payload import alert_payload, content_type, notice_payload
from monitor.deliver.hook.signature import signed_headers
from monitor.deliver.sender import SenderIdentity, SendTools
from monitor.deliver.wording import one_line
from monitor.errors import GuardError
from monitor.model import Alert, Attempt, Delivery, Notice, SendOutcome, SendResult

TOTAL_SECONDS = 20.0
REPLY_BYTES = 16 * 1024  # read of an answer's body
REPLY_KEPT = 2000  # characters of it that are kept with the attempt
REPLY_QUOTED = 160  # characters of it that are quoted in the reason

_WAIT_STATUSES = frozenset({429, 502, 503, 504})
_LONGEST_WAIT = 366 * 86400.0
_LEAST_REDACTED = 6  # characters: shorter pieces of an address are words, not credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSender:
    """Speaks to webhook channels: `address` is the URL, `secret` the key, or two keys while they rotate.

    `total_seconds` bounds one attempt, `reply_seconds` the reading of an answer's body,
    which decides nothing.
    """

    total_seconds: float = TOTAL_SECONDS
    reply_seconds: float = 2.0

    def render(self, alert: Alert, identity: SenderIdentity) -> bytes:
        """Return the payload: compact UTF-8 JSON below 20 kB. What had to be left out is counted in it."""
        return alert_payload(alert, identity)

    def render_notice(self, notice: Notice, identity: SenderIdentity) -> bytes:
        """Return the payload of a notice; its `type` is the notice's kind."""
        return notice_payload(notice, identity)

    async def send(self, delivery: Delivery, attempt: Attempt, tools: SendTools) -> SendResult:
        """POST the stored bytes once, signed with the time of this attempt."""
        url = delivery.channel.address
        try:
            headers = _headers(delivery, tools.clock())
        except ValueError as error:
            return SendResult(outcome=SendOutcome.RETRY, reason=str(error))
        try:
            _check_address(url)
            async with asyncio.timeout(self.total_seconds):
                return await self._post(tools, delivery, headers)
        except GuardError as error:
            return SendResult(outcome=SendOutcome.REFUSED, reason=_redact(f"not called: {error}", [url]))
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            return SendResult(outcome=SendOutcome.REFUSED, reason="the channel's address is no http(s) URL")
        except (TimeoutError, httpx.TimeoutException):
            return SendResult(
                outcome=SendOutcome.RETRY, reason=f"no answer within {self.total_seconds:g} seconds"
            )
        except httpx.HTTPError as error:
            return SendResult(outcome=SendOutcome.RETRY, reason=_redact(_network_words(error), [url]))

    async def _post(self, tools: SendTools, delivery: Delivery, headers: dict[str, str]) -> SendResult:
        # httpx's own limits are per read and would let a dripping peer go on; send() bounds the whole.
        channel = delivery.channel
        secrets = [channel.address, channel.secret, channel.old_secret]
        async with tools.http.stream(
            "POST",
            channel.address,
            content=delivery.payload,
            headers=headers,
            follow_redirects=False,
            timeout=self.total_seconds,
            extensions={"repeatable": True},  # receivers know a message by its id
        ) as response:
            said = _redact(await _beginning(response, self.reply_seconds), secrets)
            phrase = _redact(one_line(response.reason_phrase, 60), secrets)
            return _judge(response, phrase, one_line(said, REPLY_KEPT), tools.clock())


def _check_address(url: str) -> None:
    """Raise InvalidURL for what cannot be dialled: sockets answer such ports and names with stray errors."""
    try:
        parts = urlsplit(url)
        names_fit = all(len(label) < 64 for label in (parts.hostname or "").split("."))
        usable = parts.scheme in {"http", "https"} and parts.port != 0 and names_fit
    except ValueError:
        usable = False
    if not usable:
        raise httpx.InvalidURL("not an http(s) URL")


def _headers(delivery: Delivery, now: datetime) -> dict[str, str]:
    signed = signed_headers(
        delivery.channel.keys(now),
        message_id=delivery.uid,
        timestamp=int(now.timestamp()),
        body=delivery.payload,
    )
    return {
        "content-type": content_type(delivery.payload),
        "accept": "*/*",
        "accept-encoding": "identity",
        **signed,
    }


async def _beginning(response: httpx.Response, seconds: float) -> str:
    """Read the first bytes of an answer's text; whatever goes wrong here leaves the status standing."""
    taken = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in response.aiter_raw():
                taken += chunk
                if len(taken) >= REPLY_BYTES:
                    break
    except (TimeoutError, httpx.HTTPError):
        pass
    coded = response.headers.get("content-encoding", "identity").lower() != "identity"
    readable = _media_type(response).startswith(("text/", "application/json", "application/problem+json"))
    return taken[:REPLY_BYTES].decode("utf-8", "replace") if readable and not coded else ""


def _media_type(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "")).strip().lower()


def _judge(response: httpx.Response, phrase: str, said: str, now: datetime) -> SendResult:
    """Say what an answer means: 2xx alone is a success, 410 is for good, the rest is worth another try."""
    status = response.status_code
    answered = f"answered {status} {phrase}".rstrip()
    page = _media_type(response).startswith("text/html")
    outcome, wait = SendOutcome.RETRY, None
    if 200 <= status < 300:
        outcome = SendOutcome.ACCEPTED
        answered += " with an HTML page: see that it is no error page" if page else ""
    elif status == 410:
        outcome = SendOutcome.DISABLE
        answered += ": this webhook is gone"
    elif 300 <= status < 400:
        answered += ", a redirect, and redirects are not followed: give the channel the final address"
    elif status in _WAIT_STATUSES:
        wait = retry_after(response.headers.get("retry-after"), now=now)
    quoted = one_line(said, REPLY_QUOTED) if outcome is SendOutcome.RETRY and not page else ""
    return SendResult(
        outcome=outcome,
        reason=f"{answered}: {quoted}" if quoted else answered,
        status=status,
        retry_after=wait,
        reply=said,
    )


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, be it a number or a date (RFC 9110, 10.2.3)."""
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,300}", text):
        return min(float(text), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), _LONGEST_WAIT)


def _network_words(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectError):
        return f"cannot connect: {one_line(str(error), 200) or 'no reason given'}"
    if isinstance(error, httpx.RemoteProtocolError):
        return "the connection was closed before an answer came"
    if isinstance(error, httpx.ReadError | httpx.WriteError | httpx.CloseError):
        return "the connection broke off"
    return f"the request failed ({type(error).__name__})"


def _redact(text: str, secrets: Iterable[str]) -> str:
    """Take the keys, the URL and every longer piece of it out of a text: the URL is often the credential."""
    pieces = {piece for secret in secrets for piece in _pieces(secret) if len(piece) >= _LEAST_REDACTED}
    for piece in sorted(pieces, key=len, reverse=True):
        text = text.replace(piece, "…")
    return text


def _pieces(secret: str) -> set[str]:
    try:
        parts = urlsplit(secret)
        pieces = {secret, parts.path, parts.query, parts.username or "", parts.password or ""}
    except ValueError:
        return {secret}
    pieces |= set(re.split(r"[/&=?]", f"{parts.path}/{parts.query}"))
    return pieces | {unquote(piece) for piece in pieces}
