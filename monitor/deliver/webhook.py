"""Webhooks by Standard Webhooks 1.0.0: the JSON payload, its signature, and one POST with a judged answer.

docs/webhook.md is the contract with receivers. This module follows no redirect, opens no connection to an
address that the guarded client refuses, and never reads more than a little of an answer.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from monitor.deliver.sender import SenderIdentity, SendTools
from monitor.deliver.wording import (
    Phrases,
    headline,
    joined,
    matched_words,
    one_line,
    phrases_for,
    safe_link,
    why_topic,
)
from monitor.errors import GuardError
from monitor.model import Alert, AlertHit, Attempt, Delivery, Notice, SendOutcome, SendResult, Surge

EVENT_TYPE = "alert.created"
MAX_PAYLOAD = 19_999  # bytes: receivers may count on less than 20 kB
TOTAL_SECONDS = 20.0
REPLY_BYTES = 16 * 1024
SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix, not a secret
SECRET_BYTES = 32

_WAIT_STATUSES = frozenset({429, 502, 503, 504})
_LONGEST_WAIT = 366 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Detail:
    """How much of each hit is told: characters of summary, number of spans."""

    summary: int
    spans: int


_DETAILS = (
    _Detail(summary=600, spans=40),
    _Detail(summary=300, spans=15),
    _Detail(summary=120, spans=5),
    _Detail(summary=0, spans=0),
)


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
        for detail in _DETAILS:
            hits = [_hit(entry, alert, detail) for entry in alert.hits]
            payload = _payload(alert, hits)
            if len(payload) <= MAX_PAYLOAD:
                return payload
        return _as_many_as_fit(alert, hits)

    def render_notice(self, notice: Notice, identity: SenderIdentity) -> bytes:
        """Return the payload of a notice; its `type` is the notice's kind."""
        body = {
            "type": notice.kind.value,
            "timestamp": _stamp(notice.created_at),
            "data": {
                "notice": notice.uid,
                "about": notice.about,
                "title": one_line(notice.title, 300),
                "lines": [one_line(line, 2000) for line in notice.lines],
                "link": safe_link(notice.link),
            },
        }
        return _compact(body)

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
                return await self._post(tools, url, delivery.payload, headers)
        except GuardError as error:
            return SendResult(outcome=SendOutcome.REFUSED, reason=_redact(f"not called: {error}", url))
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            return SendResult(outcome=SendOutcome.REFUSED, reason="the channel's address is no http(s) URL")
        except (TimeoutError, httpx.TimeoutException):
            return SendResult(
                outcome=SendOutcome.RETRY, reason=f"no answer within {self.total_seconds:g} seconds"
            )
        except httpx.HTTPError as error:
            return SendResult(outcome=SendOutcome.RETRY, reason=_redact(_network_words(error), url))

    async def _post(self, tools: SendTools, url: str, body: bytes, headers: dict[str, str]) -> SendResult:
        # httpx's own limits are per read and would let a dripping peer go on; send() bounds the whole.
        async with tools.http.stream(
            "POST", url, content=body, headers=headers, follow_redirects=False, timeout=self.total_seconds
        ) as response:
            said = _redact(one_line(await _beginning(response, self.reply_seconds), 160), url)
            phrase = _redact(one_line(response.reason_phrase, 60), url)
            return _judge(response, phrase, said, tools.clock())


