"""How often something may be done: a bucket of tokens for each key, in memory, bounded in number."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then one every `seconds`."""

    burst: int
    seconds: float


@dataclass(slots=True)
class Pace:
    """Buckets by key; when there are `most`, the one that was used longest ago makes room."""

    most: int = 10_000
    _buckets: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def may(self, key: str, rate: Rate, *, now: datetime) -> bool:
        """Take a token, or say that there is none left."""
        left, since = self._buckets.pop(key, (float(rate.burst), now))
        left = min(float(rate.burst), left + max(0.0, (now - since).total_seconds()) / rate.seconds)
        allowed = left >= 1.0
        self._buckets[key] = (left - 1.0 if allowed else left, now)
        if len(self._buckets) > self.most:
            del self._buckets[next(iter(self._buckets))]
        return allowed
