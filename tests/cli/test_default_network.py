"""The commands as they are typed, on VGG-19, which they see with where nothing is said; at a tiny size."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from PIL import Image
from tiny import SHORT

from impasto.images.files.io import read_record

TINY = (*SHORT[2:], "--coarsest", "32", "--neighbour-rotations", "1")
OXFORD = "c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    """An empty cache folder, and no network."""
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("impasto.weights.store.download", lambda *_: pytest.fail("it was to be fetched"))


def record_of(path) -> dict:
    return json.loads(read_record(path))


def test_a_picture_is_painted_with_the_weights_of_oxford(impasto, photo, painting, out):
    said = impasto("stylize", photo, painting, "--size", "64", "-o", out, *TINY)
    assert said.code == 0
    assert re.match(r"64 x 43 px: about \d\.\d GB of memory and \d+:\d\d of painting\n", said.err)
    record = record_of(out)
    assert record["weights"] == {"id": "vgg19.oxford8", "sha256": OXFORD}
    assert (record["config"]["backbone"], record["iterations"], record["reason"]) == ("vgg19", 2, "finished")
    assert np.asarray(Image.open(out)).std() > 10
    again = impasto("stylize", "--from", out, "-o", out.with_name("again.png"))
    assert again.out.splitlines()[-1] == f"the pixels are those of {out}"


def test_a_style_is_learnt_and_painted(impasto, photo, painting, out):
    style = out.with_name("one.style")
    assert impasto("style", "learn", painting, "-o", style, "--sizes", "32", *SHORT[4:]).code == 0
    assert "seen by vgg19 with the weights vgg19.oxford8" in impasto("style", "show", style).out
    assert impasto("stylize", photo, style, "-o", out, *SHORT).code == 0


def test_a_texture_is_painted(impasto, painting, out):
    assert impasto("texture", painting, "--size", "64", "--wrap", "x", "-o", out, *TINY).code == 0
    assert record_of(out)["weights"]["id"] == "vgg19.oxford8"


@pytest.mark.parametrize("preset", ["gatys2016", "neural-style", "spst", "tensorflow-tutorial"])
def test_presets_of_oxfords_network_run_as_they_are(impasto, photo, painting, out, preset):
    said = impasto("stylize", photo, painting, "-o", out, *SHORT, "--preset", preset)
    assert said.code == 0
    assert record_of(out)["weights"] == {"id": "vgg19.oxford8", "sha256": OXFORD, "asked": "vgg19.oxford"}


def test_the_light_network_is_one_flag_away(impasto, photo, painting, out):
    assert impasto("stylize", photo, painting, "-o", out, *SHORT, "--backbone", "compact").code == 0
    assert record_of(out)["weights"]["id"] == "compact"
