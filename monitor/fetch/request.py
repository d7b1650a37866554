"""One conditional GET for a feed, redirects included, ended in a closed set of outcomes.

It sends back the exact validators a server issued, only to the URL that issued them, and a feed's own fields and
credentials only to the origin they are configured for. It follows redirects itself so that each hop is guarded,
and never raises for anything a server or the network can do. It does not parse, store or decide when to ask again.
"""

import asyncio
import functools
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx

from monitor.errors import GuardError
from monitor.fetch.access import NOTHING, AccessError, Reach, origin
from monitor.fetch.blocked import PAGE_LIMIT, PAGE_STATUSES, recognise
from monitor.fetch.refusal import blocked, proxy_failure, refusal
from monitor.model import FetchState, Outcome
from monitor.net.bounded import ACCEPT_ENCODING, BodyBroken, BodyTooLarge, read_bounded
from monitor.net.client import SCHEMES

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)
_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LIST_FIELDS = frozenset({"cache-control", "content-encoding", "link"})  # may stand on several lines
_PAGE_SECONDS = 3.0  # for the page that comes with a refusal; only its explanation depends on it


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """Limits of one poll: body sizes in bytes, time in seconds over all redirects together; what we accept."""

    max_raw: int = 5 * 1024 * 1024
    max_decoded: int = 20 * 1024 * 1024
    total_timeout: float = 30.0
    max_redirects: int = 5
    accept: str = ACCEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """How the request ended. `outcome` is None when there is a body to parse.

    `url` is the last one asked, without credentials and fragment: base for relative links, and what
    validators belong to. `headers` are the last response's, lower-case, values as latin-1 text. `size` counts
    body bytes on the wire. `permanent_url` is where the unbroken run of 301 and 308 at the start led. `note` says
    what a person should know of an answer that was accepted.
    """

    outcome: Outcome | None
    reason: str
    url: str
    status: int | None = None
    headers: Mapping[str, str]
    body: bytes = b""
    size: int = 0
    permanent_url: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """What holds for every hop of one poll; `private` says that a secret is told to the feed's server."""

    state: FetchState
    options: FetchOptions
    reach: Reach
    private: bool


async def fetch(
    client: httpx.AsyncClient,
    feed_url: str,
    state: FetchState,
    *,
    options: FetchOptions,
    reach: Reach = NOTHING,
    force: bool = False,
) -> Fetched:
    """Ask for the feed once, conditionally unless `force`, within `options.total_timeout` seconds in all.

    The client's transport is given `reach.proxy` and `reach.tls` as the request's extensions `proxy` and `tls`.
    """
    first = _address(feed_url)
    private = bool(reach.credentials or (first and first.userinfo))
    if force:
        state = replace(state, etag=None, last_modified=None, validator_url=None)
    terms = _Terms(state=state, options=options, reach=reach, private=private)
    try:
        async with asyncio.timeout(options.total_timeout):
            return await _follow(client, first, terms)
    except TimeoutError:
        return _end(Outcome.TIMEOUT, f"no complete answer within {options.total_timeout:g} s", first)


def withheld(feed_url: str, error: AccessError) -> Fetched:
    """Say how a poll ended that sent nothing, because what the feed is reached with cannot be had now."""
    return _end(Outcome.UNAUTHORIZED, f"nothing was sent: {error}", _address(feed_url))


async def _follow(client: httpx.AsyncClient, address: httpx.URL | None, terms: _Terms) -> Fetched:
    if address is None:
        return _end(Outcome.UNREACHABLE, "the feed's address cannot be read as a URL", None)
    seen: set[str] = set()
    permanent: str | None = None
    unbroken = True
    note = ""
    while True:
        seen.add(bare(address))
        answer = await _ask(client, address, terms)
        if answer.outcome is not None or answer.status not in _REDIRECTS:
            return replace(answer, permanent_url=permanent, note=note) if permanent or note else answer
        target = _target(address, answer.headers.get("location", ""))
        if target is None:
            reason = f"{answer.url} names no usable Location (HTTP {answer.status})"
            return replace(answer, outcome=Outcome.REDIRECT_LOOP, reason=reason)
        if useless := _useless(answer, target, seen, terms):
            return replace(answer, outcome=useless[0], reason=useless[1])
        if _downgrade(address, target):
            note = f"{address.host} redirects from https to plain http ({bare(target)}): anyone on the way can read it"
        unbroken = unbroken and answer.status in _PERMANENT
        permanent = bare(target) if unbroken else permanent
        address = target


