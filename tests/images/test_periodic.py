"""Pictures that go on over their border, against the middle of nine copies of them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.images.laplacian import merge_bands, split_bands
from impasto.images.periodic import bordered, differences, folded, interpolated
from impasto.images.resample import resize
from synthetic import picture

TILES = ("x", "y", "xy")
SIZE = (48, 64)


def copied(x: Tensor, tile: str) -> Tensor:
    """Three copies of the picture along each tiled axis."""
    return x.repeat(1, 1, 3 if "y" in tile else 1, 3 if "x" in tile else 1)


def middle(x: Tensor, tile: str) -> Tensor:
    height, width = x.shape[2] // (3 if "y" in tile else 1), x.shape[3] // (3 if "x" in tile else 1)
    top, left = height if "y" in tile else 0, width if "x" in tile else 0
    return x[..., top : top + height, left : left + width]


def grown(size: tuple[int, int], tile: str) -> tuple[int, int]:
    return size[0] * (3 if "y" in tile else 1), size[1] * (3 if "x" in tile else 1)


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(24, 32), (96, 128), (50, 40), (31, 64), (47, 101)], ids=str)
def test_interpolation_goes_on_over_the_border(size, mode, antialias, tile):
    x = picture(*SIZE, dtype=torch.float64)
    many = F.interpolate(copied(x, tile), grown(size, tile), mode=mode, antialias=antialias, align_corners=False)
    given = interpolated(x, size, tile, mode, antialias=antialias)
    torch.testing.assert_close(given, middle(many, tile), rtol=0, atol=1e-12)


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("filter", ["lanczos", "bicubic", "bilinear", "area"])
@pytest.mark.parametrize("size", [(24, 32), (96, 128), (50, 40), (47, 101), (16, 16)], ids=str)
def test_resizing_goes_on_over_the_border(size, filter, tile):
    x = picture(*SIZE)
    many = resize(copied(x, tile), grown(size, tile), filter)
    torch.testing.assert_close(resize(x, size, filter, tile), middle(many, tile), rtol=0, atol=1e-6)


def test_without_tiles_it_is_plain_interpolation_to_the_bit():
    x = picture(*SIZE)
    plain = F.interpolate(x, (31, 50), mode="bicubic", antialias=True, align_corners=False)
    assert torch.equal(interpolated(x, (31, 50), "none", "bicubic", antialias=True), plain)


@pytest.mark.parametrize("tile", TILES)
def test_bands_go_on_over_the_border(tile):
    """Sides of 2^3 halvings: every band of the copies is copies of the band."""
    x = picture(*SIZE, dtype=torch.float64)
    bands, many = split_bands(x, 3, tile), split_bands(copied(x, tile), 3)
    for band, others in zip(bands, many, strict=True):
        shape = tuple(band.shape[2:])
        top, left = shape[0] if "y" in tile else 0, shape[1] if "x" in tile else 0
        torch.testing.assert_close(band, others[..., top : top + shape[0], left : left + shape[1]], rtol=0, atol=1e-12)
    torch.testing.assert_close(merge_bands(bands, tile), x, rtol=0, atol=1e-14)


@pytest.mark.parametrize("tile", ["none", *TILES])
@pytest.mark.parametrize("border", ["replicate", "zeros"])
def test_a_border_is_that_of_the_axis(border, tile):
    x = picture(8, 10, dtype=torch.float64)
    many = F.pad(copied(x, tile), (3, 3, 3, 3), mode=border.replace("zeros", "constant"))
    top, left = 8 if "y" in tile else 0, 10 if "x" in tile else 0
    assert torch.equal(bordered(x, 3, tile, border), many[..., top : top + 14, left : left + 16])


@pytest.mark.parametrize("tile", ["none", *TILES])
@pytest.mark.parametrize("border", ["replicate", "zeros"])
def test_folding_is_the_transpose(border, tile):
    x, y = picture(8, 10, 1, torch.float64), picture(14, 16, 2, torch.float64)
    torch.testing.assert_close((bordered(x, 3, tile, border) * y).sum(), (x * folded(y.clone(), 3, tile, border)).sum())


def test_differences_follow_the_border_where_it_is_tiled():
    x = torch.tensor([[1.0, 4.0, 9.0]])
    assert differences(x, -1, "y").tolist() == [[3.0, 5.0]]
    assert differences(x, -1, "x").tolist() == [[3.0, 5.0, -8.0]]
