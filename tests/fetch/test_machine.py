"""The quick ways through feedparser's strict parser lead to what its own ways lead to."""

import xml.sax
import xml.sax.handler
from typing import Any

import feedparser.api
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.machine import Machine

HEADS = (
    (
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:m="http://search.yahoo.com/mrss/"'
        ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:u="urn:own"{more}><channel>'
    ),
    (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:m="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
        ' xmlns:u="urn:own"{more}>'
    ),
    (
        '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:m="http://search.yahoo.com/mrss/"'
        ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:u="urn:own"{more}>'
    ),
)
ENDS = ("</channel></rss>", "</feed>", "</r:RDF>")
ENTRIES = ("item", "entry", "item")
MORE = ("", ' xml:base="https://b.example/"', ' xml:lang="es-MX"', ' xmlns:x="http://www.w3.org/1999/xlink"')
TEXTS = (
    "Aduana", " El  muro\n", "Año", "AÃ±o", "\u0093dicho\u0094", "«Ãa»", "&lt;p&gt;uno&lt;/p&gt;", "a &amp; b", "",
    "<![CDATA[<b>x</b> &amp; y]]>", "<b xmlns='http://www.w3.org/1999/xhtml'>dentro</b>", "QcOzbW8=", "<u:y>y</u:y>",
    "https://a.example/?a=1&amp;b=2", "/relativo", "Mon, 02 Feb 2026 10:00:00 GMT", "2026-02-02T10:00:00Z",
)  # fmt: skip
NAMES = (
    "title", "link", "guid", "id", "description", "summary", "content", "author", "name", "category", "pubDate",
    "updated", "image", "url", "textInput", "source", "comments", "TITLE", "svg", "math", "div", "foo", "dc:creator",
    "dc:subject", "dc:date", "m:title", "m:content", "itunes:keywords", "itunes:author", "u:title", "body", "tags",
    "rights", "width",
)  # fmt: skip
ATTRIBUTES = (
    "", ' isPermaLink="false"', ' isPermaLink="true"', ' type="text"', ' type="html"', ' type="xhtml"',
    ' type="text/plain"', ' mode="base64"', ' mode="escaped" type="text/plain"', ' href="https://a.example/1"',
    ' xml:base="https://c.example/d/"', ' xml:lang="en"', ' rel="enclosure" href="x.mp3"', ' xmlns="urn:other"',
    ' xmlns:dc="urn:not-dublin-core"', ' type="application/octet-stream"',
)  # fmt: skip
element = st.tuples(st.sampled_from(NAMES), st.sampled_from(ATTRIBUTES) | st.just(""), st.sampled_from(TEXTS))
elements = st.lists(
    element.map(lambda it: f"<{it[0]}{it[1]}>{it[2]}</{it[0]}>")
    | st.tuples(element, element).map(
        lambda two: (
            f"<{two[0][0]}{two[0][1]}>{two[0][2]}<{two[1][0]}{two[1][1]}>{two[1][2]}</{two[1][0]}></{two[0][0]}>"
        )
    ),
    max_size=5,
).map("".join)


class Slow(feedparser.api.StrictFeedParser):  # type: ignore[misc]  # feedparser is not typed
    """feedparser's own parser, set as ours."""

    def __init__(self) -> None:
        super().__init__("", None, "utf-8")
        self.resolve_relative_uris = False
        self.sanitize_html = False


def state_after(machine: Any, document: str) -> dict[str, Any]:
    """Return all that a parser has noted of a document, as text so that types count; what it raises ends it."""
    source: Any = xml.sax.make_parser()
    source.setFeature(xml.sax.handler.feature_namespaces, True)
    source.setFeature(xml.sax.handler.feature_external_ges, False)
    source.setContentHandler(machine)
    source.setErrorHandler(machine)
    source.feed(b"")
    if isinstance(machine, Machine):
        machine.listen(source._parser)
    source._parser.buffer_text = True
    fault = ""
    try:
        source.feed(document.encode())
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        fault = repr(error)
    known = vars(machine)
    depths = list(known["property_depth_map"].values())
    return {
        "fault": fault,
        "depths": depths,
        "classes": [[type(value) for value in entry.values()] for entry in machine.entries],
        **{
            name: repr(value)
            for name, value in known.items()
            if name not in {"_locator", "property_depth_map"}
        },
    }


@given(
    st.integers(0, 2),
    st.sampled_from(MORE),
    st.lists(elements, min_size=1, max_size=3),
    elements,
)
def test_the_machine_notes_what_feedparser_notes(kind: int, more: str, items: list[str], head: str) -> None:
    name = ENTRIES[kind]
    entries = "".join(f"<{name}>{item}</{name}>" for item in items)
    document = f"{HEADS[kind].format(more=more)}{head}{entries}{ENDS[kind]}"
    assert state_after(Machine(), document) == state_after(Slow(), document)


def test_plain_elements_never_reach_the_reader_of_xml_sax() -> None:
    source: Any = xml.sax.make_parser()
    source.setFeature(xml.sax.handler.feature_namespaces, True)
    machine = Machine()
    source.setContentHandler(machine)
    source.feed(b"")
    reached = []
    parser = source._parser
    parser.StartElementHandler = lambda name, _: reached.append(name)
    parser.EndElementHandler = reached.append
    machine.listen(parser)
    source.feed("<item><title type='html'>Ladrón</title><guid isPermaLink='false'>1</guid></item>".encode())
    assert reached == []
