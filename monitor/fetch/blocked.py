"""Recognise answers of services that keep robots out, from what only such an answer holds (pure).

The table names nothing that a site's own answer could hold as well: those services mark every answer that passes
through them, so their presence alone says nothing. A recognised answer is explained, never worked around.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

PAGE_LIMIT: Final = 64 * 1024  # bytes on the wire of a refusal's page that are looked at

_HTML = re.compile(  # atomic, so that a run of comments is read once
    rb"(?:\xef\xbb\xbf)?(?>\s*<!--.{0,2000}?-->)*+\s*+<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
_REFUSALS: Final = frozenset({403, 405, 406, 429, 503})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One kind of answer: all that is given must hold.

    `statuses` are those it comes with, `fields` header fields (lower case) with a pattern for their value, `page`
    a pattern in the body, `hosts` the last host asked.
    """

    name: str
    statuses: frozenset[int]
    fields: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    page: re.Pattern[bytes] | None = None
    hosts: frozenset[str] = frozenset()


def _fields(**patterns: str) -> dict[str, re.Pattern[str]]:
    return {name.replace("_", "-"): re.compile(text, re.IGNORECASE) for name, text in patterns.items()}


def _page(text: bytes) -> re.Pattern[bytes]:
    return re.compile(text, re.IGNORECASE)


# The 4xx and 5xx that a service answers in the place of the site; 429 without a challenge is a plea for patience.
SIGNS: Final[tuple[Sign, ...]] = (
    Sign(
        name="Cloudflare challenge",
        statuses=frozenset(range(400, 600)),
        fields=_fields(cf_mitigated=r"\Achallenge\Z"),
    ),
    Sign(
        name="Cloudflare challenge",
        statuses=frozenset({403, 503}),
        fields=_fields(server=r"\Acloudflare\Z"),
        page=_page(rb"_cf_chl_opt|<title>Just a moment\.\.\.</title>"),
    ),
    Sign(
        name="Cloudflare firewall",
        statuses=frozenset({403, 503}),
        fields=_fields(server=r"\Acloudflare\Z"),
        page=_page(
            rb"\A\s*error code: 10\d\d\s*\Z|<title>Attention Required! \| Cloudflare</title>|id=\"cf-error-details\""
        ),
    ),
    Sign(name="Akamai", statuses=frozenset({403}), fields=_fields(server=r"\AAkamaiGHost\Z")),
    Sign(
        name="Imperva",
        statuses=frozenset({200, *_REFUSALS}),
        page=_page(rb"Incapsula incident ID|_Incapsula_Resource\?SWUDNSAI="),
    ),
    Sign(name="DataDome", statuses=_REFUSALS, fields=_fields(server=r"\ADataDome\Z")),
    Sign(name="DataDome", statuses=_REFUSALS, fields=_fields(x_dd_b=r"\S")),
    Sign(
        name="DataDome",
        statuses=_REFUSALS,
        fields=_fields(x_datadome=r"\S"),
        page=_page(rb"captcha-delivery\.com"),
    ),
    Sign(name="Sucuri firewall", statuses=_REFUSALS, fields=_fields(x_sucuri_block=r"\S")),
    Sign(
        name="Sucuri firewall",
        statuses=_REFUSALS,
        fields=_fields(x_sucuri_id=r"\S"),
        page=_page(rb"Sucuri WebSite Firewall - Access Denied"),
    ),
    Sign(name="HUMAN (PerimeterX)", statuses=_REFUSALS, page=_page(rb"id=[\"']px-captcha[\"']")),
    Sign(
        name="AWS WAF",
        statuses=frozenset({202, 403, 405}),
        fields=_fields(x_amzn_waf_action=r"\A(?:challenge|captcha)\Z"),
    ),
    Sign(
        name="Vercel firewall",
        statuses=frozenset({403, 429}),
        fields=_fields(x_vercel_mitigated=r"\A(?:challenge|deny)\Z"),
    ),
    Sign(
        name="Anubis",
        statuses=frozenset({200, *_REFUSALS}),
        page=_page(rb"<script id=\"anubis_challenge\""),
    ),
    Sign(
        name="consent page of Google",
        statuses=frozenset({200}),
        hosts=frozenset({"consent.google.com", "consent.youtube.com"}),
    ),
    Sign(
        name="consent page of Yahoo",
        statuses=frozenset({200}),
        hosts=frozenset({"consent.yahoo.com", "guce.yahoo.com"}),
    ),
)

PAGE_STATUSES: Final = frozenset().union(*(sign.statuses for sign in SIGNS if sign.page)) - {200}


def recognise(*, status: int, headers: Mapping[str, str], host: str, body: bytes = b"") -> str | None:
    """Return the name of what kept us out, or None when nothing certain says so.

    `headers` are in lower case, `body` is decoded, its beginning at least. An answer with status 200 is looked at
    only when it is an HTML page: a feed may well write about such services.
    """
    if status == 200 and not _HTML.match(body):
        return None
    for sign in SIGNS:
        if status in sign.statuses and _holds(sign, headers, host, body):
            return sign.name
    return None


def ways_out(host: str) -> str:
    """Say what a person can do about a feed at `host` that keeps robots out."""
    site = host.removeprefix("www.")
    return (
        "only a browser gets past it. Ask the publisher to let our User-Agent through, look for the address that "
        f"they offer to feed readers, or follow them by a search feed: "
        f"https://news.google.com/rss/search?q=site:{site}"
    )


def _holds(sign: Sign, headers: Mapping[str, str], host: str, body: bytes) -> bool:
    if sign.hosts and host.lower() not in sign.hosts:
        return False
    if not all(pattern.search(headers.get(name, "")) for name, pattern in sign.fields.items()):
        return False
    return sign.page is None or sign.page.search(body, 0, PAGE_LIMIT * 4) is not None
