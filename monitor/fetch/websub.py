"""WebSub as a subscriber speaks it: finding a feed's hub, asking it, and proving that a ping is the hub's.

W3C WebSub (2018) for the protocol, RFC 8288 for Link fields. It stores nothing and decides nothing about when to
ask; what a ping carries is never read, only the fact that it came.
"""

import asyncio
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

import httpx

from monitor.errors import GuardError
from monitor.fetch.cadence import retry_after
from monitor.model import Hints, Hub
from monitor.net.bounded import BodyBroken, BodyTooLarge, read_bounded
from monitor.text.gate import plain

REDIRECTS = frozenset({302, 307, 308})  # WebSub, 5.1: the POST is repeated at the new place
MAX_REDIRECTS = 3
ALGORITHMS = frozenset({"sha1", "sha256", "sha384", "sha512"})  # WebSub, 7.1
MAX_URL = 2048
_HEADER_READ = 8192  # characters of a Link field; more is no publisher's
_MAX_LINKS = 100
_REPLY_BYTES = 4096
_TRANSIENT = frozenset({408, 425, 429})

_PARAM = re.compile(r'\s*;\s*([^\s=;,"<>]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^;,"\s]*)))?')
_QUOTED_PAIR = re.compile(r"\\(.)")
_UNFIT = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of a Link field: its target as written, and its relation types in lower case."""

    target: str
    rels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAnswer:
    """What became of a request to a hub.

    `taken` means that the hub will verify it. `certain` is False where the hub may have heard us although no
    answer came. `retry_after` is the seconds it asks to wait, if it does.
    """

    taken: bool
    reason: str
    certain: bool = True
    retry_after: int | None = None


def find_hub(headers: Mapping[str, str], hints: Hints, *, url: str) -> Hub | None:
    """Return the hub and topic that a response names, or None.

    The Link field of `headers` (lower-case names) comes first, then what the document says of itself (WebSub, 4).
    `url` is where the response came from: base of relative targets, and the topic where no self link is given. Of
    several hubs one on https is taken, since only that can be given a secret.
    """
    links = parse_links(headers.get("link", ""))
    named = [(rel, _usable(link.target, url)) for link in links for rel in link.rels]
    hubs = [target for rel, target in named if rel == "hub" and target]
    selves = [target for rel, target in named if rel == "self" and target]
    if hints.hub and (own := _usable(hints.hub, url)):
        hubs = hubs or [own]
    if hints.self_url and (own := _usable(hints.self_url, url)):
        selves.append(own)
    if not hubs:
        return None
    hub = next((each for each in hubs if each.startswith("https:")), hubs[0])
    topic = selves[0] if selves else _usable(url, url)
    return Hub(hub=hub, topic=topic) if topic else None


def with_hub(hints: Hints, hub: Hub | None) -> Hints:
    """Return a document's hints with the hub in force, so that an answer without a document (304) need not name it."""
    if hub is None:
        return replace(hints, hub=None)
    return replace(hints, hub=hub.hub, self_url=hub.topic)


def parse_links(value: str) -> list[Link]:
    """Read a Link field (RFC 8288, 3), several links and lines included; what is no link is passed over.

    A link with another context (`anchor`) speaks of something else and is left out. Of several `rel` parameters
    the first counts.
    """
    text, found, position = value[:_HEADER_READ], list[Link](), 0
    while len(found) < _MAX_LINKS:
        start = text.find("<", position)
        end = text.find(">", start)
        if start < 0 or end < 0:
            break
        params: dict[str, str] = {}
        position = end + 1
        while (param := _PARAM.match(text, position)) is not None:
            quoted, plain = param[2], param[3]
            params.setdefault(
                param[1].lower(), _QUOTED_PAIR.sub(r"\1", quoted) if quoted is not None else plain or ""
            )
            position = param.end()
        if "anchor" not in params:
            rels = tuple(params.get("rel", "").lower().split())
            found.append(Link(target=text[start + 1 : end].strip(), rels=rels))
    return found


def _usable(target: str, base: str) -> str | None:
    """Resolve a target against its document; None for what is no plain http(s) URL."""
    try:
        url = urljoin(base, target.strip())
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    fit = parts.scheme in {"http", "https"} and parts.hostname and port != 0 and len(url) <= MAX_URL
    return url if fit and parts.username is None and not _UNFIT.search(url) else None


def may_know_secret(hub: str) -> bool:
    """Say whether a hub can be told a secret: over https, or on this machine (WebSub, 5.1)."""
    host = urlsplit(hub).hostname or ""
    try:
        here = ip_address(host).is_loopback
    except ValueError:
        here = host == "localhost"
    return here or hub.startswith("https:")


