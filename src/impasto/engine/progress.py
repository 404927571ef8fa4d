"""Records of a run: its progress after each iteration, and its outcome. Their values do not change afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from ..matching import Field
from ..optim import State

__all__ = ["Carry", "Outcome", "Progress"]


@dataclass(frozen=True)
class Progress:
    """One iteration. An old record keeps describing its own iteration while the run goes on.

    Attributes:
        scale: number of this scale, from 1.
        scales: how many there are.
        height: of this scale's canvas, in px.
        width: of this scale's canvas, in px.
        iteration: number within this scale, from 1.
        iterations: planned for this scale.
        step: number over all scales, from 1.
        steps: planned over all scales.
        evaluations: of the loss and its gradient since the start.
        loss: before this iteration's step (with a line search, after it).
        terms: the weighted terms, by name; they sum to ``loss``.
        seconds: since the start.
        peak_memory: of this process so far, in bytes.
        preview: returns the picture as if the run had ended here, ``(1, 3, height, width)`` in [0, 1].
        note: empty, or what happened, as a halved step size.
        saved: returns the state from which `paint` continues after this iteration: a flat dict of tensors and numbers.
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
    """What a run can start from that another one left, as for the next frame of a video.

    Attributes:
        canvas: ``(1, 3, H, W)`` in [0, 1], the initial canvas.
        field: its matches; they are searched again when the options say so. None searches at once.
        solver: state of a solver of the same options; None starts it anew.
    """

    canvas: Tensor
    field: Field | None = None
    solver: State | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of a run.

    Attributes:
        pixels: ``(1, 3, H, W)`` in [0, 1].
        reason: finished, plateau, stopped or diverged.
        message: the reason in a sentence, and what to try.
        carry: what a next run can start from; None if no step was done.
    """

    pixels: Tensor
    reason: str
    message: str
    carry: Carry | None = None
