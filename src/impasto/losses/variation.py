"""Total variation of the canvas: what keeps speckle away."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

__all__ = ["total_variation"]


def total_variation(canvas: Tensor, form: str = "l1-sum") -> Tensor:
    """Differences of neighbouring pixels, as a scalar.

    Args:
        canvas: ``(1, 3, H, W)`` in [0, 1].
        form: ``l1-sum`` sum |dx| + sum |dy|; ``l1-mean`` mean |dx| + mean |dy|; ``l2-sum`` and ``l2-mean`` the same of
            squares; ``nine-point`` mean squares over a 3 x 3 stencil with replicated borders, (2 dx^2 + 2 dy^2)/3 and
            (d1^2 + d2^2)/6 along the diagonals (K. Crowson, style-transfer-pytorch).
    """
    if form == "nine-point":
        return _nine_point(canvas)
    dx, dy = canvas[..., :, 1:] - canvas[..., :, :-1], canvas[..., 1:, :] - canvas[..., :-1, :]
    norm, reduction = form.split("-")
    sizes = [d.abs() if norm == "l1" else d.square() for d in (dx, dy) if d.numel()]
    return sum((s.sum() if reduction == "sum" else s.mean() for s in sizes), canvas.new_zeros(()))


def _nine_point(canvas: Tensor) -> Tensor:
    padded = F.pad(canvas, (1, 1, 1, 1), mode="replicate")
    centre = padded[..., 1:-1, 1:-1]
    straight = (padded[..., 1:-1, 2:] - centre).square().mean() + (padded[..., 2:, 1:-1] - centre).square().mean()
    falling = (padded[..., 1:, 1:] - padded[..., :-1, :-1]).square().mean()
    rising = (padded[..., 1:, :-1] - padded[..., :-1, 1:]).square().mean()
    return straight * (2 / 3) + (falling + rising) / 6
