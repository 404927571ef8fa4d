"""Scales about to be painted: new ones, and those that go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..devices import release_freed_memory
from ..objective.objective import Objective
from ..tiling import within_memory
from .inputs import PaintInputs
from .progress import Carry
from .scale import ScaleState, objective_again, part_of
from .scale_start import ScaleResult, begin
from .stage import Stage

__all__ = ["begun", "begun_again"]


def begun(inputs: PaintInputs, stage: Stage, shown: Tensor, start: Carry, below: ScaleResult | None) -> ScaleState:
    """The state of a scale before its first iteration.

    The objective is new; the canvas, the solver's state and the step size are taken from the scale below.

    Args:
        inputs: pictures, options and network.
        stage: of this scale.
        shown: the content in the palette of the styles, ``(1, 3, H, W)``.
        start: what the first scale starts from.
        below: the result of the scale below; None at the first scale.

    Returns:
        The `ScaleState`.
    """
    release_freed_memory()
    config, solver, size = stage.config, stage.solver, stage.plan.size

    def work(tile_size: int) -> tuple[Tensor, Objective]:
        return begin(inputs, stage, config.overlay({"tile_size": tile_size}), shown, below or start)

    # If memory ran out at the scale below, its tiles are smaller than planned.
    tile_size = below.tile_size if below else config.tile_size
    (canvas, objective), _ = within_memory(work, tile_size, max(size), tileable=True)
    carried = below.solver if below else start.solver
    state = solver.resize(carried, size) if carried else solver.init(canvas)
    step_size = below.step_size if below else solver.method.step_size
    return ScaleState(objective, solver, canvas, state, step_size, config.plateau, config.best and stage.last)


def begun_again(inputs: PaintInputs, stage: Stage, since: Mapping[str, Any]) -> ScaleState:
    """The state of a scale as it was when it was saved.

    Args:
        inputs: pictures, options and network.
        stage: of this scale.
        since: from `ScaleState.saved`.

    Returns:
        The `ScaleState`.
    """
    exact = stage.is_exact(since["iteration"] - 1)
    objective = objective_again(inputs, stage, part_of(since, "objective"), exact=exact)
    keep_best = stage.config.best and stage.last
    state = ScaleState(objective, stage.solver, since["canvas"], {}, 0.0, stage.config.plateau, keep_best)
    state.restore(since)
    return state
