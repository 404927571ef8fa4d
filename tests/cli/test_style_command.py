"""``impasto style``: a file that stands for paintings, what is said of it, and how it is repeated and batched."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from tiny import TINY, paint_picture

from impasto.images.files.io import read_record
from synthetic import DEVICE

LEARN = ("--sizes", "32", "--backbone", "compact", "--precision", "float32", "--device", DEVICE)


@pytest.fixture
def style(impasto, painting, tmp_path):
    assert impasto("style", "learn", painting, "-o", tmp_path / "one.style", *LEARN).code == 0
    return tmp_path / "one.style"


def pixels(path) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(int)


def test_a_style_stands_for_its_painting(impasto, photo, painting, style, out):
    gram = (*TINY, "--objective", "gram")
    assert impasto("stylize", photo, style, "-o", out, *gram).code == 0
    impasto("stylize", photo, painting, "-o", out.with_name("direct.png"), *gram)
    assert np.abs(pixels(out) - pixels(out.with_name("direct.png"))).max() <= 1


def test_learning_says_what_was_written(impasto, painting, tmp_path):
    said = impasto(
        "style", "learn", painting, "-o", tmp_path / "x.style", *LEARN, "--sizes", "32,64", "--objective", "gram"
    )
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"{tmp_path / 'x.style'}: ")
    assert said.out.endswith(" MiB, 32, 64 px\n")
    assert impasto("style", "learn", painting, "-o", tmp_path / "y.style", *LEARN, "--quiet").out == ""


def test_show_tells_what_a_style_holds(impasto, painting, tmp_path):
    impasto("style", "learn", painting, "-o", tmp_path / "x.style", *LEARN, "--sizes", "32,64", "--bank", "200")
    lines = impasto("style", "show", tmp_path / "x.style").out.splitlines()
    assert lines[0].startswith(f"{tmp_path / 'x.style'}: impasto style 1, written by impasto ")
    assert lines[1].startswith(f"learnt from {painting.name}, sha256 ")
    assert lines[2].startswith("seen by compact with the weights compact, sha256 ")
    assert "pooling avg, padding replicate-all" in lines[2]
    assert lines[3].endswith("as of objective blend")
    assert lines[4].startswith("32 px along the long side: statistics of pixels, relu1_1, ")
    assert lines[4].endswith("; 96 positions to match; 1 picture")
    assert lines[5].endswith("relu5_1; 1 picture")


def test_a_run_with_a_style_is_repeated_to_the_byte(impasto, photo, style, out):
    impasto("stylize", photo, style, "-o", out, *TINY)
    said = impasto("stylize", "--from", out, "-o", out.with_name("again.png"))
    assert said.out.endswith(f"the pixels are those of {out}\n")
    assert "warning" not in said.err


def test_a_batch_takes_styles_as_it_takes_pictures(impasto, photo, painting, style, out):
    said = impasto("batch", photo, "--style", style, "--style", painting, "-o", out.with_name("{style}.png"), *TINY)
    assert said.code == 0
    record = json.loads(read_record(out.with_name("one.png")) or "")
    assert record["styles"][0]["name"] == style.name


def test_several_paintings_are_one_style(impasto, painting, tmp_path):
    other = paint_picture(tmp_path / "other.png", seed=7)
    impasto("style", "learn", painting, other, "-o", tmp_path / "both.style", *LEARN)
    assert "; 2 pictures" in impasto("style", "show", tmp_path / "both.style").out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ("painting.jpg", "-o", "x.safetensors"),
            "cannot write 'x.safetensors' as a style; give a name that ends in .style",
        ),
        (
            ("painting.jpg", "-o", "nowhere/x.style"),
            "cannot write 'nowhere/x.style': No such file or directory; make the folder",
        ),
        (("painting.jpg", "-o", "x.style", "--sizes", "64,many"), "--sizes is '64,many': give whole numbers of px"),
        (("painting.jpg", "-o", "x.style", "--sizes", "8"), "sizes are 8; give whole numbers of 16 px or more"),
        (("none.jpg", "-o", "x.style"), "there is no file 'none.jpg'"),
        (("painting.jpg", "-o", "x.style", "--size", "64"), "no such option '--size'"),
    ],
)
def test_what_cannot_be_learnt_is_refused(impasto, painting, tmp_path, monkeypatch, args, message):
    monkeypatch.chdir(tmp_path)
    assert message in impasto("style", "learn", *args).refused()
    assert not (tmp_path / "x.style").exists()


def test_a_style_of_another_network_is_one_line(impasto, photo, style, out):
    line = impasto("stylize", photo, style, "-o", out, *TINY, "--pooling", "max").refused()
    assert line.endswith("one.style was learnt with --pooling avg; give --pooling avg, or learn it again")


def test_what_is_no_style_is_one_line(impasto, photo, tmp_path, out):
    (tmp_path / "x.style").write_text("none")
    assert (
        "x.style' is no style file, or it is damaged"
        in impasto("stylize", photo, tmp_path / "x.style", "-o", out).refused()
    )
    assert "x.style' is no style file, or it is damaged" in impasto("style", "show", tmp_path / "x.style").refused()
