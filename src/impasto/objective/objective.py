"""The weighted terms of one scale together: their value and gradient at a canvas.

Neighbours are looked for again with `Objective.refreshed`, which returns a new objective: nothing changes in place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..backbones import Backbone, features_of
from ..tiling import Additive, Local, is_tiled, picture_hypercolumns, value_and_grad
from .terms import NeighbourTerm, Searching, Term

__all__ = ["Objective", "Report"]


@dataclass(frozen=True)
class Report:
    """The loss at a canvas: ``terms`` are already weighted and sum to ``total``."""

    total: float
    terms: dict[str, float]


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

        def look(picture: Tensor, layers: Sequence[str]) -> Tensor:
            return picture_hypercolumns(self.backbone, picture, tuple(layers), self.tile_size)

        terms = (term.looked_again(canvas, look) if isinstance(term, Searching) else term for term in self.terms)
        return dataclasses.replace(self, terms=tuple(terms))

    @property
    def tileable(self) -> bool:
        """Whether it can be evaluated in tiles."""
        return self.backbone.wrap == "none" and all(isinstance(term, (Additive, Local)) for term in self.terms)

    def with_terms(self, terms: Sequence[Term]) -> Objective:
        """The same with further terms."""
        return dataclasses.replace(self, terms=(*self.terms, *terms))

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
        return any(isinstance(term, Searching) and term.searches for term in self.terms)


def _added(values: Iterable[tuple[str, Tensor]], canvas: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The total and the terms by name; those that every report has are 0 where there are none."""
    zero = canvas.new_zeros(())
    parts: dict[str, Tensor] = {"content": zero, "style": zero, "tv": zero}
    for name, value in values:
        parts[name] = parts.get(name, zero) + value
    return sum(parts.values(), zero), parts
