"""Every word of the subscribers' pages stands in both languages."""

import re
from pathlib import Path

import pytest

import monitor.desk.preferences as desk
from monitor.desk import signup
from monitor.web import person
from monitor.web import signup as form
from monitor.web.page_words import SPANISH, WEEKDAYS, say_in

WEB = Path(person.__file__).parent
TEMPLATES = sorted((WEB / "templates").glob("*.j2"))
FAULTS = [value for name, value in vars(desk).items() if name.startswith("NO_")] + [
    desk.OWNED,
    signup.NO_ADDRESS,
    signup.TOO_MANY,
]


def said() -> set[str]:
    found = set(FAULTS)
    for path in TEMPLATES:
        found |= {each[1:-1] for each in re.findall(r"\bt\((\"[^\"]+\"|'[^']+')\)", path.read_text())}
    for module in (person, form):
        source = Path(str(module.__file__)).read_text()
        found |= set(re.findall(r'say\(\s*"([^"]+)"', source))
        found |= {
            each
            for each in re.findall(r'(?<!")"([^"\n]{8,})"(?!")', source)
            if each[0].isupper() and each[-1] == "."
        }
        found |= {"This link leads nowhere", "There is nothing here any more", "Too fast", "Nothing was done"}
    return found


@pytest.mark.parametrize("text", sorted(said()))
def test_it_has_a_spanish_wording_with_the_same_places(text: str) -> None:
    spanish = say_in("es")(text)
    assert spanish != text
    assert sorted(re.findall(r"\{\w+\}", spanish)) == sorted(re.findall(r"\{\w+\}", text))
    assert say_in("en")(text) == text


def test_no_wording_is_left_over() -> None:
    everything = "".join(
        path.read_text()
        for path in (*TEMPLATES, *WEB.glob("*.py"), Path(desk.__file__), Path(signup.__file__))
    )
    source = (WEB / "page_words.py").read_text()
    pieces = everything.replace(source, "")
    flat = re.sub(r'"\s*\n\s*"', "", pieces)
    assert [text for text in SPANISH if text not in flat] == []


def test_the_week_has_seven_days_in_both_languages() -> None:
    assert {language: len(set(days)) for language, days in WEEKDAYS.items()} == {"en": 7, "es": 7}
