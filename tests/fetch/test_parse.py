"""What is read from documents, and how each unreadable kind ends."""

import json
from datetime import UTC, datetime
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.document import Entry, Parsed, from_wire, to_wire
from monitor.fetch.language import primary
from monitor.fetch.parse import MAX_ENTRIES, _link, parse
from monitor.fetch.report import document
from monitor.model import Outcome
from monitor.text import gate

NOW = datetime(2025, 3, 1, tzinfo=UTC)
URL = "https://frontera.example/news/feed.xml"
ITEM = "<item><title>One</title><guid>1</guid></item>"


def rss(items: str = ITEM, head: str = "", prolog: str = "") -> str:
    return f'{prolog}<rss version="2.0"><channel><title>Frontera</title>{head}{items}</channel></rss>'


def reading(body: bytes | str, content_type: str = "") -> Parsed:
    raw = body.encode() if isinstance(body, str) else body
    headers = {"content-type": content_type} if content_type else {}
    return parse(raw, headers=headers, url=URL, now=NOW)


def only(body: bytes | str, content_type: str = "") -> Entry:
    parsed = reading(body, content_type)
    assert (parsed.outcome, len(parsed.entries)) == (Outcome.NEW, 1), parsed
    return parsed.entries[0]


def test_an_rss_item_is_read_whole() -> None:
    parsed = reading(
        rss(
            """<item><title>Tijuana: &lt;b&gt;aduanas&lt;/b&gt; &amp;amp; colas</title>
            <link>https://frontera.example/1?a=1&amp;b=2</link><guid isPermaLink="false">tag:1</guid>
            <description>&lt;p&gt;Uno&lt;/p&gt;&lt;p&gt;dos&lt;/p&gt;</description>
            <c:encoded><![CDATA[<p>Todo el <i>texto</i></p><script>x()</script>]]></c:encoded>
            <author>ana@example.com (Ana)</author><category>Frontera</category><category>Comercio</category>
            <pubDate>lun, 03 feb 2025 14:05:00 -0600</pubDate></item>""",
            head="<language>es-MX</language>",
        ).replace("<rss ", '<rss xmlns:c="http://purl.org/rss/1.0/modules/content/" ')
    )
    assert (parsed.outcome, parsed.reason) == (Outcome.NEW, "")
    assert (parsed.title, parsed.format, parsed.language) == ("Frontera", "rss20", "es")
    assert parsed.entries == (
        Entry(
            raw_id="tag:1",
            link="https://frontera.example/1?a=1&b=2",
            title="Tijuana: aduanas & colas",
            summary="Uno dos",
            body="Todo el texto",
            author="ana@example.com (Ana)",
            tags=("Frontera", "Comercio"),
            language="es",
            published=datetime(2025, 2, 3, 20, 5, tzinfo=UTC),
        ),
    )


def test_an_atom_entry_is_read_and_updated_is_not_aliased() -> None:
    head = '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>F</title>'
    entry = (
        "<entry><id>urn:1</id><title>One</title><link href='/1'/><content type='html'>&lt;p&gt;Hi&lt;/p&gt;"
        "</content><published>2025-02-03T00:00:00Z</published></entry></feed>"
    )
    parsed = reading(head + entry)
    assert parsed.format == "atom10"
    assert parsed.entries[0] == Entry(
        raw_id="urn:1",
        link="https://frontera.example/1",
        title="One",
        body="Hi",
        language="en",
        published=datetime(2025, 2, 3, tzinfo=UTC),
    )


def test_rdf_is_read_as_rss10() -> None:
    body = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        '<channel><title>F</title></channel><item rdf:about="u:1"><title>One</title></item></rdf:RDF>'
    )
    assert reading(body).format == "rss10"
    assert only(body).raw_id == "u:1"


def test_ids_stay_as_written_wherever_the_feed_is_fetched_from() -> None:
    """A guid made absolute would change with every redirect and turn all items new."""
    body = rss("<item><title>x</title><link>a/b</link><guid>4711</guid></item>")
    for url in (URL, "https://cdn.example/x/feed.xml"):
        assert parse(body.encode(), headers={}, url=url, now=NOW).entries[0].raw_id == "4711"
    assert only(body).link == "https://frontera.example/news/a/b"


