"""Story keys: shared by copies of one report, absent where they would merge what has nothing in common."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from monitor.match import story_keys
from monitor.model import ItemText

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpora" / "items"
LEAD = "Mexican marines arrested a leader of the Gulf cartel in Matamoros early on Tuesday, officials said."


def keys(title: str, summary: str = "", source: str = "", body: str = "") -> tuple[str, ...]:
    return story_keys(ItemText(title=title, summary=summary, source=source, body=body))


@pytest.mark.parametrize(
    "title",
    [
        "Marines arrest Gulf cartel boss in Matamoros",
        "MARINES ARREST GULF CARTEL BOSS IN MATAMOROS",
        "Marines arrest Gulf cartel boss in Matamoros - Reuters",
        "Marines arrest Gulf cartel boss in Matamoros – The New York Times",
        "Marines arrest Gulf cartel boss in Matamoros | World | The Guardian",
        "Marines arrest Gulf cartel boss in Matamoros - borderreport.com",
        "Marines arrest “Gulf cartel” boss in Matamoros — El Universal",
        "BREAKING: Marines arrest Gulf cartel boss in Matamoros",
        "UPDATE 2- Marines arrest Gulf cartel boss in Matamoros",
    ],
)
def test_copies_of_a_headline_share_its_key(title: str) -> None:
    assert keys(title) == ("title:marines arrest gulf cartel boss in matamoros",)


@pytest.mark.parametrize(
    "summary",
    [
        LEAD,
        f"MATAMOROS, Mexico (AP) — {LEAD}",
        f"MEXICO CITY (Reuters) - {LEAD}",
        f"MATAMOROS, Mexico — {LEAD}",
        LEAD.replace("officials said", "two officials told a news agency"),
    ],
)
def test_copies_of_a_lead_share_its_key_under_any_headline(summary: str) -> None:
    assert keys("Arrest", summary) == ("lead:mexican marines arrested a leader of the gulf cartel in",)
    assert keys("Arrest", body=summary) == keys("Arrest", summary)


def test_a_spanish_dateline_is_not_part_of_the_lead() -> None:
    lead = "La Marina detuvo este martes a un líder del cártel del Golfo en Matamoros, informaron autoridades"
    assert keys("x", f"Ciudad de México, 4 mar (EFE).- {lead}") == keys("x", lead) != ()


@pytest.mark.parametrize(
    "title",
    [
        "", "Latest news", "Breaking news", "Letters to the editor", "Photos of the day",
        "Morning briefing: Tuesday, March 4",
        "Noticias de hoy, martes 4 de marzo", "Últimas noticias", "Las noticias más importantes del día",
        "Precio del dólar hoy", "The week in photos - Reuters", "Arrest in Matamoros", "… — \U0001f600",
    ],
)  # fmt: skip
def test_general_headlines_give_no_key(title: str) -> None:
    assert keys(title) == ()


@pytest.mark.parametrize(
    "summary",
    [
        "Too short to tell anything.",
        "The post Marines arrest Gulf cartel boss in Matamoros appeared first on Border Report today.",
        "Sign up for our newsletter and get border stories from Matamoros, Laredo and Tijuana delivered daily.",
        "Este contenido es exclusivo para suscriptores del diario; accede con tu cuenta de lector registrado",
    ],
)
def test_general_leads_give_no_key(summary: str) -> None:
    assert keys("x", summary) == ()


def test_a_second_half_that_tells_something_is_kept() -> None:
    (key,) = keys("Trump raises tariffs again – Mexico vows to respond")
    assert key.endswith("mexico vows to respond")


def test_a_source_that_looks_like_prose_is_known_by_name() -> None:
    title = "Marines arrest Gulf cartel boss in Matamoros - la silla rota"
    assert keys(title, source="La Silla Rota") == ("title:marines arrest gulf cartel boss in matamoros",)
    assert keys(title, source="Other") != keys(title, source="La Silla Rota")


def test_different_headlines_have_different_keys() -> None:
    assert keys("Marines arrest Gulf cartel boss in Matamoros") != keys(
        "Marines arrest Gulf cartel boss in Reynosa"
    )


def test_absurd_headlines_cost_little() -> None:
    assert len(keys("word - " * 70 + "Mexico cartel border tunnel")) <= 1
    assert keys("(" * 500, "A" * 500 + "(" * 60_000) == ()


@pytest.mark.corpus
def test_no_key_of_real_items_gathers_strangers() -> None:
    """A key that many different headlines share would merge what has nothing in common."""
    path = CORPUS / "general-en.jsonl"
    if not path.exists():
        pytest.skip(f"no corpus at {path}")
    headlines: defaultdict[str, set[str]] = defaultdict(set)
    for name in ("general-en", "general-es"):
        for line in (CORPUS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()[::2]:
            item = json.loads(line)
            for key in keys(item["title"], item["summary"] or "", item["outlet"]):
                headlines[key].add(item["title"].casefold())
    assert len(headlines) > 5_000
    crowded = {key: len(titles) for key, titles in headlines.items() if len(titles) > 3}
    assert crowded == {}
