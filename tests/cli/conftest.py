"""Small pictures, and a way to run the command line in this process and look at what it said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny import Said, paint_picture

from impasto.cli.main import main
from impasto.cli.output import Pauses


@pytest.fixture
def impasto(capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def run(*args: object, pauses: Pauses | None = None) -> Said:
        code = main([str(arg) for arg in args], pauses)
        return Said(code, *capfd.readouterr())

    return run


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture in the working folder, where the record of a run, which knows no folders, finds it."""
    monkeypatch.chdir(tmp_path)
    return paint_picture(tmp_path / "photo.png", seed=1)


@pytest.fixture
def painting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As `photo`."""
    monkeypatch.chdir(tmp_path)
    return paint_picture(tmp_path / "painting.jpg", (64, 48), seed=2)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A picture to be written into an empty folder of its own."""
    folder = tmp_path / "painted"
    folder.mkdir()
    return folder / "out.png"