@pytest.mark.parametrize(
    ("guid", "link"),
    [
        ("<guid>4711</guid>", None),
        ("<guid>urn:uuid:1</guid>", None),
        ("<guid>https://a.example/1</guid>", "https://a.example/1"),
        ('<guid isPermaLink="false">https://a.example/1</guid>', None),
        ("<link>javascript:alert(1)</link>", None),
        ("<link>mailto:a@b.example</link>", None),
        ("<link>//cdn.example/1</link>", "https://cdn.example/1"),
        ("<link>http://[::1</link>", None),
        ('<link xml:base="https://b.example/x/">y</link>', "https://b.example/x/y"),
    ],
)
def test_only_http_addresses_are_links(guid: str, link: str | None) -> None:
    assert only(rss(f"<item><title>x</title>{guid}</item>")).link == link


@given(
    st.sampled_from(["http://", "https://", "HTTP://", ""]),
    st.text("ab-.:@[]é_", max_size=6),
    st.text("/.ab?&=;#~!%'\\ é", max_size=9),
)
def test_a_link_that_is_kept_as_it_stands_is_what_cleaning_makes_of_it(
    scheme: str, host: str, rest: str
) -> None:
    address = f"{scheme}{host}/{rest}"
    try:
        absolute = urljoin(URL, address.strip())
    except ValueError:
        absolute = ""
    assert _link({"link": address}, URL) == gate.link(absolute)


TEXT = "Nuevo León — ataque"


@pytest.mark.parametrize(
    ("declared", "content_type", "encoding"),
    [
        ("", "", "utf-8"),
        ("", "text/xml; charset=windows-1252", "utf-8"),
        ("", "text/html", "utf-8"),
        ("iso-8859-1", "", "utf-8"),
        ("windows-1252", "", "cp1252"),
        ("", 'application/rss+xml; charset="windows-1252"', "cp1252"),
        ("", "text/xml", "cp1252"),
        ("utf-8", "text/xml; charset=utf-8", "cp1252"),
        ("utf-8", "text/plain; charset=no-such-thing", "utf-8"),
        ("utf-16", "", "utf-16"),
        ("", "", "utf-16"),
        ("", "", "utf-16-be"),
        ("", "", "utf-16-le"),
        ("", "", "utf-32"),
        ("", "", "utf-8-sig"),
    ],
)
def test_the_text_is_right_whatever_is_declared(declared: str, content_type: str, encoding: str) -> None:
    prolog = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    body = rss(f"<item><title>{TEXT}</title></item>", prolog=prolog).encode(encoding)
    assert only(body, content_type).title == TEXT


@pytest.mark.parametrize(
    "junk", ["\n\n", "\ufeff \r\n", "Warning: mysql gone\n", "PHP > ".replace(">", ":"), "\n" * 60_000]
)
def test_junk_before_the_document_is_skipped(junk: str) -> None:
    assert only(rss(prolog=junk + '<?xml version="1.0"?>' + junk[:1] * 5)).title == "One"


@pytest.mark.parametrize("body", [b"", b"   \r\n", b"\t"])
def test_nothing_is_empty(body: bytes) -> None:
    assert reading(body).outcome is Outcome.EMPTY


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>", '"Just a moment..."'),
        ("<HTML><body>Mantenimiento</body></HTML>", "an HTML page"),
        ("<!-- x --><html><body><item><title>x</title></item></body></html>", "an HTML page"),
        (
            '<html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head></html>',
            "it names /rss as its feed",
        ),
        ("<urlset><url><loc>https://a.example/</loc></url></urlset>", "root element <urlset>"),
        ("<opml version='2.0'><body/></opml>", "root element <opml>"),
        ("Service Unavailable", "plain text"),
        ("\x89PNG\r\n", "plain text"),
        ('{"error": "no such feed"}', "no JSON Feed"),
        ("[1, 2]", "no JSON Feed"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": {}}', "no JSON Feed"),
    ],
)
def test_what_is_no_feed_says_what_it_is(body: str, words: str) -> None:
    parsed = reading(body)
    assert (parsed.outcome, parsed.entries) == (Outcome.NOT_A_FEED, ())
    assert words in parsed.reason


