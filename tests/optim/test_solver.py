"""What every solver promises: states are values, counts are right, averages and clamps act, configs are understood."""

from __future__ import annotations

import copy

import pytest
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from impasto.config.options import StylizeConfig
from impasto.optim import LBFGS, Adam, Bands, Grey, Pixels, Solver, create_solver

SOLVERS = {
    "adam": Solver(Adam(0.02), average=0.9),
    "adam on bands": Solver(Adam(4e-3), Bands(), clamp=True),
    "adam on 255": Solver(Adam(5.0, epsilon=1e-4, epsilon_hat=True), Pixels(255.0)),
    "lbfgs": Solver(LBFGS(0.5, history=3)),
    "lbfgs clamped": Solver(LBFGS(1.0, history=3), Pixels(255.0), clamp=True, average=0.5),
    "line search": Solver(LBFGS(1.0, history=3, line_search=True), Bands()),
    "line search clamped": Solver(LBFGS(1.0, line_search=True), clamp=True),
}
every_solver = pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS.keys())


def walk(solver, function, canvas, state, steps):
    for _ in range(steps):
        canvas, state, _ = solver.step(function, canvas, state)
    return canvas, state


def saved_and_loaded(state, path):
    tensors = {name: value for name, value in state.items() if isinstance(value, torch.Tensor)}
    numbers = {name: value for name, value in state.items() if name not in tensors}
    assert all(type(value) in (int, float) for value in numbers.values())
    torch.save(numbers, path)
    return {**load_tensors(save_tensors(tensors)), **torch.load(path, weights_only=True)}


@every_solver
def test_a_state_saved_and_loaded_goes_on_with_the_same_iterates(solver, canvas, bowl, evaluator, tmp_path):
    middle, state = walk(solver, evaluator(bowl), canvas, solver.init(canvas), 5)
    expected = walk(solver, evaluator(bowl), middle, state, 5)
    found = walk(solver, evaluator(bowl), middle, saved_and_loaded(state, tmp_path / "state.pt"), 5)
    assert torch.equal(found[0], expected[0])
    assert torch.equal(solver.canvas(found[1], found[0]), solver.canvas(expected[1], expected[0]))
    assert found[1]["evaluations"] == expected[1]["evaluations"]


@every_solver
def test_a_step_changes_neither_canvas_nor_state(solver, canvas, bowl, evaluator):
    state = solver.init(canvas)
    for _ in range(5):
        kept_canvas, kept_state = canvas.clone(), copy.deepcopy(state)
        after, new, _ = solver.step(evaluator(bowl), canvas, state)
        assert torch.equal(canvas, kept_canvas)
        assert state.keys() == kept_state.keys()
        assert all(torch.equal(torch.as_tensor(state[k]), torch.as_tensor(kept_state[k])) for k in state)
        canvas, state = after, new


@every_solver
def test_the_loss_falls_and_evaluations_are_counted(solver, canvas, bowl, evaluator):
    function = evaluator(bowl)
    moved, state = walk(solver, function, canvas, solver.init(canvas), 10)
    assert float(bowl(moved)) < 0.9 * float(bowl(canvas))
    assert state["iterations"] == 10
    assert state["evaluations"] == len(function.seen)
    resized = solver.resize(state, (34, 38))
    assert (resized["iterations"], resized["evaluations"]) == (10, len(function.seen))
    assert (resized["height"], resized["width"]) == (34, 38)
    larger = torch.full((1, 3, 34, 38), 0.5, dtype=torch.float64)
    _, state = walk(solver, evaluator(lambda x: x.square().sum()), larger, resized, 2)
    assert state["iterations"] == 12


@pytest.mark.parametrize("name", [name for name, solver in SOLVERS.items() if solver.clamp])
def test_clamping_keeps_every_evaluated_canvas_in_range(name, canvas, evaluator):
    function = evaluator(lambda x: (x - torch.linspace(-1, 2, x.shape[-1], dtype=x.dtype)).square().sum())
    solver = SOLVERS[name]
    moved, _ = walk(solver, function, canvas, solver.init(canvas), 40)
    assert all(float(seen.min()) >= 0 and float(seen.max()) <= 1 for seen in [*function.seen, moved])
    assert float(moved.min()) == 0
    assert float(moved.max()) == 1


def test_the_average_is_the_bias_corrected_one_and_counts_the_start(canvas, bowl, evaluator):
    decay, solver, state = 0.8, Solver(Adam(0.05), average=0.8), SOLVERS["adam"].init(canvas)
    assert solver.canvas(state, canvas) is canvas
    iterates, current = [canvas], canvas
    for _ in range(6):
        current, state, _ = solver.step(evaluator(bowl), current, state)
        iterates.append(current)
        shares = torch.tensor([decay ** (len(iterates) - 1 - k) for k in range(len(iterates))], dtype=torch.float64)
        expected = torch.einsum("k,k...->...", shares / shares.sum(), torch.stack(iterates))
        torch.testing.assert_close(solver.canvas(state, current), expected)


def test_the_average_starts_anew_at_another_size(canvas, bowl, evaluator):
    solver = Solver(Adam(0.05, carry=True), average=0.9)
    _, state = walk(solver, evaluator(bowl), canvas, solver.init(canvas), 3)
    state, larger = solver.resize(state, (20, 20)), torch.rand(1, 3, 20, 20, dtype=torch.float64)
    assert solver.canvas(state, larger) is larger
    after, state, _ = solver.step(evaluator(lambda x: x.square().sum()), larger, state)
    torch.testing.assert_close(solver.canvas(state, after), (0.9 * larger + after) / 1.9)


def test_the_average_outlives_a_change_of_objective(canvas, bowl, evaluator):
    solver = SOLVERS["lbfgs clamped"]
    moved, state = walk(solver, evaluator(bowl), canvas, solver.init(canvas), 3)
    refreshed = solver.refresh(state)
    assert solver.canvas(refreshed, moved) is state["average"]
    assert "gradient" not in refreshed


def test_a_report_tells_of_the_canvas_given_or_with_a_line_search_of_the_one_returned(canvas, bowl, evaluator):
    for name, solver in SOLVERS.items():
        after, _, report = solver.step(evaluator(bowl), canvas, solver.init(canvas))
        told = after if "line search" in name else canvas
        assert report.total == pytest.approx(float(bowl(told)), rel=1e-12)


def test_a_config_becomes_its_solver():
    config = StylizeConfig(
        optimizer="adam",
        step_size=0.02,
        beta1=0.99,
        beta2=0.9,
        epsilon=0.1,
        epsilon_hat=True,
        carry=True,
        variable="pixels",
    )
    assert create_solver(config) == Solver(Adam(0.02, 0.99, 0.9, 0.1, epsilon_hat=True, carry=True), Pixels())
    config = StylizeConfig(
        optimizer="lbfgs",
        step_size=2,
        history=7,
        line_search="strong-wolfe",
        variable="pixels255",
        clamp=True,
        average=0.5,
    )
    assert create_solver(config) == Solver(LBFGS(2.0, 7, line_search=True), Pixels(255.0), clamp=True, average=0.5)
    assert create_solver(StylizeConfig(optimizer="lbfgs")).method.line_search is False
    assert create_solver(StylizeConfig()).variable == Bands()
    assert create_solver(StylizeConfig(color="luminance")).variable == Grey(Bands())
