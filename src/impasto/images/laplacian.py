"""Laplacian pyramids (Burt and Adelson 1983): bands that sum to the picture, finest first, for any odd or even size."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from .periodic import interpolated

__all__ = ["band_count", "band_sizes", "merge_bands", "split_bands"]

_MOST = 5  # bands


def band_count(size: tuple[int, int]) -> int:
    """Number of bands for a picture of ``size`` (height, width), besides the residual: at most 5, none below 16 px.

    The residual's short side stays at 8 px or more, so that it still shows large shapes, not a single colour.

    Examples:
        >>> band_count((512, 512)), band_count((64, 48)), band_count((15, 15))
        (5, 2, 0)
    """
    return max(0, min(_MOST, int(math.log2(min(size)) - 3)))


def band_sizes(size: tuple[int, int], count: int) -> tuple[tuple[int, int], ...]:
    """Sizes (height, width) of the bands and the residual: each half the previous one, rounded up.

    Args:
        size: (height, width) of the picture.
        count: number of bands.

    Returns:
        ``count + 1`` sizes, finest first.

    Examples:
        >>> band_sizes((9, 16), 2)
        ((9, 16), (5, 8), (3, 4))
    """
    sizes = [size]
    for _ in range(count):
        height, width = sizes[-1]
        sizes.append(((height + 1) // 2, (width + 1) // 2))
    return tuple(sizes)


def split_bands(x: Tensor, count: int, wrap: str = "none") -> tuple[Tensor, ...]:
    """Laplacian pyramid of a picture (Burt and Adelson 1983, with bilinear filters).

    With x_0 the picture, R the reduction to half the size and E the enlargement: x_{k+1} = R x_k, and band k is
    x_k - E x_{k+1}. The last x_k is the residual.

    Args:
        x: ``(B, C, H, W)``, any range.
        count: number of bands; 0 gives ``(x,)``.
        wrap: axes along which the picture wraps around, see `periodic`.

    Returns:
        The ``count`` bands and the residual, ``(B, C, h, w)`` of the sizes from `band_sizes`, finest first.
        `merge_bands` gives ``x`` back, up to rounding.

    Examples:
        >>> import torch
        >>> picture = torch.rand(1, 3, 21, 32, generator=torch.Generator().manual_seed(0))
        >>> bands = split_bands(picture, 2)
        >>> [tuple(band.shape[2:]) for band in bands]
        [(21, 32), (11, 16), (6, 8)]
        >>> torch.allclose(merge_bands(bands), picture, atol=1e-6)
        True
    """
    bands = []
    for smaller in band_sizes((x.shape[-2], x.shape[-1]), count)[1:]:
        coarse = interpolated(x, smaller, wrap, antialias=True)
        bands.append(x - _enlarge(coarse, x, wrap))
        x = coarse
    return (*bands, x)


def merge_bands(bands: Sequence[Tensor], wrap: str = "none") -> Tensor:
    """The picture of a Laplacian pyramid: the inverse of `split_bands`. Linear in the bands.

    Args:
        bands: from `split_bands`, finest first.
        wrap: see `split_bands`.

    Returns:
        ``(B, C, H, W)``, of the size of the first band.

    Examples:
        >>> import torch
        >>> merge_bands([torch.zeros(1, 1, 4, 4), torch.full((1, 1, 2, 2), 0.5)]).unique().tolist()
        [0.5]
    """
    *finer, x = bands
    for band in reversed(finer):
        x = _enlarge(x, band, wrap).add_(band)
    return x


def _enlarge(x: Tensor, like: Tensor, wrap: str) -> Tensor:
    return interpolated(x, (like.shape[-2], like.shape[-1]), wrap)
