"""Politeness to one host: so many polls at a time, and a pause after each."""

import pytest

from monitor.pipeline.hosts import Hosts, pause_after


class Ticking:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_host_takes_no_more_polls_than_allowed_at_once() -> None:
    hosts = Hosts(per_host=2, pause=0.0)
    assert hosts.room() == {}
    hosts.enter("a.example")
    assert hosts.room() == {"a.example": 1}
    hosts.enter("a.example")
    hosts.enter("b.example")
    assert hosts.room() == {"a.example": 0, "b.example": 1}
    hosts.leave("a.example")
    hosts.leave("a.example")
    assert hosts.room() == {"b.example": 1}


def test_a_host_rests_after_each_poll() -> None:
    clock = Ticking()
    hosts = Hosts(per_host=1, pause=1.5, clock=clock)
    assert hosts.wait() is None
    hosts.enter("a.example")
    hosts.leave("a.example")
    assert hosts.room() == {"a.example": 0}
    assert hosts.wait() == 1.5
    clock.now += 1.4
    assert hosts.room() == {"a.example": 0}
    clock.now += 0.2
    assert hosts.room() == {}
    assert hosts.wait() is None


@pytest.mark.parametrize(
    ("host", "seconds"),
    [("reddit.com", 60.0), ("www.reddit.com", 60.0), ("notreddit.com", 1.0), ("feeds.example", 1.0)],
)
def test_a_site_that_publishes_a_slower_limit_gets_it(host: str, seconds: float) -> None:
    assert pause_after(host, usual=1.0) == seconds


def test_a_longer_usual_pause_counts_for_every_host() -> None:
    assert pause_after("reddit.com", usual=90.0) == 90.0
