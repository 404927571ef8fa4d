"""Sizes and resizing: one place decides how many pixels a picture has and how they are made."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..config.choices import FILTERS, SIDES, registered
from ..errors import ConfigError, nearest_name
from .arrays import Array
from .periodic import wrapped
from .separable import around, resampled

__all__ = ["ELSEWHERE", "Within", "fit_size", "resize", "shrunk", "side_of"]

_FILTERS: dict[str, Image.Resampling | None] = registered(
    FILTERS,
    {
        "lanczos": Image.Resampling.LANCZOS,
        "bicubic": Image.Resampling.BICUBIC,
        "bilinear": Image.Resampling.BILINEAR,
        "area": None,  # not one of Pillow's
    },
)

_SIDES: dict[str, Callable[[tuple[int, int]], int]] = registered(
    SIDES,
    {
        "long": max,
        "short": min,
        "height": lambda size: size[0],
        "width": lambda size: size[1],
        "area": lambda size: round(math.sqrt(size[0] * size[1])),
    },
)

_LEAST = 16  # px


def side_of(size: tuple[int, int], side: str) -> int:
    """The ``long`` or ``short`` side, the ``height`` or the ``width`` of a ``size`` ``(height, width)``.

    The side of an ``area`` is that of a square with as many px, to the nearest one.
    """
    return _SIDES[side](size)


def fit_size(size: tuple[int, int], length: int, side: str = "long") -> tuple[int, int]:
    """The size ``(height, width)`` whose ``side`` (see `side_of`) has ``length`` px and whose shape is nearest to ``size``'s."""
    if side == "area":
        root = math.sqrt(size[0] * size[1])
        return max(1, round(size[0] * length / root)), max(1, round(size[1] * length / root))
    measured = side_of(size, side)
    height, width = (max(1, (2 * pixels * length + measured) // (2 * measured)) for pixels in size)
    return height, width


ELSEWHERE = 6 * 10**8
"""Bytes that a process holds of interpreter, PyTorch and network while it reads pictures."""


@dataclass(frozen=True)
class Within:
    """How large a picture is needed at most: larger ones are made smaller while they are read.

    Attributes:
        length: px of its ``side``, see `side_of`.
        side: long, short, height, width or area.
        filter: as of `resize`; or ``nearest``, which mixes no colours.
        memory: bytes that reading it may take, beside what is `ELSEWHERE`; None for what is free.
    """

    length: int
    side: str = "long"
    filter: str = "lanczos"
    memory: int | None = None

    def fit(self, size: tuple[int, int]) -> tuple[int, int] | None:
        """The size that a picture of ``size`` (height, width) is brought to; None where it is not larger.

        Its short side keeps 16 px, without which no network sees anything.
        """
        fitted = fit_size(size, self.length, self.side)
        if min(fitted) < _LEAST:
            fitted = fit_size(size, _LEAST, "short")
        return fitted if fitted[0] * fitted[1] < size[0] * size[1] else None

    def factor(self, size: tuple[int, int]) -> int:
        """By what whole number a picture may be divided beforehand, by means of blocks, and stay twice as large as is needed."""
        return max(1, min(side_of(size, self.side) // (2 * self.length), min(size) // (2 * _LEAST)))


def shrunk(array: Array, peak: float, size: tuple[int, int], filter: str) -> Array:
    """Numbers ``(H, W, C)`` up to ``peak`` as float32 up to 1 at ``size``: `resize`, plane by plane, which takes less memory."""
    if filter == "nearest":
        rows, columns = (np.arange(new) * old // new for new, old in zip(size, array.shape, strict=False))
        taken: Array = np.divide(array[rows][:, columns], np.float32(peak), dtype=np.float32)
        return taken
    planes = []
    for channel in range(array.shape[2]):
        plane = torch.from_numpy(np.divide(array[..., channel], np.float32(peak), dtype=np.float32))
        planes.append(resize(plane[None, None], size, filter)[0, 0].numpy())
    return np.stack(planes, axis=2)


def resize(pixels: Tensor, size: tuple[int, int], filter: str = "lanczos", wrap: str = "none") -> Tensor:
    """Resize ``(B, C, H, W)`` to ``(B, C, *size)`` in float32; the filter widens when shrinking, so nothing aliases.

    Pillow does it on the CPU, where its sums are float64. On other devices the picture stays, and sums are float32, see
    `separable`.

    Args:
        pixels: values in [0, 1]; whatever a filter overshoots is clamped. Not differentiable.
        size: ``(height, width)``; the same tensor comes back when it has that size already.
        filter: ``lanczos``, ``bicubic``, ``bilinear``, or ``area``, the exact mean over each new pixel's area.
        wrap: axes along which filters go on over the border, see `periodic`.

    Raises:
        ConfigError: the filter is unknown.
    """
    if filter not in _FILTERS:
        raise ConfigError(f"unknown filter {filter!r}", nearest_name(filter, _FILTERS))
    if tuple(pixels.shape[2:]) == tuple(size):
        return pixels
    planes, kernel = pixels.detach().to(torch.float32).flatten(0, 1), _FILTERS[filter]
    if pixels.device.type != "cpu":
        resized = resampled(planes, size, filter, wrap)
    else:
        resized = _area(planes, size) if kernel is None else _filtered(planes, size, kernel, wrap)
    return resized.reshape(*pixels.shape[:2], *size).clamp_(0, 1).to(pixels)


def _filtered(planes: Tensor, size: tuple[int, int], filter: Image.Resampling, wrap: str) -> Tensor:
    """Pillow's resampling in its mode "F", plane by plane: float32 values, float64 sums.

    Its filters see what lies around the box that is resized.
    """
    height, width = size
    down, right = around(planes.shape[-2], height, -2, wrap), around(planes.shape[-1], width, -1, wrap)
    box = (right, down, right + planes.shape[-1], down + planes.shape[-2])
    grown = wrapped(wrapped(planes, -2, down), -1, right)
    images = (Image.fromarray(np.ascontiguousarray(plane)) for plane in grown.numpy())
    return torch.from_numpy(np.stack([np.asarray(image.resize((width, height), filter, box=box)) for image in images]))


def _area(planes: Tensor, size: tuple[int, int]) -> Tensor:
    """The mean over each new pixel's area, parts of old pixels included; keeps the mean of the whole picture."""
    return torch.stack([_area_rows(_area_rows(plane.double(), size[1]).T, size[0]).T for plane in planes]).float()


def _area_rows(rows: Tensor, count: int) -> Tensor:
    """``(N, L)`` in float64 to ``(N, count)``: differences of the running sum, taken at fractional positions."""
    length = rows.shape[1]
    edges = torch.arange(count + 1, dtype=torch.float64) * length / count
    cells = edges.long().clamp(max=length - 1)
    sums = rows.cumsum(1)[:, cells] + (edges - cells - 1) * rows[:, cells]
    return sums.diff(dim=1) * (count / length)
