"""`python -m monitor` and the `monitor` command."""

from monitor.cli import app


def main() -> None:
    """Run the command line."""
    app(prog_name="monitor")


if __name__ == "__main__":
    main()
