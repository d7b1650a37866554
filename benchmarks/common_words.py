"""Make monitor/match/story/common_words.py anew: how common stems and features are in general news.

    .venv/bin/python benchmarks/common_words.py FILE.jsonl ... > monitor/match/story/common_words.py

Each line of the files is an item with `lang` (en or es), `title` and `summary`. What is written are counts only,
rounded to powers of two: no text of any item. To be run again when stems change; the stories'
engine number goes up then.
"""

import json
import math
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from monitor.match.story.stem import stem
from monitor.match.story.text import LEAD_WORDS, TITLE_WORDS, feature_of
from monitor.text.fold import Word, words

TERMS = 4000
FEATURES = 500
HEAD = '''"""How common the commonest stems and features are in general news of English and Spanish. Made, not written.

Made by benchmarks/common_words.py. `NAME[k]` are those that about one item in 2**k has.
"""

from typing import Final

# fmt: off
'''


def words_of(line: str) -> tuple[str, list[Word]]:
    item = json.loads(line)
    title, lead = (words((item[name] or "")[:1000]) for name in ("title", "summary"))
    return item["lang"], title[:TITLE_WORDS] + lead[:LEAD_WORDS]


def lines(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        with Path(path).open(encoding="utf-8") as file:
            yield from file


def table(name: str, counts: Mapping[str, int], items: int, most: int) -> str:
    classes: dict[int, list[str]] = {}
    for word, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]:
        classes.setdefault(round(math.log2(items / count)), []).append(word)
    told = [f"{name}: Final = {{"]
    for rarity, found in sorted(classes.items()):
        told.append(f'    {rarity}: """')
        told += textwrap.wrap(" ".join(sorted(found)), 110)
        told.append('    """,')
    return "\n".join([*told, "}", ""])


def main() -> None:
    counts = {"en": Counter[str](), "es": Counter[str]()}
    features, items = Counter[str](), Counter[str]()
    for line in lines(sys.argv[1:]):
        language, words = words_of(line)
        items[language] += 1
        counts[language].update({stem(word.keys[0]) for word in words})
        features.update({feature_of(word.cased, word.keys[0]) for word in words} - {""})
    print(HEAD + table("ENGLISH", counts["en"], items["en"], TERMS))
    print(table("SPANISH", counts["es"], items["es"], TERMS))
    print(table("FEATURES", features, sum(items.values()), FEATURES) + "# fmt: on")


if __name__ == "__main__":
    main()