def generate_secret() -> str:
    """Return a new signing key as `whsec_` and the base64 of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def sign(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """Return one `v1,…` signature (Standard Webhooks 1.0.0, "Signature scheme").

    Raises ValueError, without the key in its text, when the key is not `whsec_` and base64.
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key or not secret.startswith(SECRET_PREFIX):
        raise ValueError("the channel's signing key is not whsec_ followed by base64")
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode("ascii")


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
    keys = delivery.channel.secret.split()
    if not keys:
        raise ValueError("the channel has no signing key: give it one and the next try will be signed")
    timestamp = int(now.timestamp())
    signatures = [
        sign(key, message_id=delivery.uid, timestamp=timestamp, body=delivery.payload) for key in keys
    ]
    return {
        "content-type": "application/json",
        "accept": "*/*",
        "accept-encoding": "identity",
        "webhook-id": delivery.uid,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


async def _beginning(response: httpx.Response, seconds: float) -> str:
    """Read the first bytes of an answer as they came; whatever goes wrong here leaves the status standing."""
    taken = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in response.aiter_raw(REPLY_BYTES):
                taken += chunk
                if len(taken) >= REPLY_BYTES:
                    break
    except (TimeoutError, httpx.HTTPError):
        pass
    kind = response.headers.get("content-type", "")
    return (
        taken[:REPLY_BYTES].decode("utf-8", "replace")
        if kind.startswith(("text/plain", "application/json"))
        else ""
    )


def _judge(response: httpx.Response, phrase: str, said: str, now: datetime) -> SendResult:
    status = response.status_code
    answered = f"answered {status} {phrase}".rstrip()
    wait = None
    if 200 <= status < 300:
        return SendResult(outcome=SendOutcome.ACCEPTED, reason=answered, status=status)
    if status == 410:
        return SendResult(
            outcome=SendOutcome.DISABLE, reason=f"{answered}: this webhook is gone", status=status
        )
    if 300 <= status < 400:
        answered += ", a redirect, and redirects are not followed: give the channel the final address"
    elif status in _WAIT_STATUSES:
        wait = retry_after(response.headers.get("retry-after"), now=now)
    reason = f"{answered}: {said}" if said else answered
    return SendResult(outcome=SendOutcome.RETRY, reason=reason, status=status, retry_after=wait)


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


def _redact(text: str, url: str) -> str:
    """Take the channel's URL and every longer piece of it out of a text: the URL is often the credential."""
    try:
        parts = urlsplit(url)
        pieces = {url, parts.path, parts.query, parts.username or "", parts.password or ""}
    except ValueError:
        return text.replace(url, "…")
    pieces |= set(re.split(r"[/&=?]", f"{parts.path}/{parts.query}"))
    pieces |= {unquote(piece) for piece in pieces}
    for piece in sorted((piece for piece in pieces if len(piece) >= 6), key=len, reverse=True):
        text = text.replace(piece, "…")
    return text


def _payload(alert: Alert, hits: Sequence[dict[str, Any]]) -> bytes:
    told = sum(len(hit["spans"]) for hit in hits)
    spans = sum(len(entry.hit.spans) for entry in alert.hits[: len(hits)])
    story = alert.story
    body = {
        "type": EVENT_TYPE,
        "timestamp": _stamp(alert.created_at),
        "data": {
            "alert": alert.uid,
            "reason": one_line(alert.reason, 500),
            "subscription": alert.subscription.slug,
            "story": {
                "id": story.uid,
                "title": headline(alert, limit=300),
                "language": story.language,
                "first_seen": _stamp(story.first_seen),
                "last_seen": _stamp(story.last_seen),
                "items": story.items,
                "outlets": story.outlets,
                "independent": story.independent,
            },
            **({"surges": [_surge(surge) for surge in alert.surges]} if alert.surges else {}),
            "hits": list(hits),
            "left_out": {"hits": len(alert.hits) - len(hits), "spans": spans - told},
        },
    }
    return _compact(body)


def _surge(surge: Surge) -> dict[str, Any]:
    return {
        "topic": surge.topic,
        "topic_name": one_line(surge.topic_name, 200),
        "place": surge.place or None,
        "place_name": one_line(surge.place_name, 200) or None,
        "until": _stamp(surge.until),
        "hours": surge.hours,
        "stories": surge.stories,
        "usual": surge.usual if surge.usual is None else round(surge.usual, 3),
        "chance": surge.chance,
        "reason": one_line(surge.reason, 300),
    }


def _hit(entry: AlertHit, alert: Alert, detail: _Detail) -> dict[str, Any]:
    hit, item, text = entry.hit, entry.hit.item, entry.hit.item.text
    phrases: Phrases = phrases_for(alert.subscription.subscriber.language)
    return {
        "topic": hit.topic_slug,
        "topic_name": one_line(entry.topic.name, 200),
        "priority": entry.topic.priority.value,
        "revision": hit.topic_revision,
        "item": {
            "title": one_line(text.title, 300) or phrases.no_headline,
            "summary": one_line(text.summary or text.body, detail.summary),
            "link": safe_link(item.link),
            "publisher": one_line(text.source, 120),
            "language": one_line(text.language, 35) or "und",
            "published": _stamp(item.published) if item.published is not None else None,
            "first_seen": _stamp(item.first_seen),
            "feed": item.feed_slug,
        },
        "spans": [
            {"field": span.field, "start": span.start, "end": span.end, "text": one_line(span.text, 200)}
            for span in hit.spans[: detail.spans]
        ],
        "words": list(matched_words(hit.spans, limit=60)[:10]),
        "why": one_line(joined(why_topic(entry, phrases)), 400),
    }


def _as_many_as_fit(alert: Alert, hits: Sequence[dict[str, Any]]) -> bytes:
    room = MAX_PAYLOAD - len(_payload(alert, ())) - 16  # left_out's numbers may grow by a few digits
    kept = 0
    for hit in hits:
        room -= len(_compact(hit)) + 1
        if room < 0:
            break
        kept += 1
    return _payload(alert, hits[: max(kept, 1)])


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
