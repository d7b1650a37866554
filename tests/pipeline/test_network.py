"""An offline machine is named as such, once, and so is its return."""

from structlog.testing import capture_logs

from monitor.model import Outcome
from monitor.pipeline.network import SUSPICIOUS, Network


def test_polls_in_a_row_that_reach_nobody_are_called_a_network_fault_once() -> None:
    network = Network()
    with capture_logs() as logs:
        for _ in range(3 * SUSPICIOUS):
            network.note(Outcome.UNREACHABLE)
    assert [entry["event"] for entry in logs] == ["network.down"]
    assert network.down


def test_one_answer_of_any_kind_ends_it() -> None:
    network = Network()
    for _ in range(SUSPICIOUS):
        network.note(Outcome.UNREACHABLE)
    with capture_logs() as logs:
        network.note(Outcome.SERVER_ERROR)
        network.note(Outcome.NEW)
    assert [entry["event"] for entry in logs] == ["network.up"]
    assert not network.down


def test_a_few_unreachable_feeds_among_good_ones_are_their_own_fault() -> None:
    network = Network()
    with capture_logs() as logs:
        for _ in range(10):
            for _ in range(SUSPICIOUS - 1):
                network.note(Outcome.UNREACHABLE)
            network.note(Outcome.NOT_MODIFIED)
    assert logs == []
