"""One conditional GET for a feed, redirects included, ended in a closed set of outcomes.

It sends back the exact validators a server issued, only to the URL that issued them, follows redirects itself
so that each hop is guarded, and never raises for anything a server or the network can do. It does not parse,
store or decide when to ask again.
"""

import asyncio
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import httpx

from monitor.errors import GuardError
from monitor.model import FetchState, Outcome
from monitor.net.bounded import BodyBroken, BodyTooLarge, read_bounded
from monitor.net.client import SCHEMES

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)
_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LIST_FIELDS = frozenset({"cache-control", "content-encoding", "link"})  # may stand on several lines
_ADVICE: dict[int, tuple[Outcome, str]] = {
    401: (Outcome.UNAUTHORIZED, "the feed asks for credentials; check the address or the password in it"),
    403: (Outcome.BLOCKED, "the server refuses us; ask the publisher to allow our User-Agent"),
    404: (Outcome.NOT_FOUND, "nothing is at this address; look for the feed's new one"),
    407: (Outcome.UNAUTHORIZED, "a proxy on the way asks for credentials"),
    410: (Outcome.GONE, "the publisher says that the feed is gone for good"),
    429: (Outcome.RATE_LIMITED, "the server asks us to come less often"),
    451: (Outcome.BLOCKED, "withheld for legal reasons"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """Limits of one poll: body sizes in bytes, time in seconds over all redirects together."""

    max_raw: int = 5 * 1024 * 1024
    max_decoded: int = 20 * 1024 * 1024
    total_timeout: float = 30.0
    max_redirects: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """How the request ended. `outcome` is None when there is a body to parse.

    `url` is the last one asked, without credentials and fragment: base for relative links, and what
    validators belong to. `headers` are the last response's, lower-case, values as latin-1 text. `size` counts
    body bytes on the wire. `permanent_url` is where the unbroken run of 301 and 308 at the start led.
    """

    outcome: Outcome | None
    reason: str
    url: str
    status: int | None = None
    headers: Mapping[str, str]
    body: bytes = b""
    size: int = 0
    seconds: float = 0.0
    permanent_url: str | None = None


async def fetch(
    client: httpx.AsyncClient, feed_url: str, state: FetchState, *, options: FetchOptions
) -> Fetched:
    """Ask for the feed once, conditionally, within `options.total_timeout` seconds in all."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(options.total_timeout):
            fetched = await _follow(client, feed_url, state, options)
    except TimeoutError:
        reason = f"no complete answer within {options.total_timeout:g} s"
        fetched = _end(Outcome.TIMEOUT, reason, _address(feed_url))
    return replace(fetched, seconds=time.monotonic() - started)


async def _follow(
    client: httpx.AsyncClient, feed_url: str, state: FetchState, options: FetchOptions
) -> Fetched:
    address = _address(feed_url)
    if address is None:
        return _end(Outcome.UNREACHABLE, "the feed's address cannot be read as a URL", None)
    seen: set[str] = set()
    permanent: str | None = None
    unbroken = True
    while True:
        seen.add(bare(address))
        answer = await _ask(client, address, state, options)
        if answer.outcome is not None or answer.status not in _REDIRECTS:
            return replace(answer, permanent_url=permanent)
        target = _target(address, answer.headers.get("location", ""))
        if target is None:
            reason = f"{answer.url} names no usable Location (HTTP {answer.status})"
            return replace(answer, outcome=Outcome.REDIRECT_LOOP, reason=reason)
        if bare(target) in seen or len(seen) > options.max_redirects:
            return replace(answer, outcome=Outcome.REDIRECT_LOOP, reason=_circle(seen, target))
        if target.scheme not in SCHEMES:
            reason = f"{answer.url} redirects to a {target.scheme}: address; only http and https are followed"
            return replace(answer, outcome=Outcome.FORBIDDEN_ADDRESS, reason=reason)
        unbroken = unbroken and answer.status in _PERMANENT
        permanent = bare(target) if unbroken else permanent
        address = target


def _circle(seen: set[str], target: httpx.URL) -> str:
    if bare(target) in seen:
        return f"the redirects lead in a circle, back to {bare(target)}"
    return f"more than {len(seen) - 1} redirects, the last to {bare(target)}"


async def _ask(
    client: httpx.AsyncClient, address: httpx.URL, state: FetchState, options: FetchOptions
) -> Fetched:
    """Send one request; a redirect comes back with outcome None and its status."""
    conditional = _validators(address, state)
    headers = [(b"Accept", ACCEPT.encode()), (b"Accept-Encoding", b"gzip"), *conditional]
    try:
        request = client.build_request("GET", address, headers=headers)
    except httpx.InvalidURL as error:
        return _end(Outcome.UNREACHABLE, f"not an address that can be asked: {error}", address)
    try:
        response = await client.send(request, stream=True)
    except GuardError as error:
        return _end(Outcome.FORBIDDEN_ADDRESS, str(error), address)
    except httpx.TimeoutException as error:
        return _end(Outcome.TIMEOUT, str(error) or f"{address.host} did not answer in time", address)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # httpx reads the Location of a redirect even where it does not follow, and raises for a bad one.
        if isinstance(error, httpx.InvalidURL) or "location header" in str(error):
            return _end(Outcome.REDIRECT_LOOP, f"{bare(address)} names no usable Location", address)
        return _end(Outcome.UNREACHABLE, _unreachable(error, address), address)
    try:
        return await _judge(response, address, options, asked=bool(conditional))
    finally:
        await response.aclose()


async def _judge(
    response: httpx.Response, address: httpx.URL, options: FetchOptions, *, asked: bool
) -> Fetched:
    status = response.status_code
    answer = Fetched(outcome=None, reason="", url=bare(address), status=status, headers=_headers(response))
    if status in _REDIRECTS:
        return answer
    if status == 304 and asked:
        return replace(answer, outcome=Outcome.NOT_MODIFIED, reason="HTTP 304: not modified")
    if status in {204, 205}:
        return replace(answer, outcome=Outcome.EMPTY, reason=f"HTTP {status}: no content")
    if status != 200:
        outcome, reason = _refusal(status, answer.headers, address)
        return replace(answer, outcome=outcome, reason=reason)
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
        answer = replace(answer, body=body)
        if not body.strip():
            answer = replace(answer, outcome=Outcome.EMPTY, reason="HTTP 200 with an empty body")
    return replace(answer, size=response.num_bytes_downloaded)


def _refusal(status: int, headers: Mapping[str, str], address: httpx.URL) -> tuple[Outcome, str]:
    if status >= 400 and headers.get("cf-mitigated", "").lower() == "challenge":
        return Outcome.BLOCKED, (
            f"HTTP {status}: blocked: Cloudflare challenge at {address.host}, which only a browser can pass; "
            "ask the publisher to let feed readers through"
        )
    if status in _ADVICE:
        outcome, advice = _ADVICE[status]
        return outcome, f"HTTP {status} from {address.host}: {advice}"
    if 500 <= status <= 599:
        return Outcome.SERVER_ERROR, f"HTTP {status} from {address.host}: the server failed"
    if status == 304:
        return Outcome.HTTP_ERROR, f"HTTP 304 from {address.host} to a request without validators"
    return Outcome.HTTP_ERROR, f"HTTP {status} from {address.host}, which is no answer for a feed"


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
    return str(url.copy_with(username=None, password=None, fragment=None))


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
