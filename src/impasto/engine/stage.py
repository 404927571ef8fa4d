"""The stages of a run: options, solver and number format of each scale."""

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

_SPLIT = {"neighbour_match": "layers", "neighbour_refresh": 1}  # options of the last pass
_FALL = 0.3  # ratio of step sizes of successive Laplacian bands at scales that refine, see `optim.Bands`


@dataclass(frozen=True)
class Stage:
    """What a scale is optimised with.

    Attributes:
        number: of the scale, from 1.
        plan: its size and iterations.
        config: its options.
        solver: with its variable and step size.
        last: whether it is the finest one.
    """

    number: int
    plan: ScalePlan
    config: StylizeConfig
    solver: Solver
    last: bool

    @property
    def exact_from(self) -> int:
        """The iteration from which on a run of mixed precision computes in float32."""
        return self.plan.iterations - round(EXACT_SHARE * self.plan.iterations)

    def is_exact(self, iteration: int) -> bool:
        """Whether a run of mixed precision computes in float32 after this number of iterations."""
        return self.config.precision == "mixed" and iteration >= self.exact_from


def plan_stages(config: StylizeConfig, backbone: Backbone, plans: Sequence[ScalePlan]) -> list[Stage]:
    """Options and solver of each scale.

    First come scales that search for matches, then those that keep the matches and refine, then the pass that matches
    each layer by itself.

    Args:
        config: resolved; its ``strength`` is applied to the other options here.
        backbone: whose layers have the strides that decide which of them a scale that refines uses.
        plans: coarse to fine.

    Returns:
        One `Stage` for each plan.
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
    """The options at one scale: content weight and voting depend on ``index``, which is 0 at the coarsest scale."""
    votes, fade = config.voting or (0.0,), 1.0 if config.content_fade is None else config.content_fade
    content_weight = (config.content_weight or 0.0) * fade**index
    voting = votes[min(index, len(votes) - 1)]
    return config.overlay({"content_weight": content_weight, "content_fade": 1.0, "voting": voting})


def _strokes_alone(config: StylizeConfig) -> StylizeConfig:
    """Options of a scale without iterations: its objective only resizes the matches, for patch voting."""
    layers = (config.neighbour_layers or ())[:1]
    return config.overlay({"neighbour_layers": layers, "style_weight": 0.0, "content_weight": 0.0})


def _finer(solver: Solver) -> Solver:
    """The solver with coarser bands that move less, if it moves bands: large shapes were painted at the scale below."""
    return replace(solver, variable=solver.variable.finer(_FALL))
