"""Answer with a subscribers' page: one template, one language, and headers that let nothing in and nothing out."""

import base64
import hashlib
from importlib import resources
from typing import Any

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from monitor.app import App
from monitor.web.page_words import say_in

_STYLE = resources.files("monitor.web").joinpath("templates/page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
_PAGES = jinja2.Environment(
    loader=jinja2.PackageLoader("monitor.web", "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    app: App,
    template: str,
    language: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """Fill in a template; `done` and `fault` are the notes on top of it."""
    known = {"done": None, "fault": ""} | values
    text = _PAGES.get_template(template).render(
        language=language,
        t=say_in(language),
        instance=app.settings.service.name,
        contact=app.settings.service.contact,
        style=Markup(_STYLE),  # noqa: S704 - our own file
        **known,
    )
    return HTMLResponse(text, status_code=status, headers=HEADERS | (headers or {}))


def message(
    app: App, language: str, title: str, text: str, *, status: int, headers: dict[str, str] | None = None
) -> HTMLResponse:
    """Answer with a page that says one thing."""
    say = say_in(language)
    return page(
        app, "message.html.j2", language, status=status, headers=headers, title=say(title), text=say(text)
    )


def reader_language(request: Request, app: App) -> str:
    """Return the language for somebody who is not known: asked for in the address, else the browser's, else ours."""
    asked = request.query_params.get("lang", "")
    if asked in {"en", "es"}:
        return asked
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.split(";")[0].strip().lower().split("-")[0]
        if tag in {"en", "es"}:
            return tag
    return app.settings.service.language
