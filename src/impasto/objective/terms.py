"""The weighted terms of a loss: each is a frozen dataclass that turns the features of its layers into a scalar.

Style terms go through `losses.Sums`, which add over positions; content, neighbours and variation are local.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from torch import Tensor

from ..backbones import PIXELS
from ..images.masks import HALF
from ..losses import Sums, content_squares, cosine_loss, pulled, split_loss, sums, tile_variation, total_variation
from ..matching import Field, Search, columns, directions, grid_columns, sparse
from ..tiling import Anew, Cells, Tile, grid_share, sources_of

__all__ = ["ContentTerm", "NeighbourTerm", "Searching", "SplitTerm", "StyleDistance", "StyleTerm", "Term", "VariationTerm"]


class Term(Protocol):
    """One weighted part of the loss."""

    name: ClassVar[str]

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers its call looks up."""
        ...

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted loss, a scalar."""
        ...


@runtime_checkable
class Searching(Protocol):
    """A term that looks for something in the canvas, keeps what it finds, and looks again now and then."""

    @property
    def searches(self) -> bool:
        """Whether it looks again."""
        ...

    def looked_again(self, canvas: Tensor, look: Look) -> Term:
        """The same term with what it finds in this canvas."""
        ...

    def found(self) -> dict[str, Any]:
        """What it has found: a flat dict of tensors and numbers, of names that no other term has."""
        ...

    def with_found(self, found: Mapping[str, Any]) -> Term:
        """The same term with what one like it had `found`; itself where that is not there."""
        ...


Look = Callable[[Tensor, Sequence[str]], Tensor]
"""The hypercolumns of a picture ``(1, 3, H, W)`` in these layers, ``(h * w, sum of C)``."""


class StyleDistance(Protocol):
    """Compares two statistics."""

    def __call__(self, stats: Sums, target: Sums) -> Tensor:
        """A scalar, 0 for equal statistics."""
        ...


@dataclass(frozen=True)
class ContentTerm:
    """Features of one layer should stay those of the content picture; ``mask`` is how much each position counts.

    The ``target`` holds these features, or computes them anew for each tile; ``divisor`` is what the sum of squares is divided
    by, see `losses.content_divisor`.
    """

    name: ClassVar[str] = "content"
    layers: tuple[str, ...]
    weight: float
    target: Tensor | Anew
    divisor: Tensor
    mask: Tensor | None = None

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted distance of the layer's features from the content's, see `losses.content_loss`."""
        (name,) = self.layers
        target = self.target.whole(name) if isinstance(self.target, Anew) else self.target
        return self.weight * (content_squares(features[name], target, self.mask) / self.divisor)

    def seen(self, tile: Tile) -> dict[str, Cells]:
        """See `tiling.Local`."""
        return {name: tile.own(name) for name in self.layers}

    def share(self, features: Mapping[str, Tensor], tile: Tile) -> Tensor:
        """See `tiling.Local`."""
        (name,) = self.layers
        mask = None if self.mask is None else tile.of(self.mask, name)
        target = self.target.of(tile, name) if isinstance(self.target, Anew) else tile.of(self.target, name)
        return self.weight * content_squares(features[name], target, mask) / self.divisor


@dataclass(frozen=True)
class StyleTerm:
    """Statistics of one layer should become those of the style; ``mask`` is how much each position counts for them."""

    name: ClassVar[str] = "style"
    layers: tuple[str, ...]
    weight: float
    distance: StyleDistance
    target: Sums
    mask: Tensor | None = None

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted distance of the layer's statistics from the style's."""
        return self.compare(self.sums(features))

    def sums(self, features: Mapping[str, Tensor], tile: Tile | None = None) -> Sums:
        """See `tiling.Additive`."""
        return sums(features[self.layers[0]], self._mask(tile))

    def compare(self, stats: Sums) -> Tensor:
        """See `tiling.Additive`."""
        return self.weight * self.distance(stats, self.target)

    def pulled(self, features: Mapping[str, Tensor], slope: Sums, tile: Tile) -> dict[str, Tensor]:
        """See `tiling.Additive`."""
        return {name: pulled(features[name], slope, self._mask(tile)) for name in self.layers}

    def _mask(self, tile: Tile | None) -> Tensor | None:
        return self.mask if self.mask is None or tile is None else tile.of(self.mask, self.layers[0])


@dataclass(frozen=True)
class VariationTerm:
    """Neighbouring pixels should not differ."""

    name: ClassVar[str] = "tv"
    layers: ClassVar[tuple[str, ...]] = (PIXELS,)
    weight: float
    form: str
    wrap: str = "none"

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted total variation."""
        return self.weight * total_variation(features[PIXELS], self.form, self.wrap)

    def seen(self, tile: Tile) -> dict[str, Cells]:
        """See `tiling.Local`: a pixel more on each side, where there is one."""
        rows, columns = (
            (max(0, start - 1), min(length, stop + 1)) for (start, stop), length in zip(tile.pixels, tile.size, strict=True)
        )
        return {PIXELS: (rows, columns)}

    def share(self, features: Mapping[str, Tensor], tile: Tile) -> Tensor:
        """See `tiling.Local`."""
        (top, _), (left, _) = tile.pixels
        below, right = tile.last
        around = F.pad(features[PIXELS], (int(left == 0), int(right), int(top == 0), int(below)), mode="replicate")
        return self.weight * tile_variation(around, self.form, tile.size, tile.last)


