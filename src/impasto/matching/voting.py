"""Patch voting: a picture assembled from matched patches (Wexler et al. 2007, "Space-time completion of video")."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..images.periodic import folded
from ..types import Size
from .field import CELL, Field

__all__ = ["voted"]

_AT_ONCE = 8192  # patches in memory at a time, of 2 kB
_PATCH, _SPREAD = 3 * CELL, 2.5  # px: side of a patch, and standard deviation of its Gaussian weights


def voted(field: Field, pictures: Sequence[Tensor], *, at_once: int = _AT_ONCE) -> Tensor:
    """Patch voting: the weighted average of the style patches that the positions of a field are matched to.

    Each position places the patch of 12 x 12 px around its match at its own place; overlapping patches are averaged
    with Gaussian weights (weighted overlap-add), as in Wexler et al. 2007, "Space-time
    completion of video". There, patches are also weighted by how well they match; here, all patches weigh alike.

    Args:
        field: the matches, h x w.
        pictures: the style pictures, ``(1, 3, H, W)`` in [0, 1], one for each of the field's grids.
        at_once: number of patches that are in memory at a time.

    Returns:
        ``(1, 3, 4 h, 4 w)`` in [0, 1].

    Examples:
        >>> import torch
        >>> field = Field(torch.tensor([0, 1, 2, 3]), grid=(2, 2), grids=((2, 2),))
        >>> picture = voted(field, [torch.full((1, 3, 8, 8), 0.5)])
        >>> tuple(picture.shape), round(picture.mean().item(), 4)
        ((1, 3, 8, 8), 0.5)
    """
    margin, (rows, columns) = (_PATCH - CELL) // 2, field.grid
    offset = torch.arange(_PATCH, device=field.rows.device) - (_PATCH - 1) / 2
    bell = torch.exp(-offset.square() / (2 * _SPREAD**2))
    weights = (bell[:, None] * bell).flatten()  # (144,)
    painted = pictures[0].new_zeros(1, 3, rows * CELL + 2 * margin, columns * CELL + 2 * margin)
    total, (number, y, x) = weights.new_zeros(1, 1, *painted.shape[2:]), field.places()
    around = [_around(picture, grid, margin) for picture, grid in zip(pictures, field.grids, strict=True)]
    step = max(1, at_once // columns)
    for top in range(0, rows, step):
        part = slice(top * columns, (top + step) * columns)
        patches = _patches(number[part], y[part], x[part], around) * weights  # (n, 3, 144)
        strip = slice(top * CELL, top * CELL + len(patches) // columns * CELL + 2 * margin)
        for votes, sums in ((patches.flatten(1), painted), (weights.expand(len(patches), -1), total)):
            sums[:, :, strip] += F.fold(votes.T[None].contiguous(), sums[:, :, strip].shape[2:], _PATCH, stride=CELL)
    return folded(painted, margin, field.wrap) / folded(total, margin, field.wrap)


def _around(picture: Tensor, grid: Size, margin: int) -> Tensor:
    """The whole cells of a picture ``(1, 3, H, W)``, with a margin that repeats its border."""
    height, width = (side * CELL for side in grid)
    return F.pad(picture[..., :height, :width], (margin,) * 4, mode="replicate")


def _patches(number: Tensor, y: Tensor, x: Tensor, around: Sequence[Tensor]) -> Tensor:
    """Patches ``(n, 3, 144)``: the pixels around each match, gathered from one picture after the other."""
    reach = torch.arange(_PATCH, device=y.device)
    patches = around[0].new_zeros(len(y), 3, _PATCH * _PATCH)
    for which, picture in enumerate(around):
        mine = (number == which).nonzero().flatten()
        tops, lefts = (y[mine] * CELL)[:, None] + reach, (x[mine] * CELL)[:, None] + reach
        index = (tops[:, :, None] * picture.shape[3] + lefts[:, None, :]).flatten(1)  # (k, 144)
        patches[mine] = picture[0].flatten(1)[:, index].transpose(0, 1)  # (3, k, 144) -> (k, 3, 144)
    return patches
