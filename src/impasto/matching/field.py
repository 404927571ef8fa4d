"""Nearest-neighbour fields: the style position matched to each canvas position (Barnes et al. 2009, PatchMatch).

Positions are cells of 4 x 4 px. The rows of a bank run through several grids of positions, one after the other: one
grid for each rotation of each style picture. PatchMatch compares patches of pixels; here features of a network are
compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..types import Size

__all__ = ["CELL", "Field", "enlarged", "grid_of"]

CELL = 4  # px: the grid of hypercolumns has a quarter of the picture's height and width (Kolkin et al. 2022)


@dataclass(frozen=True)
class Field:
    """A nearest-neighbour field: one matched row of the bank for each position of a grid.

    Attributes:
        rows: ``(h * w,)`` int64, index of a row of the bank for each position, in row-major order.
        grid: (h, w), positions of the canvas.
        grids: (h, w) of each of the bank's grids, in the order of its rows.
        wrap: axes along which the canvas wraps around, see `images.periodic`; the grids of the bank never wrap.

    Examples:
        >>> import torch
        >>> field = Field(torch.tensor([1, 5]), grid=(1, 2), grids=((1, 2), (2, 2)))
        >>> [part.tolist() for part in field.places()]  # row 5 is position (1, 1) of the second grid
        [[0, 1], [0, 1], [1, 1]]
    """

    rows: Tensor
    grid: Size
    grids: tuple[Size, ...]
    wrap: str = "none"

    def places(self) -> tuple[Tensor, Tensor, Tensor]:
        """Coordinates of the match of each position.

        Returns:
            Three int64 tensors ``(h * w,)``: the number of the grid, and y and x in it.
        """
        starts = torch.tensor(_starts(self.grids), device=self.rows.device)
        number = torch.searchsorted(starts, self.rows, right=True) - 1
        within = self.rows - starts[number]
        widths = self._sides(1)[number]
        return number, within // widths, within % widths

    def rows_at(self, number: Tensor, y: Tensor, x: Tensor) -> Tensor:
        """Rows of the bank at given coordinates: the inverse of `places`.

        Args:
            number: number of the grid, int64 of any shape.
            y: row in it, of the same shape; may lie outside of the grid.
            x: column in it, likewise.

        Returns:
            int64 of the same shape; -1 for coordinates outside of their grid.
        """
        heights, widths = self._sides(0)[number], self._sides(1)[number]
        starts = torch.tensor(_starts(self.grids), device=self.rows.device)
        inside = (y >= 0) & (y < heights) & (x >= 0) & (x < widths)
        return torch.where(inside, starts[number] + y * widths + x, -1)

    def _sides(self, axis: int) -> Tensor:
        return torch.tensor([grid[axis] for grid in self.grids], device=self.rows.device)


def grid_of(picture: Tensor) -> Size:
    """Grid (h, w) of a picture ``(1, 3, H, W)``: one position per cell of 4 x 4 px, at least one along each side.

    Examples:
        >>> import torch
        >>> grid_of(torch.zeros(1, 3, 64, 50))
        (16, 12)
    """
    return max(1, picture.shape[2] // CELL), max(1, picture.shape[3] // CELL)


def enlarged(field: Field, grid: Size, grids: Sequence[Size]) -> Field:
    """The same field on other grids, of a larger canvas and of larger style pictures.

    Each new position takes the match of the old position that it lies in, plus its offset from the centre of that
    position, both scaled to the new grid of the bank and clamped to it.

    Args:
        field: the field to enlarge.
        grid: (h, w) of the new canvas.
        grids: (h, w) of the new grids of the bank, one for each of the old ones.

    Returns:
        A `Field` of h x w matches.

    Examples:
        >>> import torch
        >>> field = Field(torch.tensor([2, 0]), grid=(1, 2), grids=((1, 3),))
        >>> enlarged(field, (2, 4), [(2, 6)]).rows.reshape(2, 4).tolist()
        [[4, 5, 0, 1], [10, 11, 6, 7]]
    """
    number, y, x = (part.reshape(field.grid) for part in field.places())
    (above, off_y), (left, off_x) = (_parents(old, new, y.device) for old, new in zip(field.grid, grid, strict=True))
    number = number[above][:, left]  # (h, w) -> (new h, new w)
    wide = replace(field, grid=grid, grids=tuple(grids))
    places = []
    for axis, (place, off) in enumerate(((y, off_y[:, None]), (x, off_x[None, :]))):
        ratio = (wide._sides(axis) / field._sides(axis))[number]
        moved = ((place[above][:, left] + 0.5 + off) * ratio - 0.5).round().long()
        places.append(torch.minimum(moved.clamp_min(0), wide._sides(axis)[number] - 1))
    return replace(wide, rows=wide.rows_at(number, *places).flatten())


def _parents(old: int, new: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Along one axis: the old cell that each new cell lies in, and its offset from the centre of that cell."""
    centres = (torch.arange(new, device=device) + 0.5) * (old / new)
    parents = centres.long().clamp_max(old - 1)
    return parents, centres - parents - 0.5


def _starts(grids: Sequence[Size]) -> list[int]:
    starts = [0]
    for height, width in grids:
        starts.append(starts[-1] + height * width)
    return starts[:-1]
