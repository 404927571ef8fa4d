"""State of one scale during its iterations: canvas and solver, back-off from divergence, plateau detection."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from ..objective.objective import Objective, Report
from ..objective.state import saved as found_in
from ..optim import Solver, State
from ..tiling import within_memory
from .inputs import PaintInputs
from .scale_start import ScaleResult, begin_again
from .stage import Stage

__all__ = ["Ended", "ScaleState", "objective_again", "part_of"]

_PLATEAU_WINDOW = 50  # most iterations over which the improvement is measured
_PLATEAU_SHARE, _LEAST_WINDOW = 4, 5  # of a shorter scale a quarter of its iterations, and at least 5
_DIVERGED_FACTOR = 100.0  # a loss this many times the first one of the scale counts as divergence
_MOST_BACKOFFS = 5
_NUMBERS = ("iteration", "step_size", "good_loss", "first", "backoffs")

T = TypeVar("T")


@dataclass(frozen=True)
class Ended:
    """Why a scale ended.

    Attributes:
        reason: finished, plateau or diverged.
        message: the reason in a sentence, and what to try.
    """

    reason: str
    message: str


@dataclass
class ScaleState:
    """The changing state of one scale.

    Args:
        objective: of this scale.
        solver: its step size is ``step_size`` times the factor of the cooling.
        canvas: ``(1, 3, H, W)`` in [0, 1].
        state: of the solver.
        step_size: of this scale; halved each time the loss diverges.
        plateau: the scale ends if a quarter of its iterations, at most 50, improve the loss by less than this
            fraction; 0 turns the test off.
        keep_best: return the canvas of the lowest loss, not the last one.

    Attributes:
        iteration: number of iterations done.
        good: the canvas of the lowest loss, to return to after divergence.
        good_loss: its loss.
        first: the loss that divergence is measured against.
        backoffs: how often the state returned to ``good``.
        losses: of the last 100 iterations, oldest first.
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
        """State dict of all that the next iteration depends on, and the last report: flat, of tensors and numbers."""
        own = {name: getattr(self, name) for name in _NUMBERS}
        losses = torch.tensor(self.losses, dtype=torch.float64)
        own |= {"canvas": self.canvas, "losses": losses, "loss": self.report.total}
        if self.good is not self.canvas:
            own["good"] = self.good
        parts = {"solver": self.state, "objective": self.found(), "terms": self.report.terms}
        return own | {f"{part}.{name}": value for part, values in parts.items() for name, value in values.items()}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Load a state dict from `saved`, except for the objective, which is restored separately."""
        for name in _NUMBERS:
            setattr(self, name, saved[name])
        self.canvas, self.state = saved["canvas"], part_of(saved, "solver")
        self.good = saved.get("good", self.canvas)
        self.losses = tuple(saved["losses"].tolist())
        self.report = Report(saved["loss"], part_of(saved, "terms"))

    def found(self) -> State:
        """The state dict of the objective, see `objective.state`."""
        return found_in(self.objective)

    def result(self) -> ScaleResult:
        """What the next scale starts from."""
        matching = self.objective.matching
        field = matching.field if matching else None
        return ScaleResult(self.picture(), field, self.state, self.step_size, self.objective.tile_size)

    def picture(self) -> Tensor:
        """The picture if the scale ended now, ``(1, 3, H, W)``: the canvas of the lowest loss, or the solver's."""
        return self.good if self.keep_best else self.solver.canvas(self.state, self.canvas)

    def ended(self, iterations: int) -> Ended | None:
        """Why the scale ends now.

        Args:
            iterations: planned for this scale.

        Returns:
            The reason; None if the scale goes on.
        """
        if self.backoffs > _MOST_BACKOFFS:
            return Ended("diverged", "the loss kept growing; try a smaller --step-size, or --precision float32")
        if self._stalls(window := min(_PLATEAU_WINDOW, max(_LEAST_WINDOW, iterations // _PLATEAU_SHARE))):
            little = f"{window} iterations improved the loss by less than {self.plateau:g} of it"
            return Ended("plateau", little)
        return Ended("finished", "every iteration was done") if self.iteration >= iterations else None

    def step(self, share: float) -> str:
        """Do one iteration; if the loss diverges, return to the last good canvas and halve the step size.

        Args:
            share: factor of the step size, in 0..1.

        Returns:
            A note of what happened, or an empty string.
        """
        self.solver = replace(self.solver, method=replace(self.solver.method, step_size=self.step_size * share))
        tile_size = self.objective.tile_size
        moved, state, self.report = self.solver.step(self._evaluate, self.canvas, self.state)
        smaller = self.objective.tile_size
        note = "" if tile_size == smaller else f"out of memory: on in tiles of {smaller} px"
        if bool(moved.isfinite().all()) and not self._ran_away(self.report.total):
            self.canvas, self.state = moved, state
        else:
            note = self._back_off(state)
        self.iteration += 1
        self.losses = (*self.losses, self.report.total)[-2 * _PLATEAU_WINDOW :]
        return note

    def refresh_matches(self) -> None:
        """Search the nearest neighbours again. This changes the objective, so the solver's history is dropped."""
        self._become(self._within_memory(lambda objective: objective.refreshed(self.canvas)))
        self.state = self.solver.refresh(self.state)

    def measure_by(self, objective: Objective) -> None:
        """Continue with the same objective in another number format."""
        self._become(objective)
        self.state = self.solver.remeasure(self.state)

    def steer(self, inputs: PaintInputs, before: Stage, stage: Stage) -> None:
        """Continue with other options. The solver's history is dropped, and the step size is scaled as the option was.

        Args:
            inputs: after the change.
            before: this scale's stage before the change.
            stage: this scale's stage after it.
        """
        self._become(objective_again(inputs, stage, self.found(), exact=stage.is_exact(self.iteration - 1)))
        self.state = self.solver.refresh(self.state)
        self.step_size *= stage.solver.method.step_size / before.solver.method.step_size
        self.plateau = stage.config.plateau

    def _become(self, objective: Objective) -> None:
        """Set a new objective, and reset what compares losses: its values cannot be compared with earlier ones."""
        self.objective = objective
        self.first = self.good_loss = math.nan
        self.losses = ()

    def _evaluate(self, canvas: Tensor) -> tuple[Report, Tensor]:
        """Loss and gradient at a canvas; remembers the canvas of the lowest loss."""
        report, gradient = self._within_memory(lambda objective: objective.value_and_grad(canvas))
        if not math.isfinite(report.total):
            return report, gradient
        if math.isnan(self.first):
            self.first = report.total
        if not report.total >= self.good_loss:
            self.good, self.good_loss = canvas, report.total
        return report, gradient

    def _within_memory(self, work: Callable[[Objective], T]) -> T:
        """Call ``work`` with the objective; if memory runs out, retry with smaller tiles, which are then kept."""
        objective, length = self.objective, max(self.canvas.shape[2:])
        done, tile_size = within_memory(
            lambda size: work(objective.in_tiles(size)), objective.tile_size, length, tileable=objective.tileable
        )
        self.objective = self.objective.in_tiles(tile_size)
        return done

    def _ran_away(self, total: float) -> bool:
        if math.isfinite(total) and total > _DIVERGED_FACTOR * self.first:
            # If the first loss is nearly 0, it is no measure of divergence; that of a grey canvas is one.
            grey = torch.full_like(self.canvas, 0.5)
            self.first = max(self.first, self._within_memory(lambda objective: objective.total(grey)))
        return not total <= _DIVERGED_FACTOR * self.first

    def _back_off(self, state: State) -> str:
        self.backoffs += 1
        self.step_size /= 2
        counts = {name: state[name] for name in ("iterations", "evaluations")}
        self.canvas, self.state = self.good, {**self.solver.init(self.good), **counts}
        self.losses = ()
        total, step_size = self.report.total, self.step_size
        return f"the loss became {total:.3g}: back to the best canvas with a step size of {step_size:.3g}"

    def _stalls(self, window: int) -> bool:
        """Plateau test: whether the best loss fell by less than the fraction ``plateau`` from window to window."""
        if not self.plateau or len(self.losses) < 2 * window:
            return False
        earlier, later = min(self.losses[-2 * window : -window]), min(self.losses[-window:])
        return earlier - later < self.plateau * abs(earlier)


def part_of(saved: Mapping[str, Any], part: str) -> State:
    """One part of a state dict: the entries whose names begin with the part and a dot, without this prefix.

    Args:
        saved: from `ScaleState.saved`.
        part: ``solver``, ``objective`` or ``terms``.

    Returns:
        A flat dict of tensors and numbers.

    Examples:
        >>> part_of({"solver.iterations": 3, "step_size": 0.1}, "solver")
        {'iterations': 3}
    """
    return {name[len(part) + 1 :]: value for name, value in saved.items() if name.startswith(f"{part}.")}


def objective_again(inputs: PaintInputs, stage: Stage, found: Mapping[str, Any], *, exact: bool) -> Objective:
    """Rebuild the objective of a scale, with the matches that were found.

    Args:
        inputs: pictures, options and network.
        stage: of this scale.
        found: the state dict of the objective, see `objective.state`.
        exact: whether the network computes in float32.

    Returns:
        The `Objective`.
    """
    network = inputs.backbone.exact() if exact else inputs.backbone
    return begin_again(replace(inputs, backbone=network), stage, found)