@dataclass(frozen=True)
class NeighbourTerm:
    """Hypercolumns should point where their nearest style hypercolumns point.

    ``field`` holds the matches and ``wanted`` their directions; ``pictures`` are those of the field's grids. Without a
    ``search`` the matches stay as they are. ``mask`` ``(h * w,)`` is how much each place counts.
    """

    name: ClassVar[str] = "neighbours"
    layers: tuple[str, ...]
    weight: float
    field: Field
    wanted: Tensor
    pictures: tuple[Tensor, ...]
    search: Search | None
    mask: Tensor | None = None

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted mean of 1 - cosine to the matches."""
        columns = [grid_columns(features[name], self.field.grid, self.field.wrap) for name in self.layers]
        return self.weight * cosine_loss(columns, self.wanted, self.mask)

    def seen(self, tile: Tile) -> dict[str, Cells]:
        """See `tiling.Local`: as far as the interpolation reaches."""
        return sources_of(tile, self.layers, self.field.grid)

    def share(self, features: Mapping[str, Tensor], tile: Tile) -> Tensor:
        """See `tiling.Local`."""
        (top, bottom), (left, right) = tile.own_of(self.field.grid)
        wanted = self.wanted.reshape(*self.field.grid, -1)[top:bottom, left:right].flatten(0, 1)
        parts = grid_share(features, tile, self.layers, self.field.grid)
        if self.mask is None:
            return self.weight * (len(wanted) / len(self.wanted)) * cosine_loss(parts, wanted)
        mask = self.mask.reshape(self.field.grid)[top:bottom, left:right].flatten()
        return self.weight * (mask.sum() / self.mask.sum()) * cosine_loss(parts, wanted, mask)

    @property
    def searches(self) -> bool:
        """See `Searching`."""
        return self.search is not None

    def looked_again(self, canvas: Tensor, look: Look) -> NeighbourTerm:
        """See `Searching`: new neighbours."""
        if self.search is None:
            return self
        return self.matched(self.search.find(look(self.search.sees(canvas), self.layers), self.field.grid))

    def found(self) -> dict[str, Any]:
        """See `Searching`: the rows of the `Field`, and ``(1 + n, 2)`` its grid and those of the bank."""
        return {"matches": self.field.rows, "grids": torch.tensor([self.field.grid, *self.field.grids])}

    def with_found(self, found: Mapping[str, Any]) -> NeighbourTerm:
        """See `Searching`; one that does not search has been built with its matches."""
        return self.matched(dataclasses.replace(self.field, rows=found["matches"])) if "matches" in found else self

    def matched(self, field: Field) -> NeighbourTerm:
        """The same term with these matches, where it can look for others."""
        if self.search is None:
            return self
        return dataclasses.replace(self, field=field, wanted=directions(self.search.bank, field.rows))


@dataclass(frozen=True)
class SplitTerm:
    """Features of one layer should point where the nearest features of the style do, looked for at every evaluation.

    ``bank`` holds the layer's features of the style. A part of the canvas' positions is matched, by ``turn``; of a soft ``mask``
    ``(1, 1, H, W)`` those of half and more.
    """

    name: ClassVar[str] = "neighbours"
    layers: tuple[str, ...]
    weight: float
    bank: Tensor
    turn: int = 0
    mask: Tensor | None = None

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted mean of 1 - centred cosine to the matches."""
        ours = columns(sparse(features[self.layers[0]], self.turn))
        if self.mask is not None:
            ours = ours[columns(sparse(self.mask, self.turn))[:, 0] >= HALF]
        return self.weight * split_loss(ours, self.bank) if len(ours) else ours.sum()

    @property
    def searches(self) -> bool:
        """See `Searching`."""
        return True

    def looked_again(self, canvas: Tensor, look: Look) -> SplitTerm:
        """See `Searching`: the next part of the positions."""
        return dataclasses.replace(self, turn=self.turn + 1)

    def found(self) -> dict[str, Any]:
        """See `Searching`."""
        return {"turn": self.turn}

    def with_found(self, found: Mapping[str, Any]) -> SplitTerm:
        """See `Searching`."""
        return dataclasses.replace(self, turn=found["turn"]) if "turn" in found else self
