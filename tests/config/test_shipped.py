"""The files in config/ as a newcomer gets them."""

import re
import tomllib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from monitor.config import load_desired, load_settings
from monitor.config.settings import Settings
from monitor.match import check_examples, compile_watchlist, lint
from monitor.model import ChannelKind, Direction, ItemText
from monitor.pipeline.surges import place_topic

CONFIG = Path(__file__).parents[2] / "config"


def test_the_shipped_configuration_has_no_problem() -> None:
    desired = load_desired(load_settings(CONFIG / "monitor.toml", {}))
    assert [each.channel.kind for each in desired.subscriptions] == [ChannelKind.CONSOLE]
    written = sum(
        len(tomllib.loads(file.read_text("utf-8")).get("topic", ()))
        for file in CONFIG.glob("watchlists/*.toml")
    )
    assert len(desired.topics) == written


def test_the_shipped_places_are_told_apart_and_lie_by_the_border() -> None:
    desired = load_desired(load_settings(CONFIG / "monitor.toml", {}))
    found = {each.slug: each for each in desired.places}
    assert {"tijuana", "ciudad-juarez", "nuevo-laredo", "matamoros", "reynosa", "el-paso"} <= found.keys()
    for place in desired.places:
        assert place.latitude is not None, place.slug
        assert place.longitude is not None, place.slug
        assert 24 < place.latitude < 33.5, place.slug
        assert -118 < place.longitude < -97, place.slug
    compiled = compile_watchlist(map(place_topic, desired.places), revision=0)
    said = {
        "Bloqueos en Nuevo Laredo tras la captura de un capo": {"nuevo-laredo"},
        "Trucks wait nine hours at Laredo, Texas": {"laredo"},
        "Familias de Ciudad Juárez cruzan a El Paso": {"ciudad-juarez", "el-paso"},
        "La avenida Benito Juárez de Toluca reabre": set(),
        "Vecinos de Matamoros y de Brownsville piden otro puente": {"matamoros", "rio-grande-valley"},
        "Murió el actor Mariano Matamoros Ruiz": set(),
    }
    for title, slugs in said.items():
        assert {each.topic.slug for each in compiled.match(ItemText(title=title))} == slugs, title


def test_the_shipped_forecasts_are_of_shipped_topics_and_rise_and_fall() -> None:
    forecasts = load_desired(load_settings(CONFIG / "monitor.toml", {})).forecasts
    of_violence = [each for each in forecasts if "cartel-violence" in each.topics and not each.places]
    assert [each.direction for each in of_violence] == [Direction.UP, Direction.DOWN]
    assert of_violence[0].ends < of_violence[1].begins


def test_the_shipped_feeds_are_described_in_full() -> None:
    feeds = load_desired(load_settings(CONFIG / "monitor.toml", {})).feeds
    assert sum(each.enabled for each in feeds) >= 40
    assert {each.language for each in feeds} == {"en", "es"}
    for each in feeds:
        assert each.title, each.slug
        assert each.publisher, each.slug
        assert each.region, each.slug
        assert each.enabled == (not each.disabled_reason), each.slug


def test_the_shipped_contact_is_empty_so_polling_is_slow() -> None:
    settings = load_settings(CONFIG / "monitor.toml", {})
    assert settings.service.contact == ""
    assert settings.floor_seconds == 3600


def test_the_shipped_settings_show_the_defaults() -> None:
    shipped = load_settings(CONFIG / "monitor.toml", {})
    assert shipped.model_dump(exclude={"files"}) == Settings().model_dump(exclude={"files"})


def test_the_shipped_settings_mention_every_key() -> None:
    text = (CONFIG / "monitor.toml").read_text("utf-8")
    for section, info in Settings.model_fields.items():
        assert f"[{section}]" in text
        model = info.annotation if section != "smtp" else None
        for key in getattr(model, "model_fields", {}):
            assert re.search(rf"^(?:# )?{key} = ", text, re.MULTILINE), f"[{section}] {key}"


def test_the_commented_examples_work_when_uncommented(tmp_path: Path) -> None:
    for name in ("monitor.toml", "recipients.toml"):
        lines = (CONFIG / name).read_text("utf-8").splitlines()
        uncommented = [
            re.sub(r"^# (?=\[\[?\w|\w+ = )", "", line) for line in lines if "min_interval_seconds" not in line
        ]
        (tmp_path / name).write_text("\n".join(uncommented), encoding="utf-8")
    (tmp_path / "feeds").mkdir()
    (tmp_path / "watchlists").mkdir()
    topics = '\n[[topic]]\nslug = "{}"\nname = "x"\nquery = "x"\n'
    (tmp_path / "watchlists" / "w.toml").write_text(
        'name = "w"\n' + topics.format("cartel-violence") + topics.format("us-military-action"),
        encoding="utf-8",
    )
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "smtp-password").write_text("x", encoding="utf-8")
    (credentials / "bounces-password").write_text("x", encoding="utf-8")
    (tmp_path / "dkim.pem").write_bytes(
        Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (credentials / "store-key").write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", encoding="utf-8")
    settings = load_settings(
        tmp_path / "monitor.toml", {"CREDENTIALS_DIRECTORY": str(credentials), "DESK_CHAT": "ntfy://news"}
    )
    assert settings.smtp is not None
    kinds = {each.slug: each.channel.kind.value for each in load_desired(settings).subscriptions}
    assert kinds == {
        "console": "console",
        "newsroom-urgent": "webhook",
        "newsroom-weekly": "webhook",
        "ana-all": "email",
    }


def test_every_shipped_topic_holds_its_examples_and_gives_no_cause_for_advice() -> None:
    """At least eight texts a side, in both languages, and nothing for the linter to say."""
    topics = load_desired(load_settings(CONFIG / "monitor.toml", {})).topics
    assert len(topics) == 16
    for topic in topics:
        assert check_examples(topic) == [], topic.slug
        advice = [one for one in lint(topic) if one.code != "one-language"]  # a reminder, not a fault
        assert advice == [], topic.slug
        for match in (True, False):
            languages = [each.language for each in topic.examples if each.match is match]
            assert len(languages) >= 8, (topic.slug, match)
            assert set(languages) == {"en", "es"}, (topic.slug, match)
