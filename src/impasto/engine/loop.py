"""The method, from coarse to fine (Gatys et al. 2017, section 6): at each scale a start, matches, an objective, and steps.

This is the algorithm; everything it calls is in the modules beside it. Whoever iterates over it gets a `Progress` after each
step, and may send a `Change` back.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Generator, Mapping, Sequence
from functools import partial
from typing import Any

from ..images.resample import resize
from ..optim import State
from .clock import Clock
from .inputs import PaintInputs
from .progress import Carry, Outcome, Progress
from .scale import Ended, ScaleState, begun, begun_again, objective_again
from .schedule import ScalePlan
from .stage import Stage, plan_stages
from .steering import Change, Event

__all__ = ["Painting", "paint"]

Painting = Generator[Progress, Change | None, Outcome]


def paint(
    inputs: PaintInputs,
    plans: Sequence[ScalePlan],
    start: Carry | None = None,
    since: Mapping[str, Any] | None = None,
    events: Sequence[Event] = (),
) -> Painting:
    """Paint. Closing the generator cancels; what it returns when exhausted is the outcome.

    Args:
        inputs: pictures, options and network.
        plans: the scales, coarse to fine, from `plan_scales`; or the last ones of them, with a ``start``.
        start: the canvas to begin with, of any size, and what is known of it; None for the content.
        since: go on from there, as `Progress.saved` made it in a run of the same arguments. The first record is then that of
            the iteration that was the last; what follows is, to the bit, what would have followed it.
        events: changes that are known beforehand, as of a run that is repeated.
    """
    since, clock = since or {}, Clock(plans, since or {})
    now = Steered(inputs, plans, events, clock.step)
    if not now.inputs.config.strength:
        untouched = resize(inputs.content, plans[-1].size, inputs.config.resample, inputs.config.wrap)
        return Outcome(untouched, "finished", "a strength of 0 leaves the content as it is")
    shown = now.inputs.recolored()
    state, ended = None, Ended("finished", "every iteration was done")
    for number, plan in list(enumerate(plans))[since.get("scale", 1) - 1 :]:
        # 1. Start: the canvas of the scale below, enlarged; the matches; the objective.
        if since and state is None:
            state = begun_again(now.inputs, now.stages[number], since)
            now.hear((yield _progress(state, now.stages[number], clock)), clock.step, state, number)
        else:
            state = begun(now.inputs, now.stages[number], shown, start or Carry(shown), state)

        while (over := state.ended(plan.iterations)) is None:
            # 2. In float32 once an optimum is near; and other matches, now and then.
            stage, done = now.stages[number], state.iteration
            if stage.is_exact(done) and done == stage.exact_from:
                state.measure_by(objective_again(now.inputs, stage, state.found(), exact=True))
            if done and state.objective.searches and done % stage.config.neighbour_refresh == 0:
                state.look_again()

            # 3. A step downhill.
            note = state.step(_cooled(stage.config.cooling or 0.0, done / plan.iterations))
            clock.step += 1

            # 4. Tell of it, and hear what is to be changed.
            now.hear((yield _progress(state, stage, clock, note)), clock.step, state, number)

        ended = over
        if ended.reason == "diverged":
            break
    canvas = shown if state is None else state.picture()
    return Outcome(canvas.clamp(0, 1), ended.reason, ended.message, state.carry() if state else None)


class Steered:
    """Inputs and stages as they are now, after the changes so far."""

    def __init__(self, inputs: PaintInputs, plans: Sequence[ScalePlan], events: Sequence[Event], step: int) -> None:
        self._plans = plans
        self._due = [event for event in events if event.step >= max(1, step)]
        for event in events:
            inputs = inputs if event in self._due else inputs.steered(event.change)
        self._become(inputs)

    def _become(self, inputs: PaintInputs) -> None:
        self.inputs, self.stages = inputs, plan_stages(inputs.config, inputs.backbone, self._plans)

    def hear(self, sent: Change | None, step: int, state: ScaleState, number: int) -> None:
        """Make the changes that are due after a step, and the one that was sent."""
        for change in [*(event.change for event in self._due if event.step == step), *([sent] if sent else [])]:
            before = self.stages[number]
            self._become(self.inputs.steered(change))
            state.steer(self.inputs, before, self.stages[number])


def _progress(state: ScaleState, stage: Stage, clock: Clock, note: str = "") -> Progress:
    (height, width), seconds = stage.plan.size, clock.seconds()
    then = copy.copy(state)  # its parts are bound anew, and never changed in place
    return Progress(
        scale=stage.number,
        scales=clock.scales,
        height=height,
        width=width,
        iteration=state.iteration,
        iterations=stage.plan.iterations,
        step=clock.step,
        steps=clock.steps,
        evaluations=int(state.state["evaluations"]),
        loss=state.report.total,
        terms=state.report.terms,
        seconds=seconds,
        peak_memory=clock.peak_memory(),
        preview=lambda: then.picture().clamp(0, 1),
        note=note,
        saved=partial(_saved, then, {"scale": stage.number, "step": clock.step, "seconds": seconds}),
    )


def _saved(then: ScaleState, counts: State) -> State:
    return {**then.saved(), **counts}


def _cooled(least: float, done: float) -> float:
    """From 1 to ``least`` along a cosine: large steps find the place, small ones let the noise of the large ones settle."""
    return least + (1 - least) * (1 + math.cos(math.pi * done)) / 2
