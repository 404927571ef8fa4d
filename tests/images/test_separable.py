"""Resampling on other devices, computed on this one: Pillow's pictures, to what float32 rounds."""

from __future__ import annotations

import math

import pytest
import torch

from impasto.images.resample import resize
from impasto.images.separable import resampled

SUPPORTS = {"lanczos": 3, "bicubic": 2, "bilinear": 1, "area": 1}
ABSOLUTE = 1.6  # absolute shares of a window have no larger sum; Lanczos' have 1.57 where both borders cut it
SIZES = [(7, 11), (40, 62), (41, 31), (13, 62), (100, 101), (23, 9), (1, 1), (2, 97)]
SIZE = (23, 31)


def pictures(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def bound(old: tuple[int, ...], new: tuple[int, int], filter: str) -> float:
    """Sums of n products of shares, each rounded once, along both axes, and Pillow's own two roundings; in [0, 1].

    (n + 2) eps / 2 of the absolute products for each axis; doubled for what is of second order.
    """
    lengths = (2 * math.ceil(SUPPORTS[filter] * max(1.0, a / b)) + 1 for a, b in zip(old, new, strict=True))
    return torch.finfo(torch.float32).eps * ABSOLUTE**2 * (sum(n + 2 for n in lengths) + 2)


@pytest.mark.parametrize("wrap", ["none", "x", "y", "xy"])
@pytest.mark.parametrize("filter", SUPPORTS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_pictures_are_pillows(size, filter, wrap):
    pixels = pictures(2, 3, *SIZE)
    ours = resampled(pixels.flatten(0, 1), size, filter, wrap).reshape(2, 3, *size).clamp(0, 1)
    torch.testing.assert_close(ours, resize(pixels, size, filter, wrap), rtol=0, atol=bound(SIZE, size, filter))


@pytest.mark.parametrize("wrap", ["none", "xy"])
@pytest.mark.parametrize("filter", SUPPORTS)
@pytest.mark.parametrize("old", [(1, 1), (1, 40), (2, 3), (5, 300)], ids=str)
def test_so_are_pictures_smaller_than_a_window(old, filter, wrap):
    pixels = pictures(1, 1, *old)
    for size in ((1, 1), (3, 7), (17, 50)):
        ours = resampled(pixels[0], size, filter, wrap)[None].clamp(0, 1)
        torch.testing.assert_close(ours, resize(pixels, size, filter, wrap), rtol=0, atol=bound(old, size, filter))


@pytest.mark.parametrize("filter", SUPPORTS)
def test_a_wrapped_picture_may_begin_anywhere(filter):
    """Rolled by whole px of the result, the result is rolled."""
    planes = pictures(3, 24, 36)
    ours = resampled(planes.roll((4, 6), (1, 2)), (12, 18), filter, "xy")
    theirs = resampled(planes, (12, 18), filter, "xy").roll((2, 3), (1, 2))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=bound((24, 36), (12, 18), filter))


@pytest.mark.parametrize("filter", SUPPORTS)
def test_what_has_the_size_already_is_not_touched(filter):
    planes = pictures(3, 24, 36)
    assert resampled(planes, (24, 36), filter, "xy") is planes


@pytest.mark.parametrize("wrap", ["none", "xy"])
@pytest.mark.parametrize("filter", SUPPORTS)
def test_a_picture_on_another_device_stays_there(filter, wrap):
    """Of the meta device nothing can be copied to this one: Pillow would fail."""
    frame = torch.empty(1, 3, 24, 36, device="meta", dtype=torch.bfloat16)
    with pytest.raises(NotImplementedError):
        frame.cpu()
    there = resize(frame, (10, 50), filter, wrap)
    assert (there.device.type, there.dtype, there.shape) == ("meta", torch.bfloat16, (1, 3, 10, 50))
