"""Colours arrive at the wanted mean and covariance, and nothing degenerate gives NaN."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from impasto.images.color.spaces import to_space
from impasto.images.color.transfer import fit_moments, fit_transfer, recolor

METHODS, SPACES = ("pca", "cholesky", "symmetric"), ("srgb", "linear", "oklab")


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
    for ours, theirs in zip(moments(recolor(picture(0.4, 0.3, 1), fit_moments([model]))), moments(model), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("method", METHODS)
def test_they_do_so_by_every_method_in_every_space(method: str, space: str) -> None:
    model = picture(0.5, 0.15, 2, (11, 17))
    moved = recolor(picture(0.45, 0.2, 1), fit_moments([model], space=space), method=method)
    assert 0 < moved.min() < moved.max() < 1  # nothing was clamped
    for ours, theirs in zip(
        moments(to_space(moved.double(), space)), moments(to_space(model.double(), space)), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_more_rounds_make_good_what_is_clamped(method: str) -> None:
    ours, model = picture(0.4, 0.3, 1).pow(2), picture(0.6, 0.6, 2)
    errors = []
    for rounds in (1, 10):
        moved = recolor(ours, fit_moments([model], space="oklab"), method=method, rounds=rounds)
        pairs = zip(*(moments(to_space(x.double(), "oklab")) for x in (moved, model)), strict=True)
        errors.append(max((a - b).abs().max().item() for a, b in pairs))
    assert errors[0] > 1e-3
    assert errors[1] < 1e-4


def test_each_method_is_the_published_map() -> None:
    ours, model = picture(0.45, 0.2, 1), picture(0.5, 0.15, 2, (11, 17))
    x, m = (image[0].flatten(1).double().numpy() for image in (ours, model))
    s, t = np.cov(x, bias=True), np.cov(m, bias=True)
    (es, vs), (et, vt) = np.linalg.eigh(s), np.linalg.eigh(t)
    maps = {
        "pca": (vt * et**0.5) @ vt.T @ (vs * es**-0.5) @ vs.T,
        "cholesky": np.linalg.cholesky(t) @ np.linalg.inv(np.linalg.cholesky(s)),
    }
    for method, map in maps.items():
        expected = map @ (x - x.mean(1, keepdims=True)) + m.mean(1, keepdims=True)
        moved = recolor(ours, fit_moments([model]), method=method)[0].flatten(1).double().numpy()
        np.testing.assert_allclose(moved, expected, atol=1e-5)


def test_the_symmetric_map_moves_colours_least() -> None:
    ours, model = picture(0.45, 0.2, 1), picture(0.5, 0.15, 2, (11, 17))
    moves = {
        method: (recolor(ours, fit_moments([model]), method=method) - ours).square().mean().item() for method in METHODS
    }
    assert moves["symmetric"] < min(moves["pca"], moves["cholesky"])


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("method", METHODS)
def test_a_picture_keeps_its_own_colours(method: str, space: str) -> None:
    own = picture(0.4, 0.3, 1)
    torch.testing.assert_close(recolor(own, fit_moments([own], space=space), method=method), own, rtol=1e-4, atol=1e-5)


def test_several_models_mix_as_their_pixels_would() -> None:
    one, two = picture(0.3, 0.2, 2), picture(0.6, 0.2, 3)
    together = torch.cat([one, one, two], dim=2)  # twice as much of the first
    ours = recolor(picture(0.4, 0.3, 1), fit_moments([one, two], [2, 1]))
    torch.testing.assert_close(ours, recolor(picture(0.4, 0.3, 1), fit_moments([together])), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("content", [torch.full((1, 3, 8, 8), 0.5), picture(0.5, 0.3, 1)[:, :1].expand(1, 3, -1, -1)])
@pytest.mark.parametrize("model", [torch.full((1, 3, 8, 8), 0.2), picture(0.5, 0.3, 2)[:, :1].expand(1, 3, -1, -1)])
def test_constant_and_grey_pictures_stay_finite_and_in_range(content: Tensor, model: Tensor) -> None:
    moved = recolor(content, fit_moments([model]))
    assert moved.isfinite().all()
    assert 0 <= moved.min() <= moved.max() <= 1
    torch.testing.assert_close(moved.mean(), model.mean(), rtol=0, atol=0.02)


@pytest.mark.parametrize("rounds", [1, 10])
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("method", METHODS)
def test_a_fitted_transfer_is_kept_for_other_pictures(method: str, space: str, rounds: int) -> None:
    """Where it was fitted it is `recolor` to the bit; elsewhere what is equal becomes equal, and the rest is no part of
    it."""
    ours, model = picture(0.4, 0.3, 1).pow(2), picture(0.6, 0.6, 2, (11, 17))  # some of it is clamped
    other = torch.cat([ours[:, :, :8], picture(0.7, 0.1, 3, (12, 30))], dim=2)
    fitted = fit_transfer(ours, fit_moments([model], space=space), method=method, rounds=rounds)
    today = recolor(ours, fit_moments([model], space=space), method=method, rounds=rounds)
    assert torch.equal(fitted.apply(ours), today)
    assert torch.equal(fitted.apply(other)[:, :, :8], today[:, :, :8])
    anew = recolor(other, fit_moments([model], space=space), method=method, rounds=rounds)
    assert (anew[:, :, :8] - today[:, :, :8]).abs().max() > 0.05


def test_a_transfer_fitted_to_a_part_is_that_of_the_part() -> None:
    ours, model = picture(0.4, 0.3, 1), picture(0.6, 0.2, 2)
    seen = torch.zeros(20, 30, dtype=torch.bool)
    seen[:9] = True
    fitted = fit_transfer(ours, fit_moments([model]), seen=seen)
    assert torch.equal(fitted.apply(ours), recolor(ours, fit_moments([model]), seen=seen))
    alone = fit_transfer(ours[:, :, :9], fit_moments([model])).apply(ours)
    torch.testing.assert_close(
        fitted.apply(ours), alone, rtol=0, atol=torch.finfo(torch.float32).eps
    )  # sums in another order