def test_a_feed_wrapped_into_a_page_is_still_read() -> None:
    inner = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title>One</title></entry></feed>'
    assert only(f"<html>{inner}</html>").title == "One"
    page = '<html><body><p>Our feed:</p><feed class="x"><title>Frontera</title></feed></body></html>'
    assert reading(page).outcome is Outcome.NOT_A_FEED


def test_a_truncated_document_keeps_its_items_and_says_so() -> None:
    parsed = reading(rss()[:-20])
    assert (parsed.outcome, len(parsed.entries)) == (Outcome.NEW, 1)
    assert parsed.reason.startswith("damaged, 1 items read: ")
    assert parsed.damaged
    assert not reading(rss()).damaged


@pytest.mark.parametrize(
    "body",
    [
        '<?xml version="1.0"?><rss version="2.0"><channel><title>Fron',
        "<rss",
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>x</titel></feed>',
        '{"version": "https://jsonfeed.org/version/1", "items": [{"id": ',
        b'{"version": "https://jsonfeed.org/version/1", "title": "\xff", "items": []}',
    ],
)
def test_where_nothing_can_be_read_it_is_malformed(body: str | bytes) -> None:
    parsed = reading(body)
    assert (parsed.outcome, parsed.entries) == (Outcome.MALFORMED, ())
    assert parsed.reason


def test_a_well_formed_feed_without_items_is_read() -> None:
    assert reading(rss("")).outcome is Outcome.NEW


LAUGHS = '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "prolog",
    [
        LAUGHS,
        f'<?xml version="1.0"?>{LAUGHS}',
        f'<?xml version="1.0"?>\n<!-- <rss> -->\n{LAUGHS}',
        f"<!-- x --><?pi <x?>{LAUGHS}",
        LAUGHS.lower().replace("entity", "ENTITY"),
        '<!DOCTYPE rss [<!ENTITY % x SYSTEM "file:///etc/passwd">%x;]>',
        '<!DOCTYPE rss [<!ELEMENT rss ANY> <!-- ]> --> <!ENTITY a "x">]>',
        f"junk {LAUGHS}",
    ],
)
def test_entity_declarations_are_refused_unread(prolog: str) -> None:
    parsed = reading(rss("<item><title>&b;</title></item>", prolog=prolog))
    assert (parsed.outcome, parsed.entries) == (Outcome.HOSTILE, ())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "cp037", "utf-7", "utf-8-sig"])
def test_no_encoding_hides_an_entity_declaration(encoding: str) -> None:
    prolog = f'<?xml version="1.0" encoding="{encoding}"?>' + LAUGHS
    body = rss("<item><title>&b;</title></item>", prolog=prolog).encode(encoding)
    if encoding == "utf-7":  # only what follows the declaration is written in it
        rest = LAUGHS.replace("<", "+ADw-")
        body = rss(prolog=f'<?xml version="1.0" encoding="utf-7"?>{rest}').encode()
    assert reading(body).outcome is Outcome.HOSTILE


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://x.example/rss.dtd">',
        "<!DOCTYPE rss [<!ELEMENT rss ANY>]>",
    ],
)
def test_a_doctype_without_entities_is_harmless(prolog: str) -> None:
    assert only(rss(prolog=prolog)).title == "One"


def test_a_mention_of_an_entity_declaration_in_an_article_is_harmless() -> None:
    item = "<item><title>XXE</title><description><![CDATA[use <!ENTITY x 'y'> so]]></description></item>"
    assert only(rss(item)).title == "XXE"


def test_entries_and_fields_are_capped_and_the_cap_is_said() -> None:
    parsed = reading(rss("<item><title>x</title></item>" * (MAX_ENTRIES + 5)))
    assert len(parsed.entries) == MAX_ENTRIES
    assert parsed.reason == "2005 items, of which the first 2000 were read"
    big = only(rss(f"<item><title>{'t ' * 5000}</title><description>{'d ' * 200_000}</description></item>"))
    assert len(big.title) <= 500
    assert len(big.summary) <= 64 * 1024


@pytest.mark.parametrize("encoding", ["undefined", "idna", "punycode", "rot13", "base64", "x" * 300])
def test_a_silly_encoding_name_ends_in_an_outcome(encoding: str) -> None:
    body = rss(prolog=f'<?xml version="1.0" encoding="{encoding}"?>')
    assert reading(body).outcome in {Outcome.NEW, Outcome.MALFORMED}


