"""L-BFGS against torch, with and without line search; what its history holds; what its line search promises."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.optimize import minimize

from impasto.optim import LBFGS, Bands, Pixels, Solver
from impasto.optim.line_search import Trial, strong_wolfe


def walk(solver, function, canvas, steps):
    state, report = solver.init(canvas), None
    for _ in range(steps):
        canvas, state, report = solver.step(function, canvas, state)
    return canvas, state, report


def torch_walk(function, start, steps, **options):
    """Iterates of the reference, its tolerances switched off, and its number of evaluations."""
    parameter, calls = start.clone().requires_grad_(True), []
    reference = torch.optim.LBFGS(
        [parameter], max_iter=steps, max_eval=10**6, tolerance_grad=0, tolerance_change=0, **options
    )

    def closure():
        reference.zero_grad()
        calls.append(0)
        loss = function(parameter)
        loss.backward()
        return loss

    reference.step(closure)
    return parameter.detach(), len(calls)


@pytest.mark.parametrize("history", [1, 3, 100])
@pytest.mark.parametrize(("scale", "step_size"), [(1.0, 1.0), (1.0, 0.5), (255.0, 1.0)])
def test_the_iterates_are_those_of_torch(canvas, bowl, evaluator, history, scale, step_size):
    solver = Solver(LBFGS(step_size, history), Pixels(scale))
    found, state, _ = walk(solver, evaluator(bowl), canvas, 15)
    expected, calls = torch_walk(lambda x: bowl(x / scale), canvas * scale, 15, lr=step_size, history_size=history)
    torch.testing.assert_close(found, expected / scale, rtol=0, atol=1e-9)
    assert state["iterations"] == state["evaluations"] == calls == 15


def test_the_bands_are_moved_as_torch_moves_them(canvas, bowl, evaluator):
    from impasto.images.laplacian import merge_bands, split_bands

    bands = split_bands(canvas, 1)
    flat = torch.cat([band.flatten() for band in bands])

    def merged(vector):
        parts = vector.split([band.numel() for band in bands])
        return merge_bands([part.reshape(band.shape) for part, band in zip(parts, bands, strict=True)])

    found, _, _ = walk(Solver(LBFGS(1.0, 5), Bands()), evaluator(bowl), canvas, 10)
    expected, _ = torch_walk(lambda vector: bowl(merged(vector)), flat, 10, lr=1.0, history_size=5)
    torch.testing.assert_close(found, merged(expected), rtol=0, atol=1e-9)


@pytest.mark.parametrize("start", [(0.2, 0.7), (0.9, 0.1), (0.5, 0.4)])
def test_the_line_search_walks_as_torchs_does(rosenbrock, evaluator, start):
    canvas = torch.tensor(start, dtype=torch.float64).reshape(1, 1, 1, 2)
    function = evaluator(rosenbrock)
    found, state, report = walk(Solver(LBFGS(1.0, 10, line_search=True)), function, canvas, 15)
    expected, calls = torch_walk(rosenbrock, canvas, 15, lr=1.0, history_size=10, line_search_fn="strong_wolfe")
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert state["iterations"] == 15
    assert state["evaluations"] == len(function.seen) == calls
    assert report.total == pytest.approx(float(rosenbrock(found)))


@pytest.mark.parametrize(("steps", "problem"), [(20, "bowl"), (30, "rosenbrock")])
def test_with_a_line_search_it_descends_as_lbfgsb_of_scipy_does(steps, problem, bowl, rosenbrock, canvas, evaluator):
    """So the preset `cysmith`, whose source has L-BFGS-B without bounds, needs no solver of its own."""
    function = bowl if problem == "bowl" else rosenbrock
    start = canvas if problem == "bowl" else torch.tensor((-1.2, 1.0), dtype=torch.float64).reshape(1, 1, 1, 2)

    def value_and_grad(vector):
        report, gradient = evaluator(function)(torch.from_numpy(vector).reshape(start.shape))
        return report.total, gradient.flatten().numpy()

    options = {"maxiter": steps, "maxcor": 10, "ftol": 0, "gtol": 0}
    theirs = minimize(value_and_grad, start.flatten().numpy(), jac=True, method="L-BFGS-B", options=options)
    ours = walk(Solver(LBFGS(1.0, 10, line_search=True)), evaluator(function), start, steps)
    assert ours[2].total <= theirs.fun
    assert ours[1]["evaluations"] <= 1.1 * theirs.nfev


def test_the_line_search_converges_and_looks_at_no_point_twice(canvas, bowl, evaluator):
    function = evaluator(bowl)
    found, state, report = walk(Solver(LBFGS(1.0, 20, line_search=True)), function, canvas, 30)
    assert report.total < 1e-9
    torch.testing.assert_close(found, torch.full_like(found, 0.6), rtol=0, atol=1e-4)
    distinct = {tuple(seen.flatten().tolist()) for seen in function.seen}
    assert len(distinct) == len(function.seen) == state["evaluations"] <= 40


@pytest.mark.parametrize("line_search", [False, True])
def test_the_history_is_limited_and_replaced_in_turn(canvas, bowl, evaluator, line_search):
    solver = Solver(LBFGS(0.5, history=2, line_search=line_search))
    _, state, _ = walk(solver, evaluator(bowl), canvas, 6)
    assert state["pairs"] > 2
    assert {name for name in state if "." in name} == {
        f"{kind}.{k}" for kind in ("step", "change", "curvature") for k in (0, 1)
    }
    for k in (0, 1):
        assert state[f"curvature.{k}"] == pytest.approx(float(state[f"step.{k}"].dot(state[f"change.{k}"])))


def test_a_pair_without_curvature_is_left_out(canvas, evaluator):
    plane = evaluator(lambda x: x.sum())
    found, state, _ = walk(Solver(LBFGS(1.0)), plane, canvas, 3)
    assert "pairs" not in state
    torch.testing.assert_close(found, canvas - 3 / canvas.numel(), rtol=0, atol=1e-12)


def test_a_small_loss_has_its_curvature_too(canvas, bowl, evaluator):
    """Relative losses over pixels in 0..255: torch's absolute limit would take every pair for rounding, and crawl."""
    small = evaluator(lambda x: 1e-9 * bowl(x))
    _, state, report = walk(Solver(LBFGS(1.0), Pixels(255.0)), small, canvas, 30)
    assert state["pairs"] == 29
    assert report.total < 1e-3 * small(canvas)[0].total


