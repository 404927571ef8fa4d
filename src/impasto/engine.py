"""The loop: scales from coarse to fine, solver steps, plateaus and divergence; an iterator of Progress."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace

import psutil
import torch
from torch import Tensor

from .config import StylizeConfig
from .features import Backbone
from .images.resample import resize
from .objective import Objective, Report
from .optim import Bands, Solver, State, create_solver
from .pyramid import Scale
from .starts import begin, recolored
from .strength import dialed
from .styles import Style
from .targets import refining

__all__ = ["Outcome", "Progress", "run"]

_PLATEAU_WINDOW = 50  # iterations over which an improvement is judged
_DIVERGED_FACTOR = 100.0  # a loss this many times the scale's first one will not come back by itself
_MOST_BACKOFFS = 5
_SPLIT = {"neighbour_match": "layers", "neighbour_refresh": 1}  # the last pass
_FALL = 0.3  # what a scale that refines may move each coarser band by, to the band below it


@dataclass(frozen=True)
class Progress:
    """One iteration done.

    Attributes:
        scale, scales: this scale, from 1, and how many there are.
        height, width: of this scale's canvas, in px.
        iteration, iterations: of this scale, from 1.
        step, steps: over all scales, from 1.
        evaluations: of the loss and its gradient since the start.
        loss, terms: before this iteration's move (with a line search, after it); the terms are weighted and sum to the loss.
        seconds: since the start.
        peak_memory: of this process so far, in bytes.
        preview: makes the picture as it would be returned now, ``(1, 3, height, width)`` in [0, 1].
        note: empty, or what happened (a step size taken back).
    """

    scale: int
    scales: int
    height: int
    width: int
    iteration: int
    iterations: int
    step: int
    steps: int
    evaluations: int
    loss: float
    terms: dict[str, float]
    seconds: float
    peak_memory: int
    preview: Callable[[], Tensor] = field(repr=False)
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a run ended: ``reason`` is finished, plateau, stopped or diverged; ``message`` says it, and what to try."""

    pixels: Tensor
    reason: str
    message: str


def run(
    content: Tensor,
    styles: Sequence[Style],
    config: StylizeConfig,
    backbone: Backbone,
    scales: Sequence[Scale],
    start: Tensor | None = None,
) -> Generator[Progress, None, Outcome]:
    """Paint. Closing the generator cancels; what it returns when exhausted is the outcome.

    Args:
        content: ``(1, 3, H, W)`` in [0, 1] of any size, resized here to each scale.
        styles: seen with a long side of their ``style_scale`` times the canvas's.
        config: resolved.
        backbone: on the content's device.
        scales: coarse to fine, from `plan_scales`.
        start: the canvas to begin with, of any size; None for the content.
    """
    if not config.strength:
        untouched = resize(content, scales[-1].size, config.resample)
        return Outcome(untouched, "finished", "a strength of 0 leaves the content as it is")
    shown = recolored(content, styles, config)
    full = config = dialed(config)
    clock, solver, state = _Clock(scales), create_solver(config), None
    canvas = shown if start is None else start
    ended = _Ended("finished", "every iteration was done")
    objective: Objective | None = None
    for index, scale in enumerate(scales):
        refines = objective is not None and objective.matching is not None and index >= config.full_scales > 0 and not scale.split
        if scale.split:
            config = full.overlay(_SPLIT)
        if refines:
            config, solver = refining(config, backbone), _finer(solver)
        canvas, objective = begin(scale.size, content, shown, styles, config, backbone, canvas, objective, refines=refines)
        state = solver.resize(state, scale.size) if state is not None else solver.init(canvas)
        level = _Level(objective, solver, canvas, state, keep_best=config.best and index == len(scales) - 1)
        ended = yield from _paint_scale(level, scale, index, config, clock)
        canvas, state, objective = level.picture(), level.state, level.objective
        solver = replace(solver, method=replace(solver.method, step_size=level.step_size))
        if ended.reason == "diverged":
            break
    return Outcome(canvas.clamp(0, 1), ended.reason, ended.message)


@dataclass(frozen=True)
class _Ended:
    reason: str
    message: str


class _Clock:
    """Counts over all scales."""

    def __init__(self, scales: Sequence[Scale]) -> None:
        self.scales, self.steps, self.step = len(scales), sum(s.iterations for s in scales), 0
        self.began, self.process = time.perf_counter(), psutil.Process()

    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def peak_memory(self) -> int:
        info = self.process.memory_info()
        return int(getattr(info, "peak_wset", 0)) or _peak_resident(info.rss)


