"""How the neighbours of a canvas are found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from ..images.laplacian import split_bands
from ..types import Size
from .coherence import coherent
from .field import Field
from .nearest import nearest

__all__ = ["Search", "directions"]


@dataclass(frozen=True)
class Search:
    """How the neighbours of a canvas are found.

    Attributes:
        query: the content's hypercolumns, ``(h * w, C)``.
        bank: the style's, ``(n, C)``, on ``grids``.
        searched: rows of the bank that the search looks at; None for all. Coherence reaches every row.
        mix: what is searched with: 0 the content, 1 the canvas.
        coherence: see `coherent`.
        mixed: the content picture, where pictures are mixed; None where their hypercolumns are.
        wrap: axes along which canvas and content go on over their border, see `images.periodic`.
        inside: ``(n,)`` bool, the rows that may be matched, of which ``searched`` are; None for all.
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
        """The picture whose hypercolumns `find` is to be given: the canvas, or a mixture of pictures.

        In the mixture the canvas has the content's finest band in place of its own (Kolkin et al. 2022).
        """
        if self.mixed is None:
            return canvas
        ours, theirs = (split_bands(picture, 1, self.wrap)[0] for picture in (canvas, self.mixed))
        return self.mixed.lerp(canvas - ours + theirs, self.mix)

    def find(self, columns: Tensor, grid: Size) -> Field:
        """The matches of a canvas with these hypercolumns ``(h * w, C)``."""
        seen = columns if self.mixed is not None else (1 - self.mix) * self.query + self.mix * columns
        field = Field(self._nearest(seen), grid, self.grids, self.wrap)
        return coherent(field, seen, self.bank, self.coherence, self.searched, inside=self.inside)

    def _nearest(self, seen: Tensor) -> Tensor:
        if self.searched is None:
            return nearest(seen, self.bank)
        return self.searched[nearest(seen, self.bank[self.searched])]


class Rows(Protocol):
    """Hypercolumns by their row."""

    def __getitem__(self, rows: Tensor, /) -> Tensor:
        """Those of the ``rows`` ``(n,)``, ``(n, C)``."""
        ...


def directions(bank: Rows, matches: Tensor) -> Tensor:
    """The rows of ``bank`` that ``matches`` names, each of unit length."""
    rows = bank[matches]  # a copy already, and as large as the picture: no second one is made
    return rows.div_(rows.norm(dim=1, keepdim=True).clamp_min_(1e-12))
