"""Line search for the strong Wolfe conditions, by bracketing and cubic interpolation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from torch import Tensor

from .method import R

__all__ = ["Trial", "strong_wolfe"]

_DECREASE = 1e-4  # c1, of the sufficient decrease
_CURVATURE = 0.9  # c2, of the curvature condition
_TRIALS = 25  # evaluations at most
_NARROW = 1e-9  # relative width below which an interval is as narrow as rounding errors


@dataclass(frozen=True)
class Trial(Generic[R]):
    """An evaluated point on the search line.

    Attributes:
        length: step length a, 0 at the start.
        total: the loss phi(a).
        slope: the derivative phi'(a) along the line.
        gradient: ``(N,)``, of the loss at this point.
        report: of the evaluation; None if it is not at hand.
    """

    length: float
    total: float
    slope: float
    gradient: Tensor
    report: R | None


def strong_wolfe(at: Callable[[float], Trial[R]], start: Trial[R], length: float) -> Trial[R]:
    """Find a step length that fulfils the strong Wolfe conditions (Nocedal and Wright 2006, algorithms 3.5 and 3.6).

    The conditions (equations 3.7) are phi(a) <= phi(0) + c1 a phi'(0) and |phi'(a)| <= c2 |phi'(0)|, with c1 = 1e-4 and
    c2 = 0.9. Bracketing (3.5) and zooming (3.6) are one loop here: ``low`` is the point of lowest loss that fulfils the
    first condition; ``high`` is the other end of an interval that contains a solution, or None as long as none is
    known. A loss that is not finite counts as too high.

    Args:
        at: evaluates a step length.
        start: the point of length 0.
        length: the first length to try.

    Returns:
        The first point found that fulfils both conditions. After 25 evaluations, or where the interval is as narrow as
        rounding errors, the lowest point so far: ``start`` itself if no loss was lower.

    Examples:
        >>> import torch
        >>> def at(a):  # phi(a) = (a - 1)^2
        ...     return Trial(a, (a - 1) ** 2, 2 * (a - 1), torch.empty(0), None)
        >>> strong_wolfe(at, at(0.0), 8.0).length  # 8 is too long; the cubic interpolation gives the minimum
        1.0
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
    """A longer length: the minimum of the cubic through both points, clamped to two to ten times the longer one."""
    return min(max(_lowest(before, low), 2 * low.length), 10 * low.length)


def _between(low: Trial[R], high: Trial[R]) -> float:
    """A length between both points: the minimum of their cubic, kept a tenth of the interval away from either end."""
    left, right = sorted((low.length, high.length))
    margin = 0.1 * (right - left)
    guess = _lowest(low, high)
    return min(max(guess, left + margin), right - margin) if math.isfinite(guess) else (left + right) / 2


def _lowest(a: Trial[R], b: Trial[R]) -> float:
    """Minimum of the cubic with the losses and slopes of both points (equation 3.59); infinite if it has none."""
    mean = a.slope + b.slope - 3 * (a.total - b.total) / (a.length - b.length)
    root = mean * mean - a.slope * b.slope
    if not 0 <= root < math.inf:
        return math.inf
    reach = math.copysign(math.sqrt(root), b.length - a.length)
    bottom = b.slope - a.slope + 2 * reach
    if bottom == 0:
        return math.inf
    return b.length - (b.length - a.length) * (b.slope + reach - mean) / bottom
