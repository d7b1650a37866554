"""Reading only the unseen entries means the same as reading all of them; where it might not, all are read."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import feedparser.api
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch import strict
from monitor.fetch.cut import cut, outside, piece
from monitor.fetch.document import Entry, Parsed
from monitor.fetch.parse import MAX_ENTRIES, parse
from monitor.model import Outcome

NOW = datetime(2026, 3, 1, tzinfo=UTC)
URL = "https://frontera.example/news/feed.xml"
WHOLE = "<!DOCTYPE feed>"  # means nothing to feedparser, and is enough not to cut


def reading(body: str | bytes, seen: Any = (), url: str = URL) -> Parsed:
    raw = body.encode() if isinstance(body, str) else body
    return parse(raw, headers={}, url=url, now=NOW, seen=frozenset(seen))


RSS = (
    (
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>La Frontera</title>'
        "<link>https://frontera.example/</link>{head}"
    ),
    "</channel></rss>",
)
ATOM = ('<feed xmlns="http://www.w3.org/2005/Atom"{attributes}><title>Frontera</title>{head}', "</feed>")
RDF = (
    (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        '<channel rdf:about="u:0"><title>Frontera</title>{head}</channel>'
    ),
    "<image><title>logo</title></image></rdf:RDF>",
)
ITEMS = (
    (
        "<item><title>Aduana de Tijuana</title><link>https://frontera.example/1</link><guid>1</guid>"
        "<description>&lt;p&gt;Año&lt;/p&gt;</description><pubDate>lun, 03 feb 2025 14:05:00 -0600</pubDate></item>"
    ),
    "<item><title>Aduana de Tijuana (actualizado)</title><link>/1</link><guid>1</guid></item>",
    "<item><title>CDATA</title><description><![CDATA[<item><title>no</title></item>]]></description></item>",
    "<item><!-- <item> </item> --><title>comment</title><?php </item> ?><guid isPermaLink='false'>2</guid></item>",
    "<item/>",
    "<item rdf='&gt;/&gt;' ><title>x</title></item >",
    '<item><title>own</title><m:title xmlns:m="http://search.yahoo.com/mrss/">theirs</m:title></item>',
    '<item><title>odd</title><x:creator xmlns:x="urn:none">Eva</x:creator></item>',
    '<item><dc:x xmlns:dc="urn:not-dublin-core">x</dc:x><title>prefix taken</title></item>',
    '<item><x:creator xmlns:x="http://purl.org/dc/elements/1.1/">Luis</x:creator><title>late</title></item>',
    '<item xml:base="https://b.example/x/"><title>base</title><link>y</link></item>',
    '<item xml:lang="fr"><title>langue</title></item>',
    "<item><title>relative</title><link>rel/1</link><guid>rel/1</guid></item>",
    "<item><dc:language>en</dc:language><dc:creator>Ana</dc:creator><title>by</title></item>",
    "<item><title>image</title><image><url>https://a.example/i</url><title>i</title></image></item>",
    "<item><content:encoded><![CDATA[<p>todo</p>]]></content:encoded><description>corto</description></item>",
    "<item><description>solo</description><summary>segundo</summary><title>two texts</title></item>",
    "<item><description><div>stray</div> rest</description><title>stray div</title></item>",
    '<item xml:base="https://c.example/"><description><div>x</div></description><title>both</title></item>',
    "<item><source url='https://s.example/'>Fuente</source><title>source</title></item>",
    "<item><title>later</title><category>Norte</category><author>ana@a.example (Ana)</author></item>",
)
ENTRIES = (
    (
        "<entry><id>urn:1</id><title>One</title><link href='https://a.example/1'/><content type='html'>&lt;p&gt;a"
        "</content><updated>2025-02-03T00:00:00Z</updated></entry>"
    ),
    "<entry><id>urn:1</id><title>One, edited</title><link href='/1'/></entry>",
    "<entry><id>2</id><title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>T <b>b</b></div></title></entry>",
    (
        "<entry><id>urn:3</id><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><details><summary>s"
        "</summary>rest</details></div></content></entry>"
    ),
    "<entry><id>urn:4</id><content type='html' xml:base='https://b.example/x'>&lt;p&gt;x&lt;/p&gt;</content></entry>",
    "<entry xml:base='https://c.example/c/'><id>urn:5</id><link href='rel'/></entry>",
    "<entry><id>rel</id><link href='rel'/><title xml:lang='es'>año</title></entry>",
    "<entry><id>urn:6</id><source><title>Other</title><id>s</id></source><author><name>Ana</name></author></entry>",
    "<entry><id>urn:7</id><content type='html'><div>stray</div></content><summary>s</summary></entry>",
    "<entry xmlns:t='http://purl.org/dc/terms/'><id>urn:8</id><t:created>2025-01-01</t:created><title>ns</title></entry>",
    "<entry><id>urn:9</id><content type='image/png'>AAAA</content><category term='x' label='Equis'/></entry>",
    (
        "<entry><id>urn:10</id><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><svg xmlns="
        "'http://www.w3.org/2000/svg'><title>drawn</title></svg></div></content><title>svg</title></entry>"
    ),
)
HEADS = (
    "",
    "<language>es-MX</language>",
    "<language>en</language><image><title>i</title><url>https://a.example/i</url></image>",
    '<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">head</content:encoded>',
    '<x:y xmlns:x="urn:head">z</x:y><ttl>60</ttl>',
    "<description>a</description><summary>b</summary>",
)
ATTRIBUTES = ("", " xml:lang='es_MX'", " xml:base='https://base.example/b/'", " xmlns:x='urn:none'")
BETWEEN = ("\n  ", "", "<!-- <item/> -->", "<?pi <entry> ?>", "\r\n]]", "<x>y</x>")
TAILS = ("", "<title>Late</title>", "<language>fr</language>", "<webMaster>w</webMaster>")


@st.composite
def versions(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a feed and a later version of it: entries added, dropped, moved, edited; sometimes another head."""
    (opening, closing), pool = draw(
        st.sampled_from([(RSS, ITEMS), (ATOM, ENTRIES), (RDF, ITEMS[:8] + ITEMS[9:13])])
    )
    if opening is RDF[0]:
        pool = tuple(item for item in pool if "dc:" not in item and "content:" not in item)
    head, attributes = draw(st.sampled_from(HEADS)), draw(st.sampled_from(ATTRIBUTES))
    between, tail = draw(st.sampled_from(BETWEEN)), draw(st.sampled_from(("", "", *TAILS)))
    documents = []
    for _ in range(2):
        entries = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=7))
        if draw(st.integers(0, 9)) == 0:
            head = draw(st.sampled_from(HEADS))
        middle = between.join(["", *entries, ""])
        documents.append(opening.format(head=head, attributes=attributes) + middle + tail + closing)
    return documents[0], documents[1]


