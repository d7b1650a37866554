"""Recorded feeds: what each outlet shows at which moment of a run, and what must become of each item.

Expectations are data beside the texts. Nothing here serves, renders or judges: `feed_server` serves,
`documents` renders, `expectations` judges.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Format = Literal["rss", "atom", "rdf", "json"]

_FORMATS: Mapping[str, Format] = {"rss": "rss", "atom": "atom", "rdf": "rdf", "json": "json"}

FOLDER = Path(__file__).parent / "recordings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One wording of an item, shown from `at` seconds after the run began (0: from the very first window)."""

    at: float
    title: str
    summary: str
    topics: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedItem:
    """One item: `versions` by rising `at`, never empty; `hours_old` is for items of the first window only."""

    id: str
    link: str
    author: str
    tags: tuple[str, ...]
    hours_old: float
    story: str
    versions: tuple[Version, ...]

    @property
    def appears(self) -> float:
        """Seconds after the run began at which the item turns up; 0 for the first window."""
        return self.versions[0].at

    def version_at(self, elapsed: float | None) -> Version | None:
        """Say which wording is shown, if any; `elapsed` is None while the run has not begun."""
        shown = [version for version in self.versions if version.at == 0 or _reached(version.at, elapsed)]
        return shown[-1] if shown else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The first request at or after `at` seconds is answered with `status`."""

    at: float
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One feed and the way its server behaves."""

    slug: str
    title: str
    language: str
    region: str
    format: Format
    home: str
    etag: bool
    last_modified: bool
    gzip: bool
    items: tuple[RecordedItem, ...]
    faults: tuple[Fault, ...]

    def changes(self) -> tuple[float, ...]:
        """List the moments at which the document changes, rising, without the first window."""
        return tuple(
            sorted({version.at for item in self.items for version in item.versions if version.at > 0})
        )

    def last_change(self, elapsed: float | None) -> float:
        """Say when the document shown now became so; 0 is the first window."""
        return max((at for at in self.changes() if _reached(at, elapsed)), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedStory:
    """A happening that must lead to exactly one alert on each channel, about at least these topics."""

    story: str
    title: str
    topics: frozenset[str]


def load_recordings(folder: Path = FOLDER) -> tuple[Recording, ...]:
    """Read every `*.toml` of a folder, in order of file name.

    Raises ValueError or KeyError naming the file when one does not have the expected shape.
    """
    return tuple(_recording(path) for path in sorted(folder.glob("*.toml")))


def expected_stories(recordings: Iterable[Recording]) -> tuple[ExpectedStory, ...]:
    """Collect the stories that must alert, in the order in which they become due."""
    due: dict[str, tuple[float, str, frozenset[str]]] = {}
    for item in (item for recording in recordings for item in recording.items):
        for version in item.versions:
            if version.at == 0 or not version.topics:
                continue
            at, title, topics = due.get(item.story, (version.at, version.title, frozenset[str]()))
            if version.at < at:
                at, title = version.at, version.title
            due[item.story] = (at, title, topics | version.topics)
    return tuple(
        ExpectedStory(story=story, title=title, topics=topics)
        for story, (_, title, topics) in sorted(due.items(), key=lambda pair: pair[1][0])
    )


def stories_by_link(recordings: Iterable[Recording]) -> dict[str, str]:
    """Map the link of every item to the story it belongs to."""
    return {item.link: item.story for recording in recordings for item in recording.items}


def _reached(at: float, elapsed: float | None) -> bool:
    return elapsed is not None and elapsed >= at


def _recording(path: Path) -> Recording:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return Recording(
            slug=raw["slug"],
            title=raw["title"],
            language=raw["language"],
            region=raw["region"],
            format=_FORMATS[raw["format"]],
            home=raw["home"],
            etag=raw["etag"],
            last_modified=raw["last_modified"],
            gzip=raw["gzip"],
            items=tuple(_item(item) for item in raw["item"]),
            faults=tuple(
                Fault(at=float(fault["at"]), status=fault["status"]) for fault in raw.get("fault", ())
            ),
        )
    except KeyError as error:
        raise KeyError(f"{path}: {error} is missing or unknown") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _item(raw: Mapping[str, Any]) -> RecordedItem:
    first = _version(raw, at=float(raw["appears"]))
    versions = (first, *(_version(update, at=float(update["at"])) for update in raw.get("update", ())))
    if list(versions) != sorted(versions, key=lambda version: version.at):
        raise ValueError(f"item {raw['id']}: its updates must come in order of time, after it appears")
    return RecordedItem(
        id=raw["id"],
        link=raw["link"],
        author=raw.get("author", ""),
        tags=tuple(raw.get("tags", ())),
        hours_old=float(raw.get("hours_old", 0)),
        story=raw["story"],
        versions=versions,
    )


def _version(raw: Mapping[str, Any], *, at: float) -> Version:
    return Version(at=at, title=raw["title"], summary=raw["summary"], topics=frozenset(raw["topics"]))
