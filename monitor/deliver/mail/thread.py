"""Which mails a reader's program shows as one thread, and under which subject (pure).

The mails of a story refer to one Message-ID that no mail has: whichever of them arrives first, or is deleted, the
others hold together. Programs also ask for one subject in a thread, so it is frozen with the story's first alert and
what is new stands in the mail. A thread ends before programs break it by themselves (at about a hundred mails).
"""

from monitor.deliver.digest import stories_of
from monitor.deliver.local_time import short_day, short_period, zone_of
from monitor.deliver.mail.wording import in_topics, mail_phrases
from monitor.deliver.surge_wording import alert_title
from monitor.deliver.wording import headline, one_line, phrases_for
from monitor.model import Alert, AlertKind

THREAD_LENGTH = 90
SUBJECT_LIMIT = 220


def tells_one_story(alert: Alert) -> bool:
    """Whether a mail tells of one story and belongs to its thread: no digest, surge or bundle of several does."""
    return alert.kind is not AlertKind.DIGEST and not alert.surges and len(stories_of(alert)) == 1


def is_answer(alert: Alert) -> bool:
    """Whether the story's thread had a mail before, so that this one's subject begins with "Re:"."""
    return tells_one_story(alert) and (
        alert.kind is AlertKind.FOLLOW_UP or alert.thread > 0 or bool(alert.news)
    )


def subject_of(alert: Alert) -> str:
    """Return the subject, without "Re:": a story's frozen headline, or what a surge, bundle or digest amounts to."""
    language = alert.subscription.subscriber.language
    if alert.kind is AlertKind.DIGEST:
        return one_line(
            mail_phrases(language).digest_title.format(period=_period(alert), counts=_counts(alert)),
            SUBJECT_LIMIT,
        )
    if alert.surges:
        return alert_title(alert, limit=SUBJECT_LIMIT)
    if not tells_one_story(alert):
        title = mail_phrases(language).bundle_title
        return one_line(
            title.format(counts=_counts(alert), headline=headline(alert, limit=SUBJECT_LIMIT)), SUBJECT_LIMIT
        )
    return one_line(alert.subject, SUBJECT_LIMIT) or headline(alert, limit=SUBJECT_LIMIT)


def thread_name(alert: Alert) -> str:
    """Return what the mails of one thread have in common, "" for a mail that stands alone.

    The mails about a topic's surges are a thread, too.
    """
    if alert.kind is AlertKind.DIGEST:
        return ""
    if alert.surges:
        return f"g.{alert.surges[0].topic}"
    if not tells_one_story(alert):
        return ""
    full = alert.thread // THREAD_LENGTH
    return f"s{full + 1 if full else ''}.{stories_of(alert)[0].uid}"


def _counts(alert: Alert) -> str:
    topics = {entry.topic.slug for entry in alert.hits}
    return in_topics(
        len(stories_of(alert)), len(topics), mail_phrases(alert.subscription.subscriber.language)
    )


def _period(alert: Alert) -> str:
    subscriber = alert.subscription.subscriber
    phrases, zone = phrases_for(subscriber.language), zone_of(subscriber.zone)
    if alert.since is None or alert.since >= alert.created_at:
        return short_day(alert.created_at, phrases, zone)
    return short_period(alert.since, alert.created_at, phrases, zone)
