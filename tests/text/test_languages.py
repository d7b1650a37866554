"""Singulars: right where they matter, and never another word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.fold import fold_word
from monitor.text.languages.english import singular as english_singular
from monitor.text.languages.spanish import singular as spanish_singular


def keys(word: str) -> set[str]:
    folded = fold_word(word)
    assert folded is not None
    return set(folded.keys)


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("cartels", "cartel"), ("policies", "policy"), ("boxes", "box"), ("buses", "bus"), ("viruses", "virus"),
        ("clashes", "clash"), ("branches", "branch"), ("bosses", "boss"), ("cases", "case"), ("prizes", "prize"),
        ("movies", "movie"), ("tomatoes", "tomato"), ("shoes", "shoe"), ("women", "woman"), ("gunmen", "gunman"),
        ("children", "child"), ("lives", "life"), ("lives", "live"), ("crises", "crisis"), ("mexicans", "mexican"),
        ("countries", "country"), ("taxis", "taxi"), ("drones", "drone"), ("drones", "dron"), ("gases", "gas"),
        ("cárteles", "cartel"), ("ciudades", "ciudad"), ("luces", "luz"), ("veces", "vez"), ("túneles", "túnel"),
        ("leyes", "ley"), ("canciones", "canción"), ("deportaciones", "deportación"), ("migrantes", "migrante"),
        ("coches", "coche"), ("clases", "clase"), ("calles", "calle"), ("países", "país"), ("meses", "mes"),
        ("aranceles", "arancel"), ("redes", "red"), ("voces", "voz"), ("iraníes", "iraní"), ("series", "series"),
        ("mujeres", "mujer"), ("avances", "avance"), ("muros", "muro"), ("drogas", "droga"), ("aviones", "avión"),
    ],
)  # fmt: skip
def test_plural_and_singular_meet(plural: str, singular: str) -> None:
    assert keys(plural) & keys(singular)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("news", "new"), ("goods", "good"), ("customs", "custom"), ("arms", "arm"), ("rights", "right"),
        ("crisis", "cris"), ("Andes", "and"), ("wines", "win"), ("fares", "far"), ("stares", "star"),
        ("marines", "Marín"), ("planes", "planet"), ("Texas", "texa"), ("Jones", "Jon"), ("Morales", "moral"),
        ("Angeles", "ángel"), ("interés", "inter"), ("martes", "marte"), ("virus", "viru"), ("congress", "congres"),
        ("canes", "can"), ("paces", "paz"), ("cones", "con"), ("Aires", "air"), ("calles", "call"),
        ("grandes", "grand"), ("times", "Tim"), ("rates", "rat"), ("crimen", "criman"), ("volumen", "voluman"),
        ("francés", "Franz"), ("us", "u"), ("gas", "ga"), ("import", "important"), ("deportación", "deporte"),
    ],
)  # fmt: skip
def test_different_words_do_not_meet(one: str, other: str) -> None:
    assert not keys(one) & keys(other)


@given(st.text(st.sampled_from("abcdehilmnorstuxyz"), max_size=10))
def test_singulars_are_never_longer_by_much_nor_empty(word: str) -> None:
    for singular in (english_singular(word), spanish_singular(word)):
        assert len(singular) <= len(word) + 1
        assert bool(singular) == bool(word)
        assert (
            word.endswith(("s", "men", "children", "feet", "teeth", "mice", "criteria")) or singular == word
        )
