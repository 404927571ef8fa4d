"""The loop: scales from coarse to fine, and their iterations; an iterator of Progress."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import psutil
from torch import Tensor

from ..backbones import Backbone
from ..config import StylizeConfig
from ..config.strength import dialed
from ..devices import EXACT_SHARE
from ..images.resample import resize
from ..objective.build import refining, tileable
from ..objective.objective import Objective
from ..objective.state import saved as saved_searches
from ..optim import Solver, State, create_solver
from ..styles import Style
from ..tiling import within_memory
from .scale import Ended, Level, part_of
from .scale_start import begin, begin_again, recolored
from .schedule import Scale

__all__ = ["Outcome", "Progress", "run"]

_SPLIT = {"neighbour_match": "layers", "neighbour_refresh": 1}  # the last pass
_FALL = 0.3  # what a scale that refines may move each coarser band by, to the band below it

Again = Callable[[Backbone, Mapping[str, Any]], Objective]  # the objective of a scale anew, with what was found in it


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
        saved: makes what `run` goes on from after this iteration: a flat dict of tensors and numbers.
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
    saved: Callable[[], State] = field(default=dict, repr=False)


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
    since: Mapping[str, Any] | None = None,
    mask: Tensor | None = None,
) -> Generator[Progress, None, Outcome]:
    """Paint. Closing the generator cancels; what it returns when exhausted is the outcome.

    Args:
        content: ``(1, 3, H, W)`` in [0, 1] of any size, resized here to each scale.
        styles: seen with a long side of their ``style_scale`` times the canvas's.
        config: resolved.
        backbone: on the content's device.
        scales: coarse to fine, from `plan_scales`.
        start: the canvas to begin with, of any size; None for the content.
        since: go on from there, as `Progress.saved` made it in a run of the same arguments. The first record is then that of
            the iteration that was the last; what follows is, to the bit, what would have followed it.
        mask: ``(1, 1, H, W)`` in [0, 1], of the content's size: what each of its pixels counts for; None for 1.
    """
    if not config.strength:
        untouched = resize(content, scales[-1].size, config.resample, config.wrap)
        return Outcome(untouched, "finished", "a strength of 0 leaves the content as it is")
    shown, clock = recolored(content, styles, config, mask), _Clock(scales, since or {})
    canvas = shown if start is None else start
    level, ended = None, Ended("finished", "every iteration was done")
    for stage in _stages(dialed(config), backbone, scales)[since["scale"] - 1 if since else 0 :]:
        again = partial(_objective_again, stage, content, styles, mask)
        if since and level is None:
            level = _level_again(stage, since, again, backbone)
            yield _progress(level, stage, clock)
        else:
            level = _level(stage, level, canvas, content, shown, styles, backbone, mask)
        ended = yield from _paint_scale(level, stage, clock, again, backbone)
        canvas = level.picture()
        if ended.reason == "diverged":
            break
    return Outcome(canvas.clamp(0, 1), ended.reason, ended.message)


@dataclass(frozen=True)
class _Stage:
    """What a scale is painted with; ``number`` counts from 1, ``last`` is the finest one."""

    number: int
    scale: Scale
    config: StylizeConfig
    solver: Solver
    refines: bool
    last: bool

    @property
    def exact_from(self) -> int:
        """The iteration from which on it is painted in float32, if the run is mixed."""
        return self.scale.iterations - round(EXACT_SHARE * self.scale.iterations)

    def is_exact(self, iteration: int) -> bool:
        """Whether a mixed run is in float32 once so many iterations are done."""
        return self.config.precision == "mixed" and iteration >= self.exact_from


def _stages(config: StylizeConfig, backbone: Backbone, scales: Sequence[Scale]) -> list[_Stage]:
    """Full scales, then those that keep the matches and refine, then the pass that matches each layer by itself."""
    solver, stages = create_solver(config), []
    matches = bool(config.neighbour_weight) and config.neighbour_match == "hypercolumns"
    full = config.full_scales or 0
    for index, scale in enumerate(scales):
        wanted, refines = _of_scale(config, index), matches and index >= full > 0 and not scale.split
        if scale.split:
            wanted = wanted.overlay(_SPLIT)
        if refines:
            wanted, solver = refining(wanted, backbone), _finer(solver)
        if refines and not scale.iterations:
            wanted = _strokes_alone(wanted)
        stages.append(_Stage(index + 1, scale, wanted, solver, refines, last=index == len(scales) - 1))
    return stages


def _of_scale(config: StylizeConfig, index: int) -> StylizeConfig:
    """The config with what changes from scale to scale as it is at that one, 0 the coarsest."""
    votes, fade = config.voting or (0.0,), 1.0 if config.content_fade is None else config.content_fade
    content_weight = (config.content_weight or 0.0) * fade**index
    return config.overlay({"content_weight": content_weight, "content_fade": 1.0, "voting": votes[min(index, len(votes) - 1)]})


def _strokes_alone(config: StylizeConfig) -> StylizeConfig:
    """The config of a scale that takes no step: of the matches it needs their places, whatever the network sees there."""
    return config.overlay({"neighbour_layers": (config.neighbour_layers or ())[:1], "style_weight": 0.0, "content_weight": 0.0})


def _finer(solver: Solver) -> Solver:
    """A solver that keeps to the detail, where it moves bands: what is larger was painted at the scale below."""
    return replace(solver, variable=solver.variable.finer(_FALL))


def _level(
    stage: _Stage,
    below: Level | None,
    canvas: Tensor,
    content: Tensor,
    shown: Tensor,
    styles: Sequence[Style],
    backbone: Backbone,
    mask: Tensor | None,
) -> Level:
    """A scale about to be painted: a new objective, and the canvas, the solver's state and the step size of the one below."""
    size, config, solver, known = stage.scale.size, stage.config, stage.solver, below.objective if below else None

    def begun(tile_size: int) -> tuple[Tensor, Objective]:
        tiled = config.overlay({"tile_size": tile_size})
        return begin(size, content, shown, styles, tiled, backbone, canvas, known, refines=stage.refines, mask=mask)

    tile_size = known.tile_size if known else config.tile_size  # smaller than it was planned, if memory ran out below
    (canvas, objective), _ = within_memory(begun, tile_size, max(size), tileable=tileable(config))
    state = solver.resize(below.state, size) if below else solver.init(canvas)
    step_size = below.step_size if below else solver.method.step_size
    return Level(objective, solver, canvas, state, step_size, config.plateau, config.best and stage.last)


