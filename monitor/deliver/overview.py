"""What stands above and below the items of an alert where there is no page to lay out: terminals and chats.

Says in one line what an alert is about, in English and Spanish, and in a few more what is new, what was held back and
how the feeds stand.
"""

from dataclasses import dataclass

from monitor.deliver.digest import stories_of
from monitor.deliver.notes import say_cause
from monitor.deliver.surge_wording import alert_title, lead
from monitor.deliver.wording import one_line, phrases_for
from monitor.model import Alert, AlertKind, FeedHealth

LINE_LIMIT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phrases:
    """The words of one language. Placeholders are str.format's."""

    update: str
    digest: str
    waited: str
    one_story: str
    stories: str
    new: str
    held: str
    healthy: str
    one_gap: str
    gaps: str
    more_stories: str
    one_report: str
    more_reports: str
    outlets: str


_ENGLISH = _Phrases(
    update="Update: {title}",
    digest="Digest: {stories}",
    waited="Waited until now: {stories}",
    one_story="one story",
    stories="{count} stories",
    new="New: {news}.",
    held="Waited: {causes}.",
    healthy="{healthy} of {feeds} feeds healthy",
    one_gap="1 gap",
    gaps="{count} gaps",
    more_stories="{count} more not shown here",
    one_report="1 more report",
    more_reports="{count} more reports",
    outlets="{count} outlets",
)
_SPANISH = _Phrases(
    update="Novedad: {title}",
    digest="Resumen: {stories}",
    waited="Esperaban hasta ahora: {stories}",
    one_story="una noticia",
    stories="{count} noticias",
    new="Nuevo: {news}.",
    held="Esperaron: {causes}.",
    healthy="{healthy} de {feeds} fuentes funcionan",
    one_gap="1 hueco",
    gaps="{count} huecos",
    more_stories="{count} más, sin mostrar aquí",
    one_report="1 nota más",
    more_reports="{count} notas más",
    outlets="{count} medios",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """An alert in one line, and the lines above and below its items; all are clean and bounded."""

    title: str
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


def overview(alert: Alert) -> Overview:
    """Say what an alert is about."""
    phrases = _phrases(alert)
    above = [one_line(note, LINE_LIMIT) for note in alert.notes]
    if alert.news:
        news = "; ".join(one_line(each, LINE_LIMIT) for each in alert.news)
        above.append(one_line(phrases.new.format(news=news), 2 * LINE_LIMIT))
    surge = lead(alert)
    if surge is not None:
        above += [line for line in (surge.why, surge.more, surge.newest) if line]
    return Overview(title=_title(alert, phrases), above=tuple(above), below=_below(alert, phrases))


def is_listed(alert: Alert) -> bool:
    """Say whether an alert is told as a list of stories, by topic: a digest, or a bundle of several."""
    return not alert.surges and (alert.kind is AlertKind.DIGEST or len(stories_of(alert)) > 1)


def outlets_line(count: int, alert: Alert) -> str:
    """Say how many outlets tell a story; nothing for one alone."""
    return _phrases(alert).outlets.format(count=count) if count > 1 else ""


def more_stories(count: int, alert: Alert) -> str:
    """Say how many stories are not shown; nothing for none."""
    return _phrases(alert).more_stories.format(count=count) if count > 0 else ""


def more_reports(count: int, alert: Alert) -> str:
    """Say how many reports of a story are not shown; nothing for none."""
    phrases = _phrases(alert)
    return (
        "" if count <= 0 else phrases.one_report if count == 1 else phrases.more_reports.format(count=count)
    )


def _title(alert: Alert, phrases: _Phrases) -> str:
    title = alert_title(alert, limit=LINE_LIMIT)
    if alert.surges or alert.kind is AlertKind.FIRST:
        return title
    if is_listed(alert):
        number = len(stories_of(alert))
        stories = phrases.one_story if number == 1 else phrases.stories.format(count=number)
        form = phrases.digest if alert.kind is AlertKind.DIGEST else phrases.waited
        return form.format(stories=stories)
    return one_line(phrases.update.format(title=title), LINE_LIMIT)


def _below(alert: Alert, phrases: _Phrases) -> tuple[str, ...]:
    language = alert.subscription.subscriber.language
    lines = []
    if alert.held:
        causes = "; ".join(f"{say_cause(cause, language)}: {number}" for cause, number in alert.held)
        lines.append(phrases.held.format(causes=causes))
    if alert.health is not None:
        lines.append(_health(alert.health, phrases))
    return tuple(lines)


def _health(health: FeedHealth, phrases: _Phrases) -> str:
    said = [phrases.healthy.format(healthy=health.healthy, feeds=health.feeds)]
    said += [one_line(each, LINE_LIMIT) for each in (*health.silent, *health.failing)]
    if health.gaps:
        said.append(phrases.one_gap if health.gaps == 1 else phrases.gaps.format(count=health.gaps))
    return one_line("; ".join(said), 4 * LINE_LIMIT) + "."


def _phrases(alert: Alert) -> _Phrases:
    language = phrases_for(alert.subscription.subscriber.language).language
    return _SPANISH if language == "es" else _ENGLISH
