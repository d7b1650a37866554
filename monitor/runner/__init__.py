"""Runners tick the pipeline; they carry ids at most and hold no truth of their own."""

from monitor.runner.local import LocalRunner

__all__ = ["LocalRunner"]
