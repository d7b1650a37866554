"""Language tags as feeds write them, reduced to the primary subtag (pure)."""

import re

UNKNOWN = "und"
_SHORT = {"spa": "es", "esp": "es", "eng": "en", "spanish": "es", "english": "en", "español": "es"}


_TAG = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{1,8})*", re.IGNORECASE)


def is_tag(text: str) -> bool:
    """Whether a text has the shape of a language tag with a primary subtag (BCP 47): `es`, `es-MX`, `und`."""
    return _TAG.fullmatch(text) is not None


def primary(tag: str | None) -> str:
    """Return the primary subtag in lower case (BCP 47: `es-MX` gives `es`), or `und` for what is none."""
    first = re.split(r"[-_,;\s]", (tag or "").strip().lower(), maxsplit=1)[0]
    first = _SHORT.get(first, first)
    return first if re.fullmatch(r"[a-z]{2,3}", first) else UNKNOWN
