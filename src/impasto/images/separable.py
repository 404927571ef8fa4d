"""Separable resampling on the picture's own device: Pillow's filters and area means, as weighted sums along axes."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from .arrays import Array
from .periodic import is_wrapped

__all__ = ["around", "resampled"]

_WIDEST = 3  # px on each side, of the larger picture: lanczos
_SUPPORTS = {"lanczos": 3.0, "bicubic": 2.0, "bilinear": 1.0}  # half widths in px, where nothing shrinks


def resampled(planes: Tensor, size: tuple[int, int], filter: str, wrap: str = "none") -> Tensor:
    """Resample planes along both axes, on their device; the result is not clamped.

    Computes what Pillow's ``Resample.c`` computes in its mode "F", columns before rows, except that sums are in
    float32, because some devices have no float64. For a window of n px the error is at most (n + 2) / 2 eps times the
    sum of the absolute products.

    Args:
        planes: ``(N, H, W)`` float32, finite.
        size: (height, width).
        filter: lanczos, bicubic, bilinear or area.
        wrap: axes along which filters wrap around, see `periodic`; along others windows end at the border.

    Returns:
        ``(N, *size)`` float32.

    Examples:
        >>> import torch
        >>> resampled(torch.tensor([[[0.0, 0.25, 0.75, 1.0]]]), (1, 2), "area").flatten().tolist()
        [0.125, 0.875]
    """
    for axis in (-1, -2):
        old, new = planes.shape[axis], size[axis]
        if old != new:
            margin = 0 if filter == "area" else around(old, new, axis, wrap)
            planes = _along(planes, axis, *_windows(old, new, filter, margin, planes.device))
    return planes


def around(old: int, new: int, axis: int, wrap: str) -> int:
    """Px beyond the border of a wrapped axis (-2 or -1) that the widest filter sees, at most the length of the axis.

    Args:
        old: length of the axis.
        new: its length afterwards.
        axis: -2 or -1.
        wrap: the wrapped axes.

    Returns:
        The number of px; 0 along an axis that does not wrap.
    """
    return min(old, math.ceil(_WIDEST * max(1.0, old / new))) if is_wrapped(axis, wrap) else 0


def _along(planes: Tensor, axis: int, places: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum over the px of each window, one px of all windows at a time.

    A matrix product would need a dense matrix of mostly zeros, and may be rounded to TF32.
    """
    shape = list(planes.shape)
    shape[axis] = places.shape[1]
    total = planes.new_zeros(shape)
    for place, weight in zip(places, weights, strict=True):
        total.addcmul_(planes.index_select(axis, place), weight if axis == -1 else weight[:, None])
    return total


@lru_cache(maxsize=64)
def _windows(old: int, new: int, filter: str, margin: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Indices (int64) and weights (float32) of the px that each new px depends on, ``(n, new)`` for windows of n px."""
    places, shares = _areas(old, new) if filter == "area" else _filters(old, new, filter, margin)
    shares /= shares.sum(0)
    # Modulo: from the other end of a wrapped axis; without wrap only places of weight 0 lie outside.
    taken = (places - margin) % old
    return torch.from_numpy(taken).to(device), torch.from_numpy(shares.astype(np.float32)).to(device)


def _filters(old: int, new: int, filter: str, margin: int) -> tuple[Array, Array]:
    """Windows of ``precompute_coeffs`` in Pillow's ``Resample.c``, for an axis padded by ``margin`` at both ends."""
    scale = old / new
    wide = max(scale, 1.0)
    support, centre = _SUPPORTS[filter] * wide, margin + (np.arange(new) + 0.5) * scale
    first = np.maximum(centre - support + 0.5, 0).astype(np.int64)
    last = np.minimum(centre + support + 0.5, old + 2 * margin).astype(np.int64)
    places = first + np.arange((last - first).max())[:, None]
    return places, np.where(places < last, _kernel(filter, (places - centre + 0.5) / wide), 0.0)


def _areas(old: int, new: int) -> tuple[Array, Array]:
    """Windows of area means: the overlap of each old px with each new one."""
    edges = np.arange(new + 1) * old / new
    begin, end = edges[:-1], edges[1:]
    first = begin.astype(np.int64)
    places = first + np.arange((np.ceil(end).astype(np.int64) - first).max())[:, None]
    return places, (np.minimum(places + 1, end) - np.maximum(places, begin)).clip(min=0)


def _kernel(filter: str, x: Array) -> Array:
    """Pillow's filters: 3-lobed Lanczos, the cubic of Keys 1981 with a = -0.5, the triangle; 0 beyond their support."""
    x = np.abs(x)
    cubic = np.where(x < 1, (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2)
    weights: Array = {"lanczos": np.sinc(x) * np.sinc(x / 3), "bicubic": cubic, "bilinear": 1 - x}[filter]
    return np.where(x < _SUPPORTS[filter], weights, 0.0)
