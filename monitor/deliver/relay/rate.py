"""How many mails a minute go to one relay or one domain: a token bucket that a busy receiver can slow down.

Pure: the time (seconds of any steady clock) is a parameter. It neither waits nor sends.
"""

BURST_SECONDS = 10.0  # so much of the rate may go at once after a quiet time, at least one mail
SLOWED = 30.0  # mails a minute after the first complaint of a receiver whose rate was not bound
SLOWEST = 1.0
LONGEST_LINE = 900.0  # seconds: who would wait for longer comes and asks again by then
RECOVERY_SECONDS = 60.0  # after each of these without a complaint, a slowed rate doubles


class Bucket:
    """Mails a minute; 0 means no bound. `take` reserves: tokens may go below zero, and those behind wait longer."""

    def __init__(self, per_minute: float) -> None:
        self._configured = per_minute
        self._tokens = _burst(per_minute)
        self._at = 0.0
        self._line_ends = 0.0
        self._slowed = 0.0  # the rate that the last complaint left; 0: none is remembered
        self._slowed_at = 0.0

    def rate(self, now: float) -> float:
        """Return the rate in force, in mails a minute; 0: no bound."""
        if not self._slowed:
            return self._configured
        doublings = int((now - self._slowed_at) // RECOVERY_SECONDS)
        rate = self._slowed * (1 << min(max(doublings, 0), 60))
        if rate >= (self._configured or 16 * SLOWED):
            self._slowed = 0.0
            return self._configured
        return rate

    def wait(self, now: float) -> float:
        """Return how many seconds the next mail would have to wait."""
        rate = self.rate(now)
        if not rate:
            return 0.0
        self._fill(now, rate)
        return max(0.0, (1.0 - self._tokens) * 60.0 / rate)

    def take(self, now: float) -> None:
        """Count a mail that goes after its `wait`."""
        rate = self.rate(now)
        if rate:
            self._fill(now, rate)
            self._tokens -= 1.0

    def turn(self, now: float) -> float:
        """Return in how many seconds a mail that cannot wait here may come again: each one later than the last."""
        rate = self.rate(now)
        first = now + self.wait(now)
        after_last = self._line_ends + 60.0 / rate if rate else first
        self._line_ends = max(first, after_last) if after_last - now < LONGEST_LINE else first
        return self._line_ends - now

    def slow(self, now: float) -> None:
        """Halve the rate, since the receiver asked for less; a burst that was saved up is gone."""
        before = self.rate(now)
        self._slowed = max(SLOWEST, before / 2 if before else SLOWED)
        self._slowed_at = now
        self._tokens = min(self._tokens, 0.0)
        self._at = now

    def _fill(self, now: float, rate: float) -> None:
        gained = max(0.0, now - self._at) * rate / 60.0
        self._tokens = min(_burst(rate), self._tokens + gained)
        self._at = max(self._at, now)


def _burst(per_minute: float) -> float:
    return max(1.0, per_minute * BURST_SECONDS / 60.0)
