"""Total variation of the canvas: what keeps speckle away."""

from __future__ import annotations

from torch import Tensor

from ..images.wrap import bordered, differences, is_tiled

__all__ = ["total_variation"]


def total_variation(canvas: Tensor, form: str = "l1-sum", tile: str = "none") -> Tensor:
    """Differences of neighbouring pixels, as a scalar.

    Args:
        canvas: ``(1, 3, H, W)`` in [0, 1].
        form: ``l1-sum`` sum |dx| + sum |dy|; ``l1-mean`` mean |dx| + mean |dy|; ``l2-sum`` and ``l2-mean`` the same of
            squares; ``nine-point`` mean squares over a 3 x 3 stencil with replicated borders, (2 dx^2 + 2 dy^2)/3 and
            (d1^2 + d2^2)/6 along the diagonals (K. Crowson, style-transfer-pytorch).
        tile: axes along which the first pixel is the last one's neighbour, see `images.wrap`.
    """
    if form == "nine-point":
        return _nine_point(canvas, tile)
    dx, dy = differences(canvas, -1, tile), differences(canvas, -2, tile)
    norm, reduction = form.split("-")
    sizes = [d.abs() if norm == "l1" else d.square() for d in (dx, dy) if d.numel()]
    return sum((s.sum() if reduction == "sum" else s.mean() for s in sizes), canvas.new_zeros(()))


def _nine_point(canvas: Tensor, tile: str) -> Tensor:
    padded = bordered(canvas, 1, tile)
    centre = padded[..., 1:-1, 1:-1]
    straight = (padded[..., 1:-1, 2:] - centre).square().mean() + (padded[..., 2:, 1:-1] - centre).square().mean()
    once = padded[..., int(is_tiled(-2, tile)) :, int(is_tiled(-1, tile)) :]  # what lies over both borders of a torus is one
    falling = (once[..., 1:, 1:] - once[..., :-1, :-1]).square().mean()
    rising = (once[..., 1:, :-1] - once[..., :-1, 1:]).square().mean()
    return straight * (2 / 3) + (falling + rising) / 6
