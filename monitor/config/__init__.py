"""Configuration: settings from one TOML file and the environment; desired state from files; plan and apply.

Stands above the stages, which know nothing of it: the app hands each one the few values it needs.
"""

from monitor.config.collector import Origin
from monitor.config.desired import Desired, load_desired
from monitor.config.load import load_settings
from monitor.config.opml import Outline, read_opml, write_opml
from monitor.config.plan import Change, Plan, applied_revision, apply_plan, make_plan
from monitor.config.settings import Settings
from monitor.config.start import Start, decide_start
from monitor.config.tidy import Tidied, tidy_watchlist, write_tidied
from monitor.config.watchlists import read_watchlist, watchlist_paths

__all__ = [
    "Change",
    "Desired",
    "Origin",
    "Outline",
    "Plan",
    "Settings",
    "Start",
    "Tidied",
    "applied_revision",
    "apply_plan",
    "decide_start",
    "load_desired",
    "load_settings",
    "make_plan",
    "read_opml",
    "read_watchlist",
    "tidy_watchlist",
    "watchlist_paths",
    "write_opml",
    "write_tidied",
]
