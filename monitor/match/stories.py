"""Story keys: short strings that two reports of one happening have in common when one copies the other."""

from monitor.model import ItemText
from monitor.text.fold import folded_words


def story_keys(text: ItemText) -> tuple[str, ...]:
    """Return the keys of an item."""
    words = folded_words(text.title)
    return (f"title:{' '.join(words)}",) if len(words) >= 4 else ()
