"""The pages behind the links in mails, under /u/: GET shows what would happen, POST does it, at once.

No login, no cookie, no redirect: the signed token in the address is what allows it. A GET changes nothing, since
programs that scan mails follow every link in them. A POST from a mail program (RFC 8058) is answered as one from the
page is.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from fastapi import APIRouter, Request, Response

from monitor.app import App
from monitor.deliver.links import Link, LinkKind, link_to, read_token
from monitor.desk import preferences as desk
from monitor.desk import signup
from monitor.desk.confirm_words import date_words
from monitor.desk.preferences import Standing, SubscriptionCard, Wishes
from monitor.errors import NotFound, Refused
from monitor.model import Silence, Timing
from monitor.web.access import TheApp
from monitor.web.form import Form, read_form
from monitor.web.network import network_of
from monitor.web.pace import Pace, Rate
from monitor.web.page import message, page, reader_language
from monitor.web.page_words import WEEKDAYS, Say, say_in

router = APIRouter(include_in_schema=False)

POSTS = Rate(burst=30, seconds=4.0)  # by link
ADDRESSES = Rate(burst=3, seconds=3600.0)  # by subscriber: each asks for a mail

_STOPPING = {LinkKind.UNSUBSCRIBE, LinkKind.UNSUBSCRIBE_ALL}
_REGIONS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip
_CADENCES = {
    "instant": "At once, the rest in a daily digest",
    "hourly": "A digest every hour",
    "daily": "A digest every day",
    "weekly": "A digest every week",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was done, in words, and the fields of the form that undoes it."""

    text: str
    undo: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who came by which link, and what they posted; `pace` bounds how often."""

    app: App
    link: Link
    slug: str
    form: Form
    pace: Pace
    network: str

    @property
    def now(self) -> datetime:
        """The present."""
        return self.app.context.clock()


@router.api_route("/u/{token}", methods=["GET", "HEAD"])
async def show(token: str, request: Request, app: TheApp) -> Response:
    """Show what a link would do."""
    link = read_token(app.identity.link_key, token)
    if link is None:
        return _unreadable(app, request)
    try:
        if link.kind is LinkKind.CONFIRM:
            return await _confirm_page(app, link)
        return await _page(app, link, await _subscriber(app, link))
    except NotFound:
        return _gone(app, request)


@router.post("/u/{token}")
async def act(token: str, request: Request, app: TheApp) -> Response:
    """Do what a link's page offers, or what a mail program asks for with List-Unsubscribe=One-Click."""
    link = read_token(app.identity.link_key, token)
    if link is None:
        return _unreadable(app, request)
    pace: Pace = request.app.state.pace
    if not pace.may(f"link {link.kind} {link.subject} {link.object}", POSTS, now=app.context.clock()):
        return _too_fast(app, request)
    form = await read_form(request)
    if form is None or (form.one_click and link.kind not in _STOPPING):
        return _nothing_done(app, request)
    if link.kind is LinkKind.CONFIRM:
        return await _confirm(app, link, form, request)
    try:
        slug = await _subscriber(app, link)
    except NotFound:
        return _gone(app, request, one_click=form.one_click)
    visit = Visit(app=app, link=link, slug=slug, form=form, pace=pace, network=network_of(request))
    return await _act(visit, request)


async def _act(visit: Visit, request: Request) -> Response:
    form, app = visit.form, visit.app
    deed = _stop if form.one_click else _DEEDS.get(form.one("do"))
    if deed is None:
        return _nothing_done(app, request)
    standing = await desk.standing(app, visit.slug)
    say = say_in(standing.subscriber.language)
    try:
        done = await deed(visit, standing, say)
    except Refused as refusal:
        return await _page(app, visit.link, visit.slug, fault=say(str(refusal)), status=422)
    except NotFound:
        return _gone(app, request, one_click=form.one_click)
    if done is None:
        return _too_fast(app, request)
    return await _page(app, visit.link, visit.slug, done=done)