def encoded(document: str, encoding: str, *, whole: bool = False) -> bytes:
    declared = "utf-16" if encoding.startswith("utf-16") else encoding
    prolog = "" if encoding == "utf-16-le" else f'<?xml version="1.0" encoding="{declared}"?>'
    return (prolog + (WHOLE if whole else "") + document).encode(encoding)


def remembered(old: Parsed, new: Parsed) -> tuple[Entry, ...]:
    """Put the entries of the new version together from those just read and those of the old version."""
    memory = dict(zip(old.pieces, old.entries, strict=True))
    fresh = iter(new.entries)
    found = tuple(memory[name] if name in memory else next(fresh) for name in new.pieces)
    assert next(fresh, None) is None
    return found


ENCODINGS = st.sampled_from(
    ["utf-8", "utf-8", "utf-8-sig", "iso-8859-1", "windows-1252", "utf-16", "utf-16-le"]
)


@given(versions(), ENCODINGS)
def test_what_is_new_and_what_was_seen_are_the_whole_feed(documents: tuple[str, str], encoding: str) -> None:
    old = reading(encoded(documents[0], encoding))
    new = reading(encoded(documents[1], encoding), old.pieces)
    whole = reading(encoded(documents[1], encoding, whole=True))
    assert whole.pieces == ()
    if new.pieces and old.pieces:
        new = replace(new, entries=remembered(old, new))
    assert replace(new, pieces=()) == whole


@given(st.permutations(range(len(ITEMS))), st.integers(0, len(ITEMS)))
def test_plain_entries_are_cut_in_any_order(order: list[int], count: int) -> None:
    """The property above would hold too if nothing were ever cut."""
    plain = {0, 1, 2, 3, 4, 7, 12, 13, 15, 16, 19, 20}
    chosen = [ITEMS[number] for number in order if number in plain]
    document = RSS[0].format(head="") + "".join(chosen) + RSS[1]
    parsed = reading(document)
    assert len(parsed.pieces) == len(parsed.entries) == len(plain)
    again = reading(document, parsed.pieces[count:])
    assert again == replace(parsed, entries=parsed.entries[:count])


