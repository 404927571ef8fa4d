"""Pictures that are made small while they are read: what they would be, read whole and then resized."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import ExifTags, Image

from impasto.errors import PictureError
from impasto.images.files.decode import decode_file
from impasto.images.files.io import read_picture
from impasto.images.files.opening import decoding
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
    assert torch.equal(
        read_picture(tmp_path / "a.png", within=Within(640)).pixels, read_picture(tmp_path / "a.png").pixels
    )


def test_a_narrow_one_keeps_sixteen_pixels():
    assert Within(512).fit((32, 17000)) == (16, 8500)
    assert Within(512).factor((32, 17000)) == 1


LARGE = (3001, 4003)  # rows, px across
WIDE = Image.fromarray(NOISE, "RGBA").resize(LARGE[::-1], Image.Resampling.BICUBIC)


def deep_colors(path: Path, channels: int) -> None:
    """A PNG of 16 bits, each row a difference of its own kind to the one above."""
    height, width, bytes_each = *LARGE, 2 * channels
    ramp = np.linspace(0, 60000, height * width * channels).reshape(height, width, channels)
    rows = (ramp.astype(">u2") ^ 0x0155).view(np.uint8).reshape(height, -1)
    above = np.concatenate([np.zeros((1, rows.shape[1]), np.uint8), rows[:-1]])
    left = np.pad(rows, ((0, 0), (bytes_each, 0)))[:, :-bytes_each]
    kinds = np.arange(height) % 3
    filtered = np.choose(kinds[:, None], [rows, rows - left, rows - above])
    data = np.concatenate([kinds[:, None].astype(np.uint8), filtered], axis=1).tobytes()
    chunks = {b"IHDR": struct.pack(">IIBBBBB", width, height, 16, 2 if channels == 3 else 6, 0, 0, 0)}
    chunks |= {b"IDAT": zlib.compress(data, 1), b"IEND": b""}
    framed = [
        struct.pack(">I", len(d)) + kind + d + struct.pack(">I", zlib.crc32(kind + d)) for kind, d in chunks.items()
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(framed))


def exif_last(path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    WIDE.convert("RGB").save(path, exif=exif, compress_level=1)


PNGS = {
    "rgb": lambda path: WIDE.convert("RGB").save(path, compress_level=1),
    "alpha": lambda path: WIDE.save(path, compress_level=1),
    "grey": lambda path: WIDE.convert("L").resize((6000, 6000)).save(path, compress_level=1),
    "grey-alpha": lambda path: WIDE.convert("LA").save(path, compress_level=1),
    "grey16": lambda path: Image.fromarray(np.asarray(WIDE.convert("L")) * np.uint16(251)).save(path, compress_level=1),
    "bits": lambda path: WIDE.convert("1").resize((6001, 6000)).save(path, compress_level=1),
    "palette": lambda path: WIDE.convert("RGB").quantize(200).save(path, compress_level=1),
    "four colours": lambda path: WIDE.convert("RGB").quantize(4).save(path, compress_level=1),
    "transparent index": lambda path: WIDE.convert("RGB").quantize(9).save(path, transparency=2, compress_level=1),
    "transparent colour": lambda path: Image.new("RGB", (5000, 3000), "red").save(path, transparency=(255, 0, 0)),
    "turned": exif_last,
    "deep": lambda path: deep_colors(path, 3),
    "deep alpha": lambda path: deep_colors(path, 4),
}


def decoded(path: Path, **given: int):
    with path.open("rb") as file, decoding(str(path)):
        return decode_file(file, Within(200), **given)


@pytest.mark.parametrize("name", PNGS)
def test_a_large_png_is_read_by_strips_as_it_would_be_whole(name, tmp_path):
    PNGS[name](tmp_path / "a.png")
    whole = decoded(tmp_path / "a.png")
    found = decoded(tmp_path / "a.png", large=0)
    assert found.reading < whole.reading  # it was not read whole
    assert (found.size, found.turned, found.array.dtype) == (whole.size, whole.turned, whole.array.dtype)
    np.testing.assert_array_equal(found.array, whole.array)


@pytest.mark.parametrize("name", ["rgb", "deep"])
def test_a_large_png_that_ends_too_early(name, tmp_path):
    PNGS[name](tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:-5000])
    with pytest.raises(PictureError, match="cannot be read to its end: image file is truncated"):
        decoded(tmp_path / "b.png", large=0)
