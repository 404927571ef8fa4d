"""What each scale is painted with: its options, its solver, and in which number format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..backbones import Backbone
from ..config import StylizeConfig
from ..config.strength import dialed
from ..devices import EXACT_SHARE
from ..objective.build import refining
from ..optim import Solver, create_solver
from .schedule import ScalePlan

__all__ = ["Stage", "plan_stages"]

_SPLIT = {"neighbour_match": "layers", "neighbour_refresh": 1}  # the last pass
_FALL = 0.3  # what a scale that refines may move each coarser band by, to the band below it


@dataclass(frozen=True)
class Stage:
    """What a scale is painted with; ``number`` counts from 1, ``last`` is the finest one."""

    number: int
    plan: ScalePlan
    config: StylizeConfig
    solver: Solver
    last: bool

    @property
    def exact_from(self) -> int:
        """The iteration from which on it is painted in float32, if the run is mixed."""
        return self.plan.iterations - round(EXACT_SHARE * self.plan.iterations)

    def is_exact(self, iteration: int) -> bool:
        """Whether a mixed run is in float32 once so many iterations are done."""
        return self.config.precision == "mixed" and iteration >= self.exact_from


def plan_stages(config: StylizeConfig, backbone: Backbone, plans: Sequence[ScalePlan]) -> list[Stage]:
    """Full scales, then those that keep the matches and refine, then the pass that matches each layer by itself.

    Args:
        config: resolved; its strength is worked into the options here.
        backbone: tells which layers are fine enough for a scale that refines.
        plans: coarse to fine.
    """
    config = dialed(config)
    solver, stages = create_solver(config), []
    for index, plan in enumerate(plans):
        wanted = _of_scale(config, index)
        if plan.split:
            wanted = wanted.overlay(_SPLIT)
        if plan.refines:
            wanted, solver = refining(wanted, backbone), _finer(solver)
        if plan.refines and not plan.iterations:
            wanted = _strokes_alone(wanted)
        stages.append(Stage(index + 1, plan, wanted, solver, last=index == len(plans) - 1))
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
