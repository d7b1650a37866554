"""What people read of a surge, in both languages and on every kind of channel."""

from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest

from monitor.deliver import SENDERS, SenderIdentity
from monitor.deliver.surge_wording import alert_title, lead
from monitor.model import Alert, ChannelKind, Surge

Make = Callable[..., Alert]
MakeSurge = Callable[..., Surge]


def test_an_alert_about_a_story_has_the_storys_headline_and_no_lead(make_alert: Make) -> None:
    assert alert_title(make_alert(title="A plan"), limit=99) == "A plan"
    assert lead(make_alert()) is None


def test_a_surge_is_titled_with_its_topic_its_place_and_its_numbers(
    make_alert: Make, make_surge: MakeSurge
) -> None:
    topic, place = make_surge(), make_surge(place="tijuana", place_name="Tijuana", stories=7, usual=0.04)
    alert = make_alert(items=3)
    assert alert_title(replace(alert, surges=(topic, place)), limit=99) == (
        "Surge: Tariffs: 9 in 6 h, usually 1.2"
    )
    assert alert_title(replace(alert, surges=(place,)), limit=99) == (
        "Surge: Tariffs, Tijuana: 7 in 6 h, usually less than 0.1"
    )
    told = lead(replace(alert, surges=(topic, place)))
    assert told is not None
    assert told.why == (
        "You get this because the topic “Tariffs” has many more new stories than usual: "
        "9 in 6 h, usually 1.2; Tijuana: 7 in 6 h, usually less than 0.1."
    )
    assert told.more == "6 more stories are not shown here."


def test_a_surge_is_said_in_spanish_to_who_reads_spanish(make_alert: Make, make_surge: MakeSurge) -> None:
    alert = replace(make_alert(reader="es", items=8), surges=(make_surge(usual=14.3),))
    assert alert_title(alert, limit=99) == "Repunte: Tariffs: 9 en 6 h, lo habitual es 14"
    told = lead(alert)
    assert told is not None
    assert "tiene muchas más noticias que de costumbre: 9 en 6 h, lo habitual es 14." in told.why
    assert told.more == "Hay otra noticia que no se muestra aquí."


def test_what_has_no_usual_yet_says_so(make_alert: Make, make_surge: MakeSurge) -> None:
    alert = replace(make_alert(items=9), surges=(make_surge(usual=None, chance=None),))
    told = lead(alert)
    assert told is not None
    assert "9 in 6 h (too new to say what is usual)." in told.why
    assert told.more == ""


@pytest.mark.parametrize("kind", [ChannelKind.EMAIL, ChannelKind.CONSOLE])
def test_mail_and_console_put_the_numbers_above_the_stories(
    kind: ChannelKind, make_alert: Make, make_surge: MakeSurge, identity: SenderIdentity
) -> None:
    alert = replace(make_alert(items=2, title="Acero y aluminio"), surges=(make_surge(),))
    payload = SENDERS[kind].render(alert, identity)
    if kind is ChannelKind.CONSOLE:
        text = payload.decode()
    else:
        message = message_from_bytes(payload, policy=default)
        assert message["Subject"] == "Surge: Tariffs: 9 in 6 h, usually 1.2"
        assert message["References"] == "<g.tariffs.desk-tariffs@news.example>"
        html = message.get_body(("html",))
        plain = message.get_body(("plain",))
        assert html is not None
        assert plain is not None
        assert "many more new stories than usual" in html.get_content()
        text = plain.get_content()
    joined = " ".join(text.split())
    assert joined.startswith("Surge: Tariffs: 9 in 6 h, usually 1.2 You get this because the topic “Tariffs”")
    assert (
        joined.index("usually 1.2.") < joined.index("The newest of them:") < joined.index("Acero y aluminio")
    )
    assert "7 more stories are not shown here." in joined
