"""Folding: texts and query terms become comparable, and every word knows where it stands."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.fold import fold_word, folded_words, piece_words, spots, tokens, words

ITEMS = Path(__file__).parents[2].parent / "shared" / "corpora" / "items"

# fmt: off
PIECES = st.sampled_from([
    "Cárteles", "cartel", "U.S.", "EE.UU.", "EE. UU.", "Peña", "n\u0303", "e\u0301", "ICE’s", "'s", "-", " ", ".", "’",
    "ß", "İ", "ﬁ", "1,500", "https://a.b/c", "\u200b", "\u0301", "\U0001f600", "x", "S", "É.U.", "½", "ﹰ", "中文", "_",
    "\n",
])
# fmt: on
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=12).map("".join)


def cased(text: str) -> list[str]:
    return [token.word.cased for token in tokens(text)]


def shown(text: str) -> list[str]:
    return [text[token.start : token.end] for token in tokens(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mexico's border", ["mexico", "border"]),
        ("Mexico’s MEXICO'S Mexicoʼs", ["mexico", "mexico", "mexico"]),
        ("the cartels' war", ["the", "cartels", "war"]),
        ("O'Brien's", ["o", "brien"]),
        ("U.S. troops", ["us", "troops"]),
        ("in the U.S", ["in", "the", "us"]),
        ("U.S.-Mexico", ["us", "mexico"]),
        ("the U.S.'s", ["the", "us"]),
        ("D.E.A. and D.C.", ["dea", "and", "dc"]),
        ("J.D. Vance, Donald J. Trump", ["jd", "vance", "donald", "j", "trump"]),
        ("EE.UU. EE. UU. EEUU EE UU ee.uu", ["eeuu"] * 5),
        ("FF.AA. y DD. HH.", ["ffaa", "y", "ddhh"]),
        ("End. Up to A.", ["end", "up", "to", "a"]),
        ("cross-border T-MEC COVID-19", ["cross", "border", "t", "mec", "covid", "19"]),
        ("1,500 1.500", ["1", "500", "1", "500"]),
        ("Peña Nieto, São Paulo, Łódź, Ørsted", ["pena", "nieto", "sao", "paulo", "lodz", "orsted"]),
        ("Straße ﬁnance", ["strasse", "finance"]),
        ("cafe\u0301 café", ["cafe", "cafe"]),
        ("#ICE @ICE ICE/CBP snake_case", ["ice", "ice", "ice", "cbp", "snake", "case"]),
        ("see https://example.org/cartel now", ["see", "now"]),
        ("see HTTP://EXAMPLE.ORG/cartel now", ["see", "now"]),
        ("fen\u200btanyl fen\u00adtanyl", ["fentanyl", "fentanyl"]),
        ("", []),
        ("… — \U0001f600", []),
    ],
)
def test_words_of_a_text(text: str, expected: list[str]) -> None:
    assert folded_words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mexico’s “ICE”", ["Mexico", "ICE"]),
        ("The U.S., said", ["The", "U.S.", "said"]),
        ("Peña-Nieto", ["Peña", "Nieto"]),
        ("cafe\u0301s", ["cafe\u0301s"]),
    ],
)
def test_offsets_show_the_word_as_written(text: str, expected: list[str]) -> None:
    assert shown(text) == expected


def test_capitals_are_kept_beside_and_accents_are_not() -> None:
    assert cased("ICE’s Peña U.S. México") == ["ICE", "Pena", "US", "Mexico"]


def test_words_are_filed_under_both_singulars_and_never_a_chain_of_them() -> None:
    word = fold_word("Cárteles")
    assert word is not None
    assert word.keys == ("carteles", "cartele", "cartel")
    assert fold_word("CARTELS") == ("CARTELS", ("cartels", "cartel"))


@given(TEXTS)
def test_offsets_lie_in_the_text_in_order(text: str) -> None:
    end = 0
    for token in tokens(text):
        assert end <= token.start < token.end <= len(text)
        assert token.word.keys[0]
        assert token.word.cased
        end = token.end


@given(TEXTS)
def test_the_quick_way_and_the_way_with_offsets_see_the_same_words(text: str) -> None:
    assert words(text) == [token.word for token in tokens(text)]
    assert words(text) == words(text)  # what it remembers changes nothing
    assert spots(text) == [(token.start, token.end) for token in tokens(text)]


@pytest.mark.parametrize(
    "text", ["in EE. UU.", "EE UU", "(EE.\nUU.)", "FF. AA", "EE.  UU.", "free UU.", "World War II. UU"]
)
def test_a_word_that_reaches_over_a_space_is_one_word_in_either_way(text: str) -> None:
    assert words(text) == [token.word for token in tokens(text)]


@pytest.mark.parametrize(
    ("piece", "known"), [("EE.", False), ("ee", False), ("II.", False), ("II", True), ("coffee", True)]
)
def test_a_piece_that_may_go_on_behind_the_space_is_not_read_by_itself(piece: str, known: bool) -> None:  # noqa: FBT001
    assert (piece_words(piece) is not None) == known


@pytest.mark.corpus
def test_on_real_items_both_ways_see_the_same_words() -> None:
    lines = [
        line
        for path in sorted(ITEMS.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    if not lines:
        pytest.skip(f"no corpus at {ITEMS}")
    for line in lines[::5]:
        item = json.loads(line)
        for text in (item["title"], item["summary"] or ""):
            assert words(text) == [token.word for token in tokens(text)]
            assert spots(text) == [(token.start, token.end) for token in tokens(text)]


@given(TEXTS)
def test_case_and_accents_do_not_matter(text: str) -> None:
    stable = [char for char in text if char.upper().lower() == char.lower() and "i" not in char.casefold()]
    kept = "".join(stable)
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFC", kept))
    assert folded_words(kept.upper()) == folded_words(kept.lower())
    assert folded_words(decomposed) == folded_words(unicodedata.normalize("NFC", kept))


@given(st.text(min_size=1, max_size=8))
def test_folding_a_folded_word_changes_nothing(text: str) -> None:
    for token in tokens(text):
        again = fold_word(token.word.keys[0])
        assert again is not None
        assert again.keys == token.word.keys


def test_a_word_of_a_megabyte_is_folded_and_not_remembered() -> None:
    assert folded_words("É" * 1_000_000) == ["e" * 1_000_000]
