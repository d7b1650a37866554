"""From hits to who is told: decisions over hits, subscriptions and what was told already (pure)."""

from monitor.route.decide import NO_ALERT, Ruling, decide, unwanted
from monitor.route.surges import tell_surge

__all__ = ["NO_ALERT", "Ruling", "decide", "tell_surge", "unwanted"]
