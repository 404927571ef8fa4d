"""The weighted terms of the loss: each is a frozen dataclass that maps the features of its layers to a scalar.

Style terms are functions of `losses.Sums`, which add up over positions, `SplitTerm` is one of a subsample of positions;
the other terms are sums over positions. So all can be evaluated in tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch.nn.functional as F
from torch import Tensor

from ..backbones import PIXELS
from ..losses import Sums, content_squares, sums, sums_gradient, tile_variation, total_variation
from ..tiling import Anew, Cells, Tile

__all__ = ["ContentTerm", "Searching", "StyleDistance", "StyleTerm", "Term", "VariationTerm"]


class Term(Protocol):
    """One weighted term of the loss."""

    name: ClassVar[str]

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers whose features it needs."""
        ...

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted loss.

        Args:
            features: ``(1, C_l, H_l, W_l)`` for each layer l, by its name.

        Returns:
            A scalar ``()``.
        """
        ...


@runtime_checkable
class Searching(Protocol):
    """A term with state: it searches the canvas for matches, and repeats the search from time to time."""

    @property
    def searches(self) -> bool:
        """Whether the search is repeated."""
        ...

    def refreshed(self, canvas: Tensor, look: Look) -> Term:
        """The term with the matches of this canvas.

        Args:
            canvas: ``(1, 3, H, W)`` in [0, 1].
            look: computes hypercolumns of a picture.

        Returns:
            A new term.
        """
        ...

    def found(self) -> dict[str, Any]:
        """State dict of the term: tensors and numbers, under names that no other term uses."""
        ...

    def with_found(self, found: Mapping[str, Any]) -> Term:
        """The term with the state from `found`; itself if that has no state of such a term."""
        ...


Look = Callable[[Tensor, Sequence[str]], Tensor]
"""The hypercolumns of a picture ``(1, 3, H, W)`` in these layers, ``(h * w, sum of C)``."""


class StyleDistance(Protocol):
    """A distance between two statistics, such as `losses.gram_distance`."""

    def __call__(self, stats: Sums, target: Sums) -> Tensor:
        """Compute the distance.

        Args:
            stats: of the canvas.
            target: of the style.

        Returns:
            A scalar ``()``; 0 for equal statistics.
        """
        ...


@dataclass(frozen=True)
class ContentTerm:
    """Content loss of one layer: the squared distance from the content's features, see `losses.content_loss`.

    Attributes:
        layers: the name of the layer.
        weight: the coefficient.
        target: the content's features ``(1, C, H, W)``, or how to recompute them for each tile.
        divisor: of the sum of squares, see `losses.content_divisor`.
        mask: ``(1, 1, H, W)`` in [0, 1], weight of each position; None is 1 everywhere.
    """

    name: ClassVar[str] = "content"
    layers: tuple[str, ...]
    weight: float
    target: Tensor | Anew
    divisor: Tensor
    mask: Tensor | None = None

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted loss, a scalar ``()``."""
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
    """Style loss of one layer: the distance between the statistics of the canvas and those of the style.

    Attributes:
        layers: the name of the layer.
        weight: the coefficient.
        distance: between the statistics.
        target: statistics of the style.
        mask: ``(1, 1, H, W)`` in [0, 1], weight of each position of the canvas; None is 1 everywhere.
    """

    name: ClassVar[str] = "style"
    layers: tuple[str, ...]
    weight: float
    distance: StyleDistance
    target: Sums
    mask: Tensor | None = None

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted loss, a scalar ``()``."""
        return self.compare(self.sums(features))

    def sums(self, features: Mapping[str, Tensor], tile: Tile | None = None) -> Sums:
        """See `tiling.Additive`."""
        return sums(features[self.layers[0]], self._mask(tile))

    def compare(self, stats: Sums) -> Tensor:
        """See `tiling.Additive`."""
        return self.weight * self.distance(stats, self.target)

    def feature_gradients(self, features: Mapping[str, Tensor], slope: Sums, tile: Tile) -> dict[str, Tensor]:
        """See `tiling.Additive`."""
        return {name: sums_gradient(features[name], slope, self._mask(tile)) for name in self.layers}

    def _mask(self, tile: Tile | None) -> Tensor | None:
        return self.mask if self.mask is None or tile is None else tile.of(self.mask, self.layers[0])


@dataclass(frozen=True)
class VariationTerm:
    """Total variation of the canvas, see `losses.total_variation`.

    Attributes:
        weight: the coefficient.
        form: of the norm.
        wrap: axes along which the canvas wraps around.
    """

    name: ClassVar[str] = "tv"
    layers: ClassVar[tuple[str, ...]] = (PIXELS,)
    weight: float
    form: str
    wrap: str = "none"

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted loss, a scalar ``()``."""
        return self.weight * total_variation(features[PIXELS], self.form, self.wrap)

    def seen(self, tile: Tile) -> dict[str, Cells]:
        """See `tiling.Local`: the tile and one more pixel on each side, where there is one."""
        return {PIXELS: tile.around(1)}

    def share(self, features: Mapping[str, Tensor], tile: Tile) -> Tensor:
        """See `tiling.Local`."""
        (top, bottom), (left, right) = tile.pixels
        (above, below), (before, behind) = tile.around(1)
        missing = (before == left, behind == right, above == top, below == bottom)  # beyond a border that does not wrap
        around = F.pad(features[PIXELS], tuple(map(int, missing)), mode="replicate")
        return self.weight * tile_variation(around, self.form, tile.size, tile.last, self.wrap)
