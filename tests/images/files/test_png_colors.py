"""A PNG's own colour chunks are obeyed: cICP before a profile, sRGB before gAMA and cHRM."""

from __future__ import annotations

import io
import struct

import numpy as np
import profiles
import pytest
from PIL import Image
from test_decode import DEEP, deep_png, insert_chunk, saved

from impasto.errors import PictureError
from impasto.images.files.decode import decode_file
from impasto.images.files.icc import array_to_srgb, image_to_srgb
from impasto.images.files.opening import decoding

RAMP = np.stack(np.meshgrid(*[np.arange(0, 256, 51, dtype=np.uint8)] * 3), axis=-1).reshape(6, 36, 3)
PLAIN = saved(Image.fromarray(RAMP))
P3 = (
    (0.51512, 0.24120, -0.00105),
    (0.29198, 0.69225, 0.04189),
    (0.15710, 0.06657, 0.78407),
)  # Display P3 at D50


def decoded(data: bytes) -> np.ndarray:
    with decoding("it"):
        return decode_file(io.BytesIO(data)).array


def gama(power: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(power * 100_000))


def chrm(*numbers: float) -> tuple[bytes, bytes]:
    return b"cHRM", struct.pack(">8I", *(round(number * 100_000) for number in numbers))


def to_srgb(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055) * 255


@pytest.mark.parametrize("power", [1.0, 1 / 1.8, 1 / 2.6])
def test_gamma(power):
    """Each stored value v stands for the light v^(1 / gamma)."""
    array = decoded(insert_chunk(PLAIN, *gama(power)))
    assert np.abs(array - to_srgb((RAMP / 255) ** (1 / power))).max() <= 2
    grey = RAMP[..., 0]
    single = decoded(insert_chunk(saved(Image.fromarray(grey)), *gama(power)))[..., 0]
    assert np.abs(single - to_srgb((grey / 255) ** (1 / power))).max() <= 2


def test_gamma_of_deep_pictures():
    array = decoded(insert_chunk(deep_png(DEEP[3]), *gama(1.0)))
    assert np.abs(array * 255 - to_srgb(DEEP[3] / 65535)).max() < 0.1


@pytest.mark.parametrize(
    "chunks",
    [
        [gama(0.45455)],  # what programs write that mean sRGB
        [gama(1.0), (b"sRGB", b"\0")],
        [chrm(0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)],
        [(b"cICP", bytes([1, 13, 0, 1]))],
        [gama(0.0)],
        [chrm(*[0.3] * 8)],  # no triangle
        [chrm(*[0.0] * 8)],
        [(b"cICP", bytes([2, 2, 0, 1]))],  # unspecified
    ],
)
def test_what_means_srgb_or_nothing_changes_nothing(chunks):
    data = PLAIN
    for chunk in chunks:
        data = insert_chunk(data, *chunk)
    assert np.array_equal(decoded(data), RAMP)


def test_cicp_is_what_a_profile_of_the_same_colours_is():
    srgb_curve = profiles.parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    profile = profiles.rgb(srgb_curve, P3)
    wanted = np.asarray(image_to_srgb(Image.fromarray(RAMP), profile)).astype(int)
    array = decoded(insert_chunk(PLAIN, b"cICP", bytes([12, 13, 0, 1])))
    assert np.abs(array - wanted).max() <= 1
    assert np.abs(array - RAMP.astype(int)).max() > 20  # ignored, it would be far off
    deep = decoded(insert_chunk(deep_png(DEEP[3]), b"cICP", bytes([12, 13, 0, 1])))
    assert np.abs(deep - array_to_srgb(DEEP[3], profile)).max() < 2e-3


def test_chromaticities_are_those_of_the_profile():
    """Adobe RGB by its chunks, and by its profile."""
    chunks = insert_chunk(PLAIN, *gama(1 / 2.19921875))
    array = decoded(insert_chunk(chunks, *chrm(0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)))
    wanted = np.asarray(image_to_srgb(Image.fromarray(RAMP), profiles.rgb(profiles.gamma(2.19921875)))).astype(int)
    assert np.abs(array - wanted).max() <= 2


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_a_high_dynamic_range_is_refused(transfer, name):
    with pytest.raises(
        PictureError, match=rf"it is of high dynamic range \({name}\); save it with 8 bits in sRGB first"
    ):
        decoded(insert_chunk(PLAIN, b"cICP", bytes([9, transfer, 0, 1])))