JSON_ITEMS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(["1", "2", 3])},
        optional={
            "content_html": st.sampled_from(["<p>uno</p>", "dos"]),
            "language": st.sampled_from(["es", "en"]),
            "url": st.just("/a"),
        },
    )
    | st.just("no object"),
    max_size=6,
)


@given(JSON_ITEMS, JSON_ITEMS, st.sampled_from(["es", "en"]), st.booleans())
def test_the_same_holds_for_json_feeds(old: list[Any], new: list[Any], language: str, ordered: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Norte"}
    before = reading(json.dumps({**feed, "language": "es", "items": old}))
    body = json.dumps({**feed, "language": language, "items": new}, indent=2, sort_keys=ordered)
    after, whole = reading(body, before.pieces), reading(body)
    assert replace(after, entries=remembered(before, after)) == whole
    if language == "es":
        assert all(
            name in before.pieces
            for item, name in zip(_objects(new), after.pieces, strict=True)
            if item in old
        )


def _objects(items: list[Any]) -> list[Any]:
    return [item for item in items if isinstance(item, dict)]


def rss(*items: str, head: str = "") -> str:
    return RSS[0].format(head=head) + "".join(items) + RSS[1]


def test_entries_of_the_same_bytes_both_count() -> None:
    parsed = reading(rss(ITEMS[0], ITEMS[0], ITEMS[2]))
    assert len(parsed.entries) == len(parsed.pieces) == 3
    assert parsed.pieces[0] == parsed.pieces[1] != parsed.pieces[2]
    assert [entry.title for entry in reading(rss(*ITEMS[:1] * 3, ITEMS[2]), parsed.pieces[:1]).entries] == [
        "CDATA"
    ]


def test_when_all_was_seen_the_head_is_still_read() -> None:
    head = "<language>es</language><ttl>90</ttl><skipHours><hour>3</hour></skipHours>"
    parsed = reading(rss(*ITEMS[:3], head=head))
    again = reading(rss(*ITEMS[:3], head=head), parsed.pieces)
    assert again == replace(parsed, entries=())
    assert (again.title, again.language, again.hints.min_interval, again.hints.skip_hours) == (
        "La Frontera",
        "es",
        5400,
        (3,),
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (rss(ITEMS[0], head="<language>es</language>"), rss(ITEMS[0], head="<language>en</language>")),
        (rss(ITEMS[0]), rss(ITEMS[0]).replace("<channel>", "<channel xml:base='https://b.example/'>")),
        (rss(ITEMS[0]), rss(ITEMS[0]).replace("<channel>", "<channel xml:lang='es'>")),
        (rss(ITEMS[13]), rss(ITEMS[13]).replace("purl.org/dc/elements", "purl.org/x/elements")),
        (rss(ITEMS[0]), rss(ITEMS[0], head="<image><url>https://a.example/i</url></image>")),
        (rss(ITEMS[0]), rss(ITEMS[0]).replace("</title><link>", "</title ><link>", 2)),
    ],
    ids=["language", "base", "xml:lang", "namespace", "image", "a byte of the entry"],
)
def test_what_could_change_an_entrys_meaning_makes_it_another_piece(one: str, other: str) -> None:
    first, second = reading(one).pieces, reading(other).pieces
    assert len(first) == len(second) == 1
    assert first != second


def test_another_address_makes_another_piece() -> None:
    """Relative links are resolved against it."""
    assert reading(rss(ITEMS[1])).pieces != reading(rss(ITEMS[1]), url="https://b.example/").pieces


def test_what_changes_elsewhere_leaves_a_piece_alone() -> None:
    one = reading(rss(ITEMS[0], ITEMS[2], head="<lastBuildDate>Mon, 3 Feb 2025 00:00:00 GMT</lastBuildDate>"))
    other = reading(
        rss(ITEMS[3], ITEMS[0], head="<description>nuevo</description>").replace("La Front", "El Front")
    )
    assert one.pieces[0] == other.pieces[1]


