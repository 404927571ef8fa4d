"""Nearest-neighbour fields: which style position every canvas position is matched to; made coherent, enlarged, voted with.

Positions are cells of 4 x 4 px, on grids. A bank's rows run through several grids, one after the other: one for each turn of
each style picture. Barnes et al. 2009 (PatchMatch) named the fields; here the network's features decide what is near.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..images.wrap import bordered, folded
from .neighbours import centred

__all__ = ["CELL", "Field", "Size", "coherent", "enlarged", "grid_of", "voted"]

CELL = 4  # px: hypercolumns stand on a grid of a quarter of the picture (Kolkin et al. 2022)

Size = tuple[int, int]

_BESIDE = ((0, 1), (0, -1), (1, 0), (-1, 0))
_AT_ONCE = 50_000  # patches that vote together: those of a picture of 1024 x 768 px
_PATCH, _SPREAD = 3 * CELL, 2.5  # px: what is voted with, and the standard deviation of its weights


@dataclass(frozen=True)
class Field:
    """Matches of one grid.

    Attributes:
        rows: ``(h * w,)`` int64, a row of the bank for each position.
        grid: (h, w) of the canvas' positions.
        grids: (h, w) of each of the bank's grids, in the order of its rows.
        tile: axes along which the canvas goes on over its border, see `images.wrap`; the bank's grids never do.
    """

    rows: Tensor
    grid: Size
    grids: tuple[Size, ...]
    tile: str = "none"

    def places(self) -> tuple[Tensor, Tensor, Tensor]:
        """For every position its match as (number of the grid, y, x)."""
        starts = torch.tensor(_starts(self.grids), device=self.rows.device)
        number = torch.searchsorted(starts, self.rows, right=True) - 1
        within = self.rows - starts[number]
        widths = self._sides(1)[number]
        return number, within // widths, within % widths

    def rows_at(self, number: Tensor, y: Tensor, x: Tensor) -> Tensor:
        """The rows of places; -1 outside of their grid."""
        heights, widths = self._sides(0)[number], self._sides(1)[number]
        starts = torch.tensor(_starts(self.grids), device=self.rows.device)
        inside = (y >= 0) & (y < heights) & (x >= 0) & (x < widths)
        return torch.where(inside, starts[number] + y * widths + x, -1)

    def _sides(self, axis: int) -> Tensor:
        return torch.tensor([grid[axis] for grid in self.grids], device=self.rows.device)


def grid_of(picture: Tensor) -> Size:
    """The grid, (height, width), that the hypercolumns of a picture ``(1, 3, H, W)`` stand on."""
    return max(1, picture.shape[2] // CELL), max(1, picture.shape[3] // CELL)


def coherent(
    field: Field,
    query: Tensor,
    bank: Tensor,
    bonus: float,
    searched: Tensor | None = None,
    *,
    rounds: int = 8,
    inside: Tensor | None = None,
) -> Field:
    """A field in which neighbours are matched to neighbours, where that costs little.

    Each of the four positions beside one proposes what lies beside its own match (Ashikhmin 2001, "Synthesizing natural
    textures"). A position takes the match with the largest cosine plus ``bonus`` for every neighbour that proposes it; the two
    colours of a chessboard take turns, so that nobody moves together with those it follows. Strokes of the style
    that are longer than a cell stay whole this way.

    Args:
        query: ``(h * w, C)`` of the canvas, ``bank`` ``(n, C)`` of the style, as in `nearest`.
        bonus: in units of the cosine; 0 changes nothing.
        searched: the rows of the bank that were searched, from whose mean cosines are taken; None for all.
        rounds: how often each position may choose is half of it.
        inside: ``(n,)`` bool, the rows of the bank that may be matched; None for all.
    """
    if not bonus:
        return field
    ours, theirs = centred(query), centred(bank, searched)
    height, width = field.grid
    colour = (torch.arange(height)[:, None] + torch.arange(width)).flatten().to(field.rows.device) % 2
    colours = [(colour == number).nonzero().flatten() for number in (0, 1)]
    queries = [ours[choosing] for choosing in colours]
    for turn in range(rounds):
        choosing = colours[turn % 2]
        proposed = _proposals(field)[:, choosing]
        candidates = torch.cat([field.rows[None, choosing], proposed])
        votes = (candidates[:, None] == proposed[None]).sum(1)
        cosines = torch.stack([torch.linalg.vecdot(queries[turn % 2], theirs[rows.clamp_min(0)]) for rows in candidates])
        score = (cosines + bonus * votes).masked_fill(candidates < 0, -torch.inf)
        if inside is not None:
            score = score.masked_fill(~inside[candidates.clamp_min(0)], -torch.inf)
        chosen = candidates.gather(0, score.argmax(0, keepdim=True))[0]
        field = replace(field, rows=field.rows.index_copy(0, choosing, chosen))
    return field


def _proposals(field: Field) -> Tensor:
    """``(4, h * w)`` rows that continue the matches of the positions beside; -1 where there is nothing."""
    number, y, x = (part.reshape(field.grid) for part in field.places())
    proposed = []
    for down, right in _BESIDE:
        beside = [_shifted(part, down, right, field.tile) for part in (number, y, x)]
        rows = field.rows_at(beside[0].clamp_min(0), beside[1] - down, beside[2] - right)
        proposed.append(torch.where(beside[0] < 0, -1, rows).flatten())
    return torch.stack(proposed)


def _shifted(values: Tensor, down: int, right: int, tile: str) -> Tensor:
    """``values[y + down, x + right]`` at (y, x); -1 beyond a border that is not tiled."""
    height, width = values.shape
    padded = bordered(values + 1, 1, tile, "zeros") - 1
    return padded[1 + down : 1 + down + height, 1 + right : 1 + right + width]


def enlarged(field: Field, grid: Size, grids: Sequence[Size]) -> Field:
    """The same matches on other grids: what was matched to a place of a picture still is, at the new size."""
    number, y, x = (part.reshape(field.grid) for part in field.places())
    (above, off_y), (left, off_x) = (_parents(old, new, y.device) for old, new in zip(field.grid, grid, strict=True))
    number = number[above][:, left]
    wide = replace(field, grid=grid, grids=tuple(grids))
    places = []
    for axis, (place, off) in enumerate(((y, off_y[:, None]), (x, off_x[None, :]))):
        ratio = (wide._sides(axis) / field._sides(axis))[number]
        moved = ((place[above][:, left] + 0.5 + off) * ratio - 0.5).round().long()
        places.append(torch.minimum(moved.clamp_min(0), wide._sides(axis)[number] - 1))
    return replace(wide, rows=wide.rows_at(number, *places).flatten())


def _parents(old: int, new: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Along one side: the old cell that each new one lies in, and how far from its centre."""
    centres = (torch.arange(new, device=device) + 0.5) * (old / new)
    parents = centres.long().clamp_max(old - 1)
    return parents, centres - parents - 0.5


def voted(field: Field, pictures: Sequence[Tensor]) -> Tensor:
    """The picture that the matches paint: every position lays down the style's pixels around its match, and they are averaged.

    Patch voting as in Wexler et al. 2007, "Space-time completion of video", with patches of 12 px and a Gaussian weight.

    Args:
        pictures: the style's, ``(1, 3, H, W)`` in [0, 1], one for each of the field's grids.

    Returns:
        ``(1, 3, 4 h, 4 w)``, in [0, 1].
    """
    margin, (rows, columns) = (_PATCH - CELL) // 2, field.grid
    offset = torch.arange(_PATCH, device=field.rows.device) - (_PATCH - 1) / 2
    bell = torch.exp(-offset.square() / (2 * _SPREAD**2))
    weights = (bell[:, None] * bell).flatten()
    painted = pictures[0].new_zeros(1, 3, rows * CELL + 2 * margin, columns * CELL + 2 * margin)
    total, (number, y, x) = weights.new_zeros(1, 1, *painted.shape[2:]), field.places()
    around = [_around(picture, grid, margin) for picture, grid in zip(pictures, field.grids, strict=True)]
    step = max(1, _AT_ONCE // columns)
    for top in range(0, rows, step):
        part = slice(top * columns, (top + step) * columns)
        patches = _patches(number[part], y[part], x[part], around) * weights
        strip = slice(top * CELL, top * CELL + len(patches) // columns * CELL + 2 * margin)
        for votes, sums in ((patches.flatten(1), painted), (weights.expand(len(patches), -1), total)):
            sums[:, :, strip] += F.fold(votes.T[None].contiguous(), sums[:, :, strip].shape[2:], _PATCH, stride=CELL)
    return folded(painted, margin, field.tile) / folded(total, margin, field.tile)


def _around(picture: Tensor, grid: Size, margin: int) -> Tensor:
    """A picture of whole cells with a margin, ``(1, 3, H, W)``."""
    size = [side * CELL for side in grid]
    fitted = F.interpolate(picture, size=size, mode="bilinear", antialias=True, align_corners=False)
    return F.pad(fitted, (margin,) * 4, mode="replicate")


def _patches(number: Tensor, y: Tensor, x: Tensor, around: Sequence[Tensor]) -> Tensor:
    """``(n, 3, 144)``: the pixels around every match, gathered from one picture after the other."""
    reach = torch.arange(_PATCH, device=y.device)
    patches = around[0].new_zeros(len(y), 3, _PATCH * _PATCH)
    for which, picture in enumerate(around):
        mine = (number == which).nonzero().flatten()
        tops, lefts = (y[mine] * CELL)[:, None] + reach, (x[mine] * CELL)[:, None] + reach
        index = (tops[:, :, None] * picture.shape[3] + lefts[:, None, :]).flatten(1)
        patches[mine] = picture[0].flatten(1)[:, index].transpose(0, 1)
    return patches


def _starts(grids: Sequence[Size]) -> list[int]:
    starts = [0]
    for height, width in grids:
        starts.append(starts[-1] + height * width)
    return starts[:-1]
