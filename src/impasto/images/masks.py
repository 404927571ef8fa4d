"""Soft masks: read from files and arrays, resized to a picture, and reduced to the cells of a network's layer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from ..errors import PictureError
from ..types import Size
from .files.io import Picture, read_picture
from .resample import Within, resize

__all__ = ["HALF", "Mask", "read_mask", "reduced", "resized_mask"]


HALF = 0.5  # threshold where a soft mask is made binary

_LEVELS = 255  # masks are rounded to multiples of 1/255, so that 1 remains exactly 1 when they are resized
_GREY = 8 / 255  # largest difference between the channels of a grey picture: JPEG is not exact
_LEFT = 1 / 4  # least share of a mask that erosion may leave, see `reduced`


@dataclass(frozen=True, eq=False)
class Mask:
    """A soft mask: how much each pixel of a picture belongs to a region.

    Attributes:
        values: ``(1, 1, H, W)`` float32 in [0, 1], on the CPU.
        name: the path it was read from, or ``array``.
        sha256: of the file's bytes, or of the array.
        color: ``#rrggbb``, the colour of the region if the file is a label map; else empty.
        size: (height, width) of the file if it was reduced while it was read; None if it was not.
    """

    values: Tensor
    name: str = "array"
    sha256: str = ""
    color: str = ""
    size: Size | None = None

    def __str__(self) -> str:
        return f"{self.name!r} at {self.color}" if self.color else repr(self.name)

    def fit(self, size: Size, picture: str) -> None:
        """Check that the mask has the aspect ratio of its picture, up to one pixel of rounding.

        Args:
            size: (height, width) of the picture.
            picture: its name, for the error message.

        Raises:
            PictureError: the aspect ratio is another one.
        """
        height, width = self.size or (self.values.shape[2], self.values.shape[3])
        if abs(height * size[1] - width * size[0]) > max(height, width, *size):
            raise PictureError(
                f"the mask {self} is {width} x {height} px, and its picture {picture!r} {size[1]} x {size[0]} px",
                "give a mask of the picture's size, or of its proportions",
            )

    def at(self, size: Size, reach: int = 0) -> Tensor:
        """The mask resized to ``size`` (height, width), with its edges blurred.

        Args:
            size: (height, width).
            reach: px on both sides of an edge over which it is blurred; pixels farther away are exactly 0 or 1.

        Returns:
            ``(1, 1, *size)``, in multiples of 1/255.

        Examples:
            >>> import torch
            >>> mask = Mask(torch.tensor([0.0, 0.0, 1.0, 1.0]).reshape(1, 1, 1, 4).repeat(1, 1, 4, 1))
            >>> (mask.at((4, 4), reach=1)[0, 0, 0] * 255).tolist()
            [0.0, 85.0, 170.0, 255.0]
        """
        return (_softened(resize(self.values, size, "bilinear"), reach) * _LEVELS).round() / _LEVELS


def read_mask(source: Any, within: Within | None = None) -> Mask:
    """Read a mask from the transparency of a picture or, if it is opaque, from its grey values.

    White and opaque are 1, black and transparent 0.

    Args:
        source: whatever `read_picture` accepts, a bool array ``(H, W)``, or a `Mask`, which is returned as it is.
        within: limit of the size, as of `read_picture`; the filter is always the bilinear one, which keeps edges
            narrow.

    Returns:
        The `Mask`.

    Raises:
        PictureError: it cannot be read, is neither transparent nor grey, or is 0 everywhere.
    """
    if isinstance(source, Mask):
        return source
    if isinstance(source, np.ndarray) and source.dtype == bool:
        source = source.astype(np.float32)
    picture = read_picture(source, name="mask", within=within and replace(within, filter="bilinear"))
    mask = Mask(_values(picture), picture.name, picture.sha256, size=picture.size)
    smaller = mask.values.shape[2:] != picture.size  # a faint mask that was not empty may round to 0 now
    if not (mask.values if smaller else (mask.values * _LEVELS).round()).any():
        raise PictureError(f"the mask {mask} is empty", "paint the region white, or opaque")
    return mask


def _values(picture: Picture) -> Tensor:
    if picture.alpha is not None and picture.alpha.min() < 1:
        return picture.alpha
    low, high = picture.pixels.aminmax(dim=1, keepdim=True)
    if (high - low).max() > _GREY:
        raise PictureError(
            f"the mask {picture.name!r} has colours",
            "give a grey or transparent picture, or a map of colours",
        )
    return picture.pixels.mean(1, keepdim=True)


def _softened(values: Tensor, reach: int) -> Tensor:
    """Blur by two box filters, whose half widths add up to ``reach`` px."""
    for part in (reach // 2, reach - reach // 2):
        width = 2 * part + 1
        rows = F.avg_pool2d(F.pad(values, (0, 0, part, part), mode="replicate"), (width, 1), stride=1)
        values = F.avg_pool2d(F.pad(rows, (part, part, 0, 0), mode="replicate"), (1, width), stride=1)
    return values


def resized_mask(mask: Tensor, size: Size) -> Tensor:
    """Reduce a mask to a grid of cells: the mean over each cell.

    Args:
        mask: ``(1, 1, H, W)`` in [0, 1].
        size: (h, w) of the grid.

    Returns:
        ``(1, 1, h, w)`` in [0, 1]; the same tensor if it has that size already.

    Examples:
        >>> import torch
        >>> resized_mask(torch.tensor([[[[0.0, 1.0, 1.0, 1.0]]]]), (1, 2)).flatten().tolist()
        [0.5, 1.0]
    """
    return mask if mask.shape[2:] == size else F.adaptive_avg_pool2d(mask, size)


def reduced(mask: Tensor, stride: int, radius: int, least: float = _LEFT) -> Tensor:
    """Reduce the mask of a style's region to the cells of a layer, so that no cell sees anything outside of the region.

    The receptive field of a cell covers its own pixels and those up to ``radius`` around them; its weight is the
    minimum of the mask over the receptive field, cut off at the border of the picture. So the statistics contain
    nothing of the rest of the picture. If less than ``least`` of the mask would be left, as for thin regions, the
    radius is halved until it is enough; at radius 0 each cell has the mean of the mask over its own pixels.

    After the guidance channels of Gatys et al. 2017, "Controlling Perceptual Factors in Neural Style Transfer", section
    4 (arXiv 1611.07865). Departures: in a sum of products the weight is linear here, there it is squared; and the
    radius is halved for thin regions.

    Args:
        mask: ``(1, 1, H, W)`` in [0, 1].
        stride: px between two cells.
        radius: px beyond its own that a cell's receptive field covers on each side.
        least: the sum of the weights, as a share of the mask's sum, below which the radius is halved.

    Returns:
        ``(1, 1, H // stride, W // stride)``.

    Examples:
        >>> import torch
        >>> mask = torch.zeros(1, 1, 8, 8)
        >>> mask[..., 4:] = 1
        >>> reduced(mask, stride=2, radius=1)[0, 0, 0].tolist()  # the third cell sees the edge
        [0.0, 0.0, 0.0, 1.0]
    """
    wanted = least * mask.sum() / stride**2
    while radius:
        weight = -F.max_pool2d(-_eroded(mask, radius), stride)
        if weight.sum() >= wanted:
            return weight
        radius //= 2
    return resized_mask(mask, (mask.shape[2] // stride, mask.shape[3] // stride))


def _eroded(mask: Tensor, radius: int) -> Tensor:
    """Erosion: the minimum within ``radius`` px along both axes, ignoring what lies beyond the border."""
    width = 2 * radius + 1
    rows = F.max_pool2d(-mask, (width, 1), stride=1, padding=(radius, 0))
    return -F.max_pool2d(rows, (1, width), stride=1, padding=(0, radius))
