"""Colours arrive at the wanted mean and covariance, and nothing degenerate gives NaN."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.images.recolor import recolor


def picture(mean: float, spread: float, seed: int, size: tuple[int, int] = (20, 30)) -> Tensor:
    """Mixed colours well inside [0, 1], so that nothing is clamped."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.eye(3) + 0.5 * torch.rand((3, 3), generator=generator)
    noise = torch.rand((3, size[0] * size[1]), generator=generator) - 0.5
    return (mean + spread * mixing @ noise).reshape(1, 3, *size)


def moments(image: Tensor) -> tuple[Tensor, Tensor]:
    columns = image.flatten(2)[0]
    return columns.mean(1), torch.cov(columns, correction=0)


def test_mean_and_covariance_become_the_models() -> None:
    model = picture(0.6, 0.2, 2, (11, 17))
    for ours, theirs in zip(moments(recolor(picture(0.4, 0.3, 1), [model])), moments(model), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)


def test_a_picture_keeps_its_own_colours() -> None:
    own = picture(0.4, 0.3, 1)
    torch.testing.assert_close(recolor(own, [own]), own, rtol=1e-4, atol=1e-5)


def test_several_models_mix_as_their_pixels_would() -> None:
    one, two = picture(0.3, 0.2, 2), picture(0.6, 0.2, 3)
    together = torch.cat([one, one, two], dim=2)  # twice as much of the first
    ours = recolor(picture(0.4, 0.3, 1), [one, two], [2, 1])
    torch.testing.assert_close(ours, recolor(picture(0.4, 0.3, 1), [together]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("content", [torch.full((1, 3, 8, 8), 0.5), picture(0.5, 0.3, 1)[:, :1].expand(1, 3, -1, -1)])
@pytest.mark.parametrize("model", [torch.full((1, 3, 8, 8), 0.2), picture(0.5, 0.3, 2)[:, :1].expand(1, 3, -1, -1)])
def test_constant_and_grey_pictures_stay_finite_and_in_range(content: Tensor, model: Tensor) -> None:
    moved = recolor(content, [model])
    assert moved.isfinite().all()
    assert 0 <= moved.min() <= moved.max() <= 1
    torch.testing.assert_close(moved.mean(), model.mean(), rtol=0, atol=0.02)
