"""Nearest-neighbour fields: which style position every canvas position is matched to, and the same on other grids.

Positions are cells of 4 x 4 px, on grids. A bank's rows run through several grids, one after the other: one for each turn of
each style picture. Barnes et al. 2009 (PatchMatch) named the fields; here the network's features decide what is near.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..types import Size

__all__ = ["CELL", "Field", "enlarged", "grid_of"]

CELL = 4  # px: hypercolumns stand on a grid of a quarter of the picture (Kolkin et al. 2022)


@dataclass(frozen=True)
class Field:
    """Matches of one grid.

    Attributes:
        rows: ``(h * w,)`` int64, a row of the bank for each position.
        grid: (h, w) of the canvas' positions.
        grids: (h, w) of each of the bank's grids, in the order of its rows.
        wrap: axes along which the canvas goes on over its border, see `images.periodic`; the bank's grids never do.
    """

    rows: Tensor
    grid: Size
    grids: tuple[Size, ...]
    wrap: str = "none"

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


def _starts(grids: Sequence[Size]) -> list[int]:
    starts = [0]
    for height, width in grids:
        starts.append(starts[-1] + height * width)
    return starts[:-1]
