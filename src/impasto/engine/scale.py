"""One scale while it is painted: its canvas and its solver's state, steps that back off where they diverge, and a plateau."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from ..objective.build import tileable
from ..objective.objective import Objective, Report
from ..objective.state import saved as found_in
from ..optim import Solver, State
from ..tiling import within_memory
from .inputs import PaintInputs
from .progress import Carry
from .scale_start import Below, begin, begin_again
from .stage import Stage

__all__ = ["Ended", "ScaleState", "begun", "begun_again", "objective_again", "part_of"]

_PLATEAU_WINDOW = 50  # iterations over which an improvement is judged
_DIVERGED_FACTOR = 100.0  # a loss this many times the scale's first one will not come back by itself
_MOST_BACKOFFS = 5
_NUMBERS = ("iteration", "step_size", "good_loss", "first", "backoffs")

T = TypeVar("T")


@dataclass(frozen=True)
class Ended:
    """Why a scale ended: ``reason`` is finished, plateau or diverged; ``message`` says it, and what to try."""

    reason: str
    message: str


@dataclass
class ScaleState:
    """The moving parts of one scale.

    Args:
        objective: of this scale.
        solver: its step size is ``step_size``, or less where it was cooled.
        canvas: ``(1, 3, H, W)`` in [0, 1].
        state: the solver's.
        step_size: of the scale; halved whenever it diverges.
        plateau: the least share by which a window of iterations has to improve the loss; 0 asks for nothing.
        keep_best: show the canvas of the lowest loss, not the last one.

    Attributes:
        iteration: how many are done.
        good, good_loss: the canvas of the lowest loss, to go back to, and this loss.
        first: the loss that others are measured by.
        backoffs: how often it went back.
        losses: of the last two windows, oldest first.
        report: of the last iteration.
    """

    objective: Objective
    solver: Solver
    canvas: Tensor
    state: State
    step_size: float
    plateau: float = 0.0
    keep_best: bool = False
    iteration: int = 0
    good: Tensor = field(init=False)
    good_loss: float = math.nan
    first: float = math.nan
    backoffs: int = 0
    losses: tuple[float, ...] = ()
    report: Report = field(default_factory=lambda: Report(math.nan, {}))

    def __post_init__(self) -> None:
        self.good = self.canvas

    def saved(self) -> State:
        """All that the next iteration depends on, and the last one's report: a flat dict of tensors and numbers."""
        own = {name: getattr(self, name) for name in _NUMBERS}
        own |= {"canvas": self.canvas, "losses": torch.tensor(self.losses, dtype=torch.float64), "loss": self.report.total}
        if self.good is not self.canvas:
            own["good"] = self.good
        parts = {"solver": self.state, "objective": self.found(), "terms": self.report.terms}
        return own | {f"{part}.{name}": value for part, values in parts.items() for name, value in values.items()}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Become as it was when it was `saved`, except for the objective, which is restored by itself."""
        for name in _NUMBERS:
            setattr(self, name, saved[name])
        self.canvas, self.state = saved["canvas"], part_of(saved, "solver")
        self.good = saved.get("good", self.canvas)
        self.losses = tuple(saved["losses"].tolist())
        self.report = Report(saved["loss"], part_of(saved, "terms"))

    def found(self) -> State:
        """What the objective has found, see `objective.state`."""
        return found_in(self.objective)

    def carry(self) -> Carry:
        """What another run may begin with."""
        matching = self.objective.matching
        return Carry(self.picture(), matching.field if matching else None, self.state)

    def picture(self) -> Tensor:
        """What would be returned now: the best canvas, or the solver's (averaged) one."""
        return self.good if self.keep_best else self.solver.canvas(self.state, self.canvas)

    def ended(self, iterations: int) -> Ended | None:
        """Why there is no further iteration after so many; None where there is one."""
        if self.backoffs > _MOST_BACKOFFS:
            return Ended("diverged", "the loss kept growing; try a smaller --step-size, or --precision float32")
        if self._stalls():
            return Ended("plateau", f"{_PLATEAU_WINDOW} iterations improved the loss by less than {self.plateau:g} of it")
        return Ended("finished", "every iteration was done") if self.iteration >= iterations else None

    def step(self, share: float) -> str:
        """One iteration, with ``share`` of the step size.

        Where it diverges, it goes back to the last good canvas with half the step size, and says so; else it says nothing.
        """
        self.solver = replace(self.solver, method=replace(self.solver.method, step_size=self.step_size * share))
        tile_size = self.objective.tile_size
        moved, state, self.report = self.solver.step(self._evaluate, self.canvas, self.state)
        note = "" if tile_size == self.objective.tile_size else f"out of memory: on in tiles of {self.objective.tile_size} px"
        if bool(moved.isfinite().all()) and not self._ran_away(self.report.total):
            self.canvas, self.state = moved, state
        else:
            note = self._back_off(state)
        self.iteration += 1
        self.losses = (*self.losses, self.report.total)[-2 * _PLATEAU_WINDOW :]
        return note

    def look_again(self) -> None:
        """New neighbours: the objective changes under the solver."""
        self._become(self._within_memory(lambda objective: objective.refreshed(self.canvas)))
        self.state = self.solver.refresh(self.state)

    def measure_by(self, objective: Objective) -> None:
        """Go on with the same objective in another number format."""
        self._become(objective)
        self.state = self.solver.remeasure(self.state)

    def steer(self, inputs: PaintInputs, before: Stage, stage: Stage) -> None:
        """Go on with other options: the objective changes under the solver, and the step size by as much as the option did."""
        self._become(objective_again(inputs, stage, self.found(), exact=stage.is_exact(self.iteration - 1)))
        self.state = self.solver.refresh(self.state)
        self.step_size *= stage.solver.method.step_size / before.solver.method.step_size
        self.plateau = stage.config.plateau

    def _become(self, objective: Objective) -> None:
        """Losses no longer compare with earlier ones."""
        self.objective = objective
        self.first = self.good_loss = math.nan
        self.losses = ()

    def _evaluate(self, canvas: Tensor) -> tuple[Report, Tensor]:
        """The objective, remembering the canvas of the lowest loss."""
        report, gradient = self._within_memory(lambda objective: objective.value_and_grad(canvas))
        if not math.isfinite(report.total):
            return report, gradient
        if math.isnan(self.first):
            self.first = report.total
        if not report.total >= self.good_loss:
            self.good, self.good_loss = canvas, report.total
        return report, gradient

    def _within_memory(self, work: Callable[[Objective], T]) -> T:
        """What ``work`` gives of the objective, which from then on has smaller tiles if memory ran out."""
        objective, length = self.objective, max(self.canvas.shape[2:])
        done, tile_size = within_memory(
            lambda size: work(objective.in_tiles(size)), objective.tile_size, length, tileable=objective.tileable
        )
        self.objective = self.objective.in_tiles(tile_size)
        return done

    def _ran_away(self, total: float) -> bool:
        if math.isfinite(total) and total > _DIVERGED_FACTOR * self.first:
            # A start that is all but perfect says nothing of how large losses are; a grey canvas does.
            grey = torch.full_like(self.canvas, 0.5)
            self.first = max(self.first, self._within_memory(lambda objective: objective.total(grey)))
        return not total <= _DIVERGED_FACTOR * self.first

    def _back_off(self, state: State) -> str:
        self.backoffs += 1
        self.step_size /= 2
        counts = {name: state[name] for name in ("iterations", "evaluations")}
        self.canvas, self.state = self.good, {**self.solver.init(self.good), **counts}
        self.losses = ()
        return f"the loss became {self.report.total:.3g}: back to the best canvas with a step size of {self.step_size:.3g}"

    def _stalls(self) -> bool:
        """Whether the last window improved on the one before it by less than the share asked for."""
        if not self.plateau or len(self.losses) < 2 * _PLATEAU_WINDOW:
            return False
        earlier, later = min(self.losses[:_PLATEAU_WINDOW]), min(self.losses[_PLATEAU_WINDOW:])
        return earlier - later < self.plateau * abs(earlier)


