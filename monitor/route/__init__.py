"""From hits to who is told: decisions over hits, subscriptions and what was told already (pure)."""

from monitor.route.decide import Ruling, decide, unwanted

__all__ = ["Ruling", "decide", "unwanted"]
