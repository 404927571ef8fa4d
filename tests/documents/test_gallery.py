"""The gallery: every entry can be painted, and its text and pictures are those of the entries."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from impasto.api import make_config
from impasto.demo import PAINTINGS, PHOTOGRAPHS

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "scripts" / "gallery"


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    loader = SourceFileLoader("gallery", str(SCRIPT))
    spec = spec_from_loader("gallery", loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules["gallery"] = module
    loader.exec_module(module)
    return module


def test_the_text_is_that_of_the_entries():
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_entry_can_be_painted(gallery):
    assert len({sheet.name for sheet in gallery.SHEETS}) == len(gallery.SHEETS)
    for sheet in gallery.SHEETS:
        assert sheet.content is None or sheet.content in PHOTOGRAPHS
        assert set(sheet.styles) <= PAINTINGS.keys()
        for way in sheet.ways if sheet.paint is gallery.stylized else []:
            options = {**sheet.common, **way}
            make_config(None, options.pop("preset", None), options).resolve()


def test_every_picture_is_small_and_that_of_an_entry(gallery):
    paths = list((SCRIPT.parent.parent / "docs" / "pictures" / "gallery").iterdir())
    assert paths
    assert set(paths) <= {gallery.picture_of(sheet) for sheet in gallery.SHEETS}
    for path in paths:
        with Image.open(path) as image:
            assert 500 < image.width <= 1600
            assert path.stat().st_size < 0.5 * image.width * image.height


def test_a_sheet_shows_the_pair_and_each_way(gallery, tmp_path, monkeypatch):
    asked = []

    def paint(content, styles, options):
        asked.append((content.size, len(styles), options))
        return Image.new("RGB", (64, 48), "teal")

    sheet = gallery.Sheet("x", "X", "Says.", "cat", ("flow", "waves"), gallery.each("seed", 1, 2), {"size": 64}, paint)
    monkeypatch.setattr(gallery, "picture_of", lambda sheet: tmp_path / "x.jpg")
    for keep in (None, tmp_path, tmp_path):  # the third takes the pictures of the second
        gallery.paint(sheet, keep)
    assert [(count, options) for _, count, options in asked] == [(2, {"size": 64, "seed": seed}) for seed in (1, 2)] * 2
    with Image.open(tmp_path / "x.jpg") as image:
        assert image.width > 5 * gallery.SIZE


def test_commands_have_the_last_way(gallery):
    sheet = gallery.Sheet(
        "x", "X", "", "cat", ("flow", "waves"), [{"style_blend": (1, 2), "clamp": False}], {"size": 64}
    )
    assert gallery.command_of(sheet) == (
        "impasto stylize photo.jpg painting.jpg other.jpg --size 64 --style-blend 1,2 --no-clamp -o out.png"
    )
