"""Options that several commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer

from monitor.config import Settings, load_settings

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", envvar="MONITOR_CONFIG", help="monitor.toml to use (default: config/monitor.toml, then /etc/news-monitor/monitor.toml)."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

PLACES = (Path("config/monitor.toml"), Path("/etc/news-monitor/monitor.toml"))


def read_settings(config: Path | None) -> Settings:
    """Load the settings a command runs with. Raises ConfigError with every problem."""
    path = config or next((place for place in PLACES if place.is_file()), None)
    return load_settings(path, os.environ)
