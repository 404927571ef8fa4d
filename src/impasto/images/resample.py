"""Resizing of pictures, and the arithmetic of sizes."""

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

_LEAST = 16  # px of the short side


def side_of(size: tuple[int, int], side: str) -> int:
    """The length in px of one side of a picture.

    Args:
        size: (height, width).
        side: ``long``, ``short``, ``height``, ``width``, or ``area``: the side of a square with as many px, rounded.

    Returns:
        The length in px.

    Examples:
        >>> side_of((400, 900), "long"), side_of((400, 900), "area")
        (900, 600)
    """
    return _SIDES[side](size)


def fit_size(size: tuple[int, int], length: int, side: str = "long") -> tuple[int, int]:
    """The size with a given length of one side and the aspect ratio of another size, up to rounding.

    Args:
        size: (height, width) with the aspect ratio.
        length: px of the side.
        side: which one, see `side_of`.

    Returns:
        (height, width), each at least 1 px.

    Examples:
        >>> fit_size((400, 900), 300), fit_size((400, 900), 300, "short")
        ((133, 300), (300, 675))
    """
    if side == "area":
        root = math.sqrt(size[0] * size[1])
        return max(1, round(size[0] * length / root)), max(1, round(size[1] * length / root))
    measured = side_of(size, side)
    height, width = (max(1, (2 * pixels * length + measured) // (2 * measured)) for pixels in size)
    return height, width


ELSEWHERE = 6 * 10**8
"""Bytes that interpreter, PyTorch and network take while pictures are read."""


@dataclass(frozen=True)
class Within:
    """Largest size at which a picture is needed: larger files are reduced while they are read.

    Attributes:
        length: px of its ``side``, see `side_of`.
        side: long, short, height, width or area.
        filter: as of `resize`; or ``nearest``, which does not mix colours.
        memory: bytes that reading it may take, besides `ELSEWHERE`; None for what is free.

    Examples:
        >>> Within(512).fit((3000, 4000)), Within(512).fit((300, 400))
        ((384, 512), None)
    """

    length: int
    side: str = "long"
    filter: str = "lanczos"
    memory: int | None = None

    def fit(self, size: tuple[int, int]) -> tuple[int, int] | None:
        """The size to which a picture of ``size`` (height, width) is reduced; None if it is not larger.

        The short side keeps at least 16 px, which the deepest layers of the networks need.
        """
        fitted = fit_size(size, self.length, self.side)
        if min(fitted) < _LEAST:
            fitted = fit_size(size, _LEAST, "short")
        return fitted if fitted[0] * fitted[1] < size[0] * size[1] else None

    def factor(self, size: tuple[int, int]) -> int:
        """Largest whole factor for a first reduction by block means that leaves a picture twice as large as needed."""
        return max(1, min(side_of(size, self.side) // (2 * self.length), min(size) // (2 * _LEAST)))


def shrunk(array: Array, peak: float, size: tuple[int, int], filter: str) -> Array:
    """Resize an array plane by plane, which takes less memory than `resize`.

    Args:
        array: ``(H, W, C)``, values up to ``peak``.
        peak: the value that stands for 1.
        size: (height, width).
        filter: as of `resize`, or ``nearest``.

    Returns:
        ``(*size, C)`` float32, values up to 1.
    """
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
    """Resize pictures; when shrinking, the filter is widened so that nothing aliases. Not differentiable.

    On the CPU Pillow resizes, with sums in float64. On other devices the picture stays on its device, and sums are in
    float32, see `separable`.

    Args:
        pixels: ``(B, C, H, W)`` in [0, 1]; overshoots of a filter are clamped.
        size: (height, width).
        filter: ``lanczos``, ``bicubic``, ``bilinear``, or ``area``, the exact mean over the area of each new pixel.
        wrap: axes along which filters wrap around, see `periodic`.

    Returns:
        ``(B, C, *size)`` in [0, 1]; the same tensor if it has that size already.

    Raises:
        ConfigError: the filter is unknown.

    Examples:
        >>> import torch
        >>> row = torch.tensor([0.0, 0.25, 0.75, 1.0]).reshape(1, 1, 1, 4)
        >>> resize(row, (1, 2), "area").flatten().tolist()
        [0.125, 0.875]
        >>> tuple(resize(torch.rand(1, 3, 20, 30), (10, 15)).shape)
        (1, 3, 10, 15)
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
    """Resize planes ``(N, H, W)`` with Pillow in its mode "F": float32 values, float64 sums.

    The planes are padded along wrapped axes; Pillow's ``box`` then selects the part that is resized, and its filters
    see the padding around it.
    """
    height, width = size
    down, right = around(planes.shape[-2], height, -2, wrap), around(planes.shape[-1], width, -1, wrap)
    box = (right, down, right + planes.shape[-1], down + planes.shape[-2])
    grown = wrapped(wrapped(planes, -2, down), -1, right)
    images = (Image.fromarray(np.ascontiguousarray(plane)) for plane in grown.numpy())
    return torch.from_numpy(np.stack([np.asarray(image.resize((width, height), filter, box=box)) for image in images]))


def _area(planes: Tensor, size: tuple[int, int]) -> Tensor:
    """Mean over the area of each new pixel, fractions of old pixels included; keeps the mean of the picture."""
    return torch.stack([_area_rows(_area_rows(plane.double(), size[1]).T, size[0]).T for plane in planes]).float()


def _area_rows(rows: Tensor, count: int) -> Tensor:
    """Area means along rows, float64 ``(N, L)`` to ``(N, count)``: differences of the interpolated running sum."""
    length = rows.shape[1]
    edges = torch.arange(count + 1, dtype=torch.float64) * length / count
    cells = edges.long().clamp(max=length - 1)
    sums = rows.cumsum(1)[:, cells] + (edges - cells - 1) * rows[:, cells]  # (N, count + 1)
    return sums.diff(dim=1) * (count / length)
