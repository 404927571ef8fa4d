"""Style statistics and the distances between them: sums of features and of their products over positions.

A style loss is computed in two steps: ``sums(features, mask)`` reduces a feature map to its mean and second moments,
and one of the distances below compares two such statistics. The sums of two sets of positions add up to those of their
union, so that statistics may be gathered tile by tile or picture by picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..errors import PictureError
from ..numerics import widened

__all__ = ["Sums", "blend", "sums", "sums_gradient"]

_TINY = 1e-12


class Sums(NamedTuple):
    """Additive statistics of the feature vectors f_i of some positions i, each with a weight w_i.

    Attributes:
        positions: sum of w_i, a scalar ``()``; the number of positions if no weights were given.
        first: sum of w_i f_i, ``(C,)``.
        second: sum of w_i f_i f_i^T, ``(C, C)``.

    Examples:
        >>> import torch
        >>> left, right = sums(torch.zeros(1, 1, 1, 2)), sums(torch.full((1, 1, 1, 2), 4.0))
        >>> both = left + right
        >>> both.positions.item(), both.mean.item(), both.covariance.item()
        (4.0, 2.0, 4.0)
    """

    positions: Tensor
    first: Tensor
    second: Tensor

    def __add__(self, other: object) -> Sums:
        """The statistics of the union of two disjoint sets of positions."""
        if not isinstance(other, Sums):
            return NotImplemented
        return Sums(self.positions + other.positions, self.first + other.first, self.second + other.second)

    @property
    def mean(self) -> Tensor:
        """Mean feature vector ``(C,)``."""
        return self.first / self.positions

    @property
    def moment(self) -> Tensor:
        """Second moment, the mean of f f^T, ``(C, C)``: the Gram matrix divided by the number of positions."""
        return self.second / self.positions

    @property
    def covariance(self) -> Tensor:
        """Biased covariance ``(C, C)``: the second moment minus the outer product of the mean with itself."""
        return self.moment - torch.outer(self.mean, self.mean)


def sums(features: Tensor, mask: Tensor | None = None, *, pooled: bool = False) -> Sums:
    """Statistics of one feature map over its positions.

    Args:
        features: ``(1, C, H, W)``; in ``channels_last`` memory format nothing is copied.
        mask: ``(1, 1, H, W)`` in 0..1, the weight of each position; None is 1 everywhere.
        pooled: accept ``(B, C, H, W)`` of several pictures, with a mask ``(B, 1, H, W)``, and sum over all of their
            positions together.

    Returns:
        The `Sums`, in float32, or float64 if the features are.

    Raises:
        PictureError: the features are of several pictures, and ``pooled`` is not set.

    Examples:
        >>> import torch
        >>> stats = sums(torch.ones(1, 2, 3, 4))
        >>> stats.positions.item(), stats.mean.tolist(), stats.moment.tolist()
        (12.0, [1.0, 1.0], [[1.0, 1.0], [1.0, 1.0]])
    """
    if features.shape[0] != 1 and not pooled:
        told = f"features of shape {tuple(features.shape)} are of {features.shape[0]} pictures"
        raise PictureError(told, "give them one by one, or pool them by name: pooled=True")
    columns, share = _rows(features, mask)
    first, second = _Products.apply(columns, share)  # type: ignore[no-untyped-call]
    return Sums(first.new_full((), len(columns)) if share is None else share.sum(), first, second)


class _Products(torch.autograd.Function):
    """Weighted sums of f and of f f^T over the rows f of ``(n, C)``; the weights are ``(n, 1)``.

    Let a ``(C,)`` and A ``(C, C)`` be the gradients of the two sums. The gradient of a row is then w (a + (A + A^T) f),
    which takes one matrix product where autograd would take two. The gradient is computed in the number format of the
    features, in which the network continues; the sums are computed in float32 or wider.
    """

    @staticmethod
    def forward(ctx: Any, columns: Tensor, share: Tensor | None) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(columns, share)
        if share is None and columns.dtype == torch.bfloat16:
            return _product(columns.new_ones(1, len(columns)), columns)[0], _product(columns.T, columns)
        wide = widened(columns)
        counted = wide if share is None else wide * share
        return counted.sum(0), wide.T @ counted  # (C,), (C, C)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _row_gradients(*ctx.saved_tensors, *gradients), None


def _product(left: Tensor, right: Tensor) -> Tensor:
    """The product of two matrices in bfloat16, to float32: as what a rounded product holds, and what that leaves out.

    Processors that multiply bfloat16 add up in float32 and round the sums at the end. The second product subtracts the
    first one before it is rounded, so both together have 16 bits (relative error 2e-6 of a Gram matrix), in less than
    half the time of a product in float32.
    """
    rounded = left @ right
    return rounded.float() + torch.addmm(-rounded, left, right).float()


def _row_gradients(columns: Tensor, share: Tensor | None, first: Tensor, second: Tensor) -> Tensor:
    found = torch.addmm(first.to(columns.dtype), columns, (second + second.T).to(columns.dtype))
    return found if share is None else found * share.to(found.dtype)


def sums_gradient(features: Tensor, slope: Sums, mask: Tensor | None = None) -> Tensor:
    """Gradient of the features, given the gradient of their `sums`: the backward pass of `sums`.

    With slope = (a, A): the gradient at a position of weight w and feature vector f is w (a + (A + A^T) f). The values
    of the sums are not needed, so that tiles can be differentiated one by one.

    Args:
        features: as given to `sums`, ``(1, C, H, W)``.
        slope: the gradients with respect to ``first`` and ``second``; ``positions`` is not read.
        mask: as given to `sums`.

    Returns:
        ``(1, C, H, W)``, in the number format of the features.

    Examples:
        >>> import torch
        >>> slope = Sums(torch.zeros(()), torch.tensor([1.0]), torch.tensor([[0.5]]))
        >>> sums_gradient(torch.tensor([[[[2.0, 3.0]]]]), slope).flatten().tolist()  # 1 + 2 * 0.5 * f
        [3.0, 4.0]
    """
    columns, share = _rows(features, mask)
    found = _row_gradients(columns, share, slope.first, slope.second)
    return found.reshape(features.shape[0], *features.shape[2:], -1).permute(0, 3, 1, 2)  # (n, C) -> (1, C, H, W)


def _rows(features: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Features as ``(n, C)`` with n = B H W, and the weights of the positions as ``(n, 1)`` or None."""
    columns = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])  # (B, C, H, W) -> (n, C)
    return columns, None if mask is None else widened(mask).reshape(-1, 1)


def blend(targets: Sequence[Sums], shares: Sequence[float]) -> Sums:
    """Weighted mean of the statistics of several styles.

    The means m_k and second moments M_k are averaged with the normalised shares: m = sum_k s_k m_k, M = sum_k s_k M_k.
    This is the statistics of a picture that shows each style on a fraction s_k of its area.

    Args:
        targets: one for each style, all with the same number of channels.
        shares: 0 or more, one for each style; divided by their sum.

    Returns:
        The `Sums`, whose number of positions is the weighted mean of those of the targets.

    Examples:
        >>> import torch
        >>> black, white = sums(torch.zeros(1, 1, 2, 2)), sums(torch.ones(1, 1, 2, 2))
        >>> blend([black, white], [1, 3]).mean.item()
        0.75
    """
    total = float(sum(shares))
    parts = [(share / total, target) for share, target in zip(shares, targets, strict=True)]
    positions = torch.stack([share * t.positions for share, t in parts]).sum()
    first = torch.stack([share * t.mean for share, t in parts]).sum(0) * positions  # (C,)
    second = torch.stack([share * t.moment for share, t in parts]).sum(0) * positions  # (C, C)
    return Sums(positions, first, second)
