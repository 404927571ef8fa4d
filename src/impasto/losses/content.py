"""Content losses: how far two feature maps of one layer are apart."""

from __future__ import annotations

from torch import Tensor

from ..numerics import widened

__all__ = ["content_divisor", "content_loss", "content_size", "content_squares"]


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
    if form == "relative":
        return energy.clamp_min(1e-12)
    n = float(count)
    return energy.new_tensor({"mean": n, "sum": 1.0, "half-sum": 2.0, "sqrt": 2.0 * n**0.5}[form])


def _sum(squares: Tensor, weight: Tensor | None) -> Tensor:
    return squares.sum() if weight is None else (squares * weight).sum()
