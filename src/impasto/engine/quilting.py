"""A canvas of pieces of the styles: where a texture starts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

import torch
import torch.nn.functional as F
from torch import Tensor

from ..images.periodic import interpolated, is_wrapped
from ..matching import CELL, Field, grid_of, voted
from ..types import Size, Span

__all__ = ["pieced"]

_OFFERED = 256  # places that each piece may come from
_APART = 16  # of these, so many at least are asked how they fit: those farthest from where others came from
_OVERLAP = 0.3  # of its side may a piece share with another one, where that many others are left
_ROUNDS = 3  # how often each piece is chosen: from the second time on it has all its neighbours
_AROUND = 2  # cells around a piece that have to fit

Place = tuple[int, int, int]  # number of the grid, and the y and x of a corner in it


def pieced(pictures: Sequence[Tensor], shares: Sequence[float], size: Size, seed: int, wrap: str = "none") -> Tensor:
    """Pieces of the pictures, half as long as their short sides, laid side by side where they fit, and joined by voting.

    Each comes from a place far from those of others, whose surroundings have the colours of its neighbours (after Efros and
    Freeman 2001, "Image quilting"; where they cut along the best seam, the losses heal it). So large shapes are as in the style,
    and their order is new.

    Args:
        pictures: ``(1, 3, h, w)`` in [0, 1], on the CPU, as large as the styles are beside a canvas of this size.
        shares: of the pieces that come from each, to the sum of them.
        size: (height, width) of the canvas.
        seed: of the order.
        wrap: axes along which the canvas goes on over its border, see `images.periodic`. Such a border lies within pieces.

    Returns:
        ``(1, 3, *size)``, in [0, 1].
    """
    grid = max(1, size[0] // CELL), max(1, size[1] // CELL)
    table = _Table(pictures, grid, wrap)
    random, drawn_by = torch.Generator().manual_seed(seed), torch.tensor(shares, dtype=torch.float64)
    length = max(1, min(map(min, table.grids)) // 2)
    spans = list(product(_spans(grid[0], length), _spans(grid[1], length)))
    numbers = torch.multinomial(drawn_by, len(spans), replacement=True, generator=random).tolist()
    for (down, right), number in [*zip(spans, numbers, strict=True)] * _ROUNDS:
        table.lay(down, right, [table.place(number, down, right, random) for _ in range(_OFFERED)])
    rows = table.rows
    for axis in (-2, -1):
        rows = rows.roll(length // 2, axis) if is_wrapped(axis, wrap) else rows
    canvas = voted(Field(rows.flatten(), grid, table.grids, wrap), pictures)
    return interpolated(canvas, size, wrap, "bicubic").clamp(0, 1)


def _spans(count: int, length: int) -> list[Span]:
    """``count`` cells in spans of about ``length`` each."""
    parts = max(1, round(count / length))
    return list(pairwise(count * part // parts for part in range(parts + 1)))


@dataclass
class _Table:
    """What pieces are laid on: the row of the styles' cells, as `Field` counts them, and its colour, NaN where nothing lies."""

    pictures: Sequence[Tensor]
    grid: Size
    wrap: str
    taken: dict[tuple[Span, Span], Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.grids = tuple(map(grid_of, self.pictures))
        self.colors = [F.adaptive_avg_pool2d(p, grid)[0] for p, grid in zip(self.pictures, self.grids, strict=True)]
        self.rows = torch.zeros(self.grid, dtype=torch.long)
        self.laid = torch.full((3, *self.grid), math.nan)

    def place(self, number: int, down: Span, right: Span, random: torch.Generator) -> Place:
        """Somewhere in a grid, where a piece for these cells could come from."""
        cells = [last - first for first, last in (down, right)]
        rooms = [max(1, side - count + 1) for side, count in zip(self.grids[number], cells, strict=True)]
        y, x = (int(torch.randint(room, (), generator=random)) for room in rooms)
        return number, y, x

    def lay(self, down: Span, right: Span, offered: Sequence[Place]) -> None:
        """Lay the piece for these cells. Where its grid is too small, its last cells come again."""
        self.taken.pop((down, right), None)
        least = (1 - _OVERLAP) * min(down[1] - down[0], right[1] - right[0])
        farthest = sorted(offered, key=self._apart, reverse=True)
        apart = max(_APART, sum(self._apart(place) >= least for place in offered))
        number, y, x = chosen = min(farthest[:apart], key=lambda place: self._misfit(place, down, right))
        height, width = self.grids[number]
        ys = (y + torch.arange(down[1] - down[0])).clamp_max(height - 1)
        xs = (x + torch.arange(right[1] - right[0])).clamp_max(width - 1)
        before = sum(math.prod(grid) for grid in self.grids[:number])
        self.rows[slice(*down), slice(*right)] = before + ys[:, None] * width + xs
        self.laid[:, slice(*down), slice(*right)] = self.colors[number][:, ys][:, :, xs]
        self.taken[down, right] = chosen

    def _apart(self, place: Place) -> float:
        """Cells to the nearest corner that was taken in the same grid."""
        return min((math.dist(place[1:], other[1:]) for other in self.taken.values() if other[0] == place[0]), default=math.inf)

    def _misfit(self, place: Place, down: Span, right: Span) -> float:
        """Mean squared difference of colours between what lies around these cells, and what lies around the place."""
        number, y, x = place
        ours, theirs = zip(*(self._around(axis, s, at, number) for axis, s, at in ((-2, down, y), (-1, right, x))), strict=True)
        away = self.laid[:, ours[0]][:, :, ours[1]] - self.colors[number][:, theirs[0]][:, :, theirs[1]]
        return away.square().nanmean().nan_to_num(0).item()

    def _around(self, axis: int, span: Span, at: int, number: int) -> tuple[Tensor, Tensor]:
        """Along an axis: cells of a span and around it, and those of a grid that stand there; both are there."""
        offset = torch.arange(-_AROUND, span[1] - span[0] + _AROUND)
        ours, theirs = span[0] + offset, at + offset
        if is_wrapped(axis, self.wrap):
            ours = ours % self.grid[axis]
        there = (ours >= 0) & (ours < self.grid[axis]) & (theirs >= 0) & (theirs < self.grids[number][axis])
        return ours[there], theirs[there]
