from __future__ import annotations

import io

import numpy as np
import profiles
import pytest
from PIL import Image, ImageCms

from impasto.images.files.icc import array_to_srgb, image_to_srgb, srgb_profile

ADOBE = profiles.rgb(profiles.gamma(2.19921875))
CURVES = {
    "linear": b"curv\0\0\0\0\0\0\0\0",
    "power": profiles.gamma(1.8),
    "table": profiles.table([(i / 63) ** 2 for i in range(64)]),
    "para0": profiles.parametric(0, 2.0),
    "para1": profiles.parametric(1, 2.0, 1.25, -0.25),
    "para2": profiles.parametric(2, 2.0, 0.78078, 0.25, -0.0625),
    "para3": profiles.parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    "para4": profiles.parametric(4, 3.0, 0.5, 0.5, 0.25, 0.25, 0.0, 0.0),
}


def colors(step: int = 15) -> np.ndarray:
    levels = np.arange(0, 256, step, dtype=np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, levels.size, 3)


def deep(array: np.ndarray) -> np.ndarray:
    return array.astype(np.uint16) * 257


@pytest.mark.parametrize("curve", CURVES)
def test_deep_colours_agree_with_littlecms(curve: str) -> None:
    icc = profiles.rgb(CURVES[curve])
    array = colors()
    expected = np.asarray(image_to_srgb(Image.fromarray(array), icc), float)
    difference = np.abs(array_to_srgb(deep(array), icc) * 255 - expected)
    assert difference.max() < (
        1.5 if curve != "linear" else 3
    )  # linear light is steep in the shadows, and 8 bits coarse
    assert not np.array_equal(expected, array)


def test_deep_colours_keep_their_depth() -> None:
    ramp = np.arange(30000, 30256, dtype=np.uint16).reshape(1, -1, 1).repeat(3, axis=2)  # one 8-bit level
    converted = array_to_srgb(ramp, ADOBE)
    assert converted.dtype == np.float32
    assert (np.diff(converted[0, :, 1]) > 0).all()


def test_a_saturated_adobe_green_lies_outside_srgb_and_is_clipped() -> None:
    green = np.array([[[0, 65535, 0]]], np.uint16)
    assert array_to_srgb(green, ADOBE)[0, 0].tolist() == [0, pytest.approx(1, abs=1e-3), 0]


@pytest.mark.parametrize("power", [1.0, 1.8, 2.6])
def test_deep_grey_agrees_with_littlecms(power: float) -> None:
    icc = profiles.grey(profiles.gamma(power))
    ramp = np.arange(40, 256, dtype=np.uint8).reshape(1, -1)
    expected = np.asarray(image_to_srgb(Image.fromarray(ramp), icc), float)
    converted = array_to_srgb(deep(ramp)[..., None], icc)
    assert converted.shape == (1, 216, 3)
    assert np.abs(converted * 255 - expected).max() < 1.5


def test_alpha_is_no_colour() -> None:
    array = np.random.default_rng(0).integers(0, 65536, (3, 4, 4)).astype(np.uint16)
    converted = array_to_srgb(array, ADOBE)
    assert np.array_equal(converted[..., 3], array[..., 3] / np.float32(65535))
    assert np.array_equal(converted[..., :3], array_to_srgb(array[..., :3], ADOBE))
    image = Image.new("RGBA", (1, 1), (0, 200, 0, 77))
    assert image_to_srgb(image, ADOBE).getpixel((0, 0))[3] == 77  # type: ignore[index]
    grey = image_to_srgb(Image.new("LA", (1, 1), (50, 77)), profiles.grey(profiles.gamma(1.0)))
    assert grey.mode == "RGBA"
    assert grey.getpixel((0, 0))[3] == 77  # type: ignore[index]


def test_profiles_of_tables_fall_back_to_8_bits() -> None:
    icc = profiles.lab_cube(b"RGB ", b"scnr", first=0)
    array = np.zeros((1, 2, 3), np.uint16)
    array[0, 1, 0] = 65535
    converted = array_to_srgb(array, icc)
    assert converted[0, 0].tolist() == [0, 0, 0]
    assert np.ptp(converted[0, 1]) < 0.02
    assert 0.3 < converted[0, 1].mean() < 0.6


@pytest.mark.parametrize("curve", [profiles.parametric(0), b"sf32" + b"\0" * 20, profiles.parametric(9)])
def test_damaged_curves_do_not_stop_a_deep_picture(curve: bytes) -> None:
    array = deep(colors(85))
    assert array_to_srgb(array, profiles.rgb(curve)).shape == array.shape


def test_cmyk_goes_through_its_profile() -> None:
    image = Image.new("CMYK", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 255))
    converted = image_to_srgb(image, profiles.lab_cube(b"CMYK", b"prtr", first=255))
    assert converted.getpixel((0, 0)) == (255, 255, 255)
    dark = np.asarray(converted)[0, 1]
    assert np.ptp(dark) < 5
    assert dark.max() < 130


@pytest.mark.parametrize(
    ("mode", "icc"),
    [
        ("RGB", srgb_profile()),
        ("RGB", None),
        ("RGB", b"rubbish"),
        ("RGB", b""),
        ("RGB", ADOBE[:200]),
        ("RGB", profiles.lab_cube(b"CMYK", b"prtr", first=255)),
        ("RGB", profiles.grey(profiles.gamma(1.0))),
        ("CMYK", ADOBE),
    ],
)
def test_profiles_that_do_not_apply_change_nothing(mode: str, icc: bytes | None) -> None:
    image = Image.fromarray(colors()).convert(mode)
    assert np.array_equal(np.asarray(image_to_srgb(image, icc)), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("icc", [srgb_profile(), b"rubbish", None])
def test_deep_srgb_is_left_exactly_alone(icc: bytes | None) -> None:
    array = np.random.default_rng(0).integers(0, 65536, (5, 6, 3)).astype(np.uint16)
    assert array_to_srgb(array, icc) is array


def test_a_grey_picture_may_have_a_colour_profile() -> None:
    linear = profiles.rgb(CURVES["linear"])
    converted = image_to_srgb(Image.new("L", (1, 1), 100), linear).getpixel((0, 0))
    assert converted == image_to_srgb(Image.new("RGB", (1, 1), (100, 100, 100)), linear).getpixel((0, 0))
    assert converted == (168, 168, 168)  # 1.055 (100 / 255) ** (1 / 2.4) - 0.055, in 255ths


def test_the_profile_is_srgb_and_always_the_same_bytes() -> None:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    assert "sRGB" in ImageCms.getProfileDescription(profile)
    srgb_profile.cache_clear()
    first = srgb_profile()
    srgb_profile.cache_clear()
    assert first == srgb_profile()
    assert first[24:36] == bytes([0x07, 0xEA, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0])
