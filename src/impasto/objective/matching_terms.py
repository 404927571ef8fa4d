"""The terms that match: hypercolumns, and layers one by one (Kolkin et al. 2022, arXiv 2203.13215)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from ..images.masks import HALF
from ..losses import cosine_loss, split_loss
from ..matching import Field, Search, columns, directions, grid_columns, sparse
from ..numerics import widened
from ..tiling import Cells, Tile, grid_share, sources_of
from .terms import Look

__all__ = ["NeighbourTerm", "SplitTerm"]


@dataclass(frozen=True)
class NeighbourTerm:
    """Nearest-neighbour loss: the mean cosine distance between hypercolumns and their matches (Kolkin et al. 2022).

    Attributes:
        strides: px between two cells of each layer of the hypercolumns, by its name.
        weight: the coefficient.
        field: the matches, h x w.
        wanted: the matched hypercolumns, normalised, ``(h * w, C)``.
        pictures: of the style, ``(1, 3, H, W)``, one for each grid of the field.
        search: how matches are found; None keeps them.
        mask: ``(h * w,)``, weight of each position; None weighs all alike.
    """

    name: ClassVar[str] = "neighbours"
    strides: Mapping[str, int]
    weight: float
    field: Field
    wanted: Tensor
    pictures: tuple[Tensor, ...]
    search: Search | None
    mask: Tensor | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers of the hypercolumns."""
        return tuple(self.strides)

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted loss, a scalar ``()``, see `losses.cosine_loss`."""
        grid, wrap = self.field.grid, self.field.wrap
        parts = [grid_columns(features[name], stride, grid, wrap) for name, stride in self.strides.items()]
        return self.weight * _cosine(parts, self.wanted, self.mask)

    def seen(self, tile: Tile) -> dict[str, Cells]:
        """See `tiling.Local`: all cells that the interpolation to the tile's positions depends on."""
        return sources_of(tile, self.layers, self.field.grid)

    def share(self, features: Mapping[str, Tensor], tile: Tile) -> Tensor:
        """See `tiling.Local`."""
        (top, bottom), (left, right) = tile.own_of(self.field.grid)
        wanted = self.wanted.reshape(*self.field.grid, -1)[top:bottom, left:right].flatten(0, 1)  # (n, C)
        parts = grid_share(features, tile, self.layers, self.field.grid)
        if self.mask is None:
            return self.weight * (len(wanted) / len(self.wanted)) * _cosine(parts, wanted)
        mask = self.mask.reshape(self.field.grid)[top:bottom, left:right].flatten()
        return self.weight * (mask.sum() / self.mask.sum()) * _cosine(parts, wanted, mask)

    @property
    def searches(self) -> bool:
        """See `Searching`."""
        return self.search is not None

    def looked_again(self, canvas: Tensor, look: Look) -> NeighbourTerm:
        """See `Searching`: the matches of this canvas."""
        if self.search is None:
            return self
        return self.matched(self.search.find(look(self.search.sees(canvas), self.layers), self.field.grid))

    def found(self) -> dict[str, Any]:
        """See `Searching`: rows of the `Field`, and ``(1 + n, 2)``, its grid and the bank's grids."""
        return {"matches": self.field.rows, "grids": torch.tensor([self.field.grid, *self.field.grids])}

    def with_found(self, found: Mapping[str, Any]) -> NeighbourTerm:
        """See `Searching`. A term without a search keeps the matches that it was built with."""
        return self.matched(dataclasses.replace(self.field, rows=found["matches"])) if "matches" in found else self

    def matched(self, field: Field) -> NeighbourTerm:
        """The term with these matches; itself if it has no search."""
        if self.search is None:
            return self
        return dataclasses.replace(self, field=field, wanted=directions(self.search.bank, field.rows))


def _cosine(parts: Sequence[Tensor], wanted: Tensor, mask: Tensor | None = None) -> Tensor:
    """The mean cosine distance of hypercolumns, in parts that are not yet divided by their numbers of channels."""
    return cosine_loss(parts, wanted, mask, [1 / part.shape[1] for part in parts])


@dataclass(frozen=True)
class SplitTerm:
    """Nearest-neighbour loss of one layer, with matches found at every evaluation (see `losses.split_loss`).

    At each evaluation only a regular subsample of the positions is matched, see `matching.sparse`.

    Attributes:
        layers: the name of the layer.
        weight: the coefficient.
        bank: features of the style, ``(m, C)``.
        turn: number of the subsample.
        mask: ``(1, 1, H, W)`` in [0, 1]; only positions of 0.5 or more are matched. None for all.
    """

    name: ClassVar[str] = "neighbours"
    layers: tuple[str, ...]
    weight: float
    bank: Tensor
    turn: int = 0
    mask: Tensor | None = None

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted loss, a scalar ``()``."""
        ours = widened(columns(sparse(features[self.layers[0]], self.turn)))  # (n, C)
        if self.mask is not None:
            ours = ours[columns(sparse(self.mask, self.turn))[:, 0] >= HALF]
        return self.weight * split_loss(ours, self.bank) if len(ours) else ours.sum()

    @property
    def searches(self) -> bool:
        """See `Searching`."""
        return True

    def looked_again(self, canvas: Tensor, look: Look) -> SplitTerm:
        """See `Searching`: the term with the next subsample of positions."""
        return dataclasses.replace(self, turn=self.turn + 1)

    def found(self) -> dict[str, Any]:
        """See `Searching`."""
        return {"turn": self.turn}

    def with_found(self, found: Mapping[str, Any]) -> SplitTerm:
        """See `Searching`."""
        return dataclasses.replace(self, turn=found["turn"]) if "turn" in found else self
