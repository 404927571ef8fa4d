"""A line search: a length that fulfils the strong Wolfe conditions, by bracketing and cubic interpolation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from torch import Tensor

from .method import R

__all__ = ["Trial", "strong_wolfe"]

_DECREASE = 1e-4
_CURVATURE = 0.9
_TRIALS = 25
_NARROW = 1e-9  # relative width of an interval in which rounding decides what is lower


@dataclass(frozen=True)
class Trial(Generic[R]):
    """A point on the line: its length, loss, slope along the line, gradient ``(N,)``, and its report where one is at hand."""

    length: float
    total: float
    slope: float
    gradient: Tensor
    report: R | None


def strong_wolfe(at: Callable[[float], Trial[R]], start: Trial[R], length: float) -> Trial[R]:
    """The first point found that is low enough and flat enough (Nocedal and Wright 2006, equations 3.7, algorithms 3.5 and 3.6).

    Bracketing and zooming are one loop here: ``low`` is the lowest point that descends enough, ``high`` the far end of an
    interval that holds an answer, None while it lies ahead. A loss that is not finite counts as too high.

    Args:
        at: evaluates a length.
        start: the point at length 0.
        length: the first to try.

    Returns:
        The point; after 25 trials, or where rounding decides, the lowest so far, which is ``start`` itself if none descends.
    """
    if not start.slope < 0:
        return start
    before, low = start, start
    high: Trial[R] | None = None
    for _ in range(_TRIALS):
        trial = at(length)
        if not (trial.total <= start.total + _DECREASE * length * start.slope and trial.total < low.total):
            high = trial
        elif abs(trial.slope) <= -_CURVATURE * start.slope:
            return trial
        else:
            ahead = 1.0 if high is None else high.length - low.length
            if trial.slope * ahead >= 0:
                high = low
            before, low = low, trial
        if high is not None and math.isclose(low.length, high.length, rel_tol=_NARROW):
            return low
        length = _beyond(before, low) if high is None else _between(low, high)
    return low


def _beyond(before: Trial[R], low: Trial[R]) -> float:
    """A longer length: where the cubic through both points is lowest, but two to ten times as far."""
    return min(max(_lowest(before, low), 2 * low.length), 10 * low.length)


def _between(low: Trial[R], high: Trial[R]) -> float:
    """A length between both points: where their cubic is lowest, but a tenth of the way from either end."""
    left, right = sorted((low.length, high.length))
    margin = 0.1 * (right - left)
    guess = _lowest(low, high)
    return min(max(guess, left + margin), right - margin) if math.isfinite(guess) else (left + right) / 2


def _lowest(a: Trial[R], b: Trial[R]) -> float:
    """Where the cubic with the losses and slopes of both points has its minimum (equation 3.59); infinite if nowhere."""
    mean = a.slope + b.slope - 3 * (a.total - b.total) / (a.length - b.length)
    root = mean * mean - a.slope * b.slope
    if not 0 <= root < math.inf:
        return math.inf
    reach = math.copysign(math.sqrt(root), b.length - a.length)
    bottom = b.slope - a.slope + 2 * reach
    if bottom == 0:
        return math.inf
    return b.length - (b.length - a.length) * (b.slope + reach - mean) / bottom
