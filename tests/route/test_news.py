"""What counts as new in a further report of a story, in English and Spanish."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import ItemText
from monitor.route.news import facts_of, news_of

KNOWN = facts_of(
    ItemText(
        title="Ataque armado en Culiacán deja 9 muertos",
        summary="Nueve personas murieron en Tierra Blanca, informó la fiscalía de Sinaloa. Hay 3 heridos.",
    )
)


@pytest.mark.parametrize(
    ("title", "new"),
    [
        ("Suben a 12 los muertos en Culiacán", [("12 muertos", "9")]),
        ("Ataque en Culiacán deja nueve muertos", []),
        ("Ataque en Culiacán deja 7 muertos", []),
        ("Nine dead in Culiacan attack", []),
        ("Twelve dead in Culiacan attack", [("Twelve dead", "9")]),
        ("Llegan 1,200 soldados a Culiacán", [("1,200 soldados", "")]),
        ("Fiscalía identifica a Juan Pérez en Culiacán", [("Juan Pérez", "")]),
        ("Detienen a cinco por ataque en Culiacán", [("Detienen", "")]),
        ("Gunmen Attack Tierra Blanca In Sinaloa, Officials Say", []),
        ("Gunmen Attack Party In Sinaloa - Reuters", []),
        ("Ataque en Tierra Blanca, Culiacán | El Debate", []),
        ("", []),
    ],
)
def test_numbers_that_grow_acts_and_names_are_news(title: str, new: list[tuple[str, str]]) -> None:
    assert [(each.text, each.before) for each in news_of(ItemText(title=title), KNOWN)] == new


@pytest.mark.parametrize(
    ("title", "fact", "said"),
    [
        ("Trump signs 25% tariff on Mexico", "n:%=25", "25%"),
        ("Arancel de 30 por ciento a México", "n:%=30", "30%"),
        ("Decomisan 1.200 kilos de fentanilo", "n:kilos=1200", "1.200 kilos"),
        ("1,500 troops sent to the border", "n:troops=1500", "1,500 troops"),
        ("Senate passes bill with 51 votes", "n:votes=51", "51 votes"),
    ],
)
def test_numbers_are_read_with_their_units(title: str, fact: str, said: str) -> None:
    assert fact in facts_of(ItemText(title=title))
    assert said in [each.text for each in news_of(ItemText(title=title), frozenset())]


@given(st.text(max_size=200), st.text(max_size=600))
def test_any_text_can_be_read(title: str, summary: str) -> None:
    text = ItemText(title=title, summary=summary)
    assert not [each for each in news_of(text, facts_of(text)) if each.before]


@given(
    st.lists(
        st.sampled_from(["12", "dead", "muertos", "Culiacán", "detienen", "Juan", "25%", "-", "de", "por"])
    )
)
def test_telling_the_same_words_twice_is_no_news(words: list[str]) -> None:
    text = ItemText(title=" ".join(words))
    assert news_of(text, facts_of(text)) == ()
