"""A webhook receiver on loopback that checks each Standard Webhooks 1.0.0 signature by itself.

It shares no code with `monitor.deliver`, so that a mistake there cannot hide here. Every request is recorded;
a message counts once for each `webhook-id`, as a receiver that follows the specification would count it.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

from monitor.demo.loopback import HttpServer, Request, Response

TOLERANCE = 300.0  # seconds that a timestamp may differ from our clock


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """One request as it came, and how it was answered; `number` counts from 1."""

    number: int
    id: str
    timestamp: str
    status: int
    reason: str
    body: bytes


class WebhookReceiver:
    """A context manager: while it is open, `url` takes webhooks signed with `secret` (`whsec_…`).

    `refuse` holds the numbers of requests (from 1) that are answered 503 although they are in order: what a
    receiver with a bad moment looks like, and what makes a sender try again.
    """

    def __init__(
        self,
        secret: str,
        *,
        refuse: Collection[int] = (),
        clock: Callable[[], float] = time.time,
        port: int = 0,
    ) -> None:
        self.requests: list[WebhookRequest] = []
        self.messages: dict[str, bytes] = {}
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._refuse = frozenset(refuse)
        self._clock = clock
        self._http = HttpServer(self._answer, port=port)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.__aexit__(*error)

    @property
    def url(self) -> str:
        """The address that takes webhooks."""
        return f"{self._http.url}/hook"

    def _answer(self, request: Request) -> Response:
        number = len(self.requests) + 1
        status, reason = self._judge(request, number)
        identifier = request.headers.get("webhook-id", "")
        self.requests.append(
            WebhookRequest(
                number=number,
                id=identifier,
                timestamp=request.headers.get("webhook-timestamp", ""),
                status=status,
                reason=reason,
                body=request.body,
            )
        )
        if status == HTTPStatus.OK:
            self.messages.setdefault(identifier, request.body)
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers["Retry-After"] = "1"
        return Response(status=status, body=reason.encode() + b"\n", headers=headers)

    def _judge(self, request: Request, number: int) -> tuple[HTTPStatus, str]:
        if request.path != "/hook":
            return HTTPStatus.NOT_FOUND, "no such place"
        if request.method != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED, "webhooks are posted"
        fault = signature_fault(request.headers, request.body, key=self._key, now=self._clock())
        if fault:
            return HTTPStatus.UNAUTHORIZED, fault
        if number in self._refuse:
            return HTTPStatus.SERVICE_UNAVAILABLE, "come back in a moment"
        seen = request.headers["webhook-id"] in self.messages
        return HTTPStatus.OK, "known already" if seen else "taken"


def signature_fault(headers: Mapping[str, str], body: bytes, *, key: bytes, now: float) -> str:
    """Say what is wrong with a signed request, or nothing.

    Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body`; the header may hold several signatures.
    """
    identifier, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not identifier or not (timestamp.isascii() and timestamp.isdigit()):
        return "webhook-id and webhook-timestamp are needed"
    if abs(now - int(timestamp)) > TOLERANCE:
        return "the timestamp is too old or too new"
    signed = b".".join((identifier.encode("latin-1"), timestamp.encode("latin-1"), body))
    expected = hmac.new(key, signed, hashlib.sha256).digest()
    for signature in headers.get("webhook-signature", "").split():
        version, _, value = signature.partition(",")
        if version == "v1" and hmac.compare_digest(_decoded(value), expected):
            return ""
    return "no signature is right"


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""
