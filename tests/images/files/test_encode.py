from __future__ import annotations

import io
from typing import Any

import numpy as np
import png
import pytest
import tifffile
from PIL import Image

from impasto.errors import OutputError
from impasto.images.files.encode import encode, flatten, format_of
from impasto.images.files.icc import srgb_profile

RNG = np.random.default_rng(0)
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")


def noise(channels: int, bits: int = 8) -> np.ndarray:
    return RNG.integers(0, 1 << bits, (9, 6, channels)).astype(f"u{bits // 8}")


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(
    ("path", "format"),
    [
        ("a.png", "PNG"),
        ("b.JPG", "JPEG"),
        ("x/c.jpeg", "JPEG"),
        ("d.webp", "WEBP"),
        ("e.tif", "TIFF"),
        ("f.b.tiff", "TIFF"),
        ("g.bmp", "BMP"),
        ("h.gif", "GIF"),
    ],
)
def test_the_suffix_decides(path: str, format: str) -> None:
    assert format_of(path, 8) == format


@pytest.mark.parametrize(
    ("path", "bits", "message"),
    [
        ("a", 8, "'a' has no suffix; known: .png"),
        ("a.xyz", 8, "unknown suffix '.xyz'; known: .png, .jpg"),
        ("a.jpg", 16, ".jpg files have no 16 bits a channel; save as .png or .tiff"),
        ("a.png", 10, "10 bits .* give 8 or 16"),
    ],
)
def test_suffixes_and_depths_that_do_not_exist(path: str, bits: int, message: str) -> None:
    with pytest.raises(OutputError, match=message):
        format_of(path, bits)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("channels", [3, 4])
def test_files_are_of_their_format_and_always_the_same(format: str, channels: int) -> None:
    array = noise(channels)
    data = encode(array, format, 95, "record")
    assert data == encode(array.copy(), format, 95, "record")
    image = opened(data)
    image.load()
    assert image.format == format
    assert image.size == (6, 9)
    if format not in ("BMP", "GIF"):
        assert image.info["icc_profile"] == srgb_profile()
    if format != "GIF":
        assert image.has_transparency_data == (channels == 4 and format not in ("JPEG", "BMP"))


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("channels", [3, 4])
def test_lossless_formats(format: str, channels: int) -> None:
    array = noise(channels)
    assert np.array_equal(opened(encode(array, format, 100, None)), array)


@pytest.mark.parametrize("channels", [3, 4])
def test_deep_png_as_pypng_reads_it(channels: int) -> None:
    array = noise(channels, 16)
    data = encode(array, "PNG", 95, "a record")
    width, height, rows, info = png.Reader(bytes=data).read()
    assert (width, height, info["bitdepth"], info["planes"]) == (6, 9, 16, channels)
    assert np.array_equal(np.array([list(row) for row in rows]).reshape(9, 6, channels), array)
    assert [kind for kind, _ in png.Reader(bytes=data).chunks()] == [b"IHDR", b"iCCP", b"iTXt", b"IDAT", b"IEND"]
    assert opened(data).info["icc_profile"] == srgb_profile()


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [3, 4])
def test_tiff_as_tifffile_reads_it(bits: int, channels: int) -> None:
    array = noise(channels, bits)
    with tifffile.TiffFile(io.BytesIO(encode(array, "TIFF", 95, "é"))) as file:
        page = file.pages.first
        assert np.array_equal(page.asarray(), array)
        assert page.iccprofile == srgb_profile()
        assert page.photometric == tifffile.PHOTOMETRIC.RGB
        assert list(page.extrasamples) == ([tifffile.EXTRASAMPLE.UNASSALPHA] if channels == 4 else [])


@pytest.mark.parametrize(("quality", "sampling"), [(95, (1, 1)), (90, (1, 1)), (89, (2, 2))])
def test_high_quality_keeps_the_colours_at_full_resolution(quality: int, sampling: tuple[int, int]) -> None:
    image: Any = opened(encode(noise(3), "JPEG", quality, None))
    assert image.layer[0][1:3] == sampling


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
def test_quality_costs_bytes(format: str) -> None:
    array = RNG.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    sizes = [len(encode(array, format, quality, None)) for quality in (10, 60, 95)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_flatten_shows_transparency_on_white(dtype: type) -> None:
    peak = np.iinfo(dtype).max
    array = np.array([[[0, 10, peak, 0], [0, 10, peak, peak], [0, 0, 0, peak // 2]]], dtype)
    flat = flatten(array)
    assert flat.dtype == dtype
    assert flat.tolist() == [[[peak] * 3, [0, 10, peak], [peak - peak // 2] * 3]]
    assert flatten(flat) is flat


def test_jpeg_and_bmp_are_flattened() -> None:
    array = np.zeros((8, 8, 4), np.uint8)
    for format in ("JPEG", "BMP"):
        assert opened(encode(array, format, 95, None)).getpixel((3, 3)) == (255, 255, 255)


def test_gif_keeps_transparency() -> None:
    array = np.zeros((2, 2, 4), np.uint8)
    array[0, 0] = (255, 0, 0, 255)
    image = opened(encode(array, "GIF", 95, None)).convert("RGBA")
    assert image.getpixel((0, 0)) == (255, 0, 0, 255)
    assert image.getpixel((1, 1))[3] == 0  # type: ignore[index]


def test_a_record_too_long_for_jpeg_is_left_out() -> None:
    assert "exif" not in opened(encode(noise(3), "JPEG", 95, "x" * 70_000)).info
    assert "exif" in opened(encode(noise(3), "JPEG", 95, "x" * 60_000)).info


@pytest.mark.parametrize("format", ["WEBP", "JPEG"])
def test_pictures_too_large_for_the_format(format: str) -> None:
    long = np.zeros((1, 70_000, 3), np.uint8)
    with pytest.raises(OutputError, match=f"{format} cannot hold this picture of 70000 x 1 pixels.*save as .png"):
        encode(long, format, 95, None)
