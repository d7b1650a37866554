"""How a digest is laid out, and that nothing in it is lost or told twice."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.deliver.digest import layout, stories_of
from monitor.model import Alert, AlertHit, Priority
from tests.deliver.news_mails import digest_of, entry, story, topic

MakeAlert = Callable[..., Alert]
TOPICS = [
    topic("wall", priority=Priority.LOW),
    topic("tariffs"),
    topic("trade"),
    topic("cartels", priority=Priority.URGENT),
]
RANK = {Priority.URGENT: 0, Priority.NORMAL: 1, Priority.LOW: 2}

entries = st.lists(
    st.tuples(st.sampled_from(TOPICS), st.integers(1, 30), st.integers(1, 90), st.integers(0, 4), st.floats(0, 99)),
    min_size=1,
    max_size=60,
).map(
    lambda rows: [
        entry(about, story(of, independent=of % 5), number=of * 10 + item % 5, hours=hours)
        for about, of, item, _, hours in rows
    ]
)  # fmt: skip


@given(hits=entries, most=st.integers(1, 40))
@settings(deadline=None)
def test_every_story_is_told_once_or_counted_and_the_most_important_first(
    make_alert: MakeAlert, hits: list[AlertHit], most: int
) -> None:
    alert = digest_of(make_alert(), *hits)
    laid = layout(alert, most=most)
    shown = [group for section in laid.topics for group in section.stories]
    assert laid.stories == len(stories_of(alert)) == len(shown) + laid.hidden
    assert len(shown) == min(most, laid.stories)
    assert len({group.story.uid for group in shown}) == len(shown)
    ranks = [RANK[section.topic.priority] for section in laid.topics]
    assert ranks == sorted(ranks)
    for section in laid.topics:
        order = [(-group.story.independent, -group.newest.timestamp()) for group in section.stories]
        assert order == sorted(order)
    for group in shown:
        own = {shown.topic.slug for shown in hits if shown.story and shown.story.uid == group.story.uid}
        assert {group.topic.slug, *(each.slug for each in group.others)} == own
        assert all(RANK[group.topic.priority] <= RANK[each.priority] for each in group.others)
        assert sum(len(each.hits) for each in shown) <= len(hits)


def test_a_story_of_two_topics_stands_under_the_more_urgent_one(make_alert: MakeAlert) -> None:
    wall, _, _, cartels = TOPICS
    alert = digest_of(make_alert(), entry(wall, story(1)), entry(cartels, story(1)), entry(wall, story(2)))
    laid = layout(alert)
    assert [(s.topic.slug, [g.story.id for g in s.stories]) for s in laid.topics] == [
        ("cartels", [1]),
        ("wall", [2]),
    ]
    assert laid.topics[0].stories[0].others == (wall,)


def test_confirmed_stories_lead_and_then_the_newest(make_alert: MakeAlert) -> None:
    about = TOPICS[1]
    alert = digest_of(
        make_alert(),
        entry(about, story(1), hours=1),
        entry(about, story(2, independent=3), hours=20),
        entry(about, story(3), hours=0.5),
    )
    assert [group.story.id for group in layout(alert).topics[0].stories] == [2, 3, 1]


def test_a_topic_whose_stories_do_not_fit_is_counted_all_the_same(make_alert: MakeAlert) -> None:
    wall, tariffs, *_ = TOPICS
    hits = [entry(tariffs, story(n)) for n in range(1, 4)] + [entry(wall, story(9))]
    laid = layout(digest_of(make_alert(), *hits), most=2)
    assert [(s.topic.slug, len(s.stories), s.hidden) for s in laid.topics] == [
        ("tariffs", 2, 1),
        ("wall", 0, 1),
    ]


def test_an_alert_of_one_story_needs_no_story_beside_its_hits(make_alert: MakeAlert) -> None:
    alert = make_alert(items=3)
    assert stories_of(alert) == (alert.story,)
    assert stories_of(replace(alert, hits=alert.hits[:1])) == (alert.story,)
