"""A layer's cells brought to another grid: of the whole picture at once, or of a part of it with the same numbers."""

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
    """Features ``(1, C, H, W)`` on a grid of ``size``: a finer layer averaged, a coarser one interpolated bilinearly.

    Along the axes of ``wrap`` the interpolation goes on over the border, see `images.periodic`.
    """
    mode = Regrid((features.shape[2], features.shape[3]), size)
    if mode.same:
        return features
    if mode.factors:
        return F.avg_pool2d(features, mode.factors)
    return interpolated(features, size, wrap, antialias=mode.shrinks)


@dataclass(frozen=True)
class Regrid:
    """How a layer of ``source`` cells, (height, width), is brought to a ``grid``."""

    source: Size
    grid: Size

    @property
    def same(self) -> bool:
        """Whether nothing is to be done."""
        return self.source == self.grid

    @property
    def factors(self) -> Size | None:
        """How many source cells, down and across, are averaged to one of the grid; None where these are not whole numbers."""
        (height, width), (rows, columns) = self.source, self.grid
        return None if height % rows or width % columns else (height // rows, width // columns)

    @property
    def shrinks(self) -> bool:
        """Whether the interpolation averages, so that nothing aliases."""
        return self.source[0] > self.grid[0] or self.source[1] > self.grid[1]

    def sources(self, cells: tuple[Span, Span]) -> tuple[Span, Span]:
        """The source cells that these cells of the grid are made of."""
        if self.factors:
            rows, columns = ((start * k, stop * k) for (start, stop), k in zip(cells, self.factors, strict=True))
        else:
            rows, columns = (self._taps(axis, torch.float64).sources(cells[axis]) for axis in (0, 1))
        return rows, columns

    def part(self, features: Tensor, cells: tuple[Span, Span]) -> Tensor:
        """These ``cells`` of the grid, ``(1, C, h, w)``, from ``features`` of their `sources`: as in `regridded`, to rounding."""
        if self.same:
            return features
        if self.factors:
            return F.avg_pool2d(features, self.factors)
        down, across = (
            self._taps(axis, features.dtype).matrix(cells[axis], span).to(features.device)
            for axis, span in enumerate(self.sources(cells))
        )
        return down @ features @ across.T

    def _taps(self, axis: int, dtype: torch.dtype) -> _Taps:
        return _taps(self.source[axis], self.grid[axis], self.shrinks, dtype)


class _Taps(NamedTuple):
    """The weights ``(n, P)`` of a window of source cells for each cell of the grid, and where the windows ``(n,)`` begin."""

    begins: Tensor
    weights: Tensor

    def sources(self, cells: Span) -> Span:
        places, _ = self._of(cells)
        used = places[self.weights[cells[0] : cells[1]] != 0]
        return int(used.min()), int(used.max()) + 1

    def matrix(self, cells: Span, sources: Span) -> Tensor:
        """``(cells, sources)``. What rounding alone lets reach further is left out."""
        (start, stop), (places, weights) = sources, self._of(cells)
        inside = (places >= start) & (places < stop)
        matrix = weights.new_zeros(len(weights), stop - start)
        return matrix.scatter_add_(1, (places - start).clamp(0, stop - start - 1), weights * inside)

    def _of(self, cells: Span) -> tuple[Tensor, Tensor]:
        begins, weights = (part[cells[0] : cells[1]] for part in self)
        return begins[:, None] + torch.arange(weights.shape[1]), weights


@functools.lru_cache(maxsize=64)
def _taps(length: int, count: int, shrinks: bool, dtype: torch.dtype) -> _Taps:
    """Along one side, asked of the interpolation itself: combs of ones, as far apart as no window is long, tell its weights.

    They are two px wide: PyTorch 2.13 takes a picture of one column for one in channels_last, and interpolates it wrongly.
    """
    period = 2 * math.ceil(max(1.0, length / count)) + 4
    combs = (torch.arange(length) % period == torch.arange(period)[:, None]).to(dtype)[None, :, :, None].repeat(1, 1, 1, 2)
    found = F.interpolate(combs, size=(count, 2), mode="bilinear", antialias=shrinks, align_corners=False)[0, :, :, 0]
    begins = ((torch.arange(count) + 0.5) * (length / count)).long() - period // 2
    turns = (begins[:, None] + torch.arange(period)) % period
    return _Taps(begins, found.T.gather(1, turns))
