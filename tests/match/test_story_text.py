"""What stories are recognised by: stems, meanings that languages share, word pairs; bounded for huge items."""

import pytest

from monitor.match import story_text
from monitor.match.story.glossary import CONCEPTS
from monitor.match.story.stem import stem
from monitor.match.story.text import feature_of, number_of
from monitor.model import ItemText


@pytest.mark.parametrize(
    "words",
    [
        "arrest arrests arrested arresting arresto arrestaron arrestado",
        "deportation deportations deported deportacion deportaciones deportar",
        "seize seized seizes seizing",
        "cartel cartels carteles",
        "city cities",
        "stop stopped stopping",
        "kill kills killed killing",
        "decomiso decomisan decomisaron decomisados",
        "migrante migrantes migrant migrants",
        "juez jueces",
    ],
)
def test_forms_of_a_word_have_one_stem(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("import", "important"),
        ("tunnel", "tuna"),
        ("laredo", "larry"),
        ("1944", "1945"),
        ("us", "use"),
        ("", "a"),
    ],
)
def test_different_words_keep_different_stems(one: str, other: str) -> None:
    assert stem(one) != stem(other)


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("Fentanyl", "fentanilo"), ("tariffs", "aranceles"), ("commission", "comisión"), ("1944", "1944"),
        ("FBI", "FBI"), ("children", "niños"), ("Kuwait", "Cuwait"), ("truck", "camiones"), ("judge", "juez"),
    ],
)  # fmt: skip
def test_twins_of_two_languages_share_a_feature(english: str, spanish: str) -> None:
    one, other = (
        story_text(ItemText(title=word, language=spoken)).features
        for word, spoken in ((english, "en"), (spanish, "es"))
    )
    assert one == other != frozenset()


@pytest.mark.parametrize("word", ["the", "del", "7", "with"])
def test_short_words_that_are_no_names_say_nothing_across_languages(word: str) -> None:
    assert feature_of(word, word) == ""


def test_each_word_of_the_glossary_has_one_meaning_and_is_found_by_its_stem() -> None:
    assert CONCEPTS[stem("arancel")] == CONCEPTS[stem("tariffs")] == "=tariff"
    assert all(stem(word) == word or stem(stem(word)) in CONCEPTS or word in CONCEPTS for word in CONCEPTS)
    assert 150 < len(CONCEPTS) < 400


def test_a_word_of_the_headline_counts_twice() -> None:
    text = story_text(ItemText(title="Tunnel found", summary="A tunnel in Tijuana.", language="en-US"))
    assert text.language == "en"
    assert [text.terms[number_of(stem(word))] for word in ("tunnel", "found", "tijuana")] == [3, 2, 1]


def test_the_pairs_are_those_of_the_text_and_a_dateline_is_none() -> None:
    plain = story_text(ItemText(title="x", summary="Agents sealed a tunnel"))
    dated = story_text(
        ItemText(title="Another headline", body="TIJUANA, Mexico (AP) — Agents sealed a tunnel")
    )
    assert plain.pairs == dated.pairs
    assert len(plain.pairs) == 3


def test_a_huge_item_is_cut() -> None:
    text = story_text(ItemText(title="t1 " * 90_000, summary=" ".join(f"w{n}" for n in range(90_000))))
    assert len(text.terms) <= 41 + 60
    assert len(text.pairs) <= 59
