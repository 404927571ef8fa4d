"""The objective of one scale: a weighted sum of terms, with its value and gradient at a canvas.

An objective is immutable: `Objective.refreshed` searches the nearest neighbours again and returns a new one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..backbones import Backbone, features_of
from ..tiling import Additive, Local, is_tiled, picture_hypercolumns, value_and_grad
from .matching_terms import NeighbourTerm
from .terms import Searching, Term

__all__ = ["Objective", "Report"]


@dataclass(frozen=True)
class Report:
    """The loss at a canvas.

    Attributes:
        total: the loss.
        terms: the weighted terms, by name; they sum to ``total``.
    """

    total: float
    terms: dict[str, float]


@dataclass(frozen=True)
class Objective:
    """The loss of one scale, for canvases of one size. `build.build_objective` makes it.

    Attributes:
        backbone: the network.
        terms: the weighted terms.
        tile_size: in px; larger canvases are evaluated in tiles, with equal results up to rounding, in less memory. 0:
            never.
    """

    backbone: Backbone
    terms: tuple[Term, ...]
    tile_size: int = 0

    def __post_init__(self) -> None:
        # Targets need no gradient, so one backward pass per evaluation frees its whole graph.
        object.__setattr__(self, "_layers", tuple(dict.fromkeys(name for term in self.terms for name in term.layers)))

    def features(self, canvas: Tensor) -> dict[str, Tensor]:
        """Features of all layers that the terms need, by name; ``pixels`` is the canvas itself, at full precision.

        Args:
            canvas: ``(1, 3, H, W)`` in [0, 1].

        Returns:
            ``(1, C_l, H_l, W_l)`` for each layer l.
        """
        return features_of(self.backbone, canvas, self._layers)  # type: ignore[attr-defined]

    def value(self, canvas: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss, differentiable.

        Args:
            canvas: ``(1, 3, H, W)`` in [0, 1].

        Returns:
            The total, a scalar ``()``, and the weighted terms by name; content, style and tv are 0 where they have no
            weight.
        """
        features = self.features(canvas)
        return _added(((term.name, term(features)) for term in self.terms), canvas)

    def value_and_grad(self, canvas: Tensor) -> tuple[Report, Tensor]:
        """The loss and its gradient.

        Args:
            canvas: ``(1, 3, H, W)`` in [0, 1], of the size the objective was built for.

        Returns:
            The `Report`, and the gradient ``(1, 3, H, W)`` of its total.

        Raises:
            ConfigError: the canvas is larger than a tile, and a term cannot be evaluated in tiles.
        """
        if is_tiled(canvas, self.tile_size):
            named, gradient = value_and_grad(self.backbone, self.terms, canvas, self.tile_size)
            total, parts = _added(named, canvas)
        else:
            leaf = canvas.detach().requires_grad_(True)
            with torch.enable_grad():
                total, parts = self.value(leaf)
                gradient = torch.autograd.grad(total, leaf)[0] if total.requires_grad else torch.zeros_like(canvas)
        loss, *values = torch.stack([total, *parts.values()]).tolist()  # one wait for a graphics card, not one each
        return Report(loss, dict(zip(parts, values, strict=True))), gradient

    @torch.no_grad()
    def total(self, canvas: Tensor) -> float:
        """The loss at a canvas ``(1, 3, H, W)``, as a number."""
        if is_tiled(canvas, self.tile_size):
            return self.value_and_grad(canvas)[0].total
        return self.value(canvas)[0].item()

    @torch.no_grad()
    def refreshed(self, canvas: Tensor) -> Objective:
        """Search the nearest neighbours again.

        Args:
            canvas: ``(1, 3, H, W)`` in [0, 1].

        Returns:
            A new objective; the same one if no term searches.
        """
        if not self.searches:
            return self

        def look(picture: Tensor, layers: Sequence[str]) -> Tensor:
            return picture_hypercolumns(self.backbone, picture, tuple(layers), self.tile_size)

        terms = (term.refreshed(canvas, look) if isinstance(term, Searching) else term for term in self.terms)
        return dataclasses.replace(self, terms=tuple(terms))

    @property
    def tileable(self) -> bool:
        """Whether all terms can be evaluated in tiles."""
        return all(isinstance(term, (Additive, Local)) for term in self.terms)

    def with_terms(self, terms: Sequence[Term]) -> Objective:
        """A new objective with additional terms."""
        return dataclasses.replace(self, terms=(*self.terms, *terms))

    def in_tiles(self, tile_size: int) -> Objective:
        """A new objective with another size of tiles, in px; 0 for none."""
        return self if tile_size == self.tile_size else dataclasses.replace(self, tile_size=tile_size)

    @property
    def matching(self) -> NeighbourTerm | None:
        """The term that matches hypercolumns; None if there is none."""
        return next((term for term in self.terms if isinstance(term, NeighbourTerm)), None)

    @property
    def searches(self) -> bool:
        """Whether a term searches nearest neighbours again in `refreshed`."""
        return any(isinstance(term, Searching) and term.searches for term in self.terms)


def _added(values: Iterable[tuple[str, Tensor]], canvas: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Sum the terms by name and in total; content, style and tv are always present."""
    zero = canvas.new_zeros(())
    parts: dict[str, Tensor] = {"content": zero, "style": zero, "tv": zero}
    for name, value in values:
        parts[name] = parts.get(name, zero) + value
    return sum(parts.values(), zero), parts