def _useless(answer: Fetched, target: httpx.URL, seen: set[str], terms: _Terms) -> tuple[Outcome, str] | None:
    if bare(target) in seen or len(seen) > terms.options.max_redirects:
        return Outcome.REDIRECT_LOOP, _circle(seen, target)
    if target.scheme not in SCHEMES:
        reason = f"{answer.url} redirects to a {target.scheme}: address; only http and https are followed"
        return Outcome.FORBIDDEN_ADDRESS, reason
    if terms.private and _downgrade(httpx.URL(answer.url), target):
        return Outcome.FORBIDDEN_ADDRESS, (
            f"{answer.url} redirects to plain http ({bare(target)}), which is refused for a feed with credentials: "
            "anyone on the way could read what only we may; ask the publisher for an https address"
        )
    return None


def _downgrade(address: httpx.URL, target: httpx.URL) -> bool:
    return (address.scheme, target.scheme) == ("https", "http")


def _circle(seen: set[str], target: httpx.URL) -> str:
    if bare(target) in seen:
        return f"the redirects lead in a circle, back to {bare(target)}"
    return f"more than {len(seen) - 1} redirects, the last to {bare(target)}"


async def _ask(client: httpx.AsyncClient, address: httpx.URL, terms: _Terms) -> Fetched:
    """Send one request; a redirect comes back with outcome None and its status."""
    conditional = _validators(address, terms.state)
    headers = [*_plain_fields(address, terms), *conditional]
    try:
        request = client.build_request("GET", address, headers=headers, extensions=_extensions(terms.reach))
    except httpx.InvalidURL as error:
        return _end(Outcome.UNREACHABLE, f"not an address that can be asked: {error}", address)
    try:
        response = await client.send(request, stream=True)
    except (GuardError, httpx.HTTPError, httpx.InvalidURL) as error:
        return _end(*_no_answer(error, address, terms.reach), address)
    try:
        return await _judge(response, address, terms, asked=bool(conditional))
    finally:
        await response.aclose()


def _plain_fields(address: httpx.URL, terms: _Terms) -> list[tuple[bytes, bytes]]:
    """Return the fields of a request without validators; a feed's own win, and go to their own origin only."""
    reach, fields = terms.reach, [("Accept", terms.options.accept), ("Accept-Encoding", ACCEPT_ENCODING)]
    if reach.fields and origin(address) == reach.origin:
        own = {name.lower() for name, _ in reach.fields}
        fields = [pair for pair in fields if pair[0].lower() not in own] + list(reach.fields)
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in fields]


def _extensions(reach: Reach) -> dict[str, Any]:
    pairs = {"proxy": reach.proxy, "tls": reach.tls}
    return {name: value for name, value in pairs.items() if value is not None}


async def _judge(response: httpx.Response, address: httpx.URL, terms: _Terms, *, asked: bool) -> Fetched:
    status = response.status_code
    answer = Fetched(outcome=None, reason="", url=bare(address), status=status, headers=_headers(response))
    if status in _REDIRECTS:
        return answer
    if status == 304 and asked:
        return replace(answer, outcome=Outcome.NOT_MODIFIED, reason="HTTP 304: not modified")
    if status in {204, 205}:
        return replace(answer, outcome=Outcome.EMPTY, reason=f"HTTP {status}: no content")
    if status != 200:
        page = await _page(response) if status in PAGE_STATUSES else b""
        outcome, reason = refusal(status, answer.headers, address=address, reach=terms.reach, page=page)
        return replace(answer, outcome=outcome, reason=reason, size=response.num_bytes_downloaded)
    return await _read(response, answer, address, terms.options)


async def _read(
    response: httpx.Response, answer: Fetched, address: httpx.URL, options: FetchOptions
) -> Fetched:
    try:
        body = await read_bounded(response, max_raw=options.max_raw, max_decoded=options.max_decoded)
    except BodyTooLarge as error:
        answer = replace(answer, outcome=Outcome.TOO_LARGE, reason=str(error))
    except BodyBroken as error:
        answer = replace(answer, outcome=Outcome.BAD_ENCODING, reason=str(error))
    except httpx.TimeoutException:
        reason = f"{address.host} stopped sending in the middle of the body"
        answer = replace(answer, outcome=Outcome.TIMEOUT, reason=reason)
    else:
        name = recognise(status=200, headers=answer.headers, host=address.host, body=body)
        if not body.strip():
            answer = replace(answer, outcome=Outcome.EMPTY, reason="HTTP 200 with an empty body")
        elif name is not None:
            answer = replace(answer, outcome=Outcome.BLOCKED, reason=blocked(name, 200, address.host))
        else:
            answer = replace(answer, body=body)
    return replace(answer, size=response.num_bytes_downloaded)


