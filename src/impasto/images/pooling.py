"""Average pooling of whole cells, with a backward pass that writes each gradient once."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["average_pooled", "spread"]


def average_pooled(features: Tensor, factor: int) -> Tensor:
    """Means over cells of ``factor x factor``; rows and columns that fill no whole cell are dropped.

    Values and gradients are those of ``F.avg_pool2d``, whose backward pass on a CPU clears a tensor and then adds to
    it, in float32 as in bfloat16.

    Args:
        features: ``(B, C, H, W)``.
        factor: side of a cell, 1 or more.

    Returns:
        ``(B, C, H // factor, W // factor)``, in the number format of the features.

    Examples:
        >>> import torch
        >>> average_pooled(torch.tensor([[[[1.0, 3.0, 9.0], [5.0, 7.0, 9.0]]]]), 2).item()
        4.0
    """
    if factor == 1:
        return features
    pooled: Tensor = _AveragePool.apply(features, factor)  # type: ignore[no-untyped-call]
    return pooled


def spread(gradient: Tensor, factor: int, size: tuple[int, int]) -> Tensor:
    """The transpose of `average_pooled`: each gradient, divided by the area of a cell, at every position of the cell.

    Args:
        gradient: ``(B, C, H // factor, W // factor)``.
        factor: side of a cell.
        size: (H, W) of the features that were pooled.

    Returns:
        ``(B, C, H, W)``; 0 where no whole cell is.
    """
    grown = F.interpolate(gradient / factor**2, scale_factor=factor, mode="nearest")
    down, right = size[0] - grown.shape[2], size[1] - grown.shape[3]
    return F.pad(grown, (0, right, 0, down)) if down or right else grown


class _AveragePool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, factor: int) -> Tensor:
        ctx.factor, ctx.size = factor, (features.shape[2], features.shape[3])
        return F.avg_pool2d(features, factor)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return spread(gradients[0], ctx.factor, ctx.size), None
