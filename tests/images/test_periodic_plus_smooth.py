"""Pictures changed so that they continue over their border."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.images.periodic_plus_smooth import seamless


def slope(height: int = 40, width: int = 60) -> Tensor:
    """Dark to bright from left to right and, less, from top to bottom, under soft grain."""
    generator = torch.Generator().manual_seed(1)
    rows, columns = torch.linspace(0, 0.2, height)[:, None], torch.linspace(0.2, 0.6, width)
    return (rows + columns + 0.02 * torch.rand(1, 3, height, width, generator=generator)).double()


def jump(x: Tensor, axis: int) -> float:
    """Mean difference over the border, to the mean difference inside."""
    away = (x - x.roll(1, axis)).abs().transpose(0, axis).flatten(1).mean(1)
    return (away[0] / away[1:].mean()).item()


@pytest.mark.parametrize("tile", ["x", "y", "xy"])
def test_the_jump_goes_from_tiled_borders_alone(tile):
    joined = seamless(slope(), tile)
    for axis, name in ((-2, "y"), (-1, "x")):
        assert jump(slope(), axis) > 10
        assert (jump(joined, axis) < 1.5) == (name in tile)
    assert joined.mean().item() == pytest.approx(slope().mean().item())


def test_what_is_inside_keeps_its_shapes():
    """Second differences are kept: what is taken away is harmonic inside."""
    x, joined = slope(), seamless(slope(), "xy")
    inner = [
        4 * p[..., 1:-1, 1:-1] - p[..., 2:, 1:-1] - p[..., :-2, 1:-1] - p[..., 1:-1, 2:] - p[..., 1:-1, :-2]
        for p in (x, joined)
    ]
    torch.testing.assert_close(inner[0], inner[1], rtol=0, atol=1e-10)
    assert (x - joined).abs()[..., 15:25, 25:35].mean() < 0.3 * (x - joined).abs()[..., :, :5].mean()


def test_without_tiles_it_is_the_picture_itself():
    x = slope()
    assert seamless(x, "none") is x
