"""The form by which anybody may ask for alerts by mail, where the settings allow it."""

from typing import Any

from fastapi import APIRouter, Request, Response

from monitor.app import App
from monitor.desk import preferences, signup
from monitor.errors import Refused
from monitor.web.access import TheApp
from monitor.web.form import Form, read_form
from monitor.web.network import network_of
from monitor.web.pace import Pace, Rate
from monitor.web.page import message, page, reader_language
from monitor.web.page_words import say_in
from monitor.web.person import zones

router = APIRouter(include_in_schema=False)

PATH = "/subscribe"
FROM_ONE_NETWORK = Rate(burst=5, seconds=120.0)
FROM_ALL = Rate(burst=30, seconds=20.0)


@router.api_route(PATH, methods=["GET", "HEAD"])
async def show(request: Request, app: TheApp) -> Response:
    """Show the form."""
    if not open_to_all(app):
        return _closed(app, request)
    return _form(app, reader_language(request, app), Form())


@router.post(PATH)
async def ask(request: Request, app: TheApp) -> Response:
    """Take the form; the answer is the same whatever is known of the address."""
    if not open_to_all(app):
        return _closed(app, request)
    pace: Pace = request.app.state.pace
    now, network = app.context.clock(), network_of(request)
    language = reader_language(request, app)
    form = await read_form(request)
    if form is None:
        return _form(app, language, Form(), fault=preferences.NO_CHOICE, status=422)
    if not pace.may(f"signup {network}", FROM_ONE_NETWORK, now=now) or not pace.may(
        "signup", FROM_ALL, now=now
    ):
        return message(
            app,
            language,
            "Too fast",
            "That was often in a short time. Wait a minute and try again; nothing was lost.",
            status=429,
            headers={"Retry-After": "120"},
        )
    try:
        wanted = signup.Wanted(
            address=form.one("address"),
            language=form.one("language"),
            zone=form.one("zone"),
            topics=preferences.chosen_topics(form.one("which"), form.many("topic")),
            cadence=form.one("cadence"),
        )
        await signup.ask(app, wanted, source="form", ip_prefix=network, actor="web")
    except Refused as refusal:
        return _form(app, language, form, fault=str(refusal), status=422)
    return _form(app, language, form, sent=True)


def open_to_all(app: App) -> bool:
    """Whether the form is offered at all."""
    return app.settings.subscribers.signup and not signup.signup_fault(app)


def _closed(app: App, request: Request) -> Response:
    return message(
        app,
        reader_language(request, app),
        "There is nothing here any more",
        "What this link was about is gone: nothing is sent for it.",
        status=404,
    )


def _form(
    app: App, language: str, form: Form, *, fault: str = "", sent: bool = False, status: int = 200
) -> Response:
    values: dict[str, Any] = {
        "sent": sent,
        "address": form.one("address")[:254],
        "names": {topic.slug: topic.name for topic in app.watchlist.topics},
        "topics": form.many("topic") if form.one("which", "all") == "these" else (),
        "cadence": form.one("cadence", "daily"),
        "wanted_language": form.one("language", language),
        "zone": form.one("zone", "UTC"),
        "zones": zones("UTC"),
    }
    return page(
        app,
        "signup.html.j2",
        language,
        status=status,
        fault=say_in(language)(fault) if fault else "",
        **values,
    )
