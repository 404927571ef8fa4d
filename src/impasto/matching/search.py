"""The search for nearest neighbours of a canvas in the style."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from torch import Tensor

from ..devices import release_freed_memory
from ..images.laplacian import split_bands
from ..types import Size
from .coherence import coherent
from .field import Field
from .nearest import centred, nearest_centred, normalized_

__all__ = ["Search", "directions"]


@dataclass(frozen=True)
class Search:
    """Settings and data of the search for nearest neighbours.

    Attributes:
        query: hypercolumns of the content, ``(h * w, C)``.
        bank: hypercolumns of the style, ``(n, C)``, on ``grids``.
        grids: (h, w) of each of the bank's grids, in the order of its rows.
        searched: indices of the rows of the bank that are searched; None: all. `coherent` may still propose every row.
        mix: interpolation between content (0) and canvas (1) in what is compared with the bank.
        coherence: the bonus of `coherent`.
        mixed: the content picture ``(1, 3, H, W)``, if pictures are interpolated; None if hypercolumns are.
        wrap: axes along which canvas and content wrap around, see `images.periodic`.
        inside: ``(n,)`` bool, rows that may be matched; ``searched`` is a subset of them. None: all.
    """

    query: Tensor
    bank: Tensor
    grids: tuple[Size, ...]
    searched: Tensor | None
    mix: float
    coherence: float
    mixed: Tensor | None = None
    wrap: str = "none"
    inside: Tensor | None = None

    def sees(self, canvas: Tensor) -> Tensor:
        """The picture whose hypercolumns are to be given to `find`: the canvas, or a mixture of canvas and content.

        In the mixture the finest Laplacian band of the canvas is replaced by that of the content (Kolkin et al. 2022).

        Args:
            canvas: ``(1, 3, H, W)``.

        Returns:
            ``(1, 3, H, W)``.
        """
        if self.mixed is None:
            return canvas
        ours, theirs = (split_bands(picture, 1, self.wrap)[0] for picture in (canvas, self.mixed))
        return self.mixed.lerp(canvas - ours + theirs, self.mix)

    def find(self, columns: Tensor, grid: Size) -> Field:
        """Nearest-neighbour field of a canvas, made coherent by `coherent`.

        Args:
            columns: hypercolumns ``(h * w, C)`` of the picture from `sees`.
            grid: (h, w).

        Returns:
            The `Field`, h x w matches.
        """
        seen = columns if self.mixed is not None else self.query.lerp(columns, self.mix)
        ours = centred(seen)
        release_freed_memory()
        field = Field(self._nearest(ours), grid, self.grids, self.wrap)
        field = coherent(field, ours, self._theirs, self.coherence, self.inside)
        release_freed_memory()
        return field

    @cached_property
    def _theirs(self) -> Tensor:
        """The bank, centred by the mean of what is searched."""
        return centred(self.bank, self.searched)

    def _nearest(self, ours: Tensor) -> Tensor:
        if self.searched is None:
            return nearest_centred(ours, self._theirs)
        return self.searched[nearest_centred(ours, self._theirs[self.searched])]


class Rows(Protocol):
    """An array of hypercolumns that is indexed by row."""

    def __getitem__(self, rows: Tensor, /) -> Tensor:
        """The hypercolumns ``(n, C)`` of the given ``rows`` ``(n,)``."""
        ...


def directions(bank: Rows, matches: Tensor) -> Tensor:
    """The matched rows of a bank, normalised to unit length: the ``wanted`` of `losses.cosine_loss`.

    Args:
        bank: ``(m, C)``.
        matches: ``(n,)`` int64, indices into the bank.

    Returns:
        ``(n, C)``, a copy.

    Examples:
        >>> import torch
        >>> directions(torch.tensor([[2.0, 0.0], [3.0, 4.0]]), torch.tensor([1, 0])).tolist()
        [[0.6000000238418579, 0.800000011920929], [1.0, 0.0]]
    """
    return normalized_(bank[matches])  # indexing copies
