"""Total variation of the canvas: what keeps speckle away."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..config.choices import TV_LOSSES, registered
from ..images.periodic import bordered, is_wrapped

__all__ = ["tile_variation", "total_variation"]

_NORMS: dict[str, Callable[[Tensor], Tensor]] = registered(
    TV_LOSSES,
    {
        "l1-sum": torch.abs,
        "l1-mean": torch.abs,
        "l2-sum": torch.square,
        "l2-mean": torch.square,
        "nine-point": torch.square,
    },
)


def total_variation(canvas: Tensor, form: str = "l1-sum", wrap: str = "none") -> Tensor:
    """Differences of neighbouring pixels, as a scalar.

    Args:
        canvas: ``(1, 3, H, W)`` in [0, 1].
        form: ``l1-sum`` sum |dx| + sum |dy|; ``l1-mean`` mean |dx| + mean |dy|; ``l2-sum`` and ``l2-mean`` the same of
            squares; ``nine-point`` mean squares over a 3 x 3 stencil with replicated borders, (2 dx^2 + 2 dy^2)/3 and
            (d1^2 + d2^2)/6 along the diagonals (K. Crowson, style-transfer-pytorch).
        wrap: axes along which the first pixel is the last one's neighbour, see `images.periodic`.
    """
    return tile_variation(bordered(canvas, 1, wrap), form, (canvas.shape[2], canvas.shape[3]), wrap=wrap)


def tile_variation(
    around: Tensor, form: str, size: tuple[int, int], last: tuple[bool, bool] = (True, True), wrap: str = "none"
) -> Tensor:
    """What a part of a canvas adds to the total variation: each difference counts in one part.

    Args:
        around: ``(1, 3, h + 2, w + 2)``, the part and a pixel on each side; beyond the canvas' border its edge once more.
        form: see `total_variation`.
        size: (height, width) of the canvas.
        last: whether the part ends with the canvas, below and at the right.
        wrap: see `total_variation`.
    """
    wraps = is_wrapped(-2, wrap), is_wrapped(-1, wrap)
    centre, planes = around[..., 1:-1, 1:-1], around.shape[0] * around.shape[1]
    dx, dy = around[..., 1:-1, 2:] - centre, around[..., 2:, 1:-1] - centre
    if form == "nine-point":
        # Diagonals lie between pixels, and belong to what follows them; what lies over both borders of a torus is one.
        down, right = (slice(int(wrap), None if ends else -1) for wrap, ends in zip(wraps, last, strict=True))
        falling = (around[..., 1:, 1:] - around[..., :-1, :-1])[..., down, right]
        rising = (around[..., 1:, :-1] - around[..., :-1, 1:])[..., down, right]
        places = planes * (size[0] + 1 - wraps[0]) * (size[1] + 1 - wraps[1])
        straight = (dx.square().sum() + dy.square().sum()) / (planes * size[0] * size[1])
        return straight * (2 / 3) + (falling.square().sum() + rising.square().sum()) / (6 * places)
    across, below = (_NORMS[form](d).sum() for d in (dx, dy))
    if form.endswith("-sum"):
        return across + below
    rows, columns = (max(1, length - 1 + wrap) for length, wrap in zip(size, wraps, strict=True))
    return across / (planes * size[0] * columns) + below / (planes * rows * size[1])