async def _subscriber(app: App, link: Link) -> str:
    """Return whom a link is about. Raises NotFound when that is gone."""
    if link.kind is LinkKind.UNSUBSCRIBE:
        return await desk.subscriber_of(app, link.subject)
    return (await desk.standing(app, link.subject)).subscriber.slug


# What can be done. Each deed says what it did; None when that was too often.


async def _stop(visit: Visit, standing: Standing, say: Say) -> Done:
    subscription, topic = _scope(visit)
    how = "one-click" if visit.form.one_click else "page"
    await desk.stop(visit.app, visit.slug, subscription=subscription, topic=topic, how=how)
    scope = "topic" if topic else "subscription" if subscription else "all"
    texts = {
        "topic": "You will get nothing more about the topic “{topic}” by the subscription “{subscription}”.",
        "subscription": "You will get nothing more by the subscription “{subscription}”.",
        "all": "You will get nothing more from us.",
    }
    text = say(texts[scope]).format(topic=standing.names.get(topic, topic), subscription=subscription)
    undo = {"do": "resume", "scope": scope, "subscription": subscription, "topic": topic}
    return Done(text=text, undo={name: value for name, value in undo.items() if value})


async def _resume(visit: Visit, standing: Standing, say: Say) -> Done:
    subscription, topic = _scope(visit)
    await desk.resume(visit.app, visit.slug, subscription=subscription, topic=topic)
    return Done(text=say("You will get it again from now on."))


def _scope(visit: Visit) -> tuple[str, str]:
    """Return subscription and topic of what is to stop or to come back; both empty: everything."""
    form, link = visit.form, visit.link
    own = (link.subject, link.object) if link.kind is LinkKind.UNSUBSCRIBE else ("", "")
    if form.one_click:
        return own
    subscription, topic = form.one("subscription", own[0]), form.one("topic", own[1])
    match form.one("scope"):
        case "topic" if subscription and topic:
            return subscription, topic
        case "subscription" if subscription:
            return subscription, ""
        case "all":
            return "", ""
        case _:
            raise Refused(desk.NO_CHOICE)


async def _mute(visit: Visit, standing: Standing, say: Say) -> Done:
    made = await desk.mute_story(visit.app, visit.slug, visit.link.object)
    return Done(text=say("You will hear no more of this story."), undo=_ending(made))


async def _snooze(visit: Visit, standing: Standing, say: Say) -> Done:
    hours = visit.form.one("hours")
    topic = visit.link.object or visit.form.one("topic")
    whole = int(hours) if hours in {str(each) for each in desk.SNOOZE_HOURS} else 0
    made = await desk.snooze_topic(visit.app, visit.slug, topic, hours=whole)
    text = say("You will hear nothing of this topic until {when}.")
    return Done(text=text.format(when=_when(standing, made.ends_at)), undo=_ending(made))


async def _pause(visit: Visit, standing: Standing, say: Say) -> Done:
    try:
        until = date.fromisoformat(visit.form.one("until"))
    except ValueError:
        raise Refused(desk.NO_DAY) from None
    made = await desk.pause(visit.app, visit.slug, until=until)
    text = say("Nothing will be sent to you until {when}.")
    return Done(text=text.format(when=_when(standing, made.ends_at)), undo=_ending(made))


def _ending(silence: Silence) -> dict[str, str]:
    return {"do": "end", "uid": silence.uid}


async def _end(visit: Visit, standing: Standing, say: Say) -> Done:
    await desk.end_silence(visit.app, visit.slug, visit.form.one("uid"))
    return Done(text=say("It is ended; alerts come as before."))


async def _person(visit: Visit, standing: Standing, say: Say) -> Done:
    language = visit.form.one("language")
    await desk.edit_person(visit.app, visit.slug, language=language, zone=visit.form.one("zone"))
    return Done(text=say_in(language)("Saved."))


