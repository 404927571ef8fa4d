"""The coarse-to-fine loop (Gatys et al. 2017, section 6): each scale has an initial canvas, an objective and steps.

The algorithm is here; what it calls is in the other modules of this package. The caller iterates over a generator,
which yields a `Progress` after each step and accepts a `Change` in return.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from functools import partial, reduce
from typing import Any

from ..devices import on_threads
from ..images.resample import resize
from .clock import Clock
from .inputs import PaintInputs
from .progress import Carry, Outcome, Progress
from .scale import Ended, ScaleState, objective_again
from .scale_begin import begun, begun_again
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
    """Run the method. Closing the generator cancels the run; the value that it returns at the end is the outcome.

    Args:
        inputs: pictures, options and network.
        plans: the scales, coarse to fine, from `plan_scales`; or the last ones of them, with a ``start``.
        start: the initial canvas, of any size, with matches and solver state if they are known; None for the content.
        since: continue from this state, made by `Progress.saved` in a run of the same arguments. The first record
            yielded is then that of the last iteration before it was saved; what follows is bit for bit what would have
            followed.
        events: changes that are known beforehand, as in a run that is repeated.

    Yields:
        A `Progress` after each iteration.

    Returns:
        The `Outcome`.
    """
    since, clock = since or {}, Clock(plans, since or {})
    now = Steered(inputs, plans, events, clock.step)
    if not now.inputs.config.strength:
        untouched = resize(inputs.content, plans[-1].size, inputs.config.resample, inputs.config.wrap)
        return Outcome(untouched, "finished", "a strength of 0 leaves the content as it is")
    shown = now.inputs.recolored()
    below, ended = None, Ended("finished", "every iteration was done")
    for number, plan in list(enumerate(plans))[since.get("scale", 1) - 1 :]:
        # 1. Start the scale: enlarge the canvas of the scale below, find matches, build the objective.
        resumed = bool(since) and below is None
        with on_threads(plan.threads):
            if resumed:
                state = begun_again(now.inputs, now.stages[number], since)
            else:
                state = begun(now.inputs, now.stages[number], shown, start or Carry(shown), below)
        if resumed:
            now.apply((yield _progress(state, now.stages[number], clock)), clock.step, state, number)

        while (over := state.ended(plan.iterations)) is None:
            # 2. Mixed precision: continue in float32 for the last iterations. Search matches again periodically.
            stage, done = now.stages[number], state.iteration
            with on_threads(plan.threads):
                if stage.is_exact(done) and done == stage.exact_from:
                    state.measure_by(objective_again(now.inputs, stage, state.found(), exact=True))
                if done and state.objective.searches and done % stage.config.matching.neighbour_refresh == 0:
                    state.refresh_matches()

                # 3. One step of the solver, with its step size annealed.
                note = state.step(_cooled(stage.config.cooling or 0.0, done / plan.iterations))
            clock.step += 1

            # 4. Report the progress, and apply the changes that are due or that the caller sent.
            now.apply((yield _progress(state, stage, clock, note)), clock.step, state, number)

        below, ended = state.result(), over
        del state  # its targets are large, and the next scale makes its own
        if ended.reason == "diverged":
            break
    if below is None:
        return Outcome(shown.clamp(0, 1), ended.reason, ended.message)
    carry = Carry(below.canvas, below.field, below.solver)
    return Outcome(below.canvas.clamp(0, 1), ended.reason, ended.message, carry)


class Steered:
    """The current inputs and stages, after all changes so far.

    Args:
        inputs: at the start of the run.
        plans: the scales.
        events: changes that are known beforehand.
        step: number of the step that the run continues after, 0 for a new run; earlier changes are made at once.
    """

    def __init__(self, inputs: PaintInputs, plans: Sequence[ScalePlan], events: Sequence[Event], step: int) -> None:
        self._plans = plans
        self._due = [event for event in events if event.step >= max(1, step)]
        for event in events:
            inputs = inputs if event in self._due else inputs.steered(event.change)
        self._become(inputs)

    def _become(self, inputs: PaintInputs) -> None:
        self.inputs, self.stages = inputs, plan_stages(inputs.config, inputs.backbone, self._plans)

    def apply(self, sent: Change | None, step: int, state: ScaleState, number: int) -> None:
        """Make the changes due after a step, and the one that the caller sent.

        Args:
            sent: the change sent, or None.
            step: number of the step done last.
            state: of the present scale, which is changed in place.
            number: index of the present scale, from 0.
        """
        changes = [*(event.change for event in self._due if event.step == step), *([sent] if sent else [])]
        if changes:
            before = self.stages[number]
            self._become(self.inputs.steered(reduce(Change.then, changes)))
            with on_threads(self._plans[number].threads):
                state.steer(self.inputs, before, self.stages[number])


def _progress(state: ScaleState, stage: Stage, clock: Clock, note: str = "") -> Progress:
    (height, width), seconds = stage.plan.size, clock.seconds()
    # Tensors are replaced, never changed in place, so references suffice. Not the objective: its targets are large.
    picture = state.picture()
    saved = {**state.saved(), "scale": stage.number, "step": clock.step, "seconds": seconds}
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
        preview=lambda: picture.clamp(0, 1),
        note=note,
        saved=partial(dict, saved),
    )


def _cooled(least: float, done: float) -> float:
    """Cosine annealing of the step size, from 1 at ``done`` = 0 to ``least`` at ``done`` = 1."""
    return least + (1 - least) * (1 + math.cos(math.pi * done)) / 2
