"""Parameterisations of the canvas: pixels in a given unit, or the bands of a Laplacian pyramid, as one vector.

A variable is a linear map A from the solver's vector x to the canvas. A solver never needs x itself, only the gradient
with respect to it (``pull``, the transpose of A) and the effect of a change of it on the canvas (``push``, A itself).
So only the canvas is stored, and it may be clamped between two steps.
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
    """A linear map A from a vector ``(N,)`` to a canvas ``(B, C, H, W)``."""

    def pull(self, gradient: Tensor) -> Tensor:
        """Apply the transpose of A.

        Args:
            gradient: with respect to the canvas, ``(B, C, H, W)``.

        Returns:
            The gradient with respect to the vector, ``(N,)``.
        """
        ...

    def push(self, move: Tensor, shape: Sequence[int]) -> Tensor:
        """Apply A.

        Args:
            move: a change of the vector, ``(N,)``.
            shape: of the canvas, (B, C, H, W).

        Returns:
            The change of the canvas, ``(B, C, H, W)``.
        """
        ...

    def resize(self, vector: Tensor, old: Size, new: Size, mode: str) -> Tensor:
        """Interpolate a vector to a canvas of another size.

        Args:
            vector: ``(N,)``, for a canvas of size ``old``.
            old: (height, width).
            new: (height, width).
            mode: ``bilinear`` or ``bicubic``.

        Returns:
            ``(N',)``, for a canvas of size ``new``.
        """
        ...

    def finer(self, fall: float) -> Variable:
        """The variable with another ``fall`` (see `Bands`), to move mostly detail; itself if it has no bands."""
        ...


@dataclass(frozen=True)
class Pixels:
    """The canvas is the vector divided by ``scale``.

    Attributes:
        scale: 1 for a vector in 0..1; 255 for published systems that optimise pixels in 0..255.
        wrap: axes along which the canvas wraps around, see `images.periodic`.

    Examples:
        >>> import torch
        >>> Pixels(255.0).push(torch.full((3,), 51.0), (1, 3, 1, 1)).flatten().tolist()
        [0.20000000298023224, 0.20000000298023224, 0.20000000298023224]
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
    """The canvas is the sum of a Laplacian pyramid with `band_count` bands (Kolkin et al. 2022, arXiv 2203.13215).

    Band k, 0 the finest, is multiplied by ``fall``^k.

    Attributes:
        fall: how far each coarser band moves relative to the one before, for the same change of the vector: 1 moves all
            bands alike; less moves mostly fine detail.
        wrap: axes along which the canvas wraps around, see `images.periodic`.

    Examples:
        >>> import torch
        >>> Bands().pull(torch.ones(1, 1, 32, 32)).shape  # 32^2 + 16^2 + 8^2: two bands and the residual
        torch.Size([1344])
    """

    fall: float = 1.0
    wrap: str = "none"

    def pull(self, gradient: Tensor) -> Tensor:
        """See `Variable.pull`."""
        shape = gradient.shape
        with torch.enable_grad():
            bands = [gradient.new_zeros(*shape[:-2], *size, requires_grad=True) for size in _sizes(shape)]
            pulled = torch.autograd.grad((merge_bands(bands, self.wrap) * gradient).sum(), bands)
        del bands
        return torch.cat([_times(band, self.fall**k).flatten() for k, band in enumerate(pulled)])  # (N,)

    def push(self, move: Tensor, shape: Sequence[int]) -> Tensor:
        """See `Variable.push`."""
        sizes = _sizes(shape)
        parts = zip(_parts(move, sizes), sizes, strict=True)
        bands = [_times(part.reshape(*shape[:-2], *size), self.fall**k) for k, (part, size) in enumerate(parts)]
        return merge_bands(bands, self.wrap)

    def resize(self, vector: Tensor, old: Size, new: Size, mode: str) -> Tensor:
        """See `Variable.resize`. Each new band is interpolated from the old one of the nearest size."""
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
    """One channel, parameterised by ``inner``, is added to all channels: a canvas that starts grey remains grey."""

    inner: Variable

    def pull(self, gradient: Tensor) -> Tensor:
        """See `Variable.pull`."""
        return self.inner.pull(gradient.sum(1, keepdim=True))  # (B, 1, H, W) -> (N,)

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
    """``factor * band``; for a factor of 1 the band itself, without a copy."""
    return band if factor == 1 else band * factor


def _sizes(shape: Sequence[int]) -> tuple[Size, ...]:
    """Sizes (height, width) of the bands of a canvas of this shape, finest first."""
    size = (shape[-2], shape[-1])
    return band_sizes(size, band_count(size))


def _parts(vector: Tensor, sizes: Sequence[Size]) -> tuple[Tensor, ...]:
    """``vector`` split into one part for each band; all bands have the same number of planes."""
    areas = [height * width for height, width in sizes]
    planes = vector.numel() // sum(areas)
    return vector.split_with_sizes([planes * area for area in areas])


def _resized(vector: Tensor, old: Size, new: Size, mode: str, wrap: str) -> Tensor:
    return interpolated(vector.reshape(1, -1, *old), new, wrap, mode).flatten()
