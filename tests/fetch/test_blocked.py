"""Services that keep robots out are named when their answer is certain, and never by their presence alone."""

import pytest

from monitor.fetch.blocked import PAGE_STATUSES, SIGNS, recognise, ways_out

CHALLENGE = (
    b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><script>window._cf_chl_opt={}</script>"
)
JSD = b"<html><body>Sold out<script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script></body></html>"
CLOUDFLARE = {"server": "cloudflare", "cf-ray": "8f"}

KEPT_OUT = [
    (403, {"cf-mitigated": "challenge"}, b"", "Cloudflare challenge"),
    (503, {"cf-mitigated": "Challenge"}, b"", "Cloudflare challenge"),
    (429, {"cf-mitigated": "challenge"}, b"", "Cloudflare challenge"),
    (403, CLOUDFLARE, CHALLENGE, "Cloudflare challenge"),
    (503, CLOUDFLARE, CHALLENGE, "Cloudflare challenge"),
    (403, CLOUDFLARE, b"error code: 1010", "Cloudflare firewall"),
    (403, CLOUDFLARE, b"<html><title>Attention Required! | Cloudflare</title>", "Cloudflare firewall"),
    (403, {"server": "AkamaiGHost"}, b"<HTML><TITLE>Access Denied</TITLE>", "Akamai"),
    (403, {"x-iinfo": "9-1"}, b"Request unsuccessful. Incapsula incident ID: 1-2", "Imperva"),
    (200, {}, b'<html><iframe id="main-iframe" src="/_Incapsula_Resource?SWUDNSAI=31&x">', "Imperva"),
    (403, {"server": "DataDome"}, b"", "DataDome"),
    (403, {"x-datadome": "protected", "x-dd-b": "1"}, b"", "DataDome"),
    (405, {"x-datadome": "protected"}, b"<script src='https://ct.captcha-delivery.com/c.js'>", "DataDome"),
    (403, {"x-sucuri-id": "11", "x-sucuri-block": "BLACK01"}, b"", "Sucuri firewall"),
    (
        403,
        {"x-sucuri-id": "11"},
        b"<title>Sucuri WebSite Firewall - Access Denied</title>",
        "Sucuri firewall",
    ),
    (403, {}, b'<html><div id="px-captcha"></div>', "HUMAN (PerimeterX)"),
    (202, {"x-amzn-waf-action": "challenge"}, b"", "AWS WAF"),
    (405, {"x-amzn-waf-action": "captcha"}, b"", "AWS WAF"),
    (429, {"x-vercel-mitigated": "challenge"}, b"", "Vercel firewall"),
    (200, {}, b'\n<!doctype HTML><html><script id="anubis_challenge" type="application/json">', "Anubis"),
]


@pytest.mark.parametrize(("status", "headers", "body", "name"), KEPT_OUT)
def test_each_service_is_recognised(status: int, headers: dict[str, str], body: bytes, name: str) -> None:
    assert recognise(status=status, headers=headers, host="paper.mx", body=body) == name


def test_each_sign_of_the_table_has_an_answer_that_shows_it() -> None:
    shown = {name for *_, name in KEPT_OUT} | {"consent page of Google", "consent page of Yahoo"}
    assert {sign.name for sign in SIGNS} == shown


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (403, CLOUDFLARE, b"<html>Subscribers only</html>"),  # the site's own 403, passed on
        (403, CLOUDFLARE, JSD),
        (503, CLOUDFLARE, b"<html>Back soon</html>"),
        (429, CLOUDFLARE, b"error code: 1015"),  # a plea for patience
        (200, CLOUDFLARE, CHALLENGE.replace(b"<!DOCTYPE html><html>", b"<rss>")),
        (403, {"x-iinfo": "9-1", "set-cookie": "visid_incap_1=a"}, b"<html>Subscribers only</html>"),
        (403, {"x-datadome": "protected"}, b"<html>Subscribers only</html>"),
        (403, {"x-sucuri-id": "11"}, b"<html>Subscribers only</html>"),
        (404, {"server": "AkamaiGHost"}, b""),
        (403, {}, b""),
        (200, {}, b"<html><head><title>Noticias</title></head><div class='g-recaptcha'></div>"),
        (200, {}, JSD),
    ],
)
def test_an_answer_of_the_site_itself_is_not_taken_for_a_block(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    assert recognise(status=status, headers=headers, host="paper.mx", body=body) is None


def test_a_feed_may_write_about_such_services() -> None:
    for *_, body, _ in KEPT_OUT:
        feed = (
            b"<?xml version='1.0'?><rss><item><description><![CDATA["
            + body
            + b"]]></description></item></rss>"
        )
        assert recognise(status=200, headers={}, host="consent.google.com", body=feed) is None


@pytest.mark.parametrize(
    "host", ["consent.google.com", "CONSENT.youtube.com", "consent.yahoo.com", "guce.yahoo.com"]
)
def test_a_consent_page_is_told_by_where_it_stands(host: str) -> None:
    found = recognise(status=200, headers={}, host=host, body=b"<html><form>Aceptar todo</form></html>")
    assert found
    assert "consent" in found


def test_a_page_may_begin_with_a_mark_and_comments() -> None:
    page = b'\xef\xbb\xbf <!-- v1 -->\n<!-- v2 -->\n<html><script id="anubis_challenge">'
    assert recognise(status=200, headers={}, host="paper.mx", body=page) == "Anubis"


def test_a_page_is_read_only_where_it_can_tell_something() -> None:
    assert {403, 405, 503} <= PAGE_STATUSES
    assert not {200, 204, 301, 304, 401, 404, 410, 500} & PAGE_STATUSES


def test_a_hostile_page_is_judged_quickly() -> None:
    comments = b"<!-- -->" * 30_000
    for body in (b"<!--" * 60_000, b"<html>" + comments, comments + b"<rss>", b" " * 250_000):
        assert recognise(status=200, headers={}, host="paper.mx", body=body) is None
        assert recognise(status=403, headers=CLOUDFLARE, host="paper.mx", body=body) is None


def test_the_way_out_is_people_and_official_addresses() -> None:
    words = ways_out("www.paper.mx")
    assert "let our User-Agent through" in words
    assert "https://news.google.com/rss/search?q=site:paper.mx" in words