async def _subscription(visit: Visit, standing: Standing, say: Say) -> Done:
    form = visit.form
    day = form.one("digest_day", "0")
    if day not in {str(number) for number in range(7)}:
        raise Refused(desk.NO_CHOICE)
    timing = Timing(
        cadence=desk.cadence_of(form.one("cadence")),
        digest_at=desk.clock_minutes(form.one("digest_at")),
        digest_day=int(day),
        quiet=desk.quiet_of(form.one("quiet_begins"), form.one("quiet_ends")),
        pierce=bool(form.one("pierce")),
        all_quiet=bool(form.one("all_quiet")),
    )
    wishes = Wishes(
        topics=desk.chosen_topics(form.one("which"), form.many("topic")),
        languages=tuple(sorted(set(form.many("only")))),
        timing=timing,
    )
    await desk.edit_subscription(visit.app, visit.slug, form.one("subscription"), wishes)
    return Done(text=say("Saved."))


async def _address(visit: Visit, standing: Standing, say: Say) -> Done | None:
    if not visit.pace.may(f"address {visit.slug}", ADDRESSES, now=visit.now):
        return None
    form = visit.form
    await signup.ask_new_address(
        visit.app, visit.slug, form.one("channel"), form.one("address"), ip_prefix=visit.network
    )
    return Done(text=say("A mail is on its way to the new address. Open its link there to make the change."))


_DEEDS: dict[str, Callable[[Visit, Standing, Say], Awaitable[Done | None]]] = {
    "stop": _stop,
    "resume": _resume,
    "mute": _mute,
    "snooze": _snooze,
    "pause": _pause,
    "end": _end,
    "person": _person,
    "subscription": _subscription,
    "address": _address,
}


# The pages.


async def _page(
    app: App, link: Link, slug: str, *, done: Done | None = None, fault: str = "", status: int = 200
) -> Response:
    standing = await desk.standing(app, slug)
    language = standing.subscriber.language
    say = say_in(language)
    own = Link(kind=LinkKind.PREFERENCES, subject=slug)
    values: dict[str, Any] = {
        "done": done,
        "fault": fault,
        "standing": standing,
        "names": standing.names,
        "preferences": _beside(app, own),
        "describe": lambda silence: _described(standing, silence, say),
        "days": _days(app, standing),
    }
    template = _TEMPLATES[link.kind]
    match link.kind:
        case LinkKind.UNSUBSCRIBE | LinkKind.UNSUBSCRIBE_ALL:
            values |= _scope_of_page(standing, link)
        case LinkKind.MUTE_STORY:
            values["story"] = await desk.story_title(app, link.object)
        case LinkKind.SNOOZE_TOPIC:
            values["topic"] = link.object
        case LinkKind.PREFERENCES:
            values |= {
                "zones": zones(standing.subscriber.zone),
                "clock": _clock,
                "weekdays": WEEKDAYS[language],
                "summary": lambda card: _summary(card, say),
            }
    return page(app, template, language, status=status, **values)


_TEMPLATES = {
    LinkKind.UNSUBSCRIBE: "unsubscribe.html.j2",
    LinkKind.UNSUBSCRIBE_ALL: "unsubscribe.html.j2",
    LinkKind.PREFERENCES: "preferences.html.j2",
    LinkKind.MUTE_STORY: "mute.html.j2",
    LinkKind.SNOOZE_TOPIC: "snooze.html.j2",
    LinkKind.PAUSE: "pause.html.j2",
}


def _beside(app: App, link: Link) -> str:
    """Return a link to another of these pages, relative to this one: a proxy may have put us anywhere."""
    return link_to("x:", app.identity.link_key, link).rpartition("/")[2]


def _scope_of_page(standing: Standing, link: Link) -> dict[str, Any]:
    cards = {card.subscription.slug: card for card in standing.cards}
    card = cards.get(link.subject) if link.kind is LinkKind.UNSUBSCRIBE else None
    topic = link.object if card else ""
    stopped = card is not None and any(each.slug == topic and each.stopped for each in card.topics)
    return {"card": card, "topic": topic, "topic_stopped": stopped}


