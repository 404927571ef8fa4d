"""Image quilting: an initial canvas assembled from pieces of the styles, from which textures start."""

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

_OFFERED = 256  # random candidates for the source of each piece
_APART = 16  # number of candidates, the farthest from the sources of other pieces, that are always compared
_OVERLAP = 0.3  # other candidates are compared if they overlap these sources by at most this fraction of the side
_ROUNDS = 3  # times that each piece is chosen: from the second one on, all adjacent pieces are placed
_AROUND = 2  # cells around a piece in which colours are compared

Place = tuple[int, int, int]  # number of the grid, and the y and x of a corner in it


def pieced(pictures: Sequence[Tensor], shares: Sequence[float], size: Size, seed: int, wrap: str = "none") -> Tensor:
    """Assemble a canvas from large pieces of pictures, placed where adjacent pieces fit, and blended by patch voting.

    After Efros and Freeman 2001, "Image quilting for texture synthesis and transfer". Each piece is half as long as the
    pictures' short sides. Candidates are drawn at random; of those whose source is far from the sources of other
    pieces, the one is taken whose surroundings differ least in colour from the pieces around it. So large structures
    are those of the style, in a new arrangement. Departures: colours are compared as means over 4 x 4 px; pieces are
    not cut along the minimum-error boundary, because the optimisation that follows repairs the seams; and each piece is
    chosen three times.

    Args:
        pictures: ``(1, 3, h, w)`` in [0, 1], on the CPU, of the size that the styles have beside a canvas of this size.
        shares: probability of each picture to be the source of a piece, up to a common factor.
        size: (height, width) of the canvas.
        seed: of the random numbers.
        wrap: axes along which the canvas wraps around, see `images.periodic`. Its border then lies within pieces.

    Returns:
        ``(1, 3, *size)`` in [0, 1].
    """
    grid = max(1, size[0] // CELL), max(1, size[1] // CELL)
    table = _Table(pictures, grid, wrap)
    random, drawn_by = torch.Generator().manual_seed(seed), torch.tensor(shares, dtype=torch.float64)
    length = max(1, min(map(min, table.grids)) // 2)
    spans = list(product(_spans(grid[0], length), _spans(grid[1], length)))
    numbers = torch.multinomial(drawn_by, len(spans), replacement=True, generator=random).tolist()
    for (down, right), number in [*zip(spans, numbers, strict=True)] * _ROUNDS:
        table.choose(down, right, [table.place(number, down, right, random) for _ in range(_OFFERED)])
    rows = table.rows
    for axis in (-2, -1):
        rows = rows.roll(length // 2, axis) if is_wrapped(axis, wrap) else rows
    canvas = voted(Field(rows.flatten(), grid, table.grids, wrap), pictures)
    return interpolated(canvas, size, wrap, "bicubic").clamp(0, 1)


def _spans(count: int, length: int) -> list[Span]:
    """Split ``count`` cells into spans (start, stop) of about ``length`` each."""
    parts = max(1, round(count / length))
    return list(pairwise(count * part // parts for part in range(parts + 1)))


@dataclass
class _Table:
    """The canvas while pieces are placed.

    Attributes:
        pictures: the sources.
        grid: (h, w) of the canvas, in cells of 4 x 4 px.
        wrap: axes along which the canvas wraps around.
        taken: source of each piece that is placed, by its spans.
        rows: ``(h, w)``, source cell of each cell, numbered as in `Field`.
        placed: ``(3, h, w)``, mean colour of each cell; NaN where no piece is placed.
    """

    pictures: Sequence[Tensor]
    grid: Size
    wrap: str
    taken: dict[tuple[Span, Span], Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.grids = tuple(map(grid_of, self.pictures))
        self.colors = [F.adaptive_avg_pool2d(p, grid)[0] for p, grid in zip(self.pictures, self.grids, strict=True)]
        self.rows = torch.zeros(self.grid, dtype=torch.long)
        self.placed = torch.full((3, *self.grid), math.nan)

    def place(self, number: int, down: Span, right: Span, random: torch.Generator) -> Place:
        """A random source for a piece: a corner in one grid, such that the piece lies inside of the grid if it can."""
        cells = [last - first for first, last in (down, right)]
        rooms = [max(1, side - count + 1) for side, count in zip(self.grids[number], cells, strict=True)]
        y, x = (int(torch.randint(room, (), generator=random)) for room in rooms)
        return number, y, x

    def choose(self, down: Span, right: Span, offered: Sequence[Place]) -> None:
        """Place the best of the offered pieces. If its grid is too small, the last cells are repeated."""
        self.taken.pop((down, right), None)
        least = (1 - _OVERLAP) * min(down[1] - down[0], right[1] - right[0])
        farthest = sorted(offered, key=self._apart, reverse=True)
        apart = max(_APART, sum(self._apart(place) >= least for place in offered))
        number, y, x = chosen = min(farthest[:apart], key=lambda place: self._misfit(place, down, right))
        height, width = self.grids[number]
        ys = (y + torch.arange(down[1] - down[0])).clamp_max(height - 1)
        xs = (x + torch.arange(right[1] - right[0])).clamp_max(width - 1)
        before = sum(math.prod(grid) for grid in self.grids[:number])
        self.rows[slice(*down), slice(*right)] = before + ys[:, None] * width + xs  # (h, w)
        self.placed[:, slice(*down), slice(*right)] = self.colors[number][:, ys][:, :, xs]
        self.taken[down, right] = chosen

    def _apart(self, place: Place) -> float:
        """Distance in cells to the nearest source of another piece in the same grid; infinite if there is none."""
        others = [other for other in self.taken.values() if other[0] == place[0]]
        return min((math.dist(place[1:], other[1:]) for other in others), default=math.inf)

    def _misfit(self, place: Place, down: Span, right: Span) -> float:
        """Mean squared colour difference between the placed cells in and around a piece, and those of its source."""
        number, y, x = place
        axes = ((-2, down, y), (-1, right, x))
        ours, theirs = zip(*(self._around(axis, span, at, number) for axis, span, at in axes), strict=True)
        away = self.placed[:, ours[0]][:, :, ours[1]] - self.colors[number][:, theirs[0]][:, :, theirs[1]]  # (3, h, w)
        return away.square().nanmean().nan_to_num(0).item()

    def _around(self, axis: int, span: Span, at: int, number: int) -> tuple[Tensor, Tensor]:
        """Along an axis: cells of a span and of its margin, and the corresponding cells of a grid, where both exist."""
        offset = torch.arange(-_AROUND, span[1] - span[0] + _AROUND)
        ours, theirs = span[0] + offset, at + offset
        if is_wrapped(axis, self.wrap):
            ours = ours % self.grid[axis]
        there = (ours >= 0) & (ours < self.grid[axis]) & (theirs >= 0) & (theirs < self.grids[number][axis])
        return ours[there], theirs[there]
