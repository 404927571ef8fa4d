"""The linear maps from a solver's vector to the canvas, and their transposes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.optim import Bands, Grey, Pixels

sides = st.integers(1, 70)


def length(variable, shape):
    return variable.pull(torch.zeros(shape)).numel()


@settings(max_examples=25, deadline=None)
@given(height=sides, width=sides, batch=st.integers(1, 2), seed=st.integers(0, 99))
@pytest.mark.parametrize("variable", [Pixels(), Pixels(255.0), Bands(), Bands(0.3), Grey(Pixels()), Grey(Bands())])
def test_pull_is_the_transpose_of_push(variable, height, width, batch, seed):
    random, shape = torch.Generator().manual_seed(seed), (batch, 3, height, width)
    gradient = torch.randn(shape, dtype=torch.float64, generator=random)
    move = torch.randn(length(variable, shape), dtype=torch.float64, generator=random)
    pushed = variable.push(move, shape)
    assert pushed.shape == shape
    expected = float((pushed * gradient).sum())
    assert float(move.dot(variable.pull(gradient))) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_pull_is_the_gradient_of_the_vector():
    variable, shape = Bands(), (1, 3, 33, 21)
    vector = torch.rand(length(variable, shape), dtype=torch.float64, requires_grad=True)
    canvas = variable.push(vector, shape)
    expected = torch.autograd.grad(canvas.sin().sum(), vector)[0]
    torch.testing.assert_close(variable.pull(canvas.detach().cos()), expected)


def test_pull_works_where_gradients_are_off():
    with torch.no_grad():
        pulled = Bands().pull(torch.ones(1, 3, 16, 16))
    assert not pulled.requires_grad
    assert float(pulled[: 3 * 16 * 16].min()) == 1


def test_coarser_bands_fall_behind_by_the_factor_asked_for():
    """Three bands of 40 x 32, 20 x 16 and 10 x 8 px, and the same vector in each."""
    shape, areas = (1, 3, 40, 32), [3 * 40 * 32, 3 * 20 * 16, 3 * 10 * 8]
    gradient = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    plain, fallen = (Bands(fall).pull(gradient).split(areas) for fall in (1.0, 0.3))
    for k, (one, other) in enumerate(zip(plain, fallen, strict=True)):
        torch.testing.assert_close(other, 0.3**k * one)
        move = torch.zeros(sum(areas))
        move.split(areas)[k].fill_(1)
        torch.testing.assert_close(Bands(0.3).push(move, shape), 0.3**k * Bands().push(move, shape))


def test_pixels_have_the_units_of_their_scale():
    variable, gradient = Pixels(255.0), torch.tensor([[[[2.0, 4.0]]]])
    torch.testing.assert_close(variable.pull(gradient), torch.tensor([2.0, 4.0]) / 255)
    torch.testing.assert_close(
        variable.push(torch.tensor([51.0, -255.0]), (1, 1, 1, 2)), torch.tensor([[[[0.2, -1.0]]]])
    )


@pytest.mark.parametrize("variable", [Grey(Pixels()), Grey(Bands())])
def test_grey_moves_all_channels_alike(variable):
    shape = (1, 3, 20, 18)
    move = torch.randn(length(variable, shape), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    pushed = variable.push(move, shape)
    assert torch.equal(pushed[:, 1:], pushed[:, :1].expand(1, 2, -1, -1))
    torch.testing.assert_close(pushed[:, :1], variable.inner.push(move, (1, 1, 20, 18)))


@pytest.mark.parametrize("variable", [Pixels(), Bands(), Grey(Bands())])
def test_resizing_keeps_constants_and_fits_the_new_canvas(variable):
    old, new = (40, 29), (81, 57)
    vector = torch.full((length(variable, (1, 3, *old)),), 0.25)
    for mode in ("bilinear", "bicubic"):
        resized = variable.resize(vector, old, new, mode)
        torch.testing.assert_close(resized, torch.full((length(variable, (1, 3, *new)),), 0.25))
