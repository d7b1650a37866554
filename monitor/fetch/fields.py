"""What may be sent with a request for a feed: names and values of header fields, tokens, proxy addresses (pure).

Each check answers with a refusal (what is wrong, what to do) or None, and never repeats a value: it may be a secret.
"""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

MAX_FIELDS = 20
MAX_VALUE = 8192  # characters; many servers refuse a field beyond 8 KiB
PROXY_SCHEMES = frozenset({"http"})

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # RFC 9110, 5.6.2
_VALUE = re.compile(r"[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?")  # RFC 9110, 5.5, without its obsolete part
_BEARER = re.compile(r"[\x21-\x7e]+")  # RFC 6750, 2.1 is stricter than what is handed out in practice
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SECRET_NAME = re.compile(r"(?:^|[-_])(?:authorization|api-?key|token|secret|password)$", re.IGNORECASE)
_HOP_BY_HOP = (
    "connection", "content-length", "expect", "http2-settings", "keep-alive", "proxy-authenticate",
    "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
)  # fmt: skip


class Refusal(NamedTuple):
    """What is wrong with a value, and what would be right."""

    message: str
    hint: str


_OURS: dict[str, Refusal] = {
    "host": Refusal("the address says which host is asked", "correct the address of the feed"),
    "cookie": Refusal("a cookie is a secret of its own", 'write cookie = {file = "PATH"} instead'),
    "user-agent": Refusal(
        "we always say who we are",
        "leave it out; [service] contact in the settings is part of the User-Agent",
    ),
    "accept-encoding": Refusal("we ask for what we can decode within our limits", "leave it out"),
    "range": Refusal("a part of a feed cannot be told from a feed that lost items", "leave it out"),
    "a-im": Refusal("a delta of a feed cannot be told from a feed that lost items", "leave it out"),
    **{
        name: Refusal("it belongs to the connection, which is not the feed's", "leave it out")
        for name in _HOP_BY_HOP
    },
    "proxy-authorization": Refusal(
        "a proxy's user and password are part of its address", 'write proxy = {file = "PATH"} instead'
    ),
}


def name_refusal(name: str) -> Refusal | None:
    """Check the name of an extra field: a token (RFC 9110, 5.6.2) that we do not write ourselves."""
    if name.startswith(":"):
        return Refusal(f"'{name[:40]}' is a pseudo field of HTTP/2", "leave it out")
    if not _TOKEN.fullmatch(name):
        return Refusal(
            f"{name[:40]!r} is no name of a header field", "use letters, digits and hyphens: X-Api-Key"
        )
    lower = name.lower()
    if lower.startswith("if-"):
        return Refusal(
            f"the field {name} cannot be set: we send back the validators that the server gave us",
            "leave it out",
        )
    if reason := _OURS.get(lower):
        return Refusal(f"the field {name} cannot be set: {reason.message}", reason.hint)
    return None


def value_refusal(value: str) -> Refusal | None:
    """Check the value of a field: one line of printable ASCII."""
    if len(value) > MAX_VALUE:
        return Refusal(f"the value is longer than {MAX_VALUE:,} characters", "servers refuse such a field")
    if "\r" in value or "\n" in value:
        return Refusal("the value has more than one line", "put it on one line")
    if not _VALUE.fullmatch(value):
        return Refusal(
            "the value is empty, starts or ends with a space, or holds something other than printable ASCII",
            "write it as the server expects it, percent-encoded if need be",
        )
    return None


def plain_value_refusal(name: str, value: str) -> Refusal | None:
    """Check a value that stands in a file in clear: as `value_refusal`, and the field must not be for a secret."""
    if _SECRET_NAME.search(name):
        return Refusal(
            f"the field {name} holds a secret, which is never written into a file of settings",
            f'write {name} = {{env = "NAME"}}, {{file = "PATH"}} or {{credential = "NAME"}}',
        )
    return value_refusal(value)


def username_refusal(value: str) -> Refusal | None:
    """Check a user name for Basic (RFC 7617, 2): no colon, no control characters, not empty."""
    if value and ":" not in value and not _CONTROL.search(value):
        return None
    return Refusal(
        "the user name is empty or holds a colon or a control character", "write it as it was given"
    )


def token_refusal(value: str) -> Refusal | None:
    """Check a bearer token: printable ASCII without spaces, the word Bearer not included."""
    if _BEARER.fullmatch(value) and len(value) <= MAX_VALUE:
        return None
    return Refusal(
        "the token is empty, too long, or holds a space or something other than printable ASCII",
        "store the token alone, without the word Bearer",
    )


def proxy_refusal(value: str) -> Refusal | None:
    """Check a proxy's address: `http://host:port`, perhaps with user and password, and nothing more."""
    parts = _split(value)
    if parts is None or not parts.hostname or _CONTROL.search(value) or " " in value:
        return Refusal("this is no address of a proxy", "write it as http://host:port")
    if parts.scheme not in PROXY_SCHEMES:
        return Refusal(f"proxies of the kind {parts.scheme}: are not supported", "use http://host:port")
    if parts.port is None or parts.path not in {"", "/"} or parts.query or parts.fragment:
        return Refusal("a proxy's address is a host and a port, nothing more", "write it as http://host:port")
    return None


def has_userinfo(value: str) -> bool:
    """Say whether an address carries a user name or password."""
    parts = _split(value)
    return parts is not None and "@" in parts.netloc


def _split(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return None
    return parts
