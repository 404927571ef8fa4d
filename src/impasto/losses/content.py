"""Content losses: squared distances between two feature maps of one layer (Gatys et al. 2016, equation 1)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ..config.choices import CONTENT_LOSSES, registered
from ..numerics import widened

__all__ = ["content_divisor", "content_loss", "content_size", "content_squares"]

_DIVISORS: dict[str, Callable[[Tensor, Tensor], Tensor]] = registered(  # (sum of P^2, n) -> d
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
    """Squared distance between two feature maps, as a scalar.

    With F the features, P the target, w the weight and S = sum over c, y, x of w (F - P)^2, the loss is S / d; ``form``
    chooses the divisor d. Let n be the sum of w over all entries: C H W without a weight.

    Args:
        features: ``(1, C, H, W)``, of the canvas.
        target: ``(1, C, H, W)``, of the content picture.
        form: the divisor d:
            ``mean`` n; ``sum`` 1; ``half-sum`` 2 (Gatys et al. 2015, equation 1); ``sqrt`` 2 sqrt(n);
            ``relative`` sum of w P^2, the default of the options: it makes the loss free of units, so that one
            coefficient can be used for every network and every scale.
        weight: ``(1, 1, H, W)`` in 0..1, a soft mask over positions; None is 1 everywhere.

    Returns:
        A scalar ``()`` in float32, or float64 if the features are.

    Examples:
        >>> import torch
        >>> target = torch.ones(1, 2, 2, 2)
        >>> content_loss(target + 2, target).item()
        4.0
        >>> content_loss(target + 2, target, "half-sum").item()
        16.0
    """
    return content_squares(features, target, weight) / content_divisor(*content_size(target, weight), form)


def content_squares(features: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Weighted sum of squared differences, sum of w (F - P)^2: the numerator of `content_loss`.

    Args:
        features: F, ``(1, C, H, W)``.
        target: P, ``(1, C, H, W)``.
        weight: w, ``(1, 1, H, W)`` in 0..1; None is 1 everywhere.

    Returns:
        A scalar ``()``. The sums of disjoint parts of a feature map add up to that of the whole.

    Examples:
        >>> import torch
        >>> content_squares(torch.full((1, 1, 1, 3), 2.0), torch.zeros(1, 1, 1, 3)).item()
        12.0
    """
    return _sum((widened(features) - widened(target)).square(), weight)


def content_size(target: Tensor, weight: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Weighted sum of squares and weighted number of entries of a target: what `content_divisor` needs.

    Args:
        target: P, ``(1, C, H, W)``.
        weight: w, ``(1, 1, H, W)`` in 0..1; None is 1 everywhere.

    Returns:
        Two scalars: the sum of w P^2, and n, the sum of w over all C H W entries. Both add up over disjoint parts.

    Examples:
        >>> import torch
        >>> energy, count = content_size(torch.full((1, 2, 1, 3), 2.0))
        >>> energy.item(), count.item()
        (24.0, 6.0)
    """
    wide = widened(target)
    count = wide.new_tensor(float(target.numel())) if weight is None else target.shape[1] * weight.sum()
    return _sum(wide.square(), weight), count


def content_divisor(energy: Tensor, count: Tensor, form: str) -> Tensor:
    """Divisor d of the sum of squares in `content_loss`.

    Args:
        energy: the sum of the target's squares, from `content_size`.
        count: the number of entries n, from `content_size`.
        form: see `content_loss`.

    Returns:
        A scalar ``()``, greater than 0.

    Examples:
        >>> import torch
        >>> content_divisor(torch.tensor(24.0), torch.tensor(6.0), "mean").item()
        6.0
    """
    return _DIVISORS[form](energy, count)


def _sum(squares: Tensor, weight: Tensor | None) -> Tensor:
    return squares.sum() if weight is None else (squares * weight).sum()
