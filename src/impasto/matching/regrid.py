"""Resampling of feature maps to the grid of cells of 4 px, for the whole map at once or for a part of it."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..images.periodic import is_wrapped
from ..images.pooling import average_pooled
from ..types import Size, Span
from .field import CELL

__all__ = ["Regrid"]


@dataclass(frozen=True)
class Regrid:
    """How a layer of one stride is resampled to a grid whose cell (i, j) stands for the pixels 4 i to 4 i + 3 and 4 j
    to 4 j + 3 (`CELL`).

    Cell k of a layer of stride s stands for the pixels from s k on, so sizes of pictures do not enter: where s divides
    4, cells are averaged (average pooling); otherwise the map is interpolated bilinearly between the centres of its
    cells, without antialiasing, and beyond the outermost centres it is constant. The interpolation is two matrix
    products, because PyTorch's own backward pass of it is several times slower in bfloat16.

    Attributes:
        stride: px between two cells of the layer.
        source: (height, width) of the layer, in its cells.
        grid: (height, width) of the grid.
        wrap: axes along which the interpolation wraps around, see `images.periodic`.

    Examples:
        >>> import torch
        >>> Regrid(2, (2, 4), (1, 2)).of(torch.arange(8.0).reshape(1, 1, 2, 4)).flatten().tolist()
        [2.5, 4.5]
        >>> Regrid(8, (1, 2), (2, 4)).of(torch.tensor([[[[0.0, 4.0]]]])).tolist()
        [[[[0.0, 1.0, 3.0, 4.0], [0.0, 1.0, 3.0, 4.0]]]]
        >>> Regrid(8, (4, 4), (8, 8)).sources(((2, 4), (0, 8)))
        ((0, 3), (0, 4))
    """

    stride: int
    source: Size
    grid: Size
    wrap: str = "none"

    def of(self, features: Tensor) -> Tensor:
        """The whole map on the grid.

        Args:
            features: ``(1, C, H, W)``, of the size of ``source``.

        Returns:
            ``(1, C, h, w)``, in the number format of the features.
        """
        return self._resampled(features, *(((0, sides[0]), (0, sides[1])) for sides in (self.grid, self.source)))

    def sources(self, cells: tuple[Span, Span]) -> tuple[Span, Span]:
        """Spans of the layer's cells that a rectangle of grid cells depends on.

        Args:
            cells: spans (start, stop) of rows and of columns of the grid.

        Returns:
            Spans (start, stop) of rows and of columns of the layer.
        """
        rows, columns = (self._taps(cells[axis], axis) for axis in (0, 1))
        return rows, columns

    def part(self, features: Tensor, cells: tuple[Span, Span]) -> Tensor:
        """A rectangle of the resampled map, computed from the cells of the layer it depends on.

        Args:
            features: ``(1, C, H', W')``, the rectangle of the layer that `sources` gives for ``cells``.
            cells: spans (start, stop) of rows and of columns of the grid.

        Returns:
            ``(1, C, h, w)``, equal to the same rectangle of `of` up to rounding.
        """
        return self._resampled(features, cells, self.sources(cells))

    @property
    def _averages(self) -> int:
        """Side of the squares of cells that are averaged; 0 if the map is interpolated."""
        return 0 if CELL % self.stride else CELL // self.stride

    def _taps(self, span: Span, axis: int) -> Span:
        start, stop = span
        if k := self._averages:
            return start * k, stop * k
        if is_wrapped(axis - 2, self.wrap):
            return _place(self.stride, start), _place(self.stride, stop - 1) + 2
        used = self._matrix(axis)[start:stop].any(0).nonzero()
        return int(used[0]), int(used[-1]) + 1

    def _matrix(self, axis: int) -> Tensor:
        wraps = is_wrapped(axis - 2, self.wrap)
        return _interpolation(self.stride, self.source[axis], self.grid[axis], wraps=wraps)

    def _weights(self, cells: Span, sources: Span, axis: int) -> Tensor:
        """Weights of ``sources`` in ``cells``, ``(h, H)``; along a wrapped axis sources may lie beyond the border."""
        start, stop = sources
        if start >= 0 and stop <= self.source[axis]:
            return self._matrix(axis)[slice(*cells), start:stop]
        first, share = _taps_of(self.stride, torch.arange(*cells))
        places = first[:, None] - start + torch.arange(2)  # (h, 2)
        weights = torch.zeros(len(first), stop - start, dtype=share.dtype)
        return weights.scatter_(1, places, torch.stack([1 - share, share], 1))

    def _resampled(self, features: Tensor, cells: tuple[Span, Span], sources: tuple[Span, Span]) -> Tensor:
        """These ``cells`` of the grid, from the features of these ``sources``."""
        if k := self._averages:
            height, width = (stop - start for start, stop in cells)
            down, right = max(0, k - features.shape[2]), max(0, k - features.shape[3])
            if down or right:  # a picture of less than one cell
                features = F.pad(features, (0, right, 0, down), mode="replicate")
            return average_pooled(features, k)[..., :height, :width]
        rows, columns = (self._weights(cells[axis], sources[axis], axis).to(features) for axis in (0, 1))
        # (h, H), (w, W)
        places = features[0].permute(1, 2, 0)  # (H, W, C)
        tall = (rows @ places.flatten(1)).reshape(len(rows), *places.shape[1:])  # (h, W, C)
        return torch.bmm(columns.expand(len(rows), -1, -1), tall).permute(2, 0, 1)[None]  # (h, w, C) -> (1, C, h, w)


@functools.lru_cache(maxsize=64)
def _interpolation(stride: int, source: int, grid: int, *, wraps: bool) -> Tensor:
    """Weights of linear interpolation along one axis, ``(grid, source)`` in float64."""
    first, share = _taps_of(stride, torch.arange(grid))
    matrix = torch.zeros(grid, source, dtype=torch.float64)
    for offset, weight in ((0, 1 - share), (1, share)):
        place = first + offset
        matrix.scatter_add_(1, (place % source if wraps else place.clamp(0, source - 1))[:, None], weight[:, None])
    return matrix


def _taps_of(stride: int, cells: Tensor) -> tuple[Tensor, Tensor]:
    """For cells of the grid the first of the two cells of the layer they lie between, and the weight of the second."""
    centres = (cells.double() + 0.5) * CELL / stride - 0.5  # in cells of the layer
    first = centres.floor()
    return first.long(), centres - first


def _place(stride: int, cell: int) -> int:
    """The first of the two cells of the layer that a cell of the grid lies between."""
    return math.floor((cell + 0.5) * CELL / stride - 0.5)