@pytest.mark.parametrize("line_search", [False, True])
def test_a_flat_loss_moves_nothing(canvas, evaluator, line_search):
    flat = evaluator(lambda x: 0 * x.sum())
    found, state, report = walk(Solver(LBFGS(1.0, line_search=line_search)), flat, canvas, 2)
    torch.testing.assert_close(found, canvas, rtol=0, atol=0)
    assert report.total == 0
    assert state["iterations"] == 2


@pytest.mark.parametrize("forget", [lambda solver, state: solver.resize(state, (17, 19)), Solver.refresh])
@pytest.mark.parametrize("line_search", [False, True])
def test_the_history_is_dropped_with_size_or_objective(canvas, bowl, evaluator, forget, line_search):
    solver = Solver(LBFGS(0.5, line_search=line_search))
    moved, state, _ = walk(solver, evaluator(bowl), canvas, 4)
    counts = {name: state[name] for name in ("iterations", "evaluations", "height", "width")}
    assert forget(solver, state) == counts
    anew = solver.step(evaluator(bowl), moved, solver.init(moved))[0]
    torch.testing.assert_close(solver.step(evaluator(bowl), moved, forget(solver, state))[0], anew, rtol=0, atol=0)


@pytest.mark.parametrize("line_search", [False, True])
def test_the_history_serves_an_objective_that_is_measured_anew(canvas, bowl, evaluator, line_search):
    """In another format all losses may be higher: none of them compares with the last one, and the pairs do not
    mind."""
    solver = Solver(LBFGS(1.0, 100, line_search))
    before, state, _ = walk(solver, evaluator(bowl), canvas, 4)
    state, higher = solver.remeasure(state), evaluator(lambda x: bowl(x) + 1000)
    first, state_first, _ = solver.step(higher, before, state)
    assert bowl(first) < bowl(before)
    assert state_first["pairs"] == state["pairs"] + line_search  # without a search, a pair is known a step later
    again, state_again, _ = solver.step(higher, first, state_first)
    assert bowl(again) < bowl(first)
    assert state_again["pairs"] == state_first["pairs"] + 1
    assert state_again["iterations"] == 6


