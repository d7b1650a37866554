"""The column of a subscription's timing: JSON that holds what differs from the defaults."""

from dataclasses import asdict
from typing import Any

from monitor.model import Cadence, Quiet, Timing
from monitor.store.columns import from_json, to_json

_DEFAULTS = asdict(Timing())


def timing_to_json(timing: Timing) -> str:
    """Return the text to store; the default timing is `{}`."""
    return to_json({name: value for name, value in asdict(timing).items() if value != _DEFAULTS[name]})


def timing_from_json(text: str) -> Timing:
    """Return the timing of a stored text."""
    stored: dict[str, Any] = from_json(text)
    if "cadence" in stored:
        stored["cadence"] = Cadence(stored["cadence"])
    if stored.get("quiet") is not None:
        stored["quiet"] = Quiet(**stored["quiet"])
    return Timing(**stored)
