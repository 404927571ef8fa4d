"""The terms that match: hypercolumns, and layers one by one (Kolkin et al. 2022, arXiv 2203.13215)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from ..images.masks import HALF
from ..losses import cosine_loss, split_loss
from ..matching import Field, Search, columns, directions, grid_columns, lattice, sparse
from ..numerics import widened
from ..tiling import Cells, Tile, grid_share, sources_of
from ..types import Size
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

    def refreshed(self, canvas: Tensor, look: Look) -> NeighbourTerm:
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


_Slices = tuple[Any, ...]


def _times(length: int, step: int) -> int:
    """How often a step begins in a length."""
    return -(-length // step)


class Sample(NamedTuple):
    """The features of a subsample of the positions of a layer.

    Attributes:
        features: ``(1, C, h, w)``; of a tile 0 where positions are not its own, so that those of all tiles add up.
    """

    features: Tensor

    def __add__(self, other: object) -> Sample:
        """What two tiles know together."""
        return Sample(self.features + other.features) if isinstance(other, Sample) else NotImplemented


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
        return self.compare(self.sums(features))

    def sums(self, features: Mapping[str, Tensor], tile: Tile | None = None) -> Sample:
        """See `tiling.Additive`. What adds up is the subsample itself, which is small however large the picture is."""
        (name,) = self.layers
        if tile is None:
            return Sample(sparse(features[name], self.turn))
        grid, there, here = self._places(tile)
        found = features[name].new_zeros(*features[name].shape[:2], *grid)
        found[there] = features[name][here]
        return Sample(found)

    def compare(self, stats: Sample) -> Tensor:
        """See `tiling.Additive`."""
        ours = widened(columns(stats.features))  # (n, C)
        if self.mask is not None:
            ours = ours[columns(sparse(self.mask, self.turn))[:, 0] >= HALF]
        return self.weight * split_loss(ours, self.bank) if len(ours) else ours.sum()

    def feature_gradients(self, features: Mapping[str, Tensor], slope: Sample, tile: Tile) -> dict[str, Tensor]:
        """See `tiling.Additive`."""
        (name,), (_, there, here) = self.layers, self._places(tile)
        found = torch.zeros_like(features[name])
        found[here] = slope.features[there]
        return {name: found}

    def _places(self, tile: Tile) -> tuple[Size, _Slices, _Slices]:
        """(height, width) of the subsample; the tile's part of it, and where that lies in the tile's own cells."""
        (name,) = self.layers
        size = tile.whole(name)
        *firsts, step = lattice(size, self.turn)
        spans = [
            [max(0, _times(edge - first, step)) for edge in span]
            for first, span in zip(firsts, tile.own(name), strict=True)
        ]
        starts = [
            first + begin * step - start
            for first, (begin, _), (start, _) in zip(firsts, spans, tile.own(name), strict=True)
        ]
        height, width = (_times(length - first, step) for first, length in zip(firsts, size, strict=True))
        there, here = (slice(*span) for span in spans), (slice(start, None, step) for start in starts)
        return (height, width), (..., *there), (..., *here)

    @property
    def searches(self) -> bool:
        """See `Searching`."""
        return True

    def refreshed(self, canvas: Tensor, look: Look) -> SplitTerm:
        """See `Searching`: the term with the next subsample of positions."""
        return dataclasses.replace(self, turn=self.turn + 1)

    def found(self) -> dict[str, Any]:
        """See `Searching`."""
        return {"turn": self.turn}

    def with_found(self, found: Mapping[str, Any]) -> SplitTerm:
        """See `Searching`."""
        return dataclasses.replace(self, turn=found["turn"]) if "turn" in found else self
