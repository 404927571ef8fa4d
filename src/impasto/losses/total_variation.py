"""Total variation of the canvas: a penalty on differences between adjacent pixels, which suppresses speckle.

Rudin, Osher and Fatemi 1992, "Nonlinear total variation based noise removal algorithms", here in anisotropic forms.
"""

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
    """Total variation of a canvas, as a scalar.

    Let dx and dy be the differences to the next pixel along both axes, and d1 and d2 those along the two diagonals.

    Args:
        canvas: ``(1, 3, H, W)`` in [0, 1].
        form: ``l1-sum`` sum |dx| + sum |dy|; ``l1-mean`` mean |dx| + mean |dy|; ``l2-sum`` and ``l2-mean`` the same of
            squares; ``nine-point`` (2 mean dx^2 + 2 mean dy^2) / 3 + (mean d1^2 + mean d2^2) / 6 over a 3 x 3 stencil
            with replicated borders (K. Crowson, style-transfer-pytorch).
        wrap: axes along which the last pixel is followed by the first one, see `images.periodic`.

    Returns:
        A scalar ``()``, 0 or more.

    Examples:
        >>> import torch
        >>> ramp = torch.tensor([0.0, 0.5, 1.0]).expand(1, 1, 2, 3)
        >>> total_variation(ramp).item()  # two rows, each with two steps of 0.5
        2.0
        >>> total_variation(ramp, wrap="x").item()  # and a step of 1 from the last column to the first
        4.0
    """
    return tile_variation(bordered(canvas, 1, wrap), form, (canvas.shape[2], canvas.shape[3]), wrap=wrap)


def tile_variation(
    around: Tensor, form: str, size: tuple[int, int], last: tuple[bool, bool] = (True, True), wrap: str = "none"
) -> Tensor:
    """Contribution of one tile to `total_variation`: over all tiles of a canvas the contributions add up to it.

    Args:
        around: ``(1, 3, h + 2, w + 2)``, the tile with a margin of one pixel on each side; beyond the border of the
            canvas the margin repeats the border pixel, or, along a wrapped axis, is the pixel of the other side.
        form: see `total_variation`.
        size: (height, width) of the whole canvas.
        last: whether the tile touches the lower and the right border of the canvas.
        wrap: see `total_variation`.

    Returns:
        A scalar ``()``, 0 or more.
    """
    wraps = is_wrapped(-2, wrap), is_wrapped(-1, wrap)
    centre, planes = around[..., 1:-1, 1:-1], around.shape[0] * around.shape[1]
    dx, dy = around[..., 1:-1, 2:] - centre, around[..., 2:, 1:-1] - centre  # (1, 3, h, w)
    if form == "nine-point":
        # Each diagonal lies between two pixels and is counted in the tile that follows it, along a wrapped axis in the
        # one before it: on a torus the diagonals across opposite borders are the same ones.
        down, right = (
            slice(1, None) if wrap else slice(0, None if ends else -1) for wrap, ends in zip(wraps, last, strict=True)
        )
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
