"""Every shade as often as in the model, and flat areas stay flat."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.images.color.histogram import fit_histogram, fit_shades, match_histogram, shaded_as
from impasto.images.color.spaces import to_space
from synthetic import picture

MODEL = 0.3 + 0.4 * picture(24, 40, 1)
OURS = 0.25 + 0.5 * picture(30, 32, 2)


def lab(pixels: Tensor) -> Tensor:
    return to_space(pixels.double(), "oklab")[0].flatten(1)


def quantiles(pixels: Tensor) -> Tensor:
    return torch.quantile(lab(pixels), torch.linspace(0, 1, 101, dtype=torch.float64), dim=1)


def test_the_quantiles_become_the_models():
    difference = (quantiles(match_histogram(OURS, MODEL)) - quantiles(MODEL)).abs()
    assert difference.mean() < 1e-4
    assert difference.max() < 2e-3  # at the ends, where few pixels are


def test_those_of_a_large_picture_are_taken_from_a_sample():
    difference = (quantiles(match_histogram(picture(300, 310, 2), MODEL)) - quantiles(MODEL)).abs()
    assert difference.mean() < 1e-3


def test_colours_are_the_models_own_and_not_mixtures_of_its_channels():
    """A model of two colours, red and blue: matched one by one, the channels would give black and magenta as well."""
    model = 0.1 + 0.03 * torch.randn((1, 3, 40, 40), generator=torch.Generator().manual_seed(0))
    model[:, 0, :20] += 0.8
    model[:, 2, 20:] += 0.8
    pure = torch.tensor([[0.9, 0.1, 0.1], [0.1, 0.1, 0.9]])
    ours, theirs = (torch.cdist(x[0].flatten(1).T, pure) for x in (match_histogram(OURS, model.clamp(0, 1)), model))
    assert ours.min(1).values.quantile(0.95) < 1.1 * theirs.min(1).values.quantile(0.95) < 0.1
    assert (ours.argmin(1).float().mean() - 0.5).abs() < 0.02


def test_a_picture_keeps_its_own_colours():
    torch.testing.assert_close(match_histogram(OURS, OURS), OURS, atol=1e-5, rtol=0)


def test_equal_pixels_stay_equal():
    flat = OURS.clone()
    flat[..., :10] = 0.4
    matched = match_histogram(flat, MODEL)[..., :10].flatten(2)
    torch.testing.assert_close(matched, matched[..., :1].expand_as(matched), atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [(2, 3), (90, 70)])
def test_sizes_may_differ(size):
    small = MODEL[..., : size[0], : size[1]] if size[0] < 24 else MODEL.repeat(1, 1, 4, 2)[..., : size[0], : size[1]]
    matched = match_histogram(OURS, small)
    assert matched.shape == OURS.shape
    torch.testing.assert_close(lab(matched).mean(1), lab(small).mean(1), atol=5e-3, rtol=0)


@pytest.mark.parametrize("size", [(30, 32), (300, 310)], ids=["all", "sampled"])
def test_a_fitted_map_is_kept_for_other_pictures(size):
    """Where it was fitted it is `match_histogram` to the bit; elsewhere what is equal becomes equal."""
    ours, still = 0.2 + 0.5 * picture(*size, 2), (..., slice(size[1] // 2))
    other = ours.clone()
    other[..., size[1] // 2 :] *= 0.2  # darker than anything the map was fitted to
    shades = fit_shades(MODEL)
    fitted, today = fit_histogram(ours, shades), match_histogram(ours, MODEL)
    assert torch.equal(fitted.apply(ours), today)
    assert torch.equal(shaded_as(ours, shades), today)
    later = fitted.apply(other)
    assert torch.equal(later[still], today[still])
    assert (match_histogram(other, MODEL)[still] - today[still]).abs().max() > 0.05
    assert 0 <= later.min() <= later.max() <= 1
