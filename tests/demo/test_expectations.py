"""The judge finds what is missing, unexpected, doubled or incomplete, and nothing in a perfect run."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from monitor.demo.expectations import Arrival, Report, judge, mail_arrival, webhook_arrival
from monitor.demo.recordings import ExpectedStory

EXPECTED = (
    ExpectedStory(story="tunnel", title="A tunnel", topics=frozenset({"smuggling-corridors"})),
    ExpectedStory(story="guard", title="Troops", topics=frozenset({"border-militarization"})),
)
STORIES = {
    "https://a.example/1": "tunnel",
    "https://a.example/2": "guard",
    "https://b.example/2": "guard",
    "https://a.example/3": "hockey",
}
SLUGS = ("smuggling-corridors", "border-militarization", "tariffs")


def hook(identifier: str, link: str, *topics: str) -> Arrival:
    body = {"type": "x", "data": {"title": "A headline", "items": [{"link": link}], "topics": [*topics]}}
    return webhook_arrival(identifier, json.dumps(body).encode(), slugs=SLUGS)


def mail(identifier: str, link: str) -> Arrival:
    return mail_arrival(identifier, subject="A headline", text=f"Read it here: <{link}>\nBye.")


PERFECT = (
    hook("m1", "https://a.example/1", "smuggling-corridors", "tariffs"),
    hook("m2", "https://b.example/2", "border-militarization"),
    mail("<m1>", "https://a.example/1"),
    mail("<m2>", "https://a.example/2"),
)


def judged(*arrivals: Arrival) -> Report:
    return judge(arrivals, expected=EXPECTED, stories=STORIES)


def test_a_perfect_run_has_nothing_to_say() -> None:
    report = judged(*PERFECT)
    assert report.ok
    assert report.lines == ()
    assert report.arrived == {"webhook": 2, "email": 2}


def test_the_same_id_again_is_no_fault() -> None:
    assert judged(*PERFECT, *PERFECT).ok


@given(gone=st.sets(st.sampled_from(range(4))))
def test_whatever_did_not_arrive_is_named(gone: set[int]) -> None:
    report = judged(*(arrival for index, arrival in enumerate(PERFECT) if index not in gone))
    assert report.missing == len(gone) == len(report.lines)
    assert all(line.startswith("missing on ") for line in report.lines)
    assert report.ok == (not gone)


@given(again=st.sampled_from(range(4)))
def test_a_second_id_for_a_story_is_doubled(again: int) -> None:
    report = judged(*PERFECT, replace(PERFECT[again], id="other"))
    assert not report.ok
    assert [line.split(" ")[0] for line in report.lines] == ["doubled"]
    assert "2 ids" in report.lines[0]


def test_a_story_that_must_not_alert_is_unexpected() -> None:
    report = judged(*PERFECT, hook("m3", "https://a.example/3", "tariffs"))
    assert [line.split(":")[0] for line in report.lines] == ["unexpected on webhook"]
    assert "hockey" in report.lines[0]


def test_a_message_about_nothing_recorded_is_unexpected() -> None:
    assert "nothing recorded" in judged(*PERFECT, mail("<m9>", "https://a.example/10")).lines[0]


def test_a_wrong_story_beside_a_right_one_is_unexpected() -> None:
    both = replace(PERFECT[0], links=frozenset({"https://a.example/1", "https://a.example/3"}))
    report = judged(both, *PERFECT[1:])
    assert [line.split(":")[0] for line in report.lines] == ["unexpected on webhook"]


def test_an_alert_that_does_not_name_its_topic_is_incomplete() -> None:
    report = judged(hook("m1", "https://a.example/1", "tariffs"), *PERFECT[1:])
    assert report.lines == ("incomplete on webhook: “A tunnel” does not name smuggling-corridors",)


def test_a_body_that_is_no_json_is_unexpected_and_no_crash() -> None:
    report = judged(*PERFECT, webhook_arrival("m9", b"\xff{", slugs=SLUGS))
    assert not report.ok


def test_links_are_found_whole() -> None:
    assert mail("<m>", "https://a.example/12").links == {"https://a.example/12"}
    assert hook("m", "https://a.example/1?x=(1)").links == {"https://a.example/1?x=(1"}