def test_a_loss_that_only_rises_ends_the_search_where_it_began(canvas, bowl, evaluator):
    solver = Solver(LBFGS(1.0, line_search=True))
    canvas, state, _ = walk(solver, evaluator(bowl), canvas, 3)

    def uphill(x):
        report, gradient = evaluator(bowl)(x)
        return report, -gradient

    state = {name: value for name, value in state.items() if name not in ("total", "gradient")}
    stayed, state, report = solver.step(uphill, canvas, state)
    torch.testing.assert_close(stayed, canvas, rtol=0, atol=0)
    assert report.total == pytest.approx(float(bowl(canvas)))
    assert "pairs" not in state


def line(function, slope, *, broken=lambda t: False):
    """Trials of a scalar function of the length; not a number where it is broken."""
    lengths = []

    def at(length):
        lengths.append(length)
        total = math.nan if broken(length) else function(length)
        return Trial(length, total, slope(length), torch.zeros(1), None)

    return at, lengths


@pytest.mark.parametrize("first", [1e-6, 1e-2, 1.0, 37.0, 1e6])
@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3)),
        (lambda t: -t / (t**2 + 2), lambda t: (t**2 - 2) / (t**2 + 2) ** 2),  # More and Thuente's first function
        (lambda t: math.cos(t) - 0.1 * t, lambda t: -math.sin(t) - 0.1),
        (lambda t: (t + 0.004) ** 5 - 2 * (t + 0.004) ** 4, lambda t: 5 * (t + 0.004) ** 4 - 8 * (t + 0.004) ** 3),
    ],
)
def test_the_length_fulfils_the_strong_wolfe_conditions(function, slope, first):
    at, lengths = line(function, slope)
    start = at(0.0)
    end = strong_wolfe(at, start, first)
    if start.slope < 0:
        assert end.total <= start.total + 1e-4 * end.length * start.slope
        assert abs(end.slope) <= 0.9 * abs(start.slope)
        assert len(lengths) <= 25
    else:
        assert end is start


def test_a_search_ends_where_rounding_decides():
    """A lowest loss in the middle of nowhere, as float32 makes them: the interval closes on it, and nothing is left
    between."""
    at, lengths = line(lambda t: -1e6 if t == 1.0 else -1e5 * (t < 1), lambda t: -1e9)
    assert strong_wolfe(at, at(0.0), 1.0).length == 1.0
    assert len(lengths) < 15


def test_a_loss_that_is_not_a_number_counts_as_too_high():
    at, lengths = line(lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3), broken=lambda t: t > 4)
    end = strong_wolfe(at, at(0.0), 1000.0)
    assert 0 < end.length <= 4
    assert len(lengths) <= 15


def test_without_a_descent_the_start_is_returned():
    at, lengths = line(lambda t: t, lambda t: -1.0)
    start = at(0.0)
    assert strong_wolfe(at, start, 1.0) is start
    assert len(lengths) == 26
    at, lengths = line(lambda t: t, lambda t: 1.0)
    start = at(0.0)
    assert strong_wolfe(at, start, 1.0) is start
    assert len(lengths) == 1


def test_a_descent_without_end_returns_the_lowest_point():
    at, _ = line(lambda t: -t, lambda t: -1.0)
    end = strong_wolfe(at, at(0.0), 1.0)
    assert end.length >= 2**24