async def _page(response: httpx.Response) -> bytes:
    """Read the page that comes with a refusal, if it is short and comes soon."""
    try:
        async with asyncio.timeout(_PAGE_SECONDS):
            return await read_bounded(response, max_raw=PAGE_LIMIT, max_decoded=4 * PAGE_LIMIT)
    except (BodyTooLarge, BodyBroken, httpx.HTTPError, TimeoutError):
        return b""


def _no_answer(error: Exception, address: httpx.URL, reach: Reach) -> tuple[Outcome, str]:
    match error:
        case GuardError():
            return Outcome.FORBIDDEN_ADDRESS, str(error)
        case httpx.TimeoutException():
            return Outcome.TIMEOUT, str(error) or f"{address.host} did not answer in time"
        case httpx.ProxyError():
            return proxy_failure(str(error), reach)
        case httpx.InvalidURL():
            return Outcome.REDIRECT_LOOP, f"{bare(address)} names no usable Location"
    # httpx reads the Location of a redirect even where it does not follow, and raises for a bad one.
    if "location header" in str(error):
        return Outcome.REDIRECT_LOOP, f"{bare(address)} names no usable Location"
    return Outcome.UNREACHABLE, _unreachable(error, address)


def _unreachable(error: Exception, address: httpx.URL) -> str:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"TLS: the certificate of {address.host} is not valid: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"TLS: no secure connection to {address.host}: {cause.reason or cause}"
    words = str(error)
    if isinstance(error, httpx.ConnectError):
        return words or f"no connection to {address.host}"
    if isinstance(error, httpx.RemoteProtocolError):
        return f"{address.host} does not speak proper HTTP: {words}"
    return f"the connection to {address.host} broke: {words or type(error).__name__}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def _validators(address: httpx.URL, state: FetchState) -> list[tuple[bytes, bytes]]:
    """Return the conditional fields, byte for byte as issued (RFC 9110, 13.1), for their own URL only."""
    if state.validator_url != bare(address):
        return []
    pairs = ((b"If-None-Match", state.etag), (b"If-Modified-Since", state.last_modified))
    return [(name, value.encode("latin-1", "replace")) for name, value in pairs if value]


def _headers(response: httpx.Response) -> dict[str, str]:
    fields: dict[str, str] = {}
    for raw_name, raw_value in response.headers.raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name not in fields:
            fields[name] = value
        elif name in _LIST_FIELDS:
            fields[name] += ", " + value
    return fields


def bare(url: httpx.URL) -> str:
    """Return a URL as text without credentials and fragment: fit for logs and for comparing."""
    if not url.userinfo and not url.fragment:  # nearly always; parsing it anew costs more than all else here
        return str(url)
    return str(url.copy_with(username=None, password=None, fragment=None))


@functools.lru_cache(maxsize=16_384)  # the same addresses again and again, and httpx takes long to read one
def _address(text: str) -> httpx.URL | None:
    try:
        return httpx.URL(text.strip())
    except (httpx.InvalidURL, ValueError):
        return None


def _target(address: httpx.URL, location: str) -> httpx.URL | None:
    """Resolve a Location; credentials stay with their own origin, and none are taken from the server."""
    if not location.strip():
        return None
    try:
        # Servers put raw UTF-8 here, which the header rule (latin-1) took apart.
        target = address.join(location.strip().encode("latin-1").decode("utf-8", "replace"))
        target = target.copy_with(username=None, password=None, fragment=None)
        same = (target.scheme, target.host, target.port) == (address.scheme, address.host, address.port)
        if same and address.userinfo:
            target = target.copy_with(username=address.username, password=address.password)
    except (httpx.InvalidURL, ValueError):
        return None
    return target if target.host or target.scheme not in SCHEMES else None


def _end(outcome: Outcome, reason: str, address: httpx.URL | None) -> Fetched:
    return Fetched(outcome=outcome, reason=reason, url=bare(address) if address else "", headers={})
