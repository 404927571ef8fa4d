"""Banks: the hypercolumns of a style, as a tensor, or computed from its pictures when rows are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..backbones import Backbone
from ..matching import grid_of
from ..tiling import hypercolumn_parts
from .views import View

__all__ = ["Bank", "LazyBank", "all_rows", "joined"]


@dataclass(frozen=True, eq=False)
class LazyBank:
    """The hypercolumns of style pictures, computed when rows are asked for.

    A scale that searches asks for all of them once (`all_rows`). One that keeps the matches of the scale below asks for
    the matched rows alone, which are far fewer than the bank has.

    Attributes:
        views: the pictures, whose rows follow each other.
        layers: names of the layers of the hypercolumns.
        backbone: the network.
        tile_size: in px; larger pictures are evaluated in tiles, 0 for none.
    """

    views: tuple[View, ...]
    layers: tuple[str, ...]
    backbone: Backbone
    tile_size: int

    def __len__(self) -> int:
        return sum(view.rows for view in self.views)

    @torch.no_grad()
    def __getitem__(self, rows: Tensor) -> Tensor:
        """The hypercolumns of ``rows`` ``(n,)``, ``(n, sum of C)``: one forward pass of every picture that has any."""
        found: Tensor | None = None
        start = 0
        for view in self.views:
            mine = ((rows >= start) & (rows < start + view.rows)).nonzero().flatten()
            for places, part in self._parts(view, rows[mine] - start, mine) if len(mine) else ():
                found = part.new_empty(len(rows), part.shape[1]) if found is None else found
                found[places] = part
            start += view.rows
        if found is None:
            raise IndexError("no row of the bank is asked for")
        return found

    def all_rows(self) -> Tensor:
        """All hypercolumns, ``(len(self), sum of C)``."""
        return self[torch.arange(len(self), device=self.backbone.device)]

    def _parts(self, view: View, rows: Tensor, places: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """The hypercolumns of some ``rows`` of one view, tile by tile, and the ``places`` they belong to."""
        (above, before), width = view.margin, grid_of(view.inner)[1]
        y, x = rows // width + above, rows % width + before
        for ((top, bottom), (left, right)), layers in hypercolumn_parts(
            self.backbone, view.picture, self.layers, self.tile_size
        ):
            here = ((y >= top) & (y < bottom) & (x >= left) & (x < right)).nonzero().flatten()
            within = (y[here] - top) * (right - left) + x[here] - left
            yield places[here], torch.cat([layer[within] / layer.shape[1] for layer in layers], dim=1)


Bank = Tensor | LazyBank
"""``(n, sum of C)``. Both kinds have a length, and return the rows of an index tensor."""


def joined(banks: Sequence[Bank]) -> Bank:
    """Concatenate banks. A single one is returned without a copy, which would take much memory at large sizes.

    Args:
        banks: at least one, with the same layers.

    Returns:
        A tensor, unless all banks with rows are distant ones.
    """
    filled = [bank for bank in banks if len(bank)] or banks[:1]
    if len(filled) == 1:
        return filled[0]
    lazy = [bank for bank in filled if isinstance(bank, LazyBank)]
    if len(lazy) < len(filled):
        return torch.cat([all_rows(bank) for bank in filled])
    first = lazy[0]
    return LazyBank(tuple(view for bank in lazy for view in bank.views), first.layers, first.backbone, first.tile_size)


def all_rows(bank: Bank) -> Tensor:
    """All rows of a bank in memory, ``(n, sum of C)``."""
    return bank if isinstance(bank, Tensor) else bank.all_rows()