def form(
    mode: str, *, topic: str, callback: str, secret: str | None = None, lease: int | None = None
) -> dict[str, str]:
    """Return the parameters of a request to a hub (WebSub, 5.1); `lease` in seconds is what we would like."""
    fields = {"hub.mode": mode, "hub.topic": topic, "hub.callback": callback}
    if lease is not None:
        fields["hub.lease_seconds"] = str(lease)
    if secret:
        fields["hub.secret"] = secret
    return fields


def signed_by_hub(secret: str, signature: str, body: bytes) -> bool:
    """Check an X-Hub-Signature (WebSub, 7.1) in constant time; False for an unknown algorithm."""
    method, _, claimed = signature.strip().partition("=")
    method = method.lower()
    if method not in ALGORITHMS:
        return False
    made = hmac.new(secret.encode(), body, method).hexdigest()
    return hmac.compare_digest(made.encode(), claimed.strip().lower().encode("utf-8", "replace"))


async def ask_hub(
    client: httpx.AsyncClient, hub: str, fields: Mapping[str, str], *, now: datetime, total_timeout: float
) -> HubAnswer:
    """POST a request to a hub, redirects included, within `total_timeout` seconds in all; never raises for a hub.

    A redirect to where anybody could read along is refused while the request holds a secret.
    """
    try:
        async with asyncio.timeout(total_timeout):
            return await _follow(client, hub, fields, now)
    except TimeoutError:
        reason = f"the hub gave no complete answer within {total_timeout:g} s"
        return HubAnswer(taken=False, certain=False, reason=reason)


async def _follow(client: httpx.AsyncClient, hub: str, fields: Mapping[str, str], now: datetime) -> HubAnswer:
    address = hub
    for _ in range(MAX_REDIRECTS + 1):
        answer, location = await _post(client, address, fields, now)
        if location is None:
            return answer
        target = _usable(location, address) if location else None
        if target is None:
            return HubAnswer(taken=False, reason=f"{address} redirects without a usable Location")
        if "hub.secret" in fields and not may_know_secret(target):
            return HubAnswer(
                taken=False, reason=f"the hub redirects to {target}, where the secret would be seen"
            )
        address = target
    return HubAnswer(taken=False, reason=f"more than {MAX_REDIRECTS} redirects, the last to {address}")


async def _post(
    client: httpx.AsyncClient, address: str, fields: Mapping[str, str], now: datetime
) -> tuple[HubAnswer, str | None]:
    """Send one request; beside the answer return the Location (empty if there is none) of a redirect."""
    try:
        request = client.build_request("POST", address, data=dict(fields))
        response = await client.send(request, stream=True)
    except GuardError as error:
        return HubAnswer(taken=False, reason=f"the hub was not asked: {error}"), None
    except httpx.InvalidURL as error:
        return HubAnswer(taken=False, reason=f"the hub or its redirect is no address: {error}"), None
    except httpx.ConnectError as error:
        return HubAnswer(taken=False, reason=f"the hub cannot be reached: {error}"), None
    except httpx.HTTPError as error:
        words = str(error) or type(error).__name__
        return HubAnswer(taken=False, certain=False, reason=f"the hub gave no answer: {words}"), None
    try:
        if response.status_code in REDIRECTS:
            return HubAnswer(taken=False, reason=""), response.headers.get("location", "")
        return await _judge(response, now), None
    finally:
        await response.aclose()


async def _judge(response: httpx.Response, now: datetime) -> HubAnswer:
    status = response.status_code
    if 200 <= status < 300:
        return HubAnswer(taken=True, reason=f"the hub answered {status}")
    said = await _said(response)
    reason = f"the hub answered {status}" + (f": {said}" if said else "")
    wait = retry_after({"retry-after": response.headers.get("retry-after", "")}, now)
    return HubAnswer(
        taken=False,
        certain=status < 500 and status not in _TRANSIENT,
        reason=reason,
        retry_after=wait,
    )


async def _said(response: httpx.Response) -> str:
    """Return the beginning of a refusal's text in one line; WebSub, 5.1 has hubs explain themselves there."""
    if not response.headers.get("content-type", "text/plain").startswith("text/plain"):
        return ""
    try:
        body = await read_bounded(response, max_raw=_REPLY_BYTES, max_decoded=_REPLY_BYTES)
    except (BodyBroken, BodyTooLarge, httpx.HTTPError):
        return ""
    return plain(body.decode("utf-8", "replace"), html=False, limit=200)
