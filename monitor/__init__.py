"""News-monitoring alert daemon: feeds in, one explained alert per story out."""

__version__ = "0.1.0"
