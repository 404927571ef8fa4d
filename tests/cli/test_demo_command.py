"""``impasto demo``: tells what it paints and where the pictures are; the painting has its own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from impasto.errors import OutputError


@pytest.fixture(autouse=True)
def painted(monkeypatch):
    """A demo that writes nothing; the list holds the folders asked for."""
    folders = []

    def paint_demo(folder: Path, *, on_progress):
        folders.append(folder)
        on_progress("painting cat-waves.png, 1 of 1")
        return [folder / "cat-waves.png", folder / "contact-sheet.png"]

    monkeypatch.setattr("impasto.demo.paint_demo", paint_demo)
    return folders


def test_it_says_where_the_pictures_are(impasto, painted, tmp_path):
    said = impasto("demo", "-o", tmp_path)
    assert painted == [tmp_path]
    assert said.code == 0
    assert said.err == "painting cat-waves.png, 1 of 1\n"
    assert said.out == f"the pictures are in {tmp_path}; {tmp_path / 'contact-sheet.png'} shows them all\n"


def test_the_folder_is_out_by_default(impasto, painted):
    assert impasto("demo", "--quiet").code == 0
    assert painted == [Path("out")]


def test_quiet_says_nothing(impasto, tmp_path):
    said = impasto("demo", "-o", tmp_path, "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")


def test_a_folder_that_cannot_be_made(impasto, monkeypatch, photo):
    def refuse(folder: Path, **_: object):
        raise OutputError(f"cannot make the folder {str(folder)!r}", "choose another one")

    monkeypatch.setattr("impasto.demo.paint_demo", refuse)
    assert (
        impasto("demo", "-o", photo).refused()
        == f"impasto: error: cannot make the folder {str(photo)!r}; choose another one"
    )
