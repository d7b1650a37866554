"""Reads and writes OPML 2.0 subscription lists: nested outlines, feeds being those with `xmlUrl`.

A document type is refused and nothing external is loaded. What makes a good feed is for `feed_files` to say.
What is written reads back as the same feeds in the same groups, and is written again as the same bytes.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

from lxml import etree

from monitor.config.document import shown
from monitor.config.values import slug_fault
from monitor.errors import ConfigError, Problem
from monitor.model import Feed
from monitor.text.gate import without_credentials

MAX_BYTES = 10 * 1024 * 1024
TITLE_LIMIT = 200
GROUP_LIMIT = 200
DEFAULT_KIND = "news"
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of the list.

    `group` is the path of the titles of the outlines around it, outermost first: `Mexico/Tijuana`; `language` as
    written; `kind` a slug or empty. One that is not `enabled` is commented out (`isComment`), or is below one that is.
    """

    title: str
    url: str
    language: str = ""
    group: str = ""
    kind: str = ""
    enabled: bool = True
    line: int | None = None


def read_opml(path: Path) -> list[Outline]:
    """Read one OPML file in its order; raises ConfigError when it cannot be read, or is not plain OPML."""
    name = shown(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        problem = Problem(
            file=name, message=f"cannot be read: {error.strerror}", hint="check path and permissions"
        )
        raise ConfigError([problem]) from error
    if len(raw) > MAX_BYTES:
        problem = Problem(file=name, message=f"is larger than {MAX_BYTES >> 20} MiB", hint="split the list")
        raise ConfigError([problem])
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise ConfigError([_not_well_formed(name, error)]) from error
    if root.getroottree().docinfo.doctype:
        hint = "remove the <!DOCTYPE …> part; a subscription list needs none"
        raise ConfigError([Problem(file=name, message="has a document type, which is refused", hint=hint)])
    if _local_name(root) != "opml":
        hint = "the outermost element must be <opml>"
        raise ConfigError(
            [Problem(file=name, message="is XML, but no OPML", hint=hint, line=root.sourceline)]
        )
    return _outlines(root)


def write_opml(feeds: Iterable[Feed], *, title: str, now: datetime, include_disabled: bool = False) -> bytes:
    """Write feeds as OPML 2.0 in UTF-8: nested groups by region (`Mexico/Tijuana` is two), then those without one.

    `category` holds the kind. User names and passwords are left out. Disabled feeds are left out too, unless they
    are asked for: then they are marked `isComment="true"`, which the specification has for this.
    """
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = _line(title)
    etree.SubElement(head, "dateCreated").text = format_datetime(now, usegmt=True)
    body = etree.SubElement(root, "body")
    groups: dict[tuple[str, ...], etree._Element] = {(): body}
    chosen = [feed for feed in feeds if feed.enabled or include_disabled]
    for feed in sorted(chosen, key=_order):
        _add(_group(groups, _path([feed.region])), feed)
    xml: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return xml


def _order(feed: Feed) -> tuple[bool, list[str], tuple[str, ...], str, str]:
    path = _path([feed.region])
    return not path, [part.casefold() for part in path], path, _shown(feed).casefold(), _address(feed)


def _shown(feed: Feed) -> str:
    return _line(feed.title)[:TITLE_LIMIT].strip() or _address(feed)


def _address(feed: Feed) -> str:
    return _line(without_credentials(feed.url))


def _group(groups: dict[tuple[str, ...], etree._Element], path: tuple[str, ...]) -> etree._Element:
    if path not in groups:
        around = _group(groups, path[:-1])
        groups[path] = etree.SubElement(around, "outline", text=path[-1], title=path[-1])
    return groups[path]


def _add(around: etree._Element, feed: Feed) -> None:
    title = _shown(feed)
    outline = etree.SubElement(around, "outline", type="rss", text=title, title=title, xmlUrl=_address(feed))
    if feed.language != "und":
        outline.set("language", feed.language)
    outline.set("category", feed.kind)
    if not feed.enabled:
        outline.set("isComment", "true")


def _outlines(root: etree._Element) -> list[Outline]:
    found = []
    for element in root.iter("{*}outline", "outline"):
        attributes = _attributes(element)
        if "xmlurl" not in attributes:
            continue
        around = [_attributes(each) for each in element.iterancestors("{*}outline", "outline")]
        kind = attributes.get("category", "")
        found.append(
            Outline(
                title=_title(attributes) or attributes["xmlurl"],
                url=attributes["xmlurl"],
                language=attributes.get("language", ""),
                group="/".join(_path([_title(each) for each in reversed(around)])),
                kind="" if slug_fault(kind) else kind,
                enabled=not any(each.get("iscomment") == "true" for each in (attributes, *around)),
                line=element.sourceline,
            )
        )
    return found


def _attributes(element: etree._Element) -> dict[str, str]:
    return {str(key).lower(): str(value).strip() for key, value in element.attrib.items()}


def _title(attributes: dict[str, str]) -> str:
    return _line(attributes.get("title") or attributes.get("text") or "")[:TITLE_LIMIT].strip()


def _path(titles: Sequence[str]) -> tuple[str, ...]:
    """Cut group titles at slashes, and drop the innermost ones that do not fit into GROUP_LIMIT characters."""
    parts = [
        name for title in titles for part in title.split("/") if (name := _line(part)[:GROUP_LIMIT].strip())
    ]
    while len("/".join(parts)) > GROUP_LIMIT:
        parts.pop()
    return tuple(parts)


def _line(text: str) -> str:
    """Make one line of what XML can hold."""
    return " ".join(
        _NO_XML.sub("", " ".join(text.split())).split()
    )  # a form feed parts words, and XML has none


def _local_name(element: etree._Element) -> str:
    return str(etree.QName(element).localname).lower()


def _not_well_formed(name: str, error: etree.XMLSyntaxError) -> Problem:
    line, column = error.position
    return Problem(
        file=name,
        message=f"is not well-formed XML: {error.msg}",
        hint="export the list again, or repair this place",
        line=line or None,
        column=column or None,
    )