def _days(app: App, standing: Standing) -> dict[str, str]:
    """Return the days that a pause may end on, and one to begin with."""
    today = app.context.clock().astimezone(ZoneInfo(standing.subscriber.zone)).date()
    ends = {"tomorrow": 1, "week": 7, "last": desk.MAX_PAUSE_DAYS}
    return {name: (today + timedelta(days=days)).isoformat() for name, days in ends.items()}


def _when(standing: Standing, moment: datetime | None) -> str:
    if moment is None:
        return "…"
    local = moment.astimezone(ZoneInfo(standing.subscriber.zone))
    return f"{date_words(standing.subscriber.language, local)}, {local:%H:%M} ({standing.subscriber.zone})"


def _described(standing: Standing, silence: Silence, say: Say) -> str:
    matcher, when = silence.matcher, _when(standing, silence.ends_at)
    if matcher.stories:
        titles = ", ".join(standing.story_titles.get(uid, uid) for uid in matcher.stories)
        return say("The story “{title}”, until {when}").format(title=titles, when=when)
    if matcher.topics:
        names = ", ".join(standing.names.get(slug, slug) for slug in matcher.topics)
        return say("The topic “{topic}”, until {when}").format(topic=names, when=when)
    return say("Everything, until {when}").format(when=when)


def _summary(card: SubscriptionCard, say: Say) -> str:
    timing = card.subscription.timing
    text = say("{cadence}; digest at {at}.").format(
        cadence=say(_CADENCES[timing.cadence]), at=_clock(timing.digest_at)
    )
    if timing.quiet:
        begins, ends = _clock(timing.quiet.begins), _clock(timing.quiet.ends)
        text += " " + say("Quiet hours {begins}–{ends}.").format(begins=begins, ends=ends)
    return text


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def zones(chosen: str) -> list[str]:
    """Return the time zones to choose from, the chosen one among them."""
    offered = {name for name in available_timezones() if name.split("/")[0] in _REGIONS and "/" in name}
    return sorted(offered | {"UTC", chosen})


async def _confirm_page(
    app: App, link: Link, *, done: Done | None = None, asked: signup.Question | None = None
) -> Response:
    question = asked or await signup.question(app, link.subject, link.object)
    names = {topic.slug: topic.name for topic in app.watchlist.topics}
    own = Link(kind=LinkKind.PREFERENCES, subject=question.subscriber)
    return page(
        app,
        "confirm.html.j2",
        question.language,
        status=200 if question.answer is not signup.Answer.EXPIRED else 410,
        question=question,
        names=names,
        done=done,
        preferences=_beside(app, own) if question.subscriber else "",
    )


async def _confirm(app: App, link: Link, form: Form, request: Request) -> Response:
    if form.one("do") != "confirm":
        return _nothing_done(app, request)
    try:
        asked = await signup.confirm(app, link.subject, link.object)
        confirmed = asked.answer is signup.Answer.CONFIRMED
        done = Done(text=say_in(asked.language)("Thank you. Alerts come from now on."))
        return await _confirm_page(app, link, done=done if confirmed else None, asked=asked)
    except NotFound:
        return _gone(app, request)


# What is answered where nothing can be done.


def _unreadable(app: App, request: Request) -> Response:
    return message(
        app,
        reader_language(request, app),
        "This link leads nowhere",
        "It is cut short or changed: open it again from the mail, or copy all of it.",
        status=404,
    )


def _gone(app: App, request: Request, *, one_click: bool = False) -> Response:
    """Say that what a link was about is gone. To a mail program that is a success: nothing will be sent."""
    return message(
        app,
        reader_language(request, app),
        "There is nothing here any more",
        "What this link was about is gone: nothing is sent for it.",
        status=200 if one_click else 410,
    )


def _too_fast(app: App, request: Request) -> Response:
    return message(
        app,
        reader_language(request, app),
        "Too fast",
        "That was often in a short time. Wait a minute and try again; nothing was lost.",
        status=429,
        headers={"Retry-After": "60"},
    )


def _nothing_done(app: App, request: Request) -> Response:
    return message(
        app,
        reader_language(request, app),
        "Nothing was done",
        "The page that sent this is not one of ours, or an old one. Open the link in the mail again.",
        status=400,
    )
