"""The `monitor` command. Commands translate words into desk calls and results into text, and do nothing else."""

from monitor.cli.command import app

__all__ = ["app"]
