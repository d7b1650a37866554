"""What is new about a story that was told."""

from dataclasses import dataclass
from enum import StrEnum


class NewsKind(StrEnum):
    """In what way something is new."""

    NUMBER = "number"
    ACT = "act"
    NAME = "name"
    LANGUAGE = "language"
    CONFIRMED = "confirmed"  # a second outlet has a text of its own
    ESCALATED = "escalated"  # a topic of higher priority now


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One thing that is new; `text` as the item says it, `before` what was told in its place."""

    kind: NewsKind
    text: str = ""
    before: str = ""
