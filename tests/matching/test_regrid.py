"""Layers of every stride on the grid of cells of 4 px, and parts of them that are those of the whole."""

from __future__ import annotations

import pytest
import torch

from impasto.matching import Regrid

SIZE, GRID = (47, 61), (11, 15)
CELLS = [((0, 3), (0, 5)), ((2, 7), (4, 9)), ((5, 9), (7, 11)), ((8, 11), (10, 15)), ((10, 11), (14, 15))]
STRIDES = [1, 2, 3, 4, 6, 8, 12, 16]


def cells_of(stride: int) -> tuple[int, int]:
    return SIZE[0] // stride, SIZE[1] // stride


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_parts_are_those_of_the_whole(stride, dtype):
    features = torch.rand(1, 2, *cells_of(stride), dtype=dtype, generator=torch.Generator().manual_seed(1))
    regrid = Regrid(stride, cells_of(stride), GRID)
    whole = regrid.of(features)
    assert whole.shape == (1, 2, *GRID)
    for rows, columns in CELLS:
        (top, bottom), (left, right) = regrid.sources((rows, columns))
        assert 0 <= top < bottom <= cells_of(stride)[0]
        assert 0 <= left < right <= cells_of(stride)[1]
        found = regrid.part(features[..., top:bottom, left:right], (rows, columns))
        expected = whole[..., slice(*rows), slice(*columns)]
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6 if dtype == torch.float32 else 1e-14)


@pytest.mark.parametrize("stride", STRIDES)
def test_a_ramp_over_the_picture_is_a_ramp_over_the_grid(stride):
    """A layer that gives each cell the mean place of its pixels makes a grid that does, whatever is left over."""
    rows, columns = (torch.arange(n, dtype=torch.float64) * stride + (stride - 1) / 2 for n in cells_of(stride))
    down, across = Regrid(stride, cells_of(stride), GRID).of(
        torch.stack(torch.meshgrid(rows, columns, indexing="ij"))[None]
    )[0]
    for found, layer, count in ((down[:, 0], rows, GRID[0]), (across[0], columns, GRID[1])):
        expected = torch.arange(count, dtype=torch.float64) * 4 + 1.5
        torch.testing.assert_close(found, expected.clamp(layer[0], layer[-1]))


@pytest.mark.parametrize("stride", [1, 2, 8, 16])
@pytest.mark.parametrize(("wrap", "axis"), [("x", 3), ("y", 2)])
def test_a_shift_over_a_border_that_wraps_shifts_the_grid(stride, wrap, axis):
    features = torch.rand(1, 2, 48 // stride, 64 // stride, dtype=torch.float64)
    regrid = Regrid(stride, (48 // stride, 64 // stride), (12, 16), wrap)
    moved = regrid.of(features.roll(16 // stride, axis))
    torch.testing.assert_close(moved, regrid.of(features).roll(4, axis))


@pytest.mark.parametrize("stride", [1, 2, 3, 8, 16])
def test_its_gradient(stride):
    features = torch.rand(1, 2, *cells_of(stride), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(Regrid(stride, cells_of(stride), GRID).of, features, fast_mode=True)


def test_a_part_needs_little_more_than_its_share():
    (top, bottom), (left, right) = Regrid(1, (131, 47), (32, 11)).sources(((8, 16), (0, 11)))
    assert (top, bottom, left, right) == (32, 64, 0, 44)
    (top, bottom), _ = Regrid(16, (40, 40), (160, 160)).sources(((80, 120), (0, 160)))
    assert bottom - top <= 12