def _objective_again(
    stage: _Stage, content: Tensor, styles: Sequence[Style], mask: Tensor | None, backbone: Backbone, found: Mapping[str, Any]
) -> Objective:
    """The objective of a scale that was begun before, in which ``found`` (see `searches.saved`) had been found."""
    size, config = stage.scale.size, stage.config.overlay({"tile_size": found["tile_size"]})
    return begin_again(size, content, styles, config, backbone, found, refines=stage.refines, mask=mask)


def _level_again(stage: _Stage, since: Mapping[str, Any], again: Again, backbone: Backbone) -> Level:
    """A scale as it was when it was saved."""
    network, config = backbone.exact() if stage.is_exact(since["iteration"] - 1) else backbone, stage.config
    objective = again(network, part_of(since, "objective"))
    level = Level(objective, stage.solver, since["canvas"], {}, 0.0, config.plateau, config.best and stage.last)
    level.restore(since)
    return level


class _Clock:
    """Counts over all scales, from 0 or from where a saved run stood."""

    def __init__(self, scales: Sequence[Scale], since: Mapping[str, Any]) -> None:
        self.scales, self.steps = len(scales), sum(s.iterations for s in scales)
        self.step: int = since.get("step", 0)
        self.began: float = time.perf_counter() - since.get("seconds", 0.0)
        self.process = psutil.Process()

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


def _paint_scale(
    level: Level, stage: _Stage, clock: _Clock, again: Again, backbone: Backbone
) -> Generator[Progress, None, Ended]:
    iterations, config = stage.scale.iterations, stage.config
    while not (ended := level.ended(iterations)):
        if stage.is_exact(level.iteration) and level.iteration == stage.exact_from:
            level.measure_by(again(backbone.exact(), saved_searches(level.objective)))
        if level.iteration and level.objective.searches and level.iteration % config.neighbour_refresh == 0:
            level.look_again()
        note = level.step(_cooled(config.cooling or 0.0, level.iteration / iterations))
        clock.step += 1
        yield _progress(level, stage, clock, note)
    return ended


def _progress(level: Level, stage: _Stage, clock: _Clock, note: str = "") -> Progress:
    (height, width), seconds = stage.scale.size, clock.seconds()
    return Progress(
        scale=stage.number,
        scales=clock.scales,
        height=height,
        width=width,
        iteration=level.iteration,
        iterations=stage.scale.iterations,
        step=clock.step,
        steps=clock.steps,
        evaluations=int(level.state["evaluations"]),
        loss=level.report.total,
        terms=level.report.terms,
        seconds=seconds,
        peak_memory=clock.peak_memory(),
        preview=lambda: level.picture().clamp(0, 1),
        note=note,
        saved=lambda: {**level.saved(), "scale": stage.number, "step": clock.step, "seconds": seconds},
    )


def _cooled(least: float, done: float) -> float:
    """From 1 to ``least`` along a cosine: large steps find the place, small ones let the noise of the large ones settle."""
    return least + (1 - least) * (1 + math.cos(math.pi * done)) / 2
