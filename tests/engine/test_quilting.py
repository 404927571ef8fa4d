"""Pieces of the styles: where they come from, how they join, and what a seed decides."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.engine import quilting as pieces
from impasto.engine.quilting import pieced
from synthetic import picture


def flat(value: float) -> Tensor:
    return torch.full((1, 3, 32, 48), value)


def test_pieces_are_those_of_the_picture():
    """Grey steps: a canvas of pieces has no other value, but for what is mixed where they join."""
    steps = torch.arange(12.0).repeat_interleave(4).expand(1, 3, 48, 48) / 12
    canvas = pieced([steps], [1.0], (48, 96), 0)
    assert canvas.shape == (1, 3, 48, 96)
    assert canvas.min() >= 0
    assert canvas.max() <= 11 / 12 + 1e-6
    assert (canvas.mean() - steps.mean()).abs() < 0.15


def test_a_seed_decides_the_order_and_nothing_else_does():
    style = picture(48, 48, 2)
    one, again, other = (pieced([style], [1.0], (48, 64), seed) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert (one - other).abs().mean() > 0.02
    torch.manual_seed(5)
    state = torch.get_rng_state()
    pieced([style], [1.0], (48, 64), 1)
    assert torch.equal(torch.get_rng_state(), state)


def test_styles_give_pieces_by_their_shares():
    shares = [3.0, 1.0]
    means = [pieced([flat(0.0), flat(1.0)], shares, (32, 64), seed).mean().item() for seed in range(40)]
    assert sum(means) / len(means) == pytest.approx(0.25, abs=0.08)
    assert torch.equal(pieced([flat(0.0), flat(1.0)], [1, 0], (32, 48), 0), flat(0.0))


def test_pieces_come_from_places_far_apart():
    """Columns of 64 shades: the pieces that a canvas takes from them are hardly ever the same ones."""
    ramp = torch.linspace(0, 1, 128).expand(1, 3, 64, 128).contiguous()
    canvas = pieced([ramp], [1.0], (64, 128), 3)
    shades = (canvas[0, 0] * 16).long().clamp_max(15).flatten().bincount(minlength=16) > 0
    assert shades.sum() > 11


@pytest.mark.parametrize("size", [(16, 16), (17, 50), (100, 37), (16, 300)], ids=str)
def test_any_size_is_filled(size):
    canvas = pieced([picture(20, 33, 1), picture(16, 90, 2)], [1, 1], size, 0, "xy")
    assert canvas.shape == (1, 3, *size)
    assert bool(canvas.isfinite().all())


def test_a_tiled_border_lies_within_pieces():
    """A ramp is smooth inside of pieces, so that there is no jump over the border, and one without tiles."""
    ramp = torch.linspace(0, 1, 128).expand(1, 3, 64, 128).contiguous()
    open_, closed = (
        torch.stack([pieced([ramp], [1.0], (64, 128), seed, tile) for seed in range(5)]) for tile in ("none", "x")
    )
    jumps = [(canvas[..., 0] - canvas[..., -1]).abs().mean().item() for canvas in (open_, closed)]
    assert jumps[1] < 0.02 < 0.1 < jumps[0]


def test_pieces_fit_their_neighbours(monkeypatch):
    """Colours change less from cell to cell than where the farthest piece is taken, whether it fits or not."""
    shapes = F.interpolate(picture(5, 7, 3), size=(96, 128), mode="bicubic").clamp(0, 1)

    def jumps() -> float:
        canvases = torch.stack([pieced([shapes], [1.0], (128, 128), seed, "xy") for seed in range(5)])
        return sum((canvases - canvases.roll(4, axis)).square().mean().item() for axis in (-2, -1))

    fitting = jumps()
    monkeypatch.setattr(pieces._Table, "_misfit", lambda *given: 0.0)
    assert fitting < 0.9 * jumps()
