"""What every stage is given: the store, the clock, chance, the watchlist in force, and the way to wake others."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.match import Watchlist
from monitor.store import Store


class Stage(StrEnum):
    """The stages that can be woken."""

    POLL = "poll"
    READ = "read"
    DISPATCH = "dispatch"
    RELEASE = "release"
    SEND = "send"
    SURGE = "surge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Tools shared by the stages. `watchlist` returns the snapshot in force; `random` is uniform in [0, 1)."""

    store: Store
    clock: Callable[[], datetime]
    random: Callable[[], float]
    watchlist: Callable[[], Watchlist]
    wake: Callable[[Stage], None]
    new_uid: Callable[[], str]