@given(st.binary(max_size=300))
def test_any_bytes_end_in_an_outcome(body: bytes) -> None:
    parsed = reading(body)
    assert parsed.outcome is Outcome.NEW or (parsed.reason and not parsed.entries)


@given(st.text("<>![]&;/ rsitemfdchanl\"'=?-x1\ufeff\x00", max_size=200))
def test_any_markup_ends_in_an_outcome(body: str) -> None:
    for whole in (body, rss(body), f"<rss><channel>{body}"):
        assert reading(whole.encode("utf-8", "ignore")).outcome in set(Outcome)


JSON_FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Frontera &#8211; Norte",
    "language": "es-MX",
    "authors": [{"name": "Ana"}, {"name": "Luis"}],
    "items": [
        {
            "id": 7,
            "url": "/7",
            "title": "Uno",
            "content_text": "plain",
            "content_html": "<p>marked <b>up</b></p>",
            "summary": "corto",
            "tags": ["a", "a", 1, "b"],
            "date_published": "2025-02-03T14:05:00-06:00",
            "date_modified": "2025-02-04",
            "language": "en",
        },
        {
            "id": "8",
            "external_url": "https://b.example/8",
            "content_text": "a < b",
            "author": {"name": "Eva"},
        },
        {},
        "no object",
    ],
}


def test_json_feed_is_read_by_its_own_path() -> None:
    parsed = reading(json.dumps(JSON_FEED))
    assert (parsed.title, parsed.format, parsed.language) == ("Frontera – Norte", "json11", "es")
    assert parsed.reason == "1 items that are no objects were left out"
    assert parsed.entries == (
        Entry(
            raw_id="7",
            link="https://frontera.example/7",
            title="Uno",
            summary="corto",
            body="marked up",
            author="Ana, Luis",
            tags=("a", "b"),
            language="en",
            published=datetime(2025, 2, 3, 20, 5, tzinfo=UTC),
            updated=datetime(2025, 2, 4, tzinfo=UTC),
        ),
        Entry(raw_id="8", link="https://b.example/8", body="a < b", author="Eva", language="es"),
        Entry(author="Ana, Luis", language="es"),
    )


@pytest.mark.parametrize(
    ("version", "name"), [("1", "json10"), ("1.0", "json10"), ("1.1", "json11"), ("2", "json")]
)
def test_json_feed_versions(version: str, name: str) -> None:
    feed = {"version": f"https://jsonfeed.org/version/{version}", "items": []}
    assert reading("\ufeff" + json.dumps(feed)).format == name


def test_json_nested_beyond_reason_is_hostile() -> None:
    assert reading("[" * 100_000).outcome is Outcome.HOSTILE


def test_json_feeds_are_capped_too() -> None:
    feed = {**JSON_FEED, "items": [{"id": number} for number in range(MAX_ENTRIES + 1)]}
    parsed = reading(json.dumps(feed))
    assert len(parsed.entries) == MAX_ENTRIES
    assert "the first 2000" in parsed.reason


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("es-MX", "es"),
        ("EN_us", "en"),
        ("spa", "es"),
        ("Español", "es"),
        ("", "und"),
        (None, "und"),
        ("x1", "und"),
    ],
)
def test_primary_language_subtags(tag: str | None, expected: str) -> None:
    assert primary(tag) == expected


def test_a_parsed_document_crosses_the_pipe_unchanged() -> None:
    parsed = reading(json.dumps(JSON_FEED))
    assert from_wire(json.loads(json.dumps(to_wire(parsed)))) == parsed


def test_the_report_has_rfc_3339_dates_or_null() -> None:
    report = document("f.json", reading(json.dumps(JSON_FEED)))
    assert report["feed"] == {"title": "Frontera – Norte", "format": "json11", "language": "es"}
    assert (report["file"], report["outcome"]) == ("f.json", "parsed")
    assert report["items"][0] == {
        "id": "7",
        "title": "Uno",
        "link": "https://frontera.example/7",
        "published": "2025-02-03T20:05:00Z",
        "updated": "2025-02-04T00:00:00Z",
        "text": "marked up",
    }
    assert report["items"][2]["published"] is None
