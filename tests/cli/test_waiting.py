"""A word on a terminal while the seconds of loading pass, nothing elsewhere."""

from __future__ import annotations

import pytest
from tiny import TINY

from impasto.cli.progress import waiting


@pytest.fixture
def stderr_is(monkeypatch):
    """Call it in the test: capturing changes the stream between set-up and test."""

    def change(terminal: bool) -> None:
        monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
        monkeypatch.setenv("FORCE_COLOR", "1")  # rich then believes it too
        monkeypatch.setenv("TERM", "xterm")

    return change


def test_a_terminal_shows_it_at_once(stderr_is, capfd):
    stderr_is(terminal=True)
    with waiting(quiet=False):
        assert "loading" in capfd.readouterr().err


@pytest.mark.parametrize("quiet", [True, False])
def test_elsewhere_and_when_quiet_nothing_is_said(stderr_is, capfd, quiet):
    stderr_is(terminal=quiet)
    with waiting(quiet):
        pass
    assert capfd.readouterr() == ("", "")


def test_a_run_is_waited_for_and_then_reported(stderr_is, impasto, photo, painting, out):
    stderr_is(terminal=True)
    said = impasto("stylize", photo, painting, "-o", out, *TINY)
    assert said.code == 0
    assert said.err.index("loading") < said.err.index("scale 1/1")


def test_an_error_while_loading_is_told_after_it(stderr_is, impasto, photo, out):
    stderr_is(terminal=True)
    said = impasto("stylize", photo, "nowhere.png", "-o", out)
    assert said.code == 2
    assert said.err.splitlines()[-1].endswith("there is no file 'nowhere.png'; check the name and the folder")


def test_the_demo_is_waited_for_too(stderr_is, impasto, monkeypatch, tmp_path):
    stderr_is(terminal=True)
    monkeypatch.setattr("impasto.demo.paint_demo", lambda folder, on_progress: [folder / "contact-sheet.png"])
    said = impasto("demo", "-o", tmp_path)
    assert said.code == 0
    assert "loading" in said.err
