"""A configuration folder that tests write files into."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.config import Desired, Settings, load_desired, load_settings
from monitor.errors import ConfigError, Problem


@dataclass(frozen=True, slots=True)
class Folder:
    """Writes configuration files and loads them as the program does."""

    path: Path

    def write(self, name: str, text: str) -> Path:
        """Write one file, its indentation removed."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return file

    def settings(self, environ: Mapping[str, str] | None = None) -> Settings:
        return load_settings(self.path / "monitor.toml", environ or {})

    def desired(self, environ: Mapping[str, str] | None = None) -> Desired:
        return load_desired(self.settings(environ))

    def problems(self, environ: Mapping[str, str] | None = None) -> list[Problem]:
        with pytest.raises(ConfigError) as caught:
            self.desired(environ)
        return list(caught.value.problems)

    def problem(self, environ: Mapping[str, str] | None = None) -> Problem:
        """Load files that have exactly one problem."""
        (only,) = self.problems(environ)
        return only

    def name(self, file: str) -> str:
        """The way problems name a file of this folder."""
        return str(self.path / file)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An otherwise empty folder with empty settings."""
    made = Folder(tmp_path)
    made.write("monitor.toml", "")
    return made
