"""Languages are open: a module with a rule, named in one dictionary, is all it takes."""

import subprocess
import sys

PROGRAM = """
from monitor.text import languages

def singular(word):
    return f"{word[:-2]}l" if word.endswith("is") and len(word) > 4 else word  # Portuguese: animais, animal

if ADDED:
    languages.SINGULARS["pt"] = singular

from monitor.match import compile_watchlist
from monitor.model import ItemText, Priority, Topic

topic = Topic(
    slug="t", watchlist="w", name="n", description="", priority=Priority.LOW, query="animal OR cartel", owner="o"
)
watchlist = compile_watchlist([topic], revision=1)
titles = "Os animais", "Los cárteles", "The cartels", "O animal", "Animation"
print(*(len(watchlist.match(ItemText(title=title))) for title in titles))
"""


def hits(*, added: bool) -> list[int]:
    program = PROGRAM.replace("ADDED", str(added))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return [int(count) for count in done.stdout.split()]


def test_a_language_that_is_added_folds_its_plurals_and_leaves_the_others_as_they_were() -> None:
    assert hits(added=False) == [0, 1, 1, 1, 0]
    assert hits(added=True) == [1, 1, 1, 1, 0]
