"""The weighted terms of one scale, and their value and gradient at a canvas.

Every term is a value: a frozen dataclass that knows the layers it needs and turns features into a weighted scalar. Style
terms go through `losses.Sums`, which add over positions; content, neighbours and variation are local. Neighbours are looked
for again with `Objective.refreshed`, which returns a new objective: nothing changes in place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from .features import Backbone
from .images.bands import split_bands
from .losses import (
    Field,
    Size,
    Sums,
    coherent,
    columns,
    content_loss,
    cosine_loss,
    grid_columns,
    hypercolumns,
    nearest,
    sparse,
    split_loss,
    sums,
    total_variation,
)

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

PIXELS = "pixels"


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
    """Features of one layer should stay those of the content picture."""

    name: ClassVar[str] = "content"
    layers: tuple[str, ...]
    weight: float
    form: str
    target: Tensor

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted distance of the layer's features from the content's."""
        return self.weight * content_loss(features[self.layers[0]], self.target, self.form)


@dataclass(frozen=True)
class StyleTerm:
    """Statistics of one layer should become those of the style."""

    name: ClassVar[str] = "style"
    layers: tuple[str, ...]
    weight: float
    distance: StyleDistance
    target: Sums

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted distance of the layer's statistics from the style's."""
        return self.weight * self.distance(sums(features[self.layers[0]]), self.target)


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


@dataclass(frozen=True)
class Search:
    """How the neighbours of a canvas are found.

    Attributes:
        query: the content's hypercolumns, ``(h * w, C)``.
        bank: the style's, ``(n, C)``, on ``grids``.
        searched: rows of the bank that the search looks at; None for all. Coherence reaches every row.
        mix: what is searched with: 0 the content, 1 the canvas.
        coherence: see `losses.coherent`.
        mixed: the content picture, where pictures are mixed; None where their hypercolumns are.
        tile: axes along which canvas and content go on over their border, see `images.wrap`.
    """

    query: Tensor
    bank: Tensor
    grids: tuple[Size, ...]
    searched: Tensor | None
    mix: float
    coherence: float
    mixed: Tensor | None = None
    tile: str = "none"

    def sees(self, canvas: Tensor) -> Tensor:
        """The picture whose hypercolumns `find` is to be given: the canvas, or a mixture of pictures.

        In the mixture the canvas has the content's finest band in place of its own (Kolkin et al. 2022).
        """
        if self.mixed is None:
            return canvas
        ours, theirs = (split_bands(picture, 1, self.tile)[0] for picture in (canvas, self.mixed))
        return self.mixed.lerp(canvas - ours + theirs, self.mix)

    def find(self, columns: Tensor, grid: Size) -> Field:
        """The matches of a canvas with these hypercolumns ``(h * w, C)``."""
        seen = columns if self.mixed is not None else (1 - self.mix) * self.query + self.mix * columns
        field = Field(self._nearest(seen), grid, self.grids, self.tile)
        return coherent(field, seen, self.bank, self.coherence, self.searched)

    def _nearest(self, seen: Tensor) -> Tensor:
        if self.searched is None:
            return nearest(seen, self.bank)
        return self.searched[nearest(seen, self.bank[self.searched])]


@dataclass(frozen=True)
class NeighbourTerm:
    """Hypercolumns should point where their nearest style hypercolumns point.

    ``field`` holds the matches and ``wanted`` their directions; ``pictures`` are those of the field's grids. Without a
    ``search`` the matches stay as they are.
    """

    name: ClassVar[str] = "neighbours"
    layers: tuple[str, ...]
    weight: float
    field: Field
    wanted: Tensor
    pictures: tuple[Tensor, ...]
    search: Search | None

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted mean of 1 - cosine to the matches."""
        columns = [grid_columns(features[name], self.field.grid, self.field.tile) for name in self.layers]
        return self.weight * cosine_loss(columns, self.wanted)

    def refreshed(self, features: Mapping[str, Tensor]) -> NeighbourTerm:
        """The same term with the neighbours of a canvas with these features."""
        if self.search is None:
            return self
        grid, tile = self.field.grid, self.field.tile
        field = self.search.find(hypercolumns(features, self.layers, grid, tile), grid)
        return dataclasses.replace(self, field=field, wanted=directions(self.search.bank, field.rows))


@dataclass(frozen=True)
class SplitTerm:
    """Features of one layer should point where the nearest features of the style do, looked for at every evaluation.

    ``bank`` holds the layer's features of the style. A part of the canvas' positions is matched, by ``turn``.
    """

    name: ClassVar[str] = "neighbours"
    layers: tuple[str, ...]
    weight: float
    bank: Tensor
    turn: int = 0

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted mean of 1 - centred cosine to the matches."""
        return self.weight * split_loss(columns(sparse(features[self.layers[0]], self.turn)), self.bank)

    def turned(self) -> SplitTerm:
        """The same term for the next part of the positions."""
        return dataclasses.replace(self, turn=self.turn + 1)


def directions(bank: Tensor, matches: Tensor) -> Tensor:
    """The rows of ``bank`` that ``matches`` names, each of unit length."""
    return torch.nn.functional.normalize(bank[matches], dim=1)


@dataclass(frozen=True)
class Objective:
    """The loss of one scale, for one canvas size. Build it with `targets.build_objective`."""

    backbone: Backbone
    terms: tuple[Term, ...]

    def __post_init__(self) -> None:
        # What a term keeps of its pictures has no history, so one backward pass per evaluation frees all it made.
        object.__setattr__(self, "_layers", tuple(dict.fromkeys(name for term in self.terms for name in term.layers)))

    def features(self, canvas: Tensor) -> dict[str, Tensor]:
        """Features of every layer the terms need; 'pixels' is the canvas itself, at full precision."""
        return features_of(self.backbone, canvas, self._layers)  # type: ignore[attr-defined]

    def value(self, canvas: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The differentiable total and the weighted terms (0 for a term that has no weight)."""
        features = self.features(canvas)
        zero = canvas.new_zeros(())
        parts: dict[str, Tensor] = {"content": zero, "style": zero, "tv": zero}
        for term in self.terms:
            parts[term.name] = parts.get(term.name, zero) + term(features)
        return sum(parts.values(), zero), parts

    def value_and_grad(self, canvas: Tensor) -> tuple[Report, Tensor]:
        """The report and the gradient of its total.

        Args:
            canvas: ``(1, 3, H, W)`` in [0, 1], of the size the objective was built for.
        """
        leaf = canvas.detach().requires_grad_(True)
        with torch.enable_grad():
            total, parts = self.value(leaf)
            gradient = torch.autograd.grad(total, leaf)[0] if total.requires_grad else torch.zeros_like(canvas)
        return Report(total.item(), {name: part.item() for name, part in parts.items()}), gradient

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
            return term.refreshed(features_of(self.backbone, term.search.sees(canvas), term.layers))
        return term

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


def features_of(backbone: Backbone, image: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """Features by name; 'pixels' is the image itself, which the backbone would round to its own precision."""
    deep = [name for name in layers if name != PIXELS]
    return {PIXELS: image, **(backbone(image, deep) if deep else {})}
