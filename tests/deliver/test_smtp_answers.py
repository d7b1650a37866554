"""What each answer of a relay means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.deliver.relay.answers import Slower, Step, is_hard, judged
from monitor.model import SendOutcome


@pytest.mark.parametrize(
    ("step", "code", "text", "outcome", "fault", "slower"),
    [
        (Step.OPENING, 421, "4.3.2 down", SendOutcome.RETRY, True, Slower.RELAY),
        (Step.OPENING, 554, "no service", SendOutcome.RETRY, True, Slower.NOBODY),
        (Step.LOGIN, 535, "5.7.8 wrong", SendOutcome.RETRY, True, Slower.NOBODY),
        (Step.LOGIN, 454, "4.7.0 directory away", SendOutcome.RETRY, False, Slower.NOBODY),
        (Step.MAIL, 450, "4.7.1 slower", SendOutcome.RETRY, False, Slower.RELAY),
        (Step.MAIL, 550, "5.1.8 who are you", SendOutcome.RETRY, True, Slower.NOBODY),
        (Step.RCPT, 450, "4.2.0 greylisted", SendOutcome.RETRY, False, Slower.NOBODY),
        (Step.RCPT, 451, "4.7.1 greylisted", SendOutcome.RETRY, False, Slower.DOMAIN),
        (Step.RCPT, 452, "too many recipients", SendOutcome.RETRY, False, Slower.NOBODY),
        (Step.RCPT, 421, "4.7.28 rate", SendOutcome.RETRY, False, Slower.RELAY),
        (Step.RCPT, 550, "5.1.1 unknown", SendOutcome.DISABLE, False, Slower.NOBODY),
        (Step.RCPT, 550, "5.1.8 your sender", SendOutcome.REFUSED, False, Slower.NOBODY),
        (Step.RCPT, 550, "5.2.1 closed", SendOutcome.DISABLE, False, Slower.NOBODY),
        (Step.RCPT, 552, "5.2.2 full", SendOutcome.REFUSED, False, Slower.NOBODY),
        (Step.RCPT, 554, "5.7.1 relay access denied", SendOutcome.RETRY, True, Slower.NOBODY),
        (Step.RCPT, 530, "log in", SendOutcome.RETRY, True, Slower.NOBODY),
        (Step.DATA, 250, "2.0.0 taken", SendOutcome.ACCEPTED, False, Slower.NOBODY),
        (Step.DATA, 451, "4.3.0 disk", SendOutcome.RETRY, False, Slower.NOBODY),
        (Step.DATA, 554, "5.6.0 content", SendOutcome.REFUSED, False, Slower.NOBODY),
        (Step.DATA, 550, "5.7.26 not authenticated", SendOutcome.RETRY, True, Slower.NOBODY),
    ],
)
def test_each_answer_has_one_meaning(
    step: Step, code: int, text: str, outcome: SendOutcome, *, fault: bool, slower: Slower
) -> None:
    handed = judged(step, code, text)
    assert (handed.result.outcome, handed.result.relay_fault, handed.slower) == (outcome, fault, slower)
    assert str(code) in handed.result.reason


def test_who_greylists_is_left_alone_for_minutes() -> None:
    assert judged(Step.RCPT, 450, "4.2.0 greylisted").result.retry_after == 300


@given(step=st.sampled_from(Step), code=st.integers(-1, 999), text=st.text(max_size=60))
def test_only_a_reply_to_the_text_can_accept_and_only_a_hard_status_ends_an_address(
    step: Step, code: int, text: str
) -> None:
    result = judged(step, code, text).result
    assert (result.outcome is SendOutcome.ACCEPTED) == (step is Step.DATA and 200 <= code < 300)
    if result.outcome is SendOutcome.DISABLE:
        assert step in {Step.RCPT, Step.DATA}
        assert code >= 500
        assert any(is_hard(word) for word in text.split())
