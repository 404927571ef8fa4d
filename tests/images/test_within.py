"""Pictures that are made small while they are read: what they would be, read whole and then resized."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import ExifTags, Image

from impasto.images.io import read_picture
from impasto.images.resample import Within, resize

SIZE = (480, 640)
NOISE = np.random.default_rng(0).integers(0, 255, (3, 4, 4), dtype=np.uint8)  # all that 20 px show
SMOOTH = Image.fromarray(NOISE, "RGBA").resize(SIZE[::-1], Image.Resampling.BICUBIC)
SOLID = SMOOTH.convert("RGB")


def deep(path: Path) -> None:
    tifffile.imwrite(path, np.asarray(SOLID).astype(np.uint16) * 257, photometric="rgb")


def planar(path: Path) -> None:
    planes = np.moveaxis(np.asarray(SOLID).astype(np.uint16) * 257, 2, 0)
    tifffile.imwrite(path, planes, photometric="rgb", planarconfig="separate")


def turned(path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    SOLID.save(path, exif=exif, quality=95)


WRITERS = {
    "rgb.png": SOLID.save,
    "alpha.png": SMOOTH.save,
    "grey.png": SOLID.convert("L").save,
    "palette.png": SOLID.convert("P").save,
    "baseline.jpg": lambda path: SOLID.save(path, quality=95),
    "progressive.jpg": lambda path: SOLID.save(path, quality=95, progressive=True),
    "cmyk.jpg": lambda path: SOLID.convert("CMYK").save(path, quality=95),
    "turned.jpg": turned,
    "deep.tif": deep,
    "planar.tif": planar,
    "lzw.tif": lambda path: SOLID.save(path, compression="tiff_lzw"),
    "lossless.webp": lambda path: SOLID.save(path, lossless=True),
}


@pytest.mark.parametrize("length", [20, 37, 100, 200])  # divided by 16, 8, 3 and 1 beforehand
@pytest.mark.parametrize("name", WRITERS)
def test_it_is_what_it_would_be(name, length, tmp_path):
    WRITERS[name](tmp_path / name)
    whole, within = read_picture(tmp_path / name), Within(length)
    small = read_picture(tmp_path / name, within=within)
    size = within.fit(whole.size)
    assert size is not None
    assert (small.size, tuple(small.pixels.shape[2:]), small.sha256) == (whole.size, size, whole.sha256)
    # Means of blocks before Lanczos, and a JPEG decoder's own scaling, are a wider filter than Lanczos alone.
    seen = 1.0 if small.alpha is None else small.alpha  # under what is transparent, colours say nothing
    assert (seen * (small.pixels - resize(whole.pixels, size))).abs().mean() < 0.01
    assert (small.alpha is None) == (whole.alpha is None)
    if small.alpha is not None and whole.alpha is not None:
        assert (small.alpha - resize(whole.alpha, size)).abs().mean() < 0.01


def test_undivided_it_is_the_same_to_rounding(tmp_path):
    SOLID.save(tmp_path / "a.png")
    whole = read_picture(tmp_path / "a.png").pixels
    assert torch.equal(read_picture(tmp_path / "a.png", within=Within(200)).pixels, resize(whole, (150, 200)))
    assert torch.equal(read_picture(np.asarray(SOLID), within=Within(200)).pixels, resize(whole, (150, 200)))
    assert torch.equal(read_picture(SOLID, within=Within(200)).pixels, resize(whole, (150, 200)))


def test_what_is_small_enough_stays(tmp_path):
    SOLID.save(tmp_path / "a.png")
    assert torch.equal(read_picture(tmp_path / "a.png", within=Within(640)).pixels, read_picture(tmp_path / "a.png").pixels)


def test_a_narrow_one_keeps_sixteen_pixels():
    assert Within(512).fit((32, 17000)) == (16, 8500)
    assert Within(512).factor((32, 17000)) == 1
