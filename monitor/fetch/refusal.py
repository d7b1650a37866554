"""What the status of a refused request means, in words that a person can act on.

Which outcome follows when, and how long to wait then, is decided elsewhere.
"""

from collections.abc import Mapping

import httpx

from monitor.fetch.access import Reach, origin
from monitor.fetch.blocked import recognise, ways_out
from monitor.model import Outcome

_ADVICE: dict[int, tuple[Outcome, str]] = {
    226: (Outcome.HTTP_ERROR, "a part of the feed, which was not asked for"),
    304: (Outcome.HTTP_ERROR, "not modified, in answer to a request without validators"),
    403: (Outcome.BLOCKED, "the server refuses us; ask the publisher to allow our User-Agent"),
    404: (Outcome.NOT_FOUND, "nothing is at this address; look for the feed's new one"),
    410: (Outcome.GONE, "the publisher says that the feed is gone for good"),
    429: (Outcome.RATE_LIMITED, "the server asks us to come less often"),
    451: (Outcome.BLOCKED, "withheld for legal reasons"),
}


def refusal(
    status: int, headers: Mapping[str, str], *, address: httpx.URL, reach: Reach, page: bytes
) -> tuple[Outcome, str]:
    """Name the outcome of any status that brings no feed, and say what to do.

    `headers` are in lower case, `address` is the one that answered, `page` the beginning of what came with it.
    """
    host = address.host
    if name := recognise(status=status, headers=headers, host=host, body=page):
        return Outcome.BLOCKED, blocked(name, status, host)
    if status == 401:
        return Outcome.UNAUTHORIZED, f"HTTP 401 from {host}: {_login_words(address, reach)}"
    if status == 407:
        return proxy_failure("HTTP 407", reach)
    if status in _ADVICE:
        outcome, advice = _ADVICE[status]
        if status == 403 and reach.credentials and origin(address) == reach.origin:
            advice += f", or to give the right to read to {reach.credentials}"
        return outcome, f"HTTP {status} from {host}: {advice}"
    if 500 <= status <= 599:
        return Outcome.SERVER_ERROR, f"HTTP {status} from {host}: the server failed"
    return Outcome.HTTP_ERROR, f"HTTP {status} from {host}, which is no answer for a feed"


def blocked(name: str, status: int, host: str) -> str:
    """Say that a service kept us out, and what can be done."""
    return f"HTTP {status} from {host}: blocked by {name}: {ways_out(host)}"


def proxy_failure(words: str, reach: Reach) -> tuple[Outcome, str]:
    """Explain a proxy that failed or asks who we are (407); `words` are its own."""
    if "407" not in words:
        return Outcome.UNREACHABLE, f"the proxy cannot connect us: {words}"
    if reach.proxy_credentials:
        advice = f"the proxy does not accept the credentials: check {reach.proxy_credentials}"
    elif reach.proxy:
        advice = (
            f"the proxy {reach.proxy} asks for credentials, and none are configured: write its address with user "
            'and password into a secret, and proxy = {file = "PATH"}'
        )
    else:
        advice = "a proxy on the way asks for credentials, and no proxy is configured for this feed"
    return Outcome.UNAUTHORIZED, f"HTTP 407: {advice}"


def _login_words(address: httpx.URL, reach: Reach) -> str:
    if address.userinfo:
        return "the feed does not accept the credentials in its address"
    if not reach.credentials:
        return "the feed asks for credentials, and none are configured: give it auth, a header or a cookie"
    if origin(address) != reach.origin:
        return f"no credentials were sent here, where redirects led: {reach.credentials} stays with {reach.origin}"
    return f"the feed does not accept the credentials: check {reach.credentials}"
