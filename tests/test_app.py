"""What the app hands on of the settings."""

from pathlib import Path

from monitor.app import send_options, smtp_options
from monitor.config import load_settings


def test_the_relays_time_limit_is_the_configured_one_and_leases_outlast_it(tmp_path: Path) -> None:
    """A lease that ends in mid-send lets the same message go out twice."""
    file = tmp_path / "monitor.toml"
    file.write_text("[smtp]\nhost = 'relay.example'\nfrom = 'news@paper.example'\ntimeout_seconds = 600\n")
    relay = smtp_options(load_settings(file, {}))
    assert relay is not None
    assert relay.timeout == 600
    assert send_options(relay).lease.total_seconds() > relay.longest_send
    assert send_options(None).lease.total_seconds() > 0
