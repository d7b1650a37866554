"""Reads feeds from an OPML subscription list: nested outlines with `xmlUrl`, at any depth.

A document type is refused and nothing external is loaded. What makes a good feed is for `feed_files` to say.
"""

from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from monitor.config.document import shown
from monitor.errors import ConfigError, Problem

MAX_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of the list; `group` is the title of the outline around it."""

    title: str
    url: str
    language: str
    group: str
    line: int | None


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


def _outlines(root: etree._Element) -> list[Outline]:
    found = []
    for element in root.iter("{*}outline", "outline"):
        attributes = {str(key).lower(): str(value).strip() for key, value in element.attrib.items()}
        if "xmlurl" not in attributes:
            continue
        parent = element.getparent()
        group = parent is not None and _local_name(parent) == "outline"
        found.append(
            Outline(
                title=_title(attributes) or attributes["xmlurl"],
                url=attributes["xmlurl"],
                language=attributes.get("language", ""),
                group=_title({str(k).lower(): str(v) for k, v in parent.attrib.items()}) if group else "",
                line=element.sourceline,
            )
        )
    return found


def _title(attributes: dict[str, str]) -> str:
    return " ".join((attributes.get("title") or attributes.get("text") or "").split())


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
