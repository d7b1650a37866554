"""Options that several commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer

from monitor.config import Settings, load_settings

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="The settings file (default: $MONITOR_CONFIG, config/monitor.toml, /etc/news-monitor/monitor.toml).",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def read_settings(config: Path | None) -> Settings:
    """Load the settings a command runs with. Raises ConfigError with every problem."""
    return load_settings(config, os.environ)
