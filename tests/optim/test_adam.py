"""Adam against torch, against Keras' formula, and across sizes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from impasto.optim import Adam, Bands, Pixels, Solver

STEPS = 12


def walk(solver, function, canvas, steps=STEPS):
    state = solver.init(canvas)
    for _ in range(steps):
        canvas, state, _ = solver.step(function, canvas, state)
    return canvas, state


@pytest.mark.parametrize(("beta1", "beta2", "epsilon"), [(0.9, 0.999, 1e-8), (0.99, 0.95, 0.1), (0.0, 0.0, 1e-3)])
@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_the_iterates_are_those_of_torch(canvas, bowl, evaluator, beta1, beta2, epsilon, scale):
    solver = Solver(Adam(0.02 * scale, beta1, beta2, epsilon), Pixels(scale))
    found, state = walk(solver, evaluator(bowl), canvas)

    parameter = (canvas * scale).requires_grad_(True)
    reference = torch.optim.Adam([parameter], 0.02 * scale, (beta1, beta2), epsilon)
    for _ in range(STEPS):
        reference.zero_grad()
        bowl(parameter / scale).backward()
        reference.step()
    torch.testing.assert_close(found, parameter.detach() / scale, rtol=0, atol=1e-12)
    assert state["iterations"] == state["evaluations"] == STEPS


def test_epsilon_hat_is_the_placement_of_keras(canvas, bowl, evaluator):
    rate, beta1, beta2, epsilon = 0.02, 0.99, 0.999, 0.1
    found, _ = walk(Solver(Adam(rate, beta1, beta2, epsilon, epsilon_hat=True)), evaluator(bowl), canvas)

    x, evaluate = canvas.numpy().copy(), evaluator(bowl)
    first, second = np.zeros_like(x), np.zeros_like(x)
    for t in range(1, STEPS + 1):
        gradient = evaluate(torch.from_numpy(x))[1].numpy()
        first = beta1 * first + (1 - beta1) * gradient
        second = beta2 * second + (1 - beta2) * gradient**2
        x = x - rate * math.sqrt(1 - beta2**t) / (1 - beta1**t) * first / (np.sqrt(second) + epsilon)
    np.testing.assert_allclose(found.numpy(), x, rtol=0, atol=1e-12)
    other, _ = walk(Solver(Adam(rate, beta1, beta2, epsilon)), evaluator(bowl), canvas)
    assert (other - found).abs().max() > 1e-3


def test_the_bands_are_moved_as_torch_moves_them(canvas, bowl, evaluator):
    from impasto.images.laplacian import merge_bands, split_bands

    found, _ = walk(Solver(Adam(4e-3), Bands()), evaluator(bowl), canvas)
    bands = [band.requires_grad_(True) for band in split_bands(canvas, 1)]
    reference = torch.optim.Adam(bands, 4e-3)
    for _ in range(STEPS):
        reference.zero_grad()
        bowl(merge_bands(bands)).backward()
        reference.step()
    torch.testing.assert_close(found, merge_bands(bands).detach(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_moments_are_carried_to_another_size(canvas, bowl, evaluator, scale):
    solver = Solver(Adam(0.02, carry=True), Pixels(scale))
    _, state = walk(solver, evaluator(bowl), canvas)
    larger = solver.resize(state, (25, 31))
    planes = {name: state[name].reshape(1, 3, 17, 19) for name in ("first", "second")}
    expected = F.interpolate(planes["first"], (25, 31), mode="bicubic").flatten()
    torch.testing.assert_close(larger["first"], expected)
    torch.testing.assert_close(larger["second"], F.interpolate(planes["second"], (25, 31), mode="bilinear").flatten())
    assert (larger["second"] >= 0).all()
    assert (larger["updates"], larger["height"], larger["width"]) == (STEPS, 25, 31)
    step = solver.step(evaluator(lambda x: x.square().sum()), torch.ones(1, 3, 25, 31, dtype=torch.float64), larger)
    assert step[1]["updates"] == STEPS + 1


def test_bands_take_their_moments_from_the_band_nearest_in_size():
    solver, old = Solver(Adam(0.02, carry=True), Bands()), (32, 48)
    sizes = [(32, 48), (16, 24), (8, 12)]
    moments = torch.cat([torch.full((3 * h * w,), float(k)) for k, (h, w) in enumerate(sizes)])
    own = {"iterations": 7, "evaluations": 7, "height": old[0], "width": old[1]}
    state = solver.resize({**own, "first": moments, "second": moments, "updates": 7}, (64, 96))
    areas = [3 * h * w for h, w in [(64, 96), (32, 48), (16, 24), (8, 12)]]
    for name in ("first", "second"):
        means = [float(part.mean()) for part in state[name].split(areas)]
        assert means == pytest.approx([0, 0, 1, 2])


def test_without_carry_another_size_starts_anew_but_goes_on_counting(canvas, bowl, evaluator):
    solver = Solver(Adam(0.02))
    _, state = walk(solver, evaluator(bowl), canvas)
    assert solver.resize(state, (8, 9)) == {"iterations": STEPS, "evaluations": STEPS, "height": 8, "width": 9}


def test_carry_before_the_first_step_carries_nothing(canvas):
    solver = Solver(Adam(0.02, carry=True))
    assert solver.resize(solver.init(canvas), (8, 9)) == {"iterations": 0, "evaluations": 0, "height": 8, "width": 9}


def test_moments_outlive_a_change_of_objective(canvas, bowl, evaluator):
    solver = Solver(Adam(0.02))
    _, state = walk(solver, evaluator(bowl), canvas)
    assert solver.refresh(state) == state
