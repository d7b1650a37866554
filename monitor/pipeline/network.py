"""Tell a machine that is offline from feeds that are down: when nothing is reachable, the fault is likely ours.

It only says so, once when it begins and once when it ends; polling goes on as it would.
"""

import structlog

from monitor.model import Outcome

log = structlog.get_logger()

SUSPICIOUS = 5


class Network:
    """Counts polls in a row that reached nobody."""

    def __init__(self) -> None:
        self._unreached = 0

    @property
    def down(self) -> bool:
        """Whether the last polls all failed to reach their server."""
        return self._unreached >= SUSPICIOUS

    def note(self, outcome: Outcome) -> None:
        """Take in how a poll ended."""
        if outcome is not Outcome.UNREACHABLE:
            if self.down:
                log.info("network.up", reason="a feed's server was reached again")
            self._unreached = 0
            return
        self._unreached += 1
        if self._unreached == SUSPICIOUS:
            log.warning(
                "network.down",
                reason=f"the last {SUSPICIOUS} feeds could not be reached: is this machine online, and its DNS "
                "working? Polling goes on; nothing is lost that the feeds still show later",
            )
