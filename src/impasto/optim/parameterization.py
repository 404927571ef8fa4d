"""What a solver moves: pixels on a scale of their own, or the bands of a Laplacian pyramid, as one vector.

A variable is a linear map A from the solver's vector to the canvas. A solver never needs the vector's value, only its
gradient (``pull``, the transpose of A) and what a change of it does to the canvas (``push``, A itself). So the canvas is the one
thing that is stored, and it may be clamped between two steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from ..images.laplacian import band_count, band_sizes, merge_bands
from ..images.periodic import interpolated
from ..types import Size

__all__ = ["Bands", "Grey", "Pixels", "Size", "Variable"]


class Variable(Protocol):
    """A linear map from a vector ``(N,)`` to a canvas ``(B, C, H, W)``."""

    def pull(self, gradient: Tensor) -> Tensor:
        """Transpose of the map: the gradient ``(N,)`` of the vector, of the canvas' gradient ``(B, C, H, W)``."""
        ...

    def push(self, move: Tensor, shape: Sequence[int]) -> Tensor:
        """The map: what the change ``move`` ``(N,)`` of the vector adds to a canvas of ``shape``."""
        ...

    def resize(self, vector: Tensor, old: Size, new: Size, mode: str) -> Tensor:
        """A vector of a canvas of size ``old`` (height, width) interpolated to one of size ``new``."""
        ...

    def finer(self, fall: float) -> Variable:
        """The variable that keeps to detail, each coarser band moving ``fall`` times as far; itself where there are no bands."""
        ...


@dataclass(frozen=True)
class Pixels:
    """The pixels times ``scale``: 1 for 0..1, 255 for systems that optimise on a scale of 0..255.

    ``wrap`` names the axes along which the canvas goes on over its border, see `images.periodic`.
    """

    scale: float = 1.0
    wrap: str = "none"

    def pull(self, gradient: Tensor) -> Tensor:
        """See `Variable.pull`."""
        return gradient.flatten() / self.scale

    def push(self, move: Tensor, shape: Sequence[int]) -> Tensor:
        """See `Variable.push`."""
        return move.reshape(tuple(shape)) / self.scale

    def resize(self, vector: Tensor, old: Size, new: Size, mode: str) -> Tensor:
        """See `Variable.resize`."""
        return _resized(vector, old, new, mode, self.wrap)

    def finer(self, fall: float) -> Pixels:
        """See `Variable.finer`."""
        return self


@dataclass(frozen=True)
class Bands:
    """The bands of a Laplacian pyramid with `band_count` bands, after Kolkin et al. 2022 (arXiv 2203.13215).

    Each coarser band moves ``fall`` times as far for the same change of the vector: 1 moves all alike, less keeps to detail.
    ``wrap`` is that of `Pixels`.
    """

    fall: float = 1.0
    wrap: str = "none"

    def pull(self, gradient: Tensor) -> Tensor:
        """See `Variable.pull`."""
        shape = gradient.shape
        with torch.enable_grad():
            bands = [gradient.new_zeros(*shape[:-2], *size, requires_grad=True) for size in _sizes(shape)]
            pulled = torch.autograd.grad(merge_bands(bands, self.wrap), bands, gradient)
        del bands
        return torch.cat([_times(band, self.fall**k).flatten() for k, band in enumerate(pulled)])

    def push(self, move: Tensor, shape: Sequence[int]) -> Tensor:
        """See `Variable.push`."""
        sizes = _sizes(shape)
        parts = zip(_parts(move, sizes), sizes, strict=True)
        bands = [_times(part.reshape(*shape[:-2], *size), self.fall**k) for k, (part, size) in enumerate(parts)]
        return merge_bands(bands, self.wrap)

    def resize(self, vector: Tensor, old: Size, new: Size, mode: str) -> Tensor:
        """See `Variable.resize`. Each new band comes from the old one that is nearest in size, so holds the same detail."""
        sizes = _sizes(old)
        parts = dict(zip(sizes, _parts(vector, sizes), strict=True))
        sources = [min(sizes, key=lambda size: abs(size[0] - height)) for height, _ in _sizes(new)]
        pairs = zip(sources, _sizes(new), strict=True)
        return torch.cat([_resized(parts[source], source, size, mode, self.wrap) for source, size in pairs])

    def finer(self, fall: float) -> Bands:
        """See `Variable.finer`."""
        return replace(self, fall=fall)


@dataclass(frozen=True)
class Grey:
    """One channel, which ``inner`` moves, in place of all: a canvas that begins grey stays so."""

    inner: Variable

    def pull(self, gradient: Tensor) -> Tensor:
        """See `Variable.pull`."""
        return self.inner.pull(gradient.sum(1, keepdim=True))

    def push(self, move: Tensor, shape: Sequence[int]) -> Tensor:
        """See `Variable.push`."""
        return self.inner.push(move, (shape[0], 1, *shape[2:])).expand(tuple(shape))

    def resize(self, vector: Tensor, old: Size, new: Size, mode: str) -> Tensor:
        """See `Variable.resize`."""
        return self.inner.resize(vector, old, new, mode)

    def finer(self, fall: float) -> Grey:
        """See `Variable.finer`."""
        return Grey(self.inner.finer(fall))


def _times(band: Tensor, factor: float) -> Tensor:
    """Itself where that is all: a copy of a picture's size is worth saving."""
    return band if factor == 1 else band * factor


def _sizes(shape: Sequence[int]) -> tuple[Size, ...]:
    size = (shape[-2], shape[-1])
    return band_sizes(size, band_count(size))


def _parts(vector: Tensor, sizes: Sequence[Size]) -> tuple[Tensor, ...]:
    """``vector`` cut into one piece a band; every band has the same number of planes."""
    areas = [height * width for height, width in sizes]
    planes = vector.numel() // sum(areas)
    return vector.split_with_sizes([planes * area for area in areas])


def _resized(vector: Tensor, old: Size, new: Size, mode: str, wrap: str) -> Tensor:
    return interpolated(vector.reshape(1, -1, *old), new, wrap, mode).flatten()
