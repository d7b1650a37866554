"""The two renderings of a mail: text that reads well and HTML that is light, both from one view.

Nothing in it is remote: no picture, no font, no script. HTML is escaped throughout; text is rendered by an environment
of its own that escapes nothing. A page that grew too big shows fewer stories, and counts the rest.
"""

import textwrap

import jinja2

from monitor.deliver.digest import MOST_STORIES
from monitor.deliver.mail.actions import unsubscribe_link
from monitor.deliver.mail.thread import tells_one_story
from monitor.deliver.mail.view import digest_page, story_page
from monitor.deliver.mail.wording import mail_phrases
from monitor.deliver.sender import SenderIdentity
from monitor.deliver.wording import one_line, phrases_for, safe_link
from monitor.model import Alert, Notice, NoticeKind

WIDTH = 76
HTML_LIMIT = 95_000  # bytes: readers' programs cut a page off at about 100 kB
_FEWER = (MOST_STORIES, 30, 20, 12, 6, 3, 1)

_LOADER = jinja2.PackageLoader("monitor.deliver.mail", "templates")


def _filled(text: str, indent: int = 0) -> str:
    """Wrap one paragraph; what cannot be broken at a space stays whole."""
    pad = " " * indent
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=pad,
        subsequent_indent=pad,
        break_long_words=False,
        break_on_hyphens=False,
    )


_HTML = jinja2.Environment(
    loader=_LOADER,
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEXT = jinja2.Environment(
    loader=_LOADER,
    autoescape=False,  # noqa: S701 - plain text: escaping would show &amp; to the reader
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEXT.filters["filled"] = _filled


def render_text(alert: Alert, identity: SenderIdentity) -> str:
    """Return an alert as plain text, wrapped at 76 characters where it can be."""
    return render_alert(alert, identity)[0]


def render_alert(alert: Alert, identity: SenderIdentity) -> tuple[str, str]:
    """Return an alert as plain text and as HTML of at most 95 kB."""
    language = alert.subscription.subscriber.language
    view: dict[str, object] = {"phrases": phrases_for(language), "words": mail_phrases(language)}
    if tells_one_story(alert) or alert.surges:
        return _both("alert", view | {"page": story_page(alert, identity)})
    text = html = ""
    for most in _FEWER:
        text, html = _both("digest", view | {"page": digest_page(alert, identity, most=most)})
        if len(html.encode()) <= HTML_LIMIT:
            break
    return text, html


def render_notice(notice: Notice, identity: SenderIdentity) -> tuple[str, str]:
    """Return a notice as plain text and as HTML."""
    phrases, words = phrases_for(notice.language), mail_phrases(notice.language)
    contact = one_line(identity.contact, 200)
    regular = notice.kind is NoticeKind.ALL_QUIET  # the one notice that comes again and again
    view = {
        "language": phrases.language,
        "title": one_line(notice.title, 300) or notice.kind.value,
        "lines": [line for each in notice.lines if (line := one_line(each, 4000))],
        "link": safe_link(notice.link) or "",
        "open_page": words.open_page,
        "about": words.about_service.format(instance=one_line(identity.instance, 80)),
        "unsubscribe": words.unsubscribe.format(subscription=notice.about),
        "unsubscribe_link": unsubscribe_link(notice.about, identity) if regular else "",
        "contact": words.contact.format(contact=contact) if contact else "",
        "postal": one_line(identity.postal, 200),
        "private": phrases.private,
    }
    return (
        _TEXT.get_template("notice.txt.j2").render(view),
        _HTML.get_template("notice.html.j2").render(view),
    )


def _both(name: str, view: dict[str, object]) -> tuple[str, str]:
    return (
        _TEXT.get_template(f"{name}.txt.j2").render(view),
        _HTML.get_template(f"{name}.html.j2").render(view),
    )
