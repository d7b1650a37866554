"""Read a posted form of bounded size, in either of the encodings that RFC 8058 lets mail programs use."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qs

from fastapi import Request
from starlette.requests import ClientDisconnect

MAX_BODY = 64 * 1024  # bytes
MAX_FIELDS = 1000
BODY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, each with its values in order."""

    fields: Mapping[str, list[str]] = field(default_factory=dict)

    def one(self, name: str, default: str = "") -> str:
        """Return a field's first value."""
        return self.fields.get(name, [default])[0]

    def many(self, name: str) -> tuple[str, ...]:
        """Return all values of a field."""
        return tuple(self.fields.get(name, ()))

    @property
    def one_click(self) -> bool:
        """Whether it is the one that a mail program sends (RFC 8058, 3.2)."""
        return self.one("List-Unsubscribe").strip().lower() == "one-click"


async def read_form(request: Request) -> Form | None:
    """Return the form that a request carries, an empty one if it carries none; None for one too large or broken."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _bounded(request)
    except (TimeoutError, ClientDisconnect):
        return None
    if body is None:
        return None
    kind = request.headers.get("content-type", "")
    if kind.lower().startswith("multipart/form-data"):
        return Form(_multipart(kind, body))
    try:
        found = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        return None
    return Form({name: [_clean(value) for value in values] for name, values in found.items()})


def _multipart(kind: str, body: bytes) -> dict[str, list[str]]:
    head = b"Content-Type: " + kind.encode("latin-1", "replace") + b"\r\n\r\n"
    fields: dict[str, list[str]] = {}
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            fields.setdefault(name, []).append(_clean(payload.decode("utf-8", "replace")))
    return fields


def _clean(value: str) -> str:
    return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


async def _bounded(request: Request) -> bytes | None:
    taken = bytearray()
    async for chunk in request.stream():
        taken += chunk
        if len(taken) > MAX_BODY:
            return None
    return bytes(taken)
