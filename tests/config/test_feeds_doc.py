"""docs/feeds.md names each key of a feed, and its examples work."""

import re
from pathlib import Path
from typing import Any

from monitor.config.forms import FeedForm
from tests.fetch.certificates import make_authority

PAGE = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text("utf-8")
SECRETS = {
    "WIRE_PASSWORD": "a",
    "AGENCY_TOKEN": "b",
    "ARCHIVE_PROXY": "http://u:p@proxy:3128",
    "ARCHIVE_KEY": "c",
}


def test_each_key_is_documented_and_each_documented_key_exists() -> None:
    rows = [row.split("|")[1] for row in PAGE.splitlines() if row.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(FeedForm.model_fields)


def test_the_examples_work(folder: Any) -> None:
    examples = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    make_authority(folder.path, name="newsroom-ca")
    (folder.path / "archive.cookie").write_text("session=1\n", encoding="utf-8")
    folder.write("feeds/page.toml", "".join(examples))
    feeds = {each.slug: each for each in folder.desired(SECRETS).feeds}
    assert set(feeds) == {"border-report", "wire", "agency", "archive"}
    assert not feeds["border-report"].access.has_credentials
    assert all(feeds[slug].access.has_credentials for slug in ("wire", "agency", "archive"))
