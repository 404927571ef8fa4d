"""Laplacian pyramids: a picture as bands that sum to it, finest first. Linear both ways, for any odd or even size."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from .periodic import interpolated

__all__ = ["band_count", "band_sizes", "merge_bands", "split_bands"]

_MOST = 5


def band_count(size: tuple[int, int]) -> int:
    """How many bands, beside the residual, suit a picture of ``size`` (height, width): at most 5, none below 16 px.

    The residual's short side stays at 8 px or more, so that it holds the large shapes and not a single colour.
    """
    return max(0, min(_MOST, int(math.log2(min(size)) - 3)))


def band_sizes(size: tuple[int, int], count: int) -> tuple[tuple[int, int], ...]:
    """Sizes (height, width) of the ``count`` bands and the residual: each half the one before, rounded up."""
    sizes = [size]
    for _ in range(count):
        height, width = sizes[-1]
        sizes.append(((height + 1) // 2, (width + 1) // 2))
    return tuple(sizes)


def split_bands(x: Tensor, count: int, wrap: str = "none") -> tuple[Tensor, ...]:
    """The ``count`` bands of ``x`` and its residual, finest first (Burt and Adelson 1983, with bilinear filters).

    Args:
        x: ``(B, C, H, W)``, any range.
        count: how many times to halve; 0 gives ``(x,)``.
        wrap: axes along which the picture goes on over its border, see `periodic`.

    Returns:
        ``count + 1`` tensors of `band_sizes`; `merge_bands` gives ``x`` back to rounding.
    """
    bands = []
    for smaller in band_sizes((x.shape[-2], x.shape[-1]), count)[1:]:
        coarse = interpolated(x, smaller, wrap, antialias=True)
        bands.append(x - _enlarge(coarse, x, wrap))
        x = coarse
    return (*bands, x)


def merge_bands(bands: Sequence[Tensor], wrap: str = "none") -> Tensor:
    """The picture ``(B, C, H, W)`` of which ``bands`` are the Laplacian pyramid, finest first. Linear in the bands."""
    *finer, x = bands
    for band in reversed(finer):
        x = _enlarge(x, band, wrap).add_(band)
    return x


def _enlarge(x: Tensor, like: Tensor, wrap: str) -> Tensor:
    return interpolated(x, (like.shape[-2], like.shape[-1]), wrap)