@pytest.mark.parametrize(
    "document",
    [
        WHOLE + rss(ITEMS[0]),
        rss(ITEMS[0])[:-6],
        rss("<item><title>a &nbsp; b</title></item>"),
        rss("<item><title>a</title><item><title>b</title></item></item>"),
        rss("<item><item/></item>"),
        rss(ITEMS[0]).replace("</channel>", "</channel><item/>"),
        rss(ITEMS[0]).replace("</channel>", "</channel><channel><item/></channel>"),
        rss(f"<items>{ITEMS[0]}</items>", ITEMS[0]),
        rss(ITEMS[0], "<title>late</title>"),
        rss(ITEMS[17], ITEMS[0]),
        rss(ITEMS[10], ITEMS[12]),
        rss(ITEMS[6]),
        rss(ITEMS[8]),
        rss(ITEMS[9], ITEMS[7]),
        f"<html><rss><channel>{ITEMS[0]}</channel></rss></html>",
        f"<cdf><channel>{ITEMS[0]}</channel></cdf>",
        rss("<item/>" * (MAX_ENTRIES + 1)),
        "<rss>" + "<a>" * 40 + ITEMS[0] + "</a>" * 40 + "</rss>",
        rss(),
    ],
)
def test_what_is_not_sure_is_read_whole(document: str) -> None:
    parsed = reading(document, [piece(b"", b"")])
    assert parsed.pieces == ()
    assert parsed == reading(document)


def test_a_bad_entry_that_was_seen_does_not_hide_that_the_document_is_broken() -> None:
    good = reading(rss(ITEMS[0], ITEMS[2]))
    broken = reading(rss(ITEMS[0], ITEMS[2]) + "<", good.pieces)
    assert (broken.damaged, len(broken.entries), broken.pieces) == (True, 2, ())


def test_spans_are_the_bytes_of_the_entries() -> None:
    document = rss(*ITEMS[2:6]).encode()
    found = cut(document, limit=10)
    assert found is not None
    assert [document[start:end].decode() for start, end in found.spans] == list(ITEMS[2:6])
    assert outside(document, found.spans) == rss().encode()


def test_the_state_that_is_compared_is_all_of_feedparsers() -> None:
    """A new feedparser may keep more: decide for each whether an entry's meaning can depend on it."""
    machine = feedparser.api.StrictFeedParser("", None, "utf-8")
    known = {
        "baseuri", "basestack", "bozo", "contentparams", "decls", "depth", "elementstack", "encoding", "entries", "exc",
        "feeddata", "hasContent", "inauthor", "incontent", "incontributor", "inentry", "infeed", "ingeometry",
        "inimage", "inpublisher", "insource", "intextinput", "lang", "langstack", "namespacemap", "namespaces_in_use",
        "property_depth_map", "psc_chapters_flag", "sourcedata", "svgOK", "title_depth", "version", "_locator",
        "_summaryKey",
    }  # fmt: skip
    assert set(vars(machine)) == known
    assert known - strict._GROWING >= {
        "baseuri",
        "basestack",
        "lang",
        "langstack",
        "incontent",
        "version",
        "depth",
    }


@pytest.mark.parametrize(
    "body",
    [
        "<rss>" + "<a>" * 200_000,
        "<rss><channel><item>" + "<b>" * 200_000 + "</b>" * 200_000 + "</item></channel></rss>",
        "<rss><channel>" + "<item>" * 100_000,
        "<rss><channel><item " + "a='" * 300_000,
        "<rss><channel>" + "<![CDATA[" * 100_000 + " " * 2000 + "]]>" * 100_000,
        "<rss><channel><item>" + "<!--" * 200_000,
    ],
    ids=["head", "entry", "entries", "attribute", "cdata", "comment"],
)
def test_hostile_markup_ends(body: str) -> None:
    assert cut(body.encode(), limit=MAX_ENTRIES) is None or body.endswith("</rss>")


def test_long_white_space_is_shortened_outside_cdata_only() -> None:
    spaces = " \n\t" * 2000
    item = f"<item>{spaces}<title>a{spaces}b</title><description><![CDATA[<pre>{spaces}</pre>]]></description></item>"
    document = rss(spaces, item)
    parsed = reading(document)
    assert (parsed.outcome, len(parsed.pieces)) == (Outcome.NEW, 1)
    assert parsed.entries[0].title == "a b"
    same = reading(rss(" " * 5000, item.replace(spaces, "\n", 2)))
    assert same.pieces == parsed.pieces
    kept = item.replace(f"[<pre>{spaces}<", "[<pre> <").replace(spaces, "\n")
    assert reading(rss(kept)).pieces != parsed.pieces


def test_a_feed_in_a_random_order_is_read_from_memory() -> None:
    """Every entry is only ever read once, however often the feed is shuffled."""
    dice = random.Random(7)
    items = [
        f"<item><guid>https://a.example/{number}</guid><title>{number}</title></item>" for number in range(40)
    ]
    first = reading(rss(*items))
    memory = dict(zip(first.pieces, first.entries, strict=True))
    for _ in range(5):
        dice.shuffle(items)
        again = reading(rss(*items), memory)
        assert again.entries == ()
        assert sorted(again.pieces) == sorted(first.pieces)
