"""Which hosts may be asked now: so many requests to one at a time, and a pause after each.

Polls and the reading of articles share one of these, so that no host is asked by both at once.

In memory only: what must outlast a restart, a host's own "come back later", is in the store.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

PATIENCE = {"reddit.com": 60.0}  # sites whose published limits ask for more than our usual pause, in seconds
LOOK_SECONDS = 0.05  # between two looks at a host that is busy


def pause_after(host: str, *, usual: float) -> float:
    """Return the seconds between two requests to a host; a site's subdomains share its rule."""
    for site, seconds in PATIENCE.items():
        if host == site or host.endswith("." + site):
            return max(usual, seconds)
    return usual


class Hosts:
    """Counts the requests in flight to each host and remembers when the last one ended.

    `per_host` bounds those to a host at a time, `pause` is the usual number of seconds between two. Whoever looks for
    `room` keeps `turn` until it has entered: no two may take the same place. `refused` says how many times in a row
    each host has refused us that the store holds, or has held, back; None until it was read.
    """

    def __init__(self, *, per_host: int, pause: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_host = per_host
        self._pause = pause
        self._clock = clock
        self._flying: Counter[str] = Counter()
        self._free_at: dict[str, float] = {}
        self.turn = asyncio.Lock()
        self.refused: dict[str, int] | None = None

    def room(self) -> dict[str, int]:
        """Return how many more polls each host takes now, of those that take fewer than usual."""
        now = self._clock()
        self._free_at = {host: at for host, at in self._free_at.items() if at > now}
        limited = {host: self.per_host - number for host, number in self._flying.items()}
        return limited | dict.fromkeys(self._free_at, 0)

    def wait(self) -> float | None:
        """Return the seconds until the next host that pauses may be asked again; None when none pauses."""
        now = self._clock()
        return min((max(0.0, at - now) for at in self._free_at.values()), default=None)

    def enter(self, host: str) -> None:
        """Note that a request to a host begins."""
        self._flying[host] += 1

    async def enter_in_turn(self, host: str) -> None:
        """Enter a host as soon as it has room."""
        while True:
            async with self.turn:
                if self.room().get(host, self.per_host) > 0:
                    self.enter(host)
                    return
                wait = self._free_at.get(host, 0.0) - self._clock()
            await asyncio.sleep(max(wait, LOOK_SECONDS))

    def leave(self, host: str, *, at_least: float = 0.0) -> None:
        """Note that it has ended; the pause begins, of `at_least` so many seconds."""
        self._flying[host] -= 1
        if self._flying[host] <= 0:
            del self._flying[host]
        if pause := max(pause_after(host, usual=self._pause), at_least):
            self._free_at[host] = self._clock() + pause

    def release(self, host: str) -> None:
        """Note that a host has answered again."""
        if self.refused is not None:
            self.refused.pop(host, None)

    def pause(self, host: str) -> float:
        """Return the pause of a host in seconds, for whoever asks it twice within one poll."""
        return pause_after(host, usual=self._pause)
