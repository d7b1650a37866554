"""Which test proves which line of the checklist in docs/polling.md: a decorator here, a table for older tests."""

from collections.abc import Callable, Mapping
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])

LINES = (*(str(number) for number in range(1, 59)), "self")


def checklist(*lines: int | str) -> Callable[[F], F]:
    """Say which lines a test proves."""

    def note(test: F) -> F:
        test.__dict__["checklist"] = tuple(str(line) for line in lines)
        return test

    return note


ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "11": (
        (
            "tests/pipeline/test_progress.py::"
            "test_a_server_that_says_not_modified_for_ever_is_asked_for_the_whole_after_eight_days"
        ),
    ),
    "13": (
        "tests/pipeline/test_poll.py::test_a_commit_without_room_says_so_keeps_nothing_and_loses_nothing",
    ),
    "25": (
        (
            "tests/contract/test_feeds.py::"
            "test_a_claimed_feed_is_due_again_after_its_interval_even_if_its_claimer_dies"
        ),
    ),
    "26": ("tests/config/test_plan.py::test_first_polls_are_strewn_and_keep_to_the_floor",),
    "33": ("tests/pipeline/test_hosts.py::test_a_site_that_publishes_a_slower_limit_gets_it",),
    "34": ("tests/fetch/test_blocked.py::test_each_service_is_recognised",),
    "38": (
        "tests/fetch/test_request.py::test_connection_refused_names_the_place",
        "tests/fetch/test_request.py::test_an_unknown_name_is_told_from_a_refusal",
        "tests/fetch/test_request.py::test_a_failed_handshake_is_a_tls_failure",
        "tests/fetch/test_request.py::test_an_answer_that_is_not_http_is_unreachable",
    ),
    "42": (
        "tests/fetch/test_reach.py::test_a_feed_with_credentials_does_not_leave_https",
        "tests/fetch/test_reach.py::test_credentials_in_the_address_do_not_leave_https_either",
    ),
    "43": ("tests/fetch/test_reach.py::test_credentials_follow_redirects_inside_their_origin_only",),
    "44": (
        "tests/config/test_load.py::test_a_placeholder_contact_is_refused_with_what_to_do",
        "tests/config/test_load.py::test_the_floor_is_an_hour_until_somebody_can_be_reached",
    ),
    "45": ("tests/net/test_client.py::test_a_cookie_is_neither_kept_nor_sent",),
    "49": ("tests/net/test_bounded.py::test_each_encoding_gives_the_same_text",),
    "51": ("tests/net/test_transport.py::test_a_kept_connection_ends_after_its_time",),
    "52": ("tests/net/test_client.py::test_proxies_of_the_environment_are_ignored",),
    "53": (
        "tests/net/test_dial.py::test_a_dead_ipv6_costs_less_than_a_second",
        "tests/net/test_dial.py::test_a_silent_address_is_overtaken_by_the_next",
    ),
    "54": (
        "tests/fetch/test_crawl.py::test_what_robots_forbid_is_not_asked_for_and_said",
        "tests/desk/test_discover.py::test_robots_are_obeyed_for_what_is_found",
    ),
    "self": (
        (
            "tests/desk/test_doctor.py::"
            "test_two_feeds_that_call_themselves_the_same_are_pointed_out_with_what_to_do"
        ),
    ),
    "58": ("tests/fetch/test_request.py::test_a_drip_runs_into_the_total_time",),
}
