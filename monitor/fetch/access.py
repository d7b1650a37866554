"""Turns how a feed is reached, as configured, into what one request needs: fields, proxy, trusted authorities.

References are read here, at each poll, so that a rotated secret works at once. It sends nothing and decides
nothing about outcomes.
"""

import base64
import functools
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx

from monitor.errors import MonitorError
from monitor.fetch.fields import (
    Refusal,
    proxy_refusal,
    token_refusal,
    username_refusal,
    value_refusal,
)
from monitor.model import Access, BasicAuth, BearerAuth, SecretRef


class Unread(Protocol):
    """Why a reference could not be read, and what to do."""

    @property
    def message(self) -> str:
        """What is wrong."""

    @property
    def hint(self) -> str:
        """What to do."""


class Secrets(Protocol):
    """Where references are looked up; `folder` is where relative paths start."""

    @property
    def folder(self) -> Path:
        """The folder of the settings file."""

    def read(self, reference: SecretRef, /) -> str | Unread:
        """Fetch the secret that a reference names, or say why it cannot be read."""


class AccessError(MonitorError):
    """A feed cannot be asked because something on our side is missing: a secret, a certificate file."""

    def __init__(self, message: str, *, hint: str) -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message}; {hint}" if hint else message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What one request needs beyond its address; holds secrets, so it is neither kept nor logged.

    `fields` are sent only to `origin` (scheme://host:port); `proxy` and `tls` hold for every hop of the poll.
    `credentials` and `proxy_credentials` say in words what we identify ourselves with; empty: nothing.
    """

    origin: str = ""
    fields: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    proxy: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    credentials: str = ""
    proxy_credentials: str = ""


NOTHING = Reach()


def resolve(access: Access, secrets: Secrets, *, url: str) -> Reach:
    """Read everything that `access` refers to; `url` is the feed's configured address, the only one told secrets.

    Reads files, each of at most a few KiB. Raises AccessError when a secret or the file of authorities cannot be
    read or used now; its text says which, and holds no secret.
    """
    if access == Access():
        return NOTHING
    fields: list[tuple[str, str]] = []
    words: list[str] = []
    for name, value in access.headers:
        if isinstance(value, SecretRef):
            words.append(f"the field {name} from {value}")
            value = _secret(secrets, value, value_refusal)  # noqa: PLW2901 - its value, by whatever way
        fields.append((name, value))
    if access.auth is not None:
        fields.append(("Authorization", _authorization(access.auth, secrets)))
        words.append(auth_words(access.auth))
    if access.cookie is not None:
        fields.append(("Cookie", _secret(secrets, access.cookie, value_refusal)))
        words.append(f"the cookie from {access.cookie}")
    proxy, proxy_words = access.proxy, ""
    if isinstance(proxy, SecretRef):
        proxy_words = f"the proxy's address from {proxy}"
        proxy = _secret(secrets, proxy, proxy_refusal)
    return Reach(
        origin=_origin_of(url),
        fields=tuple(fields),
        proxy=proxy,
        tls=trusting(secrets.folder / access.ca_file) if access.ca_file else None,
        credentials=" and ".join(words),
        proxy_credentials=proxy_words,
    )


def origin(url: httpx.URL) -> str:
    """Return scheme, host and port of an address as one text (RFC 6454), the port always written."""
    port = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
    return f"{url.scheme}://{url.raw_host.decode('ascii')}:{port}"


def auth_words(auth: BasicAuth | BearerAuth) -> str:
    """Say which credential is used, by its reference."""
    if isinstance(auth, BasicAuth):
        return f"the user {auth.username!r} with the password from {auth.password}"
    return f"the bearer token from {auth.token}"


def trusting(path: Path) -> ssl.SSLContext:
    """Return a context that trusts the authorities in a PEM file beside the public ones.

    The same file gives the same context until it changes, so that connections can be pooled by it. Raises
    AccessError when the file cannot be read or holds no certificate.
    """
    try:
        stamp = path.stat()
        return _context(path, stamp.st_mtime_ns, stamp.st_size)
    except ssl.SSLError as error:
        raise AccessError(
            f"the file of authorities {path} holds no certificate",
            hint="it must be PEM text: BEGIN CERTIFICATE",
        ) from error
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or "not a usable path"
        raise AccessError(
            f"the file of authorities {path} cannot be read: {why}", hint="check path and permissions"
        ) from error


@functools.lru_cache(maxsize=32)
def _context(path: Path, _changed: int, _size: int) -> ssl.SSLContext:
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(
        cafile=path
    )  # on its own: it must hold some
    context = httpx.create_ssl_context(trust_env=False)
    context.load_verify_locations(cafile=path)
    return context


def _authorization(auth: BasicAuth | BearerAuth, secrets: Secrets) -> str:
    if isinstance(auth, BearerAuth):
        return f"Bearer {_secret(secrets, auth.token, token_refusal)}"
    if refusal := username_refusal(auth.username):
        raise AccessError(refusal.message, hint=refusal.hint)
    password = _secret(secrets, auth.password, lambda _: None)
    return "Basic " + base64.b64encode(f"{auth.username}:{password}".encode()).decode("ascii")


def _secret(secrets: Secrets, reference: SecretRef, refusal_of: Callable[[str], Refusal | None]) -> str:
    found = secrets.read(reference)
    if not isinstance(found, str):
        raise AccessError(f"the secret {reference} cannot be read: {found.message}", hint=found.hint)
    if refusal := refusal_of(found):
        raise AccessError(f"the secret {reference} cannot be used: {refusal.message}", hint=refusal.hint)
    return found


def _origin_of(url: str) -> str:
    try:
        return origin(httpx.URL(url.strip()))
    except (httpx.InvalidURL, ValueError):
        return ""  # matches no address that can be asked
