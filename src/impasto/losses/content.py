"""Content losses: how far two feature maps of one layer are apart."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ..config.choices import CONTENT_LOSSES, registered
from ..numerics import widened

__all__ = ["content_divisor", "content_loss", "content_size", "content_squares"]

_DIVISORS: dict[str, Callable[[Tensor, Tensor], Tensor]] = registered(  # of the target's sum of squares and its count
    CONTENT_LOSSES,
    {
        "mean": lambda energy, count: energy.new_tensor(float(count)),
        "sum": lambda energy, count: energy.new_tensor(1.0),
        "half-sum": lambda energy, count: energy.new_tensor(2.0),
        "sqrt": lambda energy, count: energy.new_tensor(2.0 * float(count) ** 0.5),
        "relative": lambda energy, count: energy.clamp_min(1e-12),
    },
)


def content_loss(features: Tensor, target: Tensor, form: str = "mean", weight: Tensor | None = None) -> Tensor:
    """Squared distance of two feature maps, as a scalar.

    Args:
        features: ``(1, C, H, W)``, of the canvas.
        target: the same shape, of the content picture.
        form: the scale of the sum of squares S, with n = C H W:
            ``mean`` S/n; ``sum`` S; ``half-sum`` S/2 (Gatys et al. 2015, equation 1); ``sqrt`` S/(2 sqrt(n));
            ``relative`` S over the sum of squares of the target, our default: it has no unit, so that one coefficient
            serves every network and every scale.
        weight: ``(1, 1, H, W)`` in 0..1, a soft mask, which S, n and the target's sum take in; None counts every position once.
    """
    return content_squares(features, target, weight) / content_divisor(*content_size(target, weight), form)


def content_squares(features: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """The sum of squared differences, as a scalar."""
    return _sum((widened(features) - widened(target)).square(), weight)


def content_size(target: Tensor, weight: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The sum of the target's squares and n, the count of its numbers, both of them weighted: they add over positions."""
    wide = widened(target)
    count = wide.new_tensor(float(target.numel())) if weight is None else target.shape[1] * weight.sum()
    return _sum(wide.square(), weight), count


def content_divisor(energy: Tensor, count: Tensor, form: str) -> Tensor:
    """What `content_loss` divides the sum of squares by, for a target of that `content_size`."""
    return _DIVISORS[form](energy, count)


def _sum(squares: Tensor, weight: Tensor | None) -> Tensor:
    return squares.sum() if weight is None else (squares * weight).sum()
