from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import png
import profiles
import pytest
import tifffile
from PIL import ExifTags, Image, ImageCms

from impasto.errors import PictureError
from impasto.images.files import decode
from impasto.images.files.decode import decode_image
from impasto.images.files.icc import srgb_profile
from impasto.images.files.opening import decoding
from impasto.images.resample import Within

RNG = np.random.default_rng(0)
DEEP = {c: RNG.integers(0, 65536, (7, 5, c)).astype(np.uint16) for c in (1, 2, 3, 4)}
EIGHT = RNG.integers(0, 256, (7, 5, 3)).astype(np.uint8)


def decode_file(data: bytes, within: Within | None = None) -> np.ndarray:
    return decode.decode_file(io.BytesIO(data), within).array


def saved(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def tiff(array: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, array, metadata=None, **options)
    return file.getvalue()


def deep_png(array: np.ndarray, **options: Any) -> bytes:
    """Written by pypng, which shares no code with what reads it."""
    height, width, channels = array.shape
    file = io.BytesIO()
    writer = png.Writer(width, height, bitdepth=16, greyscale=channels < 3, alpha=channels % 2 == 0, **options)
    writer.write_array(file, array.ravel().tolist())
    return file.getvalue()


def insert_chunk(file: bytes, kind: bytes, data: bytes) -> bytes:
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return file[:33] + chunk + file[33:]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("interlace", [False, True])
def test_deep_png(channels: int, interlace: bool) -> None:
    array = decode_file(deep_png(DEEP[channels], interlace=interlace))
    assert array.dtype == np.uint16
    assert np.array_equal(array, DEEP[channels])


@pytest.mark.parametrize("channels", [1, 3])
def test_deep_png_with_a_transparent_colour(channels: int) -> None:
    key = tuple(int(v) for v in DEEP[channels][2, 3])
    array = decode_file(deep_png(DEEP[channels], transparent=key[0] if channels == 1 else key))
    assert np.array_equal(array[..., :channels], DEEP[channels])
    assert np.argwhere(array[..., channels] == 0).tolist() == [[2, 3]]
    assert array[0, 0, channels] == 65535


def test_deep_png_with_a_profile() -> None:
    profile = profiles.rgb(profiles.gamma(1.0))
    array = decode_file(insert_chunk(deep_png(DEEP[3]), b"iCCP", b"linear\0\0" + zlib.compress(profile)))
    assert array.dtype == np.float32
    assert not np.allclose(array, DEEP[3] / 65535, atol=0.05)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"byteorder": ">"},
        {"compression": "zlib"},
        {"compression": "zlib", "predictor": True, "byteorder": ">"},
        {"tile": (16, 16)},
        {"rowsperstrip": 2},
        {"planarconfig": "separate"},
        {"planarconfig": "separate", "compression": "zlib"},
    ],
)
def test_deep_tiff(channels: int, options: dict[str, Any]) -> None:
    array = DEEP[channels]
    if channels == 1:
        options = {k: v for k, v in options.items() if k != "planarconfig"}
        file = tiff(array[..., 0], photometric="minisblack", **options)
    else:
        extra = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
        planes = array.transpose(2, 0, 1) if "planarconfig" in options else array
        file = tiff(planes, photometric="rgb", **extra, **options)
    decoded = decode_file(file)
    assert decoded.dtype == np.uint16
    assert np.array_equal(decoded, array)


def test_deep_tiff_with_lzw() -> None:
    """What Photoshop writes, and tifffile alone cannot read: here 8-bit rows of twice the width, whose header is then
    patched."""
    array = DEEP[3].astype("<u2")
    file = saved(Image.fromarray(array.view(np.uint8).reshape(7, 10, 3)), "TIFF", compression="tiff_lzw")
    width, wide = struct.pack("<HHIHH", 256, 3, 1, 5, 0), struct.pack("<HHIHH", 256, 3, 1, 10, 0)
    depth, deep = struct.pack("<3H", 8, 8, 8), struct.pack("<3H", 16, 16, 16)
    assert file.count(wide) == file.count(depth) == 1
    assert np.array_equal(decode_file(file.replace(wide, width).replace(depth, deep)), array)


@pytest.mark.parametrize("planar", [False, True])
def test_tiff_colours_multiplied_by_alpha(planar: bool) -> None:
    alpha = np.array([0, 20000, 65535]).reshape(1, 3, 1)
    colors = np.array([0, 30000, 12345]).reshape(1, 3, 1).repeat(3, axis=2)
    array = np.concatenate([np.rint(colors * (alpha / 65535)), alpha], axis=2).astype(np.uint16)
    layout = {"planarconfig": "separate"} if planar else {}
    file = tiff(array.transpose(2, 0, 1) if planar else array, photometric="rgb", extrasamples=["assocalpha"], **layout)
    decoded = decode_file(file).astype(int)
    assert np.array_equal(decoded[..., 3:], alpha)
    assert np.abs(decoded[..., :3] - colors).max() <= 2


