"""The weighted terms of one scale, and their value and gradient at a canvas.

Every term is a value: a frozen dataclass that knows the layers it needs and turns features into a weighted scalar. Style
terms go through `losses.Sums`, which add over positions; content, neighbours and variation are local. Neighbours are looked
for again with `Objective.refreshed`, which returns a new objective: nothing changes in place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from .features import PIXELS, Backbone, features_of
from .losses import (
    Field,
    Search,
    Sums,
    columns,
    content_divisor,
    content_loss,
    content_squares,
    cosine_loss,
    directions,
    grid_columns,
    pulled,
    sparse,
    split_loss,
    sums,
    tile_variation,
    total_variation,
)
from .tiling import Additive, Cells, Local, Tile, grid_share, is_tiled, picture_hypercolumns, sources_of, value_and_grad

__all__ = [
    "PIXELS",
    "ContentTerm",
    "NeighbourTerm",
    "Objective",
    "Report",
    "Search",
    "SplitTerm",
    "StyleDistance",
    "StyleTerm",
    "Term",
    "VariationTerm",
    "directions",
    "features_of",
]

_COUNTS = 0.5  # of a mask: where places either count or do not


@dataclass(frozen=True)
class Report:
    """The loss at a canvas: ``terms`` are already weighted and sum to ``total``."""

    total: float
    terms: dict[str, float]


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


class StyleDistance(Protocol):
    """Compares two statistics."""

    def __call__(self, stats: Sums, target: Sums) -> Tensor:
        """A scalar, 0 for equal statistics."""
        ...


@dataclass(frozen=True)
class ContentTerm:
    """Features of one layer should stay those of the content picture; ``mask`` is how much each position counts."""

    name: ClassVar[str] = "content"
    layers: tuple[str, ...]
    weight: float
    form: str
    target: Tensor
    mask: Tensor | None = None

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted distance of the layer's features from the content's."""
        return self.weight * content_loss(features[self.layers[0]], self.target, self.form, self.mask)

    def seen(self, tile: Tile) -> dict[str, Cells]:
        """See `tiling.Local`."""
        return {name: tile.own(name) for name in self.layers}

    def share(self, features: Mapping[str, Tensor], tile: Tile) -> Tensor:
        """See `tiling.Local`."""
        (name,) = self.layers
        mask = None if self.mask is None else tile.of(self.mask, name)
        return self.weight * content_squares(features[name], tile.of(self.target, name), mask) / self._divisor

    @cached_property
    def _divisor(self) -> Tensor:
        return content_divisor(self.target, self.form, self.mask)


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
    tile: str = "none"

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted total variation."""
        return self.weight * total_variation(features[PIXELS], self.form, self.tile)

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
        columns = [grid_columns(features[name], self.field.grid, self.field.tile) for name in self.layers]
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

    def refreshed(self, hypercolumns: Tensor) -> NeighbourTerm:
        """The same term with the neighbours of a canvas with these hypercolumns ``(h * w, C)``."""
        if self.search is None:
            return self
        return self.matched(self.search.find(hypercolumns, self.field.grid))

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
            ours = ours[columns(sparse(self.mask, self.turn))[:, 0] >= _COUNTS]
        return self.weight * split_loss(ours, self.bank) if len(ours) else ours.sum()

    def turned(self) -> SplitTerm:
        """The same term for the next part of the positions."""
        return dataclasses.replace(self, turn=self.turn + 1)


@dataclass(frozen=True)
class Objective:
    """The loss of one scale, for one canvas size. Build it with `targets.build_objective`.

    With a ``tile_size`` (px; 0 for none) larger canvases are evaluated in tiles: the same numbers to rounding, in less memory.
    """

    backbone: Backbone
    terms: tuple[Term, ...]
    tile_size: int = 0

    def __post_init__(self) -> None:
        # What a term keeps of its pictures has no history, so one backward pass per evaluation frees all it made.
        object.__setattr__(self, "_layers", tuple(dict.fromkeys(name for term in self.terms for name in term.layers)))

    def features(self, canvas: Tensor) -> dict[str, Tensor]:
        """Features of every layer the terms need; 'pixels' is the canvas itself, at full precision."""
        return features_of(self.backbone, canvas, self._layers)  # type: ignore[attr-defined]

    def value(self, canvas: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The differentiable total and the weighted terms (0 for a term that has no weight)."""
        features = self.features(canvas)
        return _added(((term.name, term(features)) for term in self.terms), canvas)

    def value_and_grad(self, canvas: Tensor) -> tuple[Report, Tensor]:
        """The report and the gradient of its total.

        Args:
            canvas: ``(1, 3, H, W)`` in [0, 1], of the size the objective was built for.

        Raises:
            ConfigError: a term is no sum over tiles, and the canvas is larger than a tile.
        """
        if is_tiled(canvas, self.tile_size):
            values, gradient = value_and_grad(self.backbone, self.terms, canvas, self.tile_size)
            total, parts = _added(values, canvas)
        else:
            leaf = canvas.detach().requires_grad_(True)
            with torch.enable_grad():
                total, parts = self.value(leaf)
                gradient = torch.autograd.grad(total, leaf)[0] if total.requires_grad else torch.zeros_like(canvas)
        return Report(total.item(), {name: part.item() for name, part in parts.items()}), gradient

    @torch.no_grad()
    def total(self, canvas: Tensor) -> float:
        """The total alone."""
        return self.value_and_grad(canvas)[0].total if is_tiled(canvas, self.tile_size) else self.value(canvas)[0].item()

    @torch.no_grad()
    def refreshed(self, canvas: Tensor) -> Objective:
        """This objective with the neighbours looked for again; itself where nothing is searched for."""
        if not self.searches:
            return self
        return dataclasses.replace(self, terms=tuple(self._refreshed(term, canvas) for term in self.terms))

    def _refreshed(self, term: Term, canvas: Tensor) -> Term:
        if isinstance(term, SplitTerm):
            return term.turned()
        if isinstance(term, NeighbourTerm) and term.search is not None:
            seen = term.search.sees(canvas)
            return term.refreshed(picture_hypercolumns(self.backbone, seen, term.layers, self.tile_size))
        return term

    @property
    def tileable(self) -> bool:
        """Whether it can be evaluated in tiles."""
        return self.backbone.tile == "none" and all(isinstance(term, (Additive, Local)) for term in self.terms)

    def in_tiles(self, tile_size: int) -> Objective:
        """The same with tiles of another size, in px; 0 for none."""
        return self if tile_size == self.tile_size else dataclasses.replace(self, tile_size=tile_size)

    @property
    def matching(self) -> NeighbourTerm | None:
        """The term that matches neighbours, where there is one."""
        return next((term for term in self.terms if isinstance(term, NeighbourTerm)), None)

    @property
    def searches(self) -> bool:
        """Whether neighbours are looked for again."""
        if any(isinstance(term, SplitTerm) for term in self.terms):
            return True
        return self.matching is not None and self.matching.search is not None


def _added(values: Iterable[tuple[str, Tensor]], canvas: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The total and the terms by name; those that every report has are 0 where there are none."""
    zero = canvas.new_zeros(())
    parts: dict[str, Tensor] = {"content": zero, "style": zero, "tv": zero}
    for name, value in values:
        parts[name] = parts.get(name, zero) + value
    return sum(parts.values(), zero), parts
