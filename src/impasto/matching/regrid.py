"""Resampling of feature maps to another grid, for the whole map at once or for a part of it with the same result."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..images.periodic import interpolated
from ..types import Size, Span

__all__ = ["Regrid", "regridded"]


def regridded(features: Tensor, size: Size, wrap: str = "none") -> Tensor:
    """Resample a feature map to another grid.

    By whole factors the cells are averaged (average pooling); otherwise the map is interpolated bilinearly, with
    antialiasing where the grid is coarser than the map.

    Args:
        features: ``(1, C, H, W)``.
        size: (h, w) of the grid.
        wrap: axes along which the interpolation wraps around, see `images.periodic`.

    Returns:
        ``(1, C, h, w)``; the same tensor if it has that size already.

    Examples:
        >>> import torch
        >>> regridded(torch.arange(4.0).reshape(1, 1, 1, 4), (1, 2)).flatten().tolist()
        [0.5, 2.5]
    """
    mode = Regrid((features.shape[2], features.shape[3]), size)
    if mode.same:
        return features
    if mode.factors:
        return F.avg_pool2d(features, mode.factors)
    return interpolated(features, size, wrap, antialias=mode.shrinks)


@dataclass(frozen=True)
class Regrid:
    """How a feature map of one size is resampled to a grid of another size.

    Attributes:
        source: (height, width) of the feature map, in cells.
        grid: (height, width) of the grid.

    Examples:
        >>> Regrid((8, 8), (2, 4)).factors
        (4, 2)
        >>> Regrid((8, 8), (2, 4)).sources(((1, 2), (0, 2)))
        ((4, 8), (0, 4))
    """

    source: Size
    grid: Size

    @property
    def same(self) -> bool:
        """Whether both have the same size, so that nothing has to be done."""
        return self.source == self.grid

    @property
    def factors(self) -> Size | None:
        """Numbers of source cells (down, across) that are averaged to one cell; None if they are not whole numbers."""
        (height, width), (rows, columns) = self.source, self.grid
        return None if height % rows or width % columns else (height // rows, width // columns)

    @property
    def shrinks(self) -> bool:
        """Whether the grid is smaller along an axis; the interpolation then averages, to avoid aliasing."""
        return self.source[0] > self.grid[0] or self.source[1] > self.grid[1]

    def sources(self, cells: tuple[Span, Span]) -> tuple[Span, Span]:
        """Spans of source cells that a rectangle of grid cells depends on.

        Args:
            cells: spans (start, stop) of rows and of columns of the grid.

        Returns:
            Spans (start, stop) of rows and of columns of the source.
        """
        if self.factors:
            rows, columns = ((start * k, stop * k) for (start, stop), k in zip(cells, self.factors, strict=True))
        else:
            rows, columns = (self._taps(axis, torch.float64).sources(cells[axis]) for axis in (0, 1))
        return rows, columns

    def part(self, features: Tensor, cells: tuple[Span, Span]) -> Tensor:
        """A rectangle of the resampled map, computed from the source cells it depends on.

        Args:
            features: ``(1, C, H', W')``, the rectangle of the source that `sources` gives for ``cells``.
            cells: spans (start, stop) of rows and of columns of the grid.

        Returns:
            ``(1, C, h, w)``, equal to the same rectangle of `regridded` up to rounding.
        """
        if self.same:
            return features
        if self.factors:
            return F.avg_pool2d(features, self.factors)
        down, across = (
            self._taps(axis, features.dtype).matrix(cells[axis], span).to(features.device)
            for axis, span in enumerate(self.sources(cells))
        )
        return down @ features @ across.T  # (h, H') (1, C, H', W') (W', w) -> (1, C, h, w)

    def _taps(self, axis: int, dtype: torch.dtype) -> _Taps:
        return _taps(self.source[axis], self.grid[axis], self.shrinks, dtype)


class _Taps(NamedTuple):
    """Interpolation weights along one axis: ``(n, P)``, a window for each grid cell, and where it begins, ``(n,)``."""

    begins: Tensor
    weights: Tensor

    def sources(self, cells: Span) -> Span:
        places, _ = self._of(cells)
        used = places[self.weights[cells[0] : cells[1]] != 0]
        return int(used.min()), int(used.max()) + 1

    def matrix(self, cells: Span, sources: Span) -> Tensor:
        """Resampling matrix ``(cells, sources)``; weights outside of ``sources`` are rounding errors and dropped."""
        (start, stop), (places, weights) = sources, self._of(cells)
        inside = (places >= start) & (places < stop)
        matrix = weights.new_zeros(len(weights), stop - start)
        return matrix.scatter_add_(1, (places - start).clamp(0, stop - start - 1), weights * inside)

    def _of(self, cells: Span) -> tuple[Tensor, Tensor]:
        begins, weights = (part[cells[0] : cells[1]] for part in self)
        return begins[:, None] + torch.arange(weights.shape[1]), weights


@functools.lru_cache(maxsize=64)
def _taps(length: int, count: int, shrinks: bool, dtype: torch.dtype) -> _Taps:
    """Resampling weights of ``F.interpolate`` along one axis, recovered by probing it with impulse trains.

    The impulses of one train are farther apart than any window is long, so that the responses do not overlap. The
    trains are two px wide: PyTorch 2.13 interpolates a picture of one column wrongly, because it takes it for one in
    channels_last.
    """
    period = 2 * math.ceil(max(1.0, length / count)) + 4
    impulses = torch.arange(length) % period == torch.arange(period)[:, None]  # (P, length)
    trains = impulses.to(dtype)[None, :, :, None].repeat(1, 1, 1, 2)  # (1, P, length, 2)
    found = F.interpolate(trains, size=(count, 2), mode="bilinear", antialias=shrinks, align_corners=False)[0, :, :, 0]
    begins = ((torch.arange(count) + 0.5) * (length / count)).long() - period // 2
    turns = (begins[:, None] + torch.arange(period)) % period  # (count, P)
    return _Taps(begins, found.T.gather(1, turns))