def test_extra_channels_that_are_no_alpha_are_left_out() -> None:
    array = np.concatenate([DEEP[3], DEEP[2]], axis=2)
    file = tiff(array.transpose(2, 0, 1), photometric="rgb", planarconfig="separate", extrasamples=["unspecified"] * 2)
    assert np.array_equal(decode_file(file), DEEP[3])


@pytest.mark.parametrize("shape", [(7, 5), (7, 5, 3), (7, 5, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_float_tiff(shape: tuple[int, ...], dtype: type) -> None:
    array = RNG.random(shape).astype(dtype)
    extra = {"extrasamples": ["unassalpha"]} if shape[2:] == (4,) else {}
    file = tiff(array, photometric="rgb" if len(shape) == 3 else "minisblack", **extra)
    assert np.array_equal(decode_file(file), array.reshape(7, 5, -1))


def test_float_tiff_multiplied_by_alpha() -> None:
    array = np.array([[[0.25, 0.0, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0]]], np.float32)
    decoded = decode_file(tiff(array, photometric="rgb", extrasamples=["assocalpha"]))
    assert decoded.tolist() == [[[0.5, 0.0, 1.0, 0.5], [0, 0, 0, 0]]]


def test_float_tiff_is_turned_and_has_its_profile_applied() -> None:
    array = RNG.random((7, 5, 3)).astype(np.float32)
    plain = decode_file(tiff(array, photometric="rgb", iccprofile=profiles.rgb(profiles.gamma(1.0))))
    assert not np.allclose(plain, array, atol=0.05)
    turned = tiff(array, photometric="rgb", extratags=[(274, 3, 1, 6, True)])
    assert np.array_equal(decode_file(turned), np.rot90(array, -1))


def test_white_is_zero() -> None:
    assert np.array_equal(decode_file(tiff(DEEP[1][..., 0], photometric="miniswhite")), 65535 - DEEP[1])


def test_tiff_colours_that_nobody_knows() -> None:
    with pytest.raises(PictureError, match="CIELAB colours"), decoding("it"):
        decode_file(tiff(np.zeros((2, 2, 3), np.float32), photometric="cielab"))


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP", "BMP", "GIF", "JPEG"])
def test_eight_bits(format: str) -> None:
    options = {"lossless": True} if format == "WEBP" else {}
    image = Image.fromarray(EIGHT // 64 * 64)  # 64 colours fit into the palette of a GIF
    array = decode_file(saved(image, format, **options))
    assert array.dtype == np.uint8
    if format == "JPEG":
        assert array.shape == (7, 5, 3)
    else:
        assert np.array_equal(array, image)


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("1", 1, [255, 255, 255]),
        ("L", 99, [99, 99, 99]),
        ("LA", (99, 7), [99, 99, 99, 7]),
        ("RGB", (1, 2, 3), [1, 2, 3]),
        ("RGBA", (1, 2, 3, 0), [1, 2, 3, 0]),  # colours under full transparency stay what they are
        ("RGBX", (1, 2, 3, 9), [1, 2, 3]),
        ("RGBa", (10, 20, 30, 51), [50, 100, 150, 51]),
        ("CMYK", (255, 0, 0, 0), [0, 255, 255]),
        ("YCbCr", (99, 128, 128), [99, 99, 99]),
        ("I;16", 999, [999]),
        ("I", 999, [999]),
        ("F", 0.25, [0.25]),
    ],
)
def test_every_mode(mode: str, value: Any, expected: list[float]) -> None:
    array = decode_image(Image.new(mode, (2, 3), value)).array
    assert array.shape[:2] == (3, 2)
    assert array[1, 1].tolist() == expected


def test_palettes() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    assert decode_file(saved(image)).tolist() == [[[10, 20, 30], [40, 50, 60]]]
    assert decode_file(saved(image, transparency=0)).tolist() == [[[10, 20, 30, 0], [40, 50, 60, 255]]]
    assert decode_file(saved(image, transparency=b"\x40\x80")).tolist() == [[[10, 20, 30, 64], [40, 50, 60, 128]]]


def test_eight_bits_with_a_transparent_colour() -> None:
    image = Image.new("RGB", (2, 1), (1, 2, 3))
    image.putpixel((1, 0), (4, 5, 6))
    assert decode_file(saved(image, transparency=(4, 5, 6))).tolist() == [[[1, 2, 3, 255], [4, 5, 6, 0]]]


def test_the_first_frame_of_a_gif() -> None:
    first, second = (Image.new("RGB", (4, 4), color) for color in ("red", "blue"))
    file = saved(first, "GIF", save_all=True, append_images=[second])
    assert decode_file(file)[0, 0].tolist() == [255, 0, 0]


def test_whole_numbers_that_do_not_fit_16_bits_stay_as_they_are() -> None:
    assert decode_image(Image.new("I", (1, 1), 70000)).array.dtype == np.int32
    assert decode_image(Image.new("I", (1, 1), -1)).array.dtype == np.int32


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(format: str, orientation: int) -> None:
    """Four grey squares of 8 px, which orientation n moves as the standard draws it."""
    upright = np.array([[0, 80], [160, 255]], np.uint8)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    pixels = np.pad(stored.repeat(8, axis=0).repeat(8, axis=1), ((0, 0), (0, 8)), "edge")  # not square: 16 x 24
    array = decode_file(saved(Image.fromarray(pixels), format, exif=exif))
    tall = orientation > 4
    assert array.shape[:2] == ((24, 16) if tall else (16, 24))
    corners = array[:: array.shape[0] - 1, :: array.shape[1] - 1, 0].astype(int)
    assert np.abs(corners - upright.astype(int)).max() < 8


def test_deep_orientation() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    file = insert_chunk(deep_png(DEEP[3]), b"eXIf", exif.tobytes()[6:])
    assert np.array_equal(decode_file(file), np.rot90(DEEP[3], -1))
    turned = tiff(DEEP[3], photometric="rgb", compression="zlib", extratags=[(274, 3, 1, 6, True)])
    assert np.array_equal(decode_file(turned), np.rot90(DEEP[3], -1))


def test_broken_exif_does_not_stop_a_good_picture() -> None:
    file = saved(Image.fromarray(EIGHT), exif=b"Exif\0\0rubbish")
    assert np.array_equal(decode_file(file), EIGHT)


def test_profiles_are_applied() -> None:
    image = Image.new("RGB", (2, 2), (100, 150, 200))
    linear = decode_file(saved(image, icc_profile=profiles.rgb(profiles.gamma(1.0))))
    assert linear[0, 0, 0] > 140
    other = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for icc in (srgb_profile(), other):
        assert decode_file(saved(image, icc_profile=icc))[0, 0].tolist() == [100, 150, 200]


def test_cmyk_jpegs_with_and_without_adobes_mark() -> None:
    file = saved(Image.new("CMYK", (16, 16), (200, 40, 0, 30)), "JPEG", quality=100)
    start = file.index(b"\xff\xee")
    unmarked = file[:start] + file[start + 16 :]
    marked = decode_file(file)[8, 8].astype(int)
    assert np.abs(marked - [49, 190, 225]).max() < 4
    assert (
        np.abs(decode_file(unmarked)[8, 8].astype(int) - [24, 5, 0]).max() < 4
    )  # the same numbers, not inverted: nearly all ink


def test_bombs(monkeypatch: pytest.MonkeyPatch) -> None:
    small, float_tiff = saved(Image.fromarray(EIGHT)), tiff(np.zeros((7, 5, 3), np.float32), photometric="rgb")
    for limit in (30, 10):  # Pillow warns of 35 pixels for the first, and refuses them for the second
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        for file in (small, float_tiff):
            with (
                pytest.raises(PictureError, match="it has more than the 0 million pixels of "),
                decoding("it"),
            ):
                decode_file(file)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with decoding("it"):
        assert decode_file(small).shape == decode_file(float_tiff).shape


def claiming(width: int, height: int) -> bytes:
    """A small PNG whose header tells of more, and that its rows are interlaced, so that it can only be read whole."""
    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 1)
    file = saved(Image.new("RGB", (1, 1)))
    return file[:8] + insert_chunk(file[:8] + b"\0" * 25, b"IHDR", header)[33:] + file[33:]


@pytest.mark.parametrize(
    ("within", "told"),
    [
        (None, r"it has 60000 x 60000 px: reading it takes 100.8 GB, and 9.0 GB are free; shrink it first, or end"),
        (Within(64), r"60000 x 60000 px: reading it takes 14.4 GB, and 9.0 GB are free"),
        (
            Within(64, memory=10**9),
            r"14.4 GB, and 1.0 GB are left of --memory; shrink it first, or give it --memory 15.1GB",
        ),
    ],
)
def test_a_picture_that_claims_to_be_huge(within, told, monkeypatch: pytest.MonkeyPatch) -> None:
    """How large one may be goes by the memory, and by how much of it is needed."""
    monkeypatch.setattr(decode, "free_memory", lambda: 9 * 10**9)
    with pytest.raises(PictureError, match=told), decoding("it"):
        decode_file(claiming(60000, 60000), within)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP", "BMP"])
def test_files_cut_short(format: str) -> None:
    noise = Image.fromarray(RNG.integers(0, 256, (64, 64, 3)).astype(np.uint8))
    file = saved(noise, format)
    for length in (len(file) // 2, len(file) * 9 // 10):
        with pytest.raises(PictureError, match=r"it .*; (get a fresh copy|give a JPEG)") as caught, decoding("it"):
            decode_file(file[:length])
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "file", [deep_png(DEEP[3])[:-60], tiff(np.ones((9, 9, 3), np.float32), photometric="rgb")[:400]]
)
def test_deep_files_cut_short(file: bytes) -> None:
    with pytest.raises(PictureError, match="it cannot be read to its end"), decoding("it"):
        decode_file(file)


@pytest.mark.parametrize(
    "file",
    [
        b"Hello, I am a text.\n" * 20,
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_files_that_are_no_pictures(file: bytes) -> None:
    with (
        pytest.raises(PictureError, match=r"it is (not a picture; give a JPEG, PNG|PostScript, which)"),
        decoding("it"),
    ):
        decode_file(file)