def part_of(saved: Mapping[str, Any], part: str) -> State:
    """The entries of a saved scale that are its ``solver``'s, its ``objective``'s, or the ``terms`` of its loss."""
    return {name[len(part) + 1 :]: value for name, value in saved.items() if name.startswith(f"{part}.")}


def begun(inputs: PaintInputs, stage: Stage, shown: Tensor, start: Carry, below: ScaleState | None) -> ScaleState:
    """A scale about to be painted: a new objective, and the canvas, the solver's state and the step size of the one below.

    Args:
        inputs: pictures, options and network.
        stage: of this scale.
        shown: the content in the palette of the styles.
        start: what the first scale begins with.
        below: the scale below; None at the first one.
    """
    config, solver, size = stage.config, stage.solver, stage.plan.size
    known = Below(below.picture(), below.objective.matching) if below else None

    def work(tile_size: int) -> tuple[Tensor, Objective]:
        return begin(inputs, stage, config.overlay({"tile_size": tile_size}), shown, known or start)

    tile_size = below.objective.tile_size if below else config.tile_size  # smaller than planned, if memory ran out below
    (canvas, objective), _ = within_memory(work, tile_size, max(size), tileable=tileable(config))
    carried = below.state if below else start.solver
    state = solver.resize(carried, size) if carried else solver.init(canvas)
    step_size = below.step_size if below else solver.method.step_size
    return ScaleState(objective, solver, canvas, state, step_size, config.plateau, config.best and stage.last)


def begun_again(inputs: PaintInputs, stage: Stage, since: Mapping[str, Any]) -> ScaleState:
    """A scale as it was when it was saved."""
    exact = stage.is_exact(since["iteration"] - 1)
    objective = objective_again(inputs, stage, part_of(since, "objective"), exact=exact)
    state = ScaleState(objective, stage.solver, since["canvas"], {}, 0.0, stage.config.plateau, stage.config.best and stage.last)
    state.restore(since)
    return state


def objective_again(inputs: PaintInputs, stage: Stage, found: Mapping[str, Any], *, exact: bool) -> Objective:
    """The objective of a scale that was begun before, in which ``found`` (see `objective.state`) had been found; in float32 where
    it is to be ``exact``."""
    network = inputs.backbone.exact() if exact else inputs.backbone
    return begin_again(replace(inputs, backbone=network), stage, found)