def _peak_resident(now: int) -> int:
    try:
        import resource
        import sys
    except ImportError:  # Windows, where peak_wset has answered already
        return now
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class _Level:
    """The moving parts of one scale: canvas, solver and its state, and the last canvas known to be good."""

    def __init__(self, objective: Objective, solver: Solver, canvas: Tensor, state: State, *, keep_best: bool) -> None:
        self.objective, self.solver, self.canvas, self.state = objective, solver, canvas, state
        self.keep_best, self.good, self.backoffs, self.step_size = keep_best, canvas, 0, solver.method.step_size
        self.first = self.good_loss = math.nan

    def picture(self) -> Tensor:
        """What would be returned now: the best canvas, or the solver's (averaged) one."""
        return self.good if self.keep_best else self.solver.canvas(self.state, self.canvas)

    def evaluate(self, canvas: Tensor) -> tuple[Report, Tensor]:
        """The objective, remembering the canvas of the lowest loss."""
        report, gradient = self.objective.value_and_grad(canvas)
        if not math.isfinite(report.total):
            return report, gradient
        if math.isnan(self.first):
            self.first = report.total
        if not report.total >= self.good_loss:
            self.good, self.good_loss = canvas.clone(), report.total
        return report, gradient

    def step(self) -> tuple[Report, str]:
        """One iteration; goes back to the last good canvas with half the step size when it diverges."""
        moved, state, report = self.solver.step(self.evaluate, self.canvas, self.state)
        if bool(moved.isfinite().all()) and not self._ran_away(report.total):
            self.canvas, self.state = moved, state
            return report, ""
        return report, self._back_off(report, state)

    def _ran_away(self, total: float) -> bool:
        if math.isfinite(total) and total > _DIVERGED_FACTOR * self.first:
            # A start that is all but perfect says nothing of how large losses are; a grey canvas does.
            with torch.no_grad():
                self.first = max(self.first, self.objective.value(torch.full_like(self.canvas, 0.5))[0].item())
        return not total <= _DIVERGED_FACTOR * self.first

    def _back_off(self, report: Report, state: State) -> str:
        self.backoffs += 1
        self.step_size /= 2
        counts = {name: state[name] for name in ("iterations", "evaluations")}
        self.canvas, self.state = self.good, {**self.solver.init(self.good), **counts}
        return f"the loss became {report.total:.3g}: back to the best canvas with a step size of {self.step_size:.3g}"

    def cool(self, share: float) -> None:
        """Take ``share`` of the scale's step size from now on."""
        self.solver = replace(self.solver, method=replace(self.solver.method, step_size=self.step_size * share))

    def look_again(self) -> None:
        """New neighbours: the objective changes under the solver, and losses no longer compare with earlier ones."""
        self.objective = self.objective.refreshed(self.canvas)
        self.state = self.solver.refresh(self.state)
        self.first = self.good_loss = math.nan


def _paint_scale(
    level: _Level, scale: Scale, index: int, config: StylizeConfig, clock: _Clock
) -> Generator[Progress, None, _Ended]:
    plateau = _Plateau(config.plateau)
    for iteration in range(scale.iterations):
        if iteration and level.objective.searches and iteration % config.neighbour_refresh == 0:
            level.look_again()
            plateau.restart()
        level.cool(_cooled(config.cooling or 0.0, iteration / scale.iterations))
        report, note = level.step()
        if note:
            plateau.restart()
        clock.step += 1
        yield Progress(
            scale=index + 1,
            scales=clock.scales,
            height=scale.size[0],
            width=scale.size[1],
            iteration=iteration + 1,
            iterations=scale.iterations,
            step=clock.step,
            steps=clock.steps,
            evaluations=int(level.state["evaluations"]),
            loss=report.total,
            terms=report.terms,
            seconds=clock.seconds(),
            peak_memory=clock.peak_memory(),
            preview=lambda: level.picture().clamp(0, 1),
            note=note,
        )
        if level.backoffs > _MOST_BACKOFFS:
            level.keep_best = True
            return _Ended("diverged", "the loss kept growing; try a smaller --step-size, or --precision float32")
        if plateau.reached(report.total):
            return _Ended("plateau", f"{_PLATEAU_WINDOW} iterations improved the loss by less than {config.plateau:g} of it")
    return _Ended("finished", "every iteration was done")


def _cooled(least: float, done: float) -> float:
    """From 1 to ``least`` along a cosine: large steps find the place, small ones let the noise of the large ones settle."""
    return least + (1 - least) * (1 + math.cos(math.pi * done)) / 2


class _Plateau:
    """Compares the lowest losses of two windows that follow each other."""

    def __init__(self, least: float) -> None:
        self.least, self.losses = least, deque[float](maxlen=2 * _PLATEAU_WINDOW)

    def restart(self) -> None:
        """The loss is about to jump for a reason of its own."""
        self.losses.clear()

    def reached(self, loss: float) -> bool:
        """Whether the last window improved on the one before it by less than the share asked for."""
        self.losses.append(loss)
        if not self.least or len(self.losses) < 2 * _PLATEAU_WINDOW:
            return False
        losses = list(self.losses)
        earlier, later = min(losses[:_PLATEAU_WINDOW]), min(losses[_PLATEAU_WINDOW:])
        return earlier - later < self.least * abs(earlier)


def _finer(solver: Solver) -> Solver:
    """A solver that keeps to the detail, where it moves bands: what is larger was painted at the scale below."""
    return replace(solver, variable=Bands(_FALL)) if isinstance(solver.variable, Bands) else solver
