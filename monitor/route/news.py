"""What is new in an item, compared with what a subscription was told of its story.

Pure. It reads titles and leads in English and Spanish for a few kinds of fact: how many (dead, arrested, troops,
per cent …), acts (extradited, sentenced, signed …) and names in headlines. It understands nothing else: an item in
which it finds nothing new is not lost, it goes to the digest.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from monitor.model import ItemText, News, NewsKind
from monitor.text.fold import fold_word

LEAD = 400  # characters of the summary that count
MOST_KEPT = 400  # facts of one story

_UNITS: Mapping[str, str] = {
    word: unit
    for unit, words in {
        "dead": "dead deaths killed die died dies muertos muertas muerto muerta fallecidos fallecen fallecieron "
        "asesinados asesinadas victimas bodies cuerpos cadaveres",
        "wounded": "wounded injured hurt heridos heridas lesionados herido",
        "missing": "missing disappeared desaparecidos desaparecidas",
        "arrested": "arrested arrests detained captured detenidos detenidas detenciones arrestados capturados",
        "migrants": "migrants migrantes indocumentados immigrants inmigrantes",
        "troops": "troops soldiers soldados militares elementos guardsmen marines marinos",
        "people": "people persons personas",
        "deported": "deported deportees deportados repatriados",
        "%": "% percent per porciento por",
        "tons": "tons tonnes toneladas",
        "kilos": "kilos kilograms kilogramos kg",
        "pounds": "pounds libras",
        "pills": "pills pastillas tablets",
        "votes": "votes votos",
    }.items()
    for word in words.split()
}
_GROWING = {
    "dead",
    "wounded",
    "missing",
    "arrested",
    "deported",
}  # a smaller number is an older report, not news
_NUMBER_WORDS: Mapping[str, int] = {
    word: number
    for number, words in enumerate(
        (
            *(
                "one un una uno",
                "two dos",
                "three tres",
                "four cuatro",
                "five cinco",
                "six seis",
                "seven siete",
            ),
            *("eight ocho", "nine nueve", "ten diez", "eleven once", "twelve doce", "thirteen trece"),
            *("fourteen catorce", "fifteen quince", "sixteen dieciseis", "seventeen diecisiete"),
            *("eighteen dieciocho", "nineteen diecinueve", "twenty veinte"),
        ),
        start=1,
    )
    for word in words.split()
}
_ACTS: Mapping[str, str] = {
    word: act
    for act, words in {
        "arrested": "arrested captured detained detenido detenida capturado capturada arrestado detienen capturan",
        "charged": "charged indicted accused imputado acusado vinculado procesado",
        "sentenced": "sentenced convicted sentenciado condenado sentencian condenan",
        "extradited": "extradited extraditado extradita extraditan",
        "released": "released freed liberado liberan liberados",
        "resigned": "resigns resigned renuncia renuncio dimite",
        "signed": "signs signed firma firman firmo",
        "approved": "approves approved passes passed aprueba aprueban aprobo avala",
        "rejected": "rejects rejected vetoes vetoed rechaza rechazan veta",
        "suspended": "suspends suspended pauses paused blocks blocked suspende suspenden pausa frena bloquea",
        "resumed": "resumes resumed reopens reopened reanuda reanudan reabre reabren",
        "closed": "closes closed shuts cierra cierran",
        "evacuated": "evacuates evacuated evacuan evacuados",
        "identified": "identified identifican identificado",
        "rescued": "rescued rescatados rescatan rescatado",
        "retaliated": "retaliates retaliation represalias responde",
    }.items()
    for word in words.split()
}
_WORD = re.compile(r"\$?\d[\d.,]*%?|[^\W\d_]+(?:[.'’][^\W\d_]+)*", re.UNICODE)
_OUTLET = re.compile(r"\s+[-–—|]\s+[^-–—|]{2,40}$")  # "… - Reuters"
_SMALL = {
    "a",
    "al",
    "and",
    "as",
    "at",
    "by",
    "de",
    "del",
    "el",
    "en",
    "for",
    "from",
    "in",
    "la",
    "las",
    "los",
    "of",
}
_SMALL |= {"on", "or", "por", "que", "the", "to", "with", "y"}


def facts_of(text: ItemText) -> frozenset[str]:
    """Return the keys of what an item says: `n:dead=12`, `act:signed`, and every capitalised word as `w:rubio`."""
    words = _words(f"{text.title}. {text.summary[:LEAD]}")
    found = {f"n:{unit}={number}" for unit, number, _ in _numbers(words)}
    found |= {f"act:{act}" for word in words if (act := _ACTS.get(_fold(word)))}
    found |= {f"w:{_fold(word)}" for word in words if word[0].isupper()}
    return frozenset(sorted(found)[:MOST_KEPT])


def news_of(text: ItemText, known: frozenset[str]) -> tuple[News, ...]:
    """Return what an item says that is not among the known facts, the most telling first."""
    title = _words(_OUTLET.sub("", text.title))
    words = [*title, *_words(text.summary[:LEAD])]
    return (*_new_numbers(words, known), *_new_acts(title, known), *_new_names(title, known))


def _new_numbers(words: list[str], known: frozenset[str]) -> Iterator[News]:
    seen: set[str] = set()
    for unit, number, said in _numbers(words):
        before = [int(key.partition("=")[2]) for key in known if key.startswith(f"n:{unit}=")]
        if number in before or unit in seen or (before and unit in _GROWING and number < max(before)):
            continue
        seen.add(unit)
        yield News(kind=NewsKind.NUMBER, text=said, before=str(max(before)) if before else "")


def _new_acts(title: Iterable[str], known: frozenset[str]) -> Iterator[News]:
    seen: set[str] = set()
    for word in title:
        act = _ACTS.get(_fold(word))
        if act and act not in seen and f"act:{act}" not in known:
            seen.add(act)
            yield News(kind=NewsKind.ACT, text=word)


def _new_names(title: list[str], known: frozenset[str]) -> Iterator[News]:
    """Find names in a headline in sentence case; one in Title Case shows no names."""
    if not any(word.islower() and len(word) > 3 and _fold(word) not in _SMALL for word in title):
        return
    run: list[str] = []
    for place, word in enumerate([*title, ""]):
        if word[:1].isupper() and (place or (title[1:2] and title[1][0].isupper())):
            run.append(word)
            continue
        if run and all(len(part) > 2 and f"w:{_fold(part)}" not in known for part in run):
            yield News(kind=NewsKind.NAME, text=" ".join(run))
        run = []


def _numbers(words: list[str]) -> Iterator[tuple[str, int, str]]:
    """Yield (unit, number, as it is said) for each number with a unit that we know, next or next but one to it."""
    for place, word in enumerate(words):
        number = _number(word)
        if number is None:
            continue
        if word.endswith("%"):
            yield "%", number, word
            continue
        for near in words[place + 1 : place + 3]:
            if unit := _UNITS.get(_fold(near)):
                if (
                    unit == "%"
                    and _fold(near) == "por"
                    and "ciento" not in map(_fold, words[place + 1 : place + 4])
                ):
                    break
                yield unit, number, f"{word} {near}" if unit != "%" else f"{word}%"
                break


def _number(word: str) -> int | None:
    digits = word.strip("$%.,")
    if digits[:1].isdecimal():
        whole = re.sub(r"[.,](?=\d{3}(\D|$))", "", digits)
        return int(re.split(r"[.,]", whole)[0][:15])
    return _NUMBER_WORDS.get(_fold(word))


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _fold(word: str) -> str:
    folded = fold_word(word)
    return folded.keys[0] if folded else word.lower()
