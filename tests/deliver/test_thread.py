"""Which mails hang together, and under which subject."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.deliver.mail.email import EmailSender
from monitor.deliver.mail.thread import THREAD_LENGTH, is_answer, subject_of, thread_name
from monitor.deliver.sender import SenderIdentity
from monitor.model import Alert, AlertKind, Surge
from tests.deliver.news_mails import digest_of, entry, for_reader, parsed, story, topic

MakeAlert = Callable[..., Alert]


def test_all_mails_of_a_story_share_subject_and_root_and_none_has_the_roots_id(
    make_alert: MakeAlert, identity: SenderIdentity
) -> None:
    subject = "El primer titular, año nuevo"
    alerts = [
        replace(make_alert(title=f"Report {n}", spans=()), uid=f"u{n}", subject=subject, thread=n, kind=kind)
        for n, kind in enumerate([AlertKind.FIRST, AlertKind.FOLLOW_UP, AlertKind.BUNDLE])
    ]
    mails = [parsed(EmailSender().render(alert, identity)) for alert in alerts]
    assert [mail["Subject"] for mail in mails] == [subject, f"Re: {subject}", f"Re: {subject}"]
    assert {mail["References"] for mail in mails} == {"<s.st-51.desk-tariffs@news.example>"}
    assert len({mail["Message-ID"] for mail in mails} | {mails[0]["References"]}) == 4


@settings(deadline=None)
@given(told=st.integers(min_value=0, max_value=1000))
def test_no_thread_grows_beyond_its_length(make_alert: MakeAlert, told: int) -> None:
    names = [thread_name(replace(make_alert(), thread=n)) for n in range(told, told + THREAD_LENGTH)]
    assert len(set(names)) <= 2
    assert thread_name(replace(make_alert(), thread=told)) != thread_name(
        replace(make_alert(), thread=told + THREAD_LENGTH)
    )


def test_what_waited_in_the_night_is_no_answer_when_it_is_the_first_of_its_story(
    make_alert: MakeAlert,
) -> None:
    first = replace(make_alert(), kind=AlertKind.BUNDLE)
    assert not is_answer(first)
    assert is_answer(replace(first, news=("3 dead",)))


def test_a_bundle_of_several_stories_stands_alone_and_counts_them(make_alert: MakeAlert) -> None:
    hits = (entry(topic("tariffs"), story(1, title="Acero")), entry(topic("wall"), story(2)))
    bundle = digest_of(make_alert(), *hits, kind=AlertKind.BUNDLE, since=None)
    assert thread_name(bundle) == ""
    assert not is_answer(replace(bundle, news=("3 dead",)))
    assert subject_of(bundle) == "2 stories in 2 topics: Acero"
    assert subject_of(for_reader(bundle, language="es")) == "2 noticias en 2 temas: Acero"


def test_a_digests_subject_says_the_period_and_the_counts(make_alert: MakeAlert) -> None:
    digest = digest_of(make_alert(), entry(topic("tariffs"), story(1)), entry(topic("tariffs"), story(2)))
    assert subject_of(digest) == "Digest 3–4 March: 2 stories in 1 topic"
    assert subject_of(for_reader(digest, language="es")) == "Resumen 3–4 de marzo: 2 noticias en 1 tema"
    assert subject_of(replace(digest, since=None)) == "Digest 4 March: 2 stories in 1 topic"
    assert thread_name(digest) == ""


def test_the_mails_about_a_topics_surges_are_a_thread(
    make_alert: MakeAlert, make_surge: Callable[..., Surge]
) -> None:
    alert = replace(make_alert(), kind=AlertKind.SURGE, surges=(make_surge(),))
    assert thread_name(alert) == "g.tariffs"
    assert not is_answer(alert)
