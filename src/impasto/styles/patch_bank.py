"""Banks: the hypercolumns of a style, as a tensor, or taken from large pictures when rows are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..backbones import Backbone
from ..matching import grid_of
from ..tiling import hypercolumn_parts
from .views import View

__all__ = ["Bank", "DistantBank", "joined", "kept"]


@dataclass(frozen=True, eq=False)
class DistantBank:
    """The hypercolumns of style pictures that are too large for all of them to be kept.

    Attributes:
        views: the pictures, whose rows follow each other.
        layers: stacked.
        backbone: the network that sees.
        tile_size: side in px of the tiles in which they are looked at.
    """

    views: tuple[View, ...]
    layers: tuple[str, ...]
    backbone: Backbone
    tile_size: int

    def __len__(self) -> int:
        return sum(view.rows for view in self.views)

    @torch.no_grad()
    def __getitem__(self, rows: Tensor) -> Tensor:
        """The ``rows`` ``(n,)``, ``(n, sum of C)``: one look at every picture, whatever their number."""
        channels = sum(self.backbone.layers[name].channels for name in self.layers)
        found, start = self.views[0].picture.new_empty(len(rows), channels), 0
        for view in self.views:
            mine = ((rows >= start) & (rows < start + view.rows)).nonzero().flatten()
            self._gather(view, rows[mine] - start, mine, found)
            start += view.rows
        return found

    def _gather(self, view: View, rows: Tensor, places: Tensor, found: Tensor) -> None:
        """Write the ``rows`` of one view to their ``places``."""
        (above, before), width = view.margin, grid_of(view.inner)[1]
        y, x = rows // width + above, rows % width + before
        for ((top, bottom), (left, right)), part in hypercolumn_parts(
            self.backbone, view.picture, self.layers, self.tile_size
        ):
            here = ((y >= top) & (y < bottom) & (x >= left) & (x < right)).nonzero().flatten()
            found[places[here]] = part[(y[here] - top) * (right - left) + x[here] - left]


Bank = Tensor | DistantBank
"""``(n, sum of C)``; both have a length and give rows."""


def joined(banks: Sequence[Bank]) -> Bank:
    """One bank of several; a single one is not copied, which counts at large sizes."""
    filled = [bank for bank in banks if len(bank)] or banks[:1]
    if len(filled) == 1:
        return filled[0]
    distant = [bank for bank in filled if isinstance(bank, DistantBank)]
    if len(distant) < len(filled):
        return torch.cat([kept(bank) for bank in filled])
    first = distant[0]
    return DistantBank(
        tuple(view for bank in distant for view in bank.views), first.layers, first.backbone, first.tile_size
    )


def kept(bank: Bank) -> Tensor:
    """All rows, as they are searched."""
    return bank if isinstance(bank, Tensor) else bank[torch.arange(len(bank), device=bank.backbone.device)]
