"""What a painter tells while it paints, and at its end: values, which stay what they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from ..matching import Field
from ..optim import State

__all__ = ["Carry", "Outcome", "Progress"]


@dataclass(frozen=True)
class Progress:
    """One iteration done. An old record tells of its own iteration, however far the run has come since.

    Attributes:
        scale, scales: this scale, from 1, and how many there are.
        height, width: of this scale's canvas, in px.
        iteration, iterations: of this scale, from 1.
        step, steps: over all scales, from 1.
        evaluations: of the loss and its gradient since the start.
        loss, terms: before this iteration's move (with a line search, after it); the terms are weighted and sum to the loss.
        seconds: since the start.
        peak_memory: of this process so far, in bytes.
        preview: makes the picture as it would have been returned then, ``(1, 3, height, width)`` in [0, 1].
        note: empty, or what happened (a step size taken back).
        saved: makes what `paint` goes on from after this iteration: a flat dict of tensors and numbers.
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


@dataclass(frozen=True, eq=False)
class Carry:
    """What one run hands to another that paints nearly the same, as the next frame of a film.

    Attributes:
        canvas: ``(1, 3, H, W)`` in [0, 1], to begin with.
        field: its matches; the next ones are looked for when the options say so. None looks for them at once.
        solver: the state of the solver, of the same options; None starts it anew.
    """

    canvas: Tensor
    field: Field | None = None
    solver: State | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a run ended: ``reason`` is finished, plateau, stopped or diverged; ``message`` says it, and what to try.

    ``carry`` is what the next run may begin with; None where nothing was painted.
    """

    pixels: Tensor
    reason: str
    message: str
    carry: Carry | None = None
