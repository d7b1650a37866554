"""What single configuration values may look like: slugs, addresses, URLs, networks, languages.

Pure checks. Each answers with a `Fault` (what is wrong, what to do) or None; nothing is fetched or resolved.
"""

import functools
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

MAX_SLUG = 64

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?P<domain>[A-Za-z0-9.-]{1,255})")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_RESERVED_HOST = re.compile(r"(?:^|\.)(?:example\.(?:com|org|net)|example|invalid|test)$", re.IGNORECASE)
_FILLER = re.compile(r"change[-_ ]?me|replace[-_ ]?me|your[-_. ]|\btodo\b|\bxxx+|[<>]|^you@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a value, and what would be right."""

    message: str
    hint: str = ""


def refuse(fault: Fault) -> PydanticCustomError:
    """Wrap a fault as the error that pydantic collects; `document.problems_of` unwraps it."""
    return PydanticCustomError("fault", "{message}", {"message": fault.message, "hint": fault.hint})


def slug_fault(value: str) -> Fault | None:
    """Check a stable name: lower-case letters, digits and single hyphens."""
    if _SLUG.fullmatch(value) and len(value) <= MAX_SLUG:
        return None
    return Fault(
        f"{value!r} is no slug",
        f"use lower-case letters a-z, digits and single hyphens, at most {MAX_SLUG}: 'el-paso-matters'",
    )


def language_fault(value: str) -> Fault | None:
    """Check a BCP 47 primary tag, or `und` for unknown."""
    if _LANGUAGE.fullmatch(value):
        return None
    return Fault(
        f"{value!r} is no language tag", "use a primary tag such as 'en' or 'es', or 'und' for unknown"
    )


def web_address_fault(value: str) -> Fault | None:
    """Check an http or https URL with a host and without credentials in it.

    The message does not repeat the value: webhook addresses often hold a token.
    """
    parts = _split(value)
    if parts is None or not parts.hostname or any(char <= " " for char in value):
        return Fault("this is no web address", "write it whole: https://host/path")
    if parts.scheme not in {"http", "https"}:
        return Fault(f"{parts.scheme}: addresses are not supported", "only http:// and https:// are")
    if parts.username or parts.password:
        return Fault(
            "a web address must not carry a user name or password", "it would end up in logs and pages"
        )
    return None


def mail_address_fault(value: str) -> Fault | None:
    """Check a bare ASCII mail address (RFC 5321, dot-atom local part); no display name, no list."""
    found = _MAILBOX.fullmatch(value)
    local = value.partition("@")[0]
    if found and not local.startswith(".") and not local.endswith(".") and ".." not in local:
        labels = found["domain"].split(".")
        if all(_LABEL.fullmatch(label) for label in labels) and (len(labels) > 1 or labels == ["localhost"]):
            return None
    hint = "write one bare address: name@host.tld"
    if not value.isascii():
        hint = "write the domain in its ASCII form (xn--…); the part before @ must be ASCII"
    return Fault(f"{value!r} is no mail address", hint)


def host_name_fault(value: str) -> Fault | None:
    """Check a DNS name in its ASCII form, of one label or more (as a DKIM selector may be)."""
    if len(value) <= 253 and all(_LABEL.fullmatch(label) for label in value.split(".")):
        return None
    return Fault(
        f"{value!r} is no DNS name", "letters, digits and hyphens between dots: 'mail' or 'example.net'"
    )


def mail_from_fault(value: str) -> Fault | None:
    """Check a sender: a bare address, or a display name and the address in angle brackets."""
    name, address = parseaddr(value)
    if any(char < " " for char in value) or (name and not value.rstrip().endswith(">")):
        return Fault(f"{value!r} is no sender", "write address@host.tld, or: Name <address@host.tld>")
    return mail_address_fault(address or value)


def bounce_address_fault(value: str) -> Fault | None:
    """Check where reports about mails go: empty, or an address short enough for what is added behind a +."""
    if not value:
        return None
    local = value.rpartition("@")[0]
    if len(local) > 12 or "+" in local:
        return Fault(
            f"{value!r} leaves no room for +ID before the @", "use a short name, as bounces@example.net"
        )
    return mail_address_fault(value)


def contact_fault(value: str) -> Fault | None:
    """Check the contact that feed servers see: empty, a mail address or a web page, and no placeholder."""
    if not value:
        return None
    fault = web_address_fault(value) if "://" in value else mail_address_fault(value)
    host = (_split(value) or urlsplit("")).hostname if "://" in value else value.rpartition("@")[2]
    if _FILLER.search(value) or _RESERVED_HOST.search(host or ""):
        return Fault(
            f"{value!r} is a placeholder",
            "write an address or page where the people who run a feed can reach you, "
            'or leave it empty ("") and be polled for at most once an hour',
        )
    return fault and Fault(f"{value!r} is no contact", "write a mail address or an https:// page")


def network_fault(value: str) -> Fault | None:
    """Check a network in CIDR notation."""
    try:
        ipaddress.ip_network(value)
    except ValueError:
        return Fault(f"{value!r} is no network", "write it like '10.1.0.0/16' or 'fd00::/8', host bits zero")
    return None


def store_url_fault(value: str) -> Fault | None:
    """Check where the store is: empty, `sqlite:PATH` or `postgresql://…`."""
    if not value or value.startswith(("sqlite:", "postgresql://")):
        return None
    return Fault(
        "this is no store address", "use '' or 'sqlite:/path/file.db' or 'postgresql://user@host/database'"
    )


@functools.lru_cache(maxsize=8192)
def is_loopback(url: str) -> bool:
    """Say whether a URL names this machine by a loopback literal or `localhost`."""
    return is_loopback_host((_split(url) or urlsplit("")).hostname or "")


def is_loopback_host(host: str) -> bool:
    """Say whether a host name is a loopback literal or `localhost`; nothing is resolved."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _split(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return None
    return parts


def _check(fault_of: Callable[[str], Fault | None]) -> AfterValidator:
    def validate(value: str) -> str:
        if fault := fault_of(value):
            raise refuse(fault)
        return value

    return AfterValidator(validate)


def _text(value: str) -> str:
    return " ".join(value.split())


Slug = Annotated[str, _check(slug_fault)]
Language = Annotated[str, _check(language_fault)]
WebAddress = Annotated[str, _check(web_address_fault)]
OptionalWebAddress = Annotated[str, _check(lambda value: web_address_fault(value) if value else None)]
MailAddress = Annotated[str, _check(mail_address_fault)]
MailFrom = Annotated[str, _check(mail_from_fault)]
BounceAddress = Annotated[str, _check(bounce_address_fault)]
Contact = Annotated[str, _check(contact_fault)]
DkimSelector = Annotated[str, _check(host_name_fault)]
DkimDomain = Annotated[str, _check(host_name_fault)]
Network = Annotated[str, _check(network_fault)]
StoreUrl = Annotated[str, _check(store_url_fault)]
Line = Annotated[str, AfterValidator(_text)]
