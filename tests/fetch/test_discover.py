"""What candidates a page, its headers and its address give, and that no page can stretch the time."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.discover import (
    MAX_CANDIDATES,
    Candidate,
    How,
    dates,
    google_news,
    guesses,
    is_comments,
    page_candidates,
    per_day,
    same_items,
    same_site,
    start_addresses,
)
from monitor.fetch.document import Entry, Parsed
from monitor.model import Outcome

URL = "https://www.paper.example/section/page"
RSS = 'type="application/rss+xml"'


def found(page: str, *, url: str = URL, link: str = "") -> list[tuple[str, str]]:
    candidates = page_candidates(page.encode(), url=url, headers={"link": link})
    return [(each.how.value, each.url) for each in candidates]


@pytest.mark.parametrize(
    ("tag", "address"),
    [
        (f'<link rel="alternate" {RSS} href="https://paper.example/rss">', "https://paper.example/rss"),
        ("<LINK REL=Alternate TYPE=Application/Atom+XML HREF=/atom>", "https://www.paper.example/atom"),
        (f"<link href='feed/' {RSS} rel='alternate home'/>", "https://www.paper.example/section/feed/"),
        (f'<link rel="home alternate" {RSS} href="//b.example/f">', "https://b.example/f"),
        ('<link rel=alternate type="application/feed+json; charset=utf-8" href=/f.json>', "https://www.paper.example/f.json"),
        (f'<link\n rel="alternate"\n {RSS}\n title="A > B &raquo; C"\n href="/f?a=1&amp;b=2#top"\n>', "https://www.paper.example/f?a=1&b=2"),
        ('<link rel="feed" href="/all">', "https://www.paper.example/all"),
        ('<link rel="alternate" type="text/xml" href="/x" href="/y">', "https://www.paper.example/x"),
    ],
)  # fmt: skip
def test_a_page_names_its_feeds_in_many_spellings(tag: str, address: str) -> None:
    assert found(f"<html><head>{tag}</head>") == [("link", address)]


@pytest.mark.parametrize(
    "page",
    [
        f'<!-- <link rel="alternate" {RSS} href="/old"> -->',
        f'<script>var a = \'<link rel="alternate" {RSS} href="/js">\';</script>',
        f'<link rel="stylesheet" {RSS} href="/s">',
        '<link rel="alternate" hreflang="es" href="/es/">',
        '<link rel="alternate" type="application/json" href="/wp-json/wp/v2/posts/1">',
        '<link rel="alternate" type="text/xml+oembed" href="/oembed">',
        f'<link rel="alternate" {RSS} href="javascript:alert(1)">',
        f'<link rel="alternate" {RSS} href="http://[bad/">',
        f'<link rel="alternate" {RSS}>',
        f'<link rel="alternate" {RSS} href="{URL}#self">',
        '<a href="/feedback">Write to us</a>',
        '<a href="https://feedly.example/i/subscription/feed/x">Follow</a>',
        '<a href="/news/feeding-the-poor">Story</a>',
    ],
)
def test_what_is_no_feed_is_not_taken_for_one(page: str) -> None:
    assert found(page) == []


def test_relative_addresses_count_from_the_first_base() -> None:
    page = f'<base href="/en/"><base href="/no/"><link rel=alternate {RSS} href="f"><a href="feed/">RSS</a>'
    assert found(page) == [
        ("link", "https://www.paper.example/en/f"),
        ("anchor", "https://www.paper.example/en/feed/"),
    ]


def test_named_feeds_come_first_then_the_header_then_links_and_comments_last() -> None:
    page = (
        '<a href="/rss/local.xml">Local</a><a href="https://feeds.paper.example/rss">All</a>'
        f'<link rel="alternate" {RSS} href="/comments/feed/"><link rel="alternate" {RSS} href="/feed/">'
    )
    header = '</style.css>; rel=preload, </h>; rel="alternate"; type="application/atom+xml"'
    assert found(page, link=header) == [
        ("link", "https://www.paper.example/feed/"),
        ("header", "https://www.paper.example/h"),
        ("anchor", "https://www.paper.example/rss/local.xml"),
        ("anchor", "https://feeds.paper.example/rss"),
        ("link", "https://www.paper.example/comments/feed/"),
    ]


@pytest.mark.parametrize(
    "href",
    [
        "/feed", "/feed/", "/rss", "/rss.xml", "/es/rss/", "/atom.xml", "/feeds/", "/?feed=rss2", "/a.rss",
        "/x?format=rss", "/index.xml", "/arc/outboundfeeds/rss/?outputType=xml", "/feeds/posts/default?alt=rss",
        "/portada.xml", "/rss-es.xml",
    ],
)  # fmt: skip
def test_links_that_look_like_feeds_are_candidates(href: str) -> None:
    assert found(f'<a class="x" href="{href}">Suscríbete</a>') == [
        ("anchor", f"https://www.paper.example{href}")
    ]


def test_a_page_of_many_links_gives_a_bounded_number() -> None:
    page = "".join(f'<a href="/feed/{n}">x</a>' for n in range(5000))
    assert len(found(page)) == MAX_CANDIDATES


FLOODS = [
    "<!--",
    "<!---->",
    "<div>",
    "&",
    "<",
    "<a ",
    "<a href=",
    '<a href="',
    "<a '\"",
    "<link rel=alternate href=/f",
]
FLOODS += [
    "<script>",
    "<script></script>",
    "<script></script",
    "a=",
    '"',
    "<a" + " " * 50,
    "<a href=/feed/x>",
]
FLOODS += [
    f"<link rel=alternate {RSS} href='/f&#1234567890;'>",
    "<base href=/x>",
    "<>",
    "&#9",
    "\x00",
    "<style>a",
]


@pytest.mark.parametrize("flood", FLOODS)
@pytest.mark.parametrize("head", ["", "<a ", '<link rel="'])
def test_a_flood_of_a_megabyte_takes_less_than_a_second(flood: str, head: str) -> None:
    page = (head + flood * (1024 * 1024 // len(flood))).encode()
    started = time.process_time()
    page_candidates(page, url=URL, headers={"link": page.decode()})
    guesses(URL, page=page)
    assert time.process_time() - started < 1


@given(st.text(alphabet="<>\"'=!-/ abcdehiklnorstx&#;", max_size=300), st.text(max_size=60))
def test_nothing_a_page_holds_raises_or_leads_elsewhere_than_to_the_web(page: str, href: str) -> None:
    body = f"{page}<link rel=alternate {RSS} href='{href}'>".encode()
    for each in page_candidates(body, url=URL, headers={"link": f"<{href}>{page}"}):
        assert each.url.startswith(("http://", "https://"))


def test_wide_pages_are_read() -> None:
    page = f'<link rel="alternate" {RSS} href="/f">'.encode("utf-16")
    assert [each.url for each in page_candidates(page, url="https://a.example/", headers={})] == [
        "https://a.example/f"
    ]


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("elpasomatters.org", ("https://elpasomatters.org", "http://elpasomatters.org")),
        (" paper.mx/norte ", ("https://paper.mx/norte", "http://paper.mx/norte")),
        ("127.0.0.1:80", ("https://127.0.0.1:80", "http://127.0.0.1:80")),
        ("HTTP://paper.mx/", ("HTTP://paper.mx/",)),
        ("ftp://paper.mx/", ()),
        ("elpaso", ()),
        ("", ()),
        ("mailto:a@b.mx", ()),
        ("two words.mx", ()),
    ],
)
def test_what_a_person_types_is_an_address_or_refused(typed: str, asked: tuple[str, ...]) -> None:
    assert start_addresses(typed) == asked


def test_guesses_begin_with_the_section_and_the_publishing_system() -> None:
    def paths(url: str, page: bytes = b"") -> list[str]:
        return [each.url.removeprefix("https://a.example") for each in guesses(url, page=page)]

    plain = paths("https://a.example/")
    assert plain[0] == "/feed/"
    assert {"/rss", "/rss.xml", "/atom.xml", "/index.xml", "/feeds/posts/default", "/?feed=rss2"} <= set(
        plain
    )
    assert paths("https://a.example/category/border/")[:2] == ["/category/border/feed/", "/feed/"]
    assert paths("https://a.example/index.html")[0] == "/feed/"
    assert paths("https://a.example", b"/sites/default/files Drupal 10")[0] == "/rss.xml"
    assert paths("https://a.example", b"//www.BLOGGER.com/static")[0] == "/feeds/posts/default"
    assert paths("https://a.example", b'src="/pf/dist/x.js"')[0] == "/arc/outboundfeeds/rss/?outputType=xml"
    assert len(plain) == len(set(plain)) <= 12


def test_google_news_is_offered_in_english_and_spanish() -> None:
    english, spanish = google_news("https://www.elpasomatters.org/a")
    assert english.url == (
        "https://news.google.com/rss/search?q=site%3Aelpasomatters.org&hl=en-US&gl=US&ceid=US%3Aen"
    )
    assert "hl=es-419&gl=MX&ceid=MX%3Aes-419" in spanish.url


@pytest.mark.parametrize(
    ("url", "title", "is_one"),
    [
        ("https://a.example/comments/feed/", "", True),
        ("https://a.example/?feed=comments-rss2", "", True),
        ("https://a.example/feeds/comments/default", "", True),
        ("https://a.example/feed/", "Comments on: A story", True),
        ("https://a.example/feed/", "Comentarios en: Una nota", True),
        ("https://a.example/feed/", "Commentary", False),
        ("https://a.example/feed/", "The Paper", False),
    ],
)
def test_feeds_of_comments_are_told_by_address_or_title(url: str, title: str, is_one: bool) -> None:  # noqa: FBT001
    assert is_comments(Candidate(url=url, how=How.LINK), title) is is_one


NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_the_rate_is_that_of_the_window_where_it_tells_one() -> None:
    assert per_day([NOON - timedelta(days=2), NOON - timedelta(days=1), NOON]) == 1
    assert per_day([NOON - timedelta(hours=6), NOON]) == 4
    assert per_day([NOON]) is None
    assert per_day([]) is None
    assert per_day([NOON] * 50) is None


@given(st.lists(st.datetimes(datetime(2000, 1, 1), datetime(2027, 1, 1)), max_size=9))  # noqa: DTZ001
def test_a_rate_is_never_negative_or_beyond_one_window_an_hour(moments: list[datetime]) -> None:
    rate = per_day(sorted(moments))
    assert rate is None or 0 < rate <= 24 * len(moments)


def test_undated_entries_count_for_no_rate() -> None:
    entries = (Entry(published=NOON), Entry(), Entry(updated=NOON - timedelta(days=1)))
    assert dates(Parsed(outcome=Outcome.NEW, entries=entries)) == [NOON - timedelta(days=1), NOON]


def test_rss_and_atom_of_one_feed_hold_the_same_items() -> None:
    rss = Parsed(outcome=Outcome.NEW, entries=(Entry(raw_id="1", link="http://a.example/1?utm_source=rss"),))
    atom = Parsed(outcome=Outcome.NEW, entries=(Entry(raw_id="tag:1", link="https://a.example/1"),))
    assert same_items(rss, atom)
    assert not same_items(Parsed(outcome=Outcome.NEW), Parsed(outcome=Outcome.NEW))


def test_a_site_is_a_host_and_what_is_below_it() -> None:
    assert same_site("https://www.a.example/", "http://feeds.a.example/x")
    assert same_site("https://blog.a.example/", "https://a.example/")
    assert not same_site("https://nota.example/", "https://a.example/")
