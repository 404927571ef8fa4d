"""``impasto texture``: what it writes, what repeats it, and what it refuses."""

from __future__ import annotations

import json

import pytest
from tiny import SHORT, TINY, paint_picture

from impasto.images.files.io import read_picture, read_record

FLAGS = (*TINY[2:], "--coarsest", "32", "--neighbour-rotations", "1")


def test_a_style_becomes_a_texture(impasto, painting, out):
    said = impasto("texture", painting, "--size", "32x40", "--wrap", "xy", "-o", out, *FLAGS)
    assert said.code == 0
    assert said.out.startswith(f"{out}: 40 x 32 px, ")
    assert read_picture(out).pixels.shape == (1, 3, 32, 40)
    record = json.loads(read_record(out))
    assert (record["content"], record["config"]["texture"], record["config"]["wrap"]) == (None, [32, 40], "xy")
    assert not any(line.startswith("content") for line in impasto("inspect", out).out.splitlines())


def test_one_number_is_a_square(impasto, painting, out):
    assert impasto("texture", painting, "--size", "32", "-o", out, *FLAGS).code == 0
    assert read_picture(out).pixels.shape == (1, 3, 32, 32)


def test_it_is_repeated_from_its_record(impasto, painting, out, tmp_path):
    assert impasto("texture", painting, "--size", "32x40", "--seed", "4", "-o", out, *FLAGS).code == 0
    again = impasto("stylize", "--from", out, "-o", out.with_name("again.png"))
    assert again.out.splitlines()[-1] == f"the pixels are those of {out}"
    other = paint_picture(tmp_path / "other.png", seed=9)
    assert impasto("stylize", other, "--from", out, "--size", "80", "-o", out.with_name("other.png")).code == 0
    record = json.loads(read_record(out.with_name("other.png")))
    assert ([style["name"] for style in record["styles"]], record["size"]) == ([other.name], [64, 80])


def test_presets_serve_textures(impasto, painting, out):
    flags = ("--preset", "gatys2016", "--backbone", "compact")
    said = impasto("texture", painting, "--size", "32", "-o", out, *SHORT[2:], *flags)
    assert said.code == 0
    assert "with compact it is no longer the original" in said.err
    config = json.loads(read_record(out))["config"]
    assert (config["init"], config["content_weight"], config["objective"]) == ("noise", 0.0, "gram")


@pytest.mark.parametrize("size", ["32x", "big", "3x4x5", "-32", "32,40"])
def test_a_size_that_is_none_is_refused(size, impasto, painting, out):
    line = impasto("texture", painting, f"--size={size}", "-o", out).refused()
    assert (
        line
        == f"impasto: error: size is {size!r}; give height and width in px, as in 256x384, or one number for a square"
    )


def test_what_cannot_be_is_refused(impasto, painting, out):
    assert "texture is 5 and out of range" in impasto("texture", painting, "--size", "5x40", "-o", out).refused()
    assert "no such option" in impasto("texture", painting, "--content-weight", "3", "-o", out).refused()
    assert "init speaks of the content" in impasto("texture", painting, "--init", "content", "-o", out).refused()
    assert "missing argument" in impasto("texture", "-o", out).refused()
    assert "there is no file" in impasto("texture", "nowhere.png", "-o", out).refused()
    assert "which goes in" in impasto("texture", painting, "-o", painting).refused()


def test_a_record_without_content_is_one_of_a_texture(impasto, photo, painting, out):
    impasto("stylize", photo, painting, "-o", out, *TINY)
    record = {**json.loads(read_record(out)), "content": None}
    out.with_suffix(".json").write_text(json.dumps(record), "utf-8")
    line = impasto("stylize", "--from", out.with_suffix(".json"), "-o", out).refused()
    assert "the run record is damaged at 'content'" in line


def test_the_former_name_of_wrap_is_taken_and_not_shown(impasto, painting, out):
    said = impasto("texture", painting, "--tile", "xy", "-o", out, *TINY, *SHORT)
    assert said.code == 0
    assert json.loads(read_record(out) or "")["config"]["wrap"] == "xy"
    shown = impasto("texture", "--help").out
    assert "--wrap" in shown
    assert "--tile " not in shown
