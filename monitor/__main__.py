"""`python -m monitor` and the `monitor` command; turns errors meant for people into text and an exit code."""

import sys

from monitor.cli import app
from monitor.errors import ConfigError, MonitorError
from monitor.logs import configure_logs


def main() -> None:
    """Run the command line: 0 done, 1 a problem was found or the command failed, 2 bad usage or configuration."""
    configure_logs(level="warning")  # to standard error: what a command prints is for the next program
    try:
        app(prog_name="monitor")
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)  # noqa: T201 - the command's own voice
        sys.exit(2)
    except MonitorError as error:
        print(f"monitor: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


if __name__ == "__main__":
    main()
